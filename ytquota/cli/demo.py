"""``ytquota demo``: everything at once, without a Google account."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads it at run time
from typing import Annotated

import typer

from ytquota.cli.output import console
from ytquota.demo.stage import Show, perform


def demo(
    *,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the dashboard in a browser.")
    ] = True,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="The dashboard's port; else a free one.")
    ] = None,
    seconds: Annotated[float | None, typer.Option(min=1, help="End by itself after so long.")] = None,
    folder: Annotated[Path | None, typer.Option(help="Keep everything in this empty folder.")] = None,
    seed: Annotated[int, typer.Option(help="Another number gives another story.")] = 0,
    days: Annotated[int, typer.Option(min=1, max=60, help="Days of history.")] = 28,
) -> None:
    """Show everything on make-believe data.

    No Google account is needed and nothing leaves this machine. A sandbox of the YouTube API starts, four
    weeks of three bots in two projects are written into a ledger, the bots go on live through the real google
    client, and the dashboard opens. Ctrl-C ends all of it.

    Examples:
        ytquota demo
        ytquota demo --no-browser --seconds 30
        ytquota demo --folder /tmp/look
    """
    perform(Show(browser=browser, port=port, seconds=seconds, folder=folder, seed=seed, days=days), console())
