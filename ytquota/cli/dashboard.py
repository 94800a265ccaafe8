"""``ytquota dashboard``: the dashboard in a browser, on this machine only."""

from __future__ import annotations

from typing import Annotated

import typer

from ytquota.cli.desk import Desk
from ytquota.cli.output import console


def dashboard(
    *,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="On this port; else a free one.")] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open it in a browser.")] = True,
) -> None:
    """Open the dashboard in a browser.

    On this machine only, with a token in its address. Ctrl-C ends it.

    Examples:
        ytquota dashboard
        ytquota dashboard --no-browser --port 8900
    """
    from ytquota.dashboard.app import serve  # noqa: PLC0415 - brings the notebook's libraries

    settings = Desk.open().settings
    out = console()
    with out.status("Starting the dashboard"):
        handle = serve(settings, port=port, open_browser=browser)
    try:
        out.print(f"The dashboard is at {handle.url}", soft_wrap=True)
        out.print("Whoever has this address can use it. Ctrl-C ends it.", style="dim")
        handle.wait()
    finally:
        handle.stop()
