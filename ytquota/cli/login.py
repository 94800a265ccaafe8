"""``ytquota login N``: a person's consent for a credential set."""

from __future__ import annotations

from typing import Annotated

import typer

from ytquota.auth.login import TIMEOUT
from ytquota.auth.login import login as log_in
from ytquota.cli.desk import Desk
from ytquota.cli.output import console


def login(
    *,
    number: Annotated[int, typer.Argument(metavar="N", help="The credential set.", min=1)],
    headless: Annotated[
        bool, typer.Option("--headless", help="No browser here: print the address, paste the answer back.")
    ] = False,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the page in a browser.")
    ] = True,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds to wait for the consent.")] = TIMEOUT,
) -> None:
    """Log a credential set in.

    Opens Google's consent page and keeps the token it leads to. Costs one unit, to learn the channel. On a
    machine without a browser use --headless: open the printed address elsewhere, and paste back the address
    that the browser ends at.

    Examples:
        ytquota login 1
        ytquota login 10 --headless
    """
    out = console()

    def show(url: str) -> None:
        out.print(f"Open this address in a browser to log set {number} in:", end="\n\n")
        out.print(url, soft_wrap=True, end="\n\n")

    with Desk.open() as desk:
        result = log_in(
            desk.settings,
            number,
            monitor=desk.monitor,
            open_browser=browser,
            headless=headless,
            timeout=timeout,
            on_url=show,
        )
    out.print(result.message)
