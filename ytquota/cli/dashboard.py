"""``ytquota dashboard``: the dashboard in a browser, on this machine only."""

from __future__ import annotations

import json
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ytquota.cli.desk import Desk
from ytquota.cli.fleet import fleet_of
from ytquota.cli.output import console

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ytquota.settings import Settings


def dashboard(
    *,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="On this port; else a free one.")] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open it in a browser.")] = True,
    all_ledgers: Annotated[
        bool, typer.Option("--all", help="Every ledger that YTQUOTA_FLEET lists; it only looks.")
    ] = False,
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
    with _notebook(settings, all_ledgers=all_ledgers) as notebook:
        with out.status("Starting the dashboard"):
            handle = serve(settings, port=port, open_browser=browser, notebook=notebook)
        try:
            out.print(f"The dashboard is at {handle.url}", soft_wrap=True)
            out.print("Whoever has this address can use it. Ctrl-C ends it.", style="dim")
            handle.wait()
        finally:
            handle.stop()


@contextmanager
def _notebook(settings: Settings, *, all_ledgers: bool) -> Iterator[str]:
    """The notebook to serve: that of the dashboard, or one that shows the fleet's."""
    if not all_ledgers:
        yield "dashboard.ipynb"
        return
    from ytquota.dashboard.app import notebook_of  # noqa: PLC0415 - likewise

    fleet_of(settings)  # a list that is wrong is told here, not on the page
    with tempfile.TemporaryDirectory(prefix="ytquota-fleet-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "fleet.ipynb"
        path.write_text(json.dumps(notebook_of("FleetDashboard")), encoding="utf-8")
        yield str(path)
