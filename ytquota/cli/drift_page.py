"""A project beside Google's counters as people read it, at 80 columns, and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ytquota.cli.output import count
from ytquota.clock import PACIFIC, moment
from ytquota.monitor.reconciled import label_facts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from rich.console import RenderableType

    from ytquota.intelligence.drift import Drift
    from ytquota.intelligence.measured import Measured
    from ytquota.monitor import QuotaMonitor
    from ytquota.monitor.reconciled import Check
    from ytquota.operations.reconcile import Compared
    from ytquota.operations.reconcile.correcting import Correction

_ODD = timedelta(hours=3)
"""Lag that is more likely another project's number in the settings."""

_UNKNOWN = (
    "What all hosts had counted by then, Redis does not know: it keeps four hours, from its last start or "
    "loss on. Compare again in a quarter of an hour."
)

_SHOWN = 12
"""Causes that are shown, the newest first."""


def page(one: Compared) -> Iterator[RenderableType]:
    """Return what was found for a project: today's pools, limits, imported days, causes, prices."""
    yield Text(f"Project {one.project}, up to {moment(one.until)}", style="bold")
    if one.is_late:
        yield Text(_late(one), style="yellow")
    if one.checks:
        yield _pools(one)
    elif not one.is_known:
        yield Text(_UNKNOWN, style="yellow")
    elif not one.is_late:
        yield Text("Nothing of today has settled yet; Google's counters are about ten minutes late.")
    if one.not_lowered and any(check.rest < 0 for check in one.checks.values()):
        yield Text(f"No count is lowered: {one.not_lowered}", style="yellow")
    yield from _limits(one)
    if one.imported:
        yield Text(_imported(one.imported))
    if one.unexplained:
        yield Text(one.unexplained, style="dim")
    if one.explained is not None:
        yield from _causes(one.explained.drift)
        yield from _prices(one.explained.measured)
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
        "late": one.is_late,
        "known": one.is_known,
        "not_lowered": one.not_lowered or None,
        "pools": {bucket: label_facts(check)["reconciled"] for bucket, check in one.checks.items()},
        "limits": [asdict(learned) for learned in one.limits],
        "limits_failed": one.no_limits or None,
        "imported": [day.isoformat() for day in one.imported],
        **(one.explained.to_json() if one.explained else {"drift": None, "prices": None}),
    }


def _late(one: Compared) -> str:
    """Up to when Google's figures go, where that is less far than usual."""
    end = f"{one.until.astimezone(PACIFIC):%H:%M %Z}"
    said = f"Google's figures end at {end}: later calls made here are not in them yet."
    if one.asked_until - one.until < _ODD:
        return f"{said} Compare again later."
    return f"{said} If it stays so, look whether {one.project} is the number of the project that is called."


def _pools(one: Compared) -> Table:
    table = _figures("  today")
    for bucket, check in one.checks.items():
        figures = (count(check.local), count(check.official), _signed(check.drift))
        table.add_row(f"  {bucket}", *figures, _aside(check))
    return table


def _figures(*names: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    for name in names:
        table.add_column(name, no_wrap=True, min_width=23 if len(names) == 1 else 11)
    for name in ("here", "Google", "drift"):
        table.add_column(name, justify="right", no_wrap=True, min_width=8)
    table.add_column("")
    return table


def _signed(units: int) -> Text:
    return Text(f"{units:+,}" if units else "-", style="yellow" if units else "")


def _aside(check: Check) -> Text:
    said = [f"{check.doubtful:,} under way"] if check.doubtful else []
    said += [f"{check.lost:,} lost by Google"] if check.lost else []
    return Text(", ".join(said), style="dim")


def _limits(one: Compared) -> Iterator[Text]:
    for learned in one.limits:
        if learned.remark:
            yield Text(learned.remark)
    if one.no_limits:
        yield Text(f"Limits were not read: {one.no_limits}", style="yellow")


def _imported(days: tuple[date, ...]) -> str:
    finished = len(days)
    span = days[0].isoformat() if finished == 1 else f"{days[0].isoformat()} to {days[-1].isoformat()}"
    word = "day that was" if finished == 1 else "days that were"
    return f"Imported {finished} {word} not counted here ({span})."


def _causes(drift: Drift) -> Iterator[RenderableType]:
    compared = int(drift.days["day"].nunique())
    if not drift.causes:
        days = "the one day" if compared == 1 else f"all {compared} days"
        yield Text(f"No drift on {days} that had calls." if compared else "No calls to compare.", style="dim")
        return
    yield from (Text(), _by_day(drift), Text(), Text("Where it comes from", style="bold"))
    newest = sorted(drift.causes, key=lambda cause: (cause.day, abs(cause.units)), reverse=True)
    shown: set[tuple[str, str, str]] = set()
    for cause in newest[:_SHOWN]:
        yield Padding(Text(str(cause)), (0, 0, 0, 2))
        if (cause.kind, cause.method, cause.detail) not in shown:
            yield Padding(Text(cause.evidence, style="dim"), (0, 0, 0, 4))
        shown.add((cause.kind, cause.method, cause.detail))
    if len(newest) > _SHOWN:
        yield Text(f"  {len(newest) - _SHOWN} earlier ones; --json has all.", style="dim")
    yield from (Text(), Text("What to do", style="bold"))
    for remedy in dict.fromkeys(cause.remedy for cause in newest):
        yield Padding(Text(remedy), (0, 0, 0, 2))


def _by_day(drift: Drift) -> Table:
    table = _figures("  day", "pool")
    pools: Any = drift.pools[drift.pools["difference"] != 0].sort_values(
        ["day", "bucket"], ascending=[False, True]
    )
    for one in pools.head(_SHOWN).itertuples():
        gap = Text(f"{-one.gap:,} lost by Google" if one.gap else "", style="dim")
        figures = (
            count(one.local - one.adjusted),
            count(one.official),
            _signed(one.difference + one.adjusted),
        )
        table.add_row(f"  {one.day:%a %d %b}", one.bucket, *figures, gap)
    return table


def _prices(measured: Measured) -> Iterator[RenderableType]:
    differing = [one for one in measured.prices if one.verdict == "differs"]
    agreeing = sum(one.verdict == "agrees" for one in measured.prices)
    yield Text()
    if differing:
        yield Text("Prices that were measured to differ from the table", style="bold")
        for one in differing:
            yield Padding(Text(str(one)), (0, 0, 0, 2))
        yield Text("  `ytquota reconcile --prices FILE` writes them to a file of overrides.", style="dim")
    if agreeing:
        methods = "price agrees" if agreeing == 1 else "prices agree"
        yield Text(f"{agreeing} measured {methods} with the table.", style="dim")
    for charge in measured.charges:
        yield Text(str(charge), style="dim")
