"""A progress bar for reading long logs: on stderr, on a terminal, and only when it takes over a second."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ytquota.cli.output import console, plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.progress import Progress, TaskID

_PATIENCE = 1.0
_LOOK_EVERY = 1000
"""Rows between two looks at the clock."""


def with_progress(
    rows: Iterable[dict[str, Any]], first: datetime, end: datetime | None, *, patience: float = _PATIENCE
) -> Iterator[dict[str, Any]]:
    """Hand rows on, and show how far along their time the reading has come.

    Args:
        rows: rows of the log, oldest first.
        first: where the reading begins.
        end: where it ends; None for now.
        patience: seconds before a bar appears.
    """
    if not sys.stderr.isatty() or sys.stdout.isatty():
        yield from rows  # lines that scroll by are progress enough
        return
    whole = ((end or datetime.now(UTC)) - first).total_seconds()
    shown: tuple[Progress, TaskID] | None = None
    due = time.monotonic() + patience
    try:
        for number, row in enumerate(rows, start=1):
            yield row
            if number % _LOOK_EVERY == 0 and time.monotonic() >= due:
                shown = shown or _begin(whole)
                done = (datetime.fromisoformat(row["at"]) - first).total_seconds()
                bar, task = shown
                told = f"{row['at'][:10]}, {plural(number, 'line')}"
                bar.update(task, completed=done, description=told, refresh=True)
    finally:
        if shown is not None:
            shown[0].stop()


def _begin(whole: float) -> tuple[Progress, TaskID]:
    from rich.progress import Progress  # noqa: PLC0415 - 30 ms

    bar = Progress(console=console(stderr=True), transient=True)
    bar.start()
    return bar, bar.add_task("Reading", total=whole)
