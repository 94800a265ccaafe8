"""Bringing today's counts to Google's: shown first, done once, on record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ytquota import clock as clocks
from ytquota.monitor.correction import correct
from ytquota.monitor.files import lock_of, locked, unavailable
from ytquota.monitor.places import journal_path
from ytquota.monitor.redis_minutes import minutes_of
from ytquota.monitor.settled import count_at

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ytquota.monitor.metering import QuotaMonitor
    from ytquota.monitor.reconciled import Check
    from ytquota.operations.reconcile.comparing import Compared


@dataclass(frozen=True, slots=True)
class Correction:
    """What is to be added to a pool's count of today, so that it equals Google's.

    Attributes:
        project: project number.
        bucket: the daily allowance.
        units: to add; negative takes away.
        check: the comparison it follows from.
        why: for the ledger and the audit trail.
    """

    project: str
    bucket: str
    units: int
    check: Check
    why: str


@dataclass(frozen=True, slots=True)
class Corrected:
    """What was corrected: the pool, by how much, what is counted and left now, the audit row's number."""

    project: str
    bucket: str
    units: int
    used: int
    left: int
    row: int


def to_correct(compared: Iterable[Compared]) -> list[Correction]:
    """The pools whose count of today differs from Google's, doubt aside, and may be corrected."""
    return [
        Correction(one.project, bucket, check.rest, check, _why(one, bucket, check))
        for one in compared
        for bucket, check in one.checks.items()
        if check.rest > 0 or (check.rest and not one.not_lowered)
    ]


def apply(monitor: QuotaMonitor, corrections: Iterable[Correction], *, who: str) -> list[Corrected]:
    """Correct the counts, each by one `adjust` line and one audit row.

    What was corrected since the comparison, by somebody else, is taken into account.

    Args:
        monitor: on the ledger.
        corrections: of today.
        who: who wants it, user@host.

    Raises:
        LedgerUnavailable: the ledger or the audit trail cannot be written.
    """
    path = monitor.folder / "reconcile"
    try:
        with locked(path):
            done = [_apply(monitor, one, who) for one in corrections]
    except OSError as error:
        raise unavailable(lock_of(path), error) from error
    return [one for one in done if one is not None]


def _apply(monitor: QuotaMonitor, one: Correction, who: str) -> Corrected | None:
    units = _units(monitor, one)
    if not units:
        return None
    until = clocks.utc(one.check.until).isoformat()
    after, row = correct(
        monitor, one.project, one.bucket, units,
        reason=one.why, who=who, official=one.check.official, until=until,
    )  # fmt: skip
    return Corrected(one.project, one.bucket, units, after.used, after.left, row["row"])


def _units(monitor: QuotaMonitor, one: Correction) -> int:
    """The correction as it is now: none if it is too old, less by what was corrected meanwhile."""
    bounds = clocks.bounds_at(one.check.until)
    if not bounds.start <= monitor.clock.time() < bounds.end:
        return 0
    minutes = minutes_of(monitor.ledger, one.project, bounds.day)
    mark = one.check.until
    if minutes and mark < minutes.since:  # whoever was asked took hours to answer
        return 0
    ours = minutes.count_at(mark) if minutes else count_at(_journal(monitor, one, bounds), mark)
    return one.units - (ours.used.get(one.bucket, 0) - one.check.local)


def _journal(monitor: QuotaMonitor, one: Correction, bounds: clocks.DayBounds) -> Path:
    return journal_path(monitor.folder / "calls", bounds.day, one.project)


def _why(one: Compared, bucket: str, check: Check) -> str:
    at = clocks.utc(check.until).astimezone(clocks.PACIFIC)
    told = f"Google had counted {check.official:,} by {at:%H:%M %Z}, this ledger {check.local:,}"
    kinds = one.explained.kinds(at.date(), bucket) if one.explained else []
    return f"{told} ({', '.join(kinds)})" if kinds else told
