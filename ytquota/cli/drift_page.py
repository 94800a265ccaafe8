"""A project beside Google's counters as people read it, at 80 columns, and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from ytquota.cli.output import count, moment
from ytquota.monitor.reconciled import label_facts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from rich.console import RenderableType

    from ytquota.monitor import QuotaMonitor
    from ytquota.monitor.reconciled import Check
    from ytquota.operations.reconcile import Compared
    from ytquota.operations.reconcile.correcting import Correction


def page(one: Compared) -> Iterator[RenderableType]:
    """Return what was found for a project: today's pools, and which days were imported."""
    yield Text(f"Project {one.project}, up to {moment(one.until)}", style="bold")
    if one.checks:
        yield _pools(one)
    else:
        yield Text("Nothing of today has settled yet; Google's counters are about ten minutes late.")
    if one.imported:
        yield Text(_imported(one.imported))
    yield Text()


def correction_line(one: Correction, monitor: QuotaMonitor) -> str:
    """Return what a correction would do."""
    used = monitor.ledger.usage(one.project)[one.project][one.bucket].used
    return (
        f"{one.bucket} of project {one.project}: {count(used)} counted today, to become "
        f"{count(max(0, used + one.units))}. {one.why}."
    )


def facts_of(one: Compared) -> dict[str, Any]:
    """Return the same as plain JSON values."""
    return {
        "project": one.project,
        "until": one.until.isoformat(),
        "pools": {bucket: label_facts(check)["reconciled"] for bucket, check in one.checks.items()},
        "imported": [day.isoformat() for day in one.imported],
    }


def _pools(one: Compared) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column("  today", no_wrap=True, min_width=23)
    for name in ("here", "Google", "drift"):
        table.add_column(name, justify="right", no_wrap=True, min_width=8)
    table.add_column("")
    for bucket, check in one.checks.items():
        drift = Text("-" if not check.drift else f"{check.drift:+,}", style="yellow" if check.drift else "")
        table.add_row(f"  {bucket}", count(check.local), count(check.official), drift, _aside(check))
    return table


def _aside(check: Check) -> Text:
    said = [f"{check.doubtful:,} under way"] if check.doubtful else []
    said += [f"{check.lost:,} lost by Google"] if check.lost else []
    return Text(", ".join(said), style="dim")


def _imported(days: tuple[date, ...]) -> str:
    finished = len(days)
    span = days[0].isoformat() if finished == 1 else f"{days[0].isoformat()} to {days[-1].isoformat()}"
    word = "day" if finished == 1 else "days"
    return f"Imported {finished} {word} that were not counted here ({span})."
