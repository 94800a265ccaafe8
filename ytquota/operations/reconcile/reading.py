"""What Google counted of a project, read as finely as it is of use, and kept for days without own calls."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from ytquota import clock as clocks
from ytquota.monitor import lines
from ytquota.monitor.official import EVER, Use

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ytquota.cloud import Cloud, Reading
    from ytquota.monitor.metering import QuotaMonitor

_LATELY = timedelta(days=7)
_TODAY, _BEFORE = timedelta(minutes=1), timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Official:
    """What Google counted of a project.

    Attributes:
        project: project number.
        first: the first quota day that was asked for.
        until: up to when (aware, UTC): what came later has not settled.
        readings: oldest first; by the minute on the last day, by five minutes before.
    """

    project: str
    first: date
    until: datetime
    readings: tuple[Reading, ...]

    def up_to(self, until: datetime) -> Official:
        """The same without what came after an instant."""
        return replace(self, until=until, readings=tuple(one for one in self.readings if one.end <= until))

    @property
    def last_day(self) -> date:
        """The quota day that `until` lies in."""
        return clocks.quota_day(self.until)

    def used(self, day: date, until: float) -> dict[str, int]:
        """Units by bucket from the beginning of a day up to an instant (epoch seconds)."""
        start, used = clocks.bounds_of(day).start, dict[str, int]()
        for one in self.readings:
            if one.start.timestamp() >= start and one.end.timestamp() <= until:
                used[one.bucket] = used.get(one.bucket, 0) + one.units
        return used


def read_official(cloud: Cloud, project: str, *, days: int, now: float) -> Official:
    """Read the counters of today and of so many quota days before.

    Args:
        cloud: the connection.
        project: project number.
        days: finished days; Google keeps 42.
        now: epoch seconds.

    Raises:
        CloudError: they cannot be read; says what to click.
    """
    until = cloud.settled_until(clocks.utc(now))
    today = clocks.quota_day(until)
    first = clocks.quota_day(now) - timedelta(days=days)
    readings: list[Reading] = []
    if first < today:
        readings += cloud.usage(project, _midnight(first), _midnight(today), every=_BEFORE)
    if _midnight(today) < until:
        readings += cloud.usage(project, _midnight(today), until, every=_TODAY)
    return Official(project, first, until, tuple(sorted(readings, key=lambda one: one.start)))


def import_days(monitor: QuotaMonitor, official: Official) -> list[date]:
    """Keep what Google counted on days that this ledger did not count, from the first use on.

    Safe to be done again: a day is replaced where Google has added to it; days of more than a week ago stay
    as they are, since Google forgets the oldest.

    Returns:
        The finished days that are new, or were changed. Today's beginning is kept for tomorrow, too.

    Raises:
        LedgerUnavailable: a file cannot be read or written.
    """
    by_day: dict[date, Sequence[Reading]] = {
        day: list(its) for day, its in groupby(official.readings, key=lambda one: clocks.quota_day(one.start))
    }
    used = [day for day, its in by_day.items() if any(one.units for one in its)]
    day, kept, lately = min(used, default=official.last_day), [], official.last_day - _LATELY
    monitor.own.look()
    while day <= official.last_day:
        if day >= lately or not monitor.official.has(day, official.project):
            until = monitor.own.official_until(day, official.project)
            uses = [_use(one) for one in by_day.get(day, ()) if lines.stamp(one.end.timestamp()) <= until]
            is_wanted = uses or until == EVER
            if is_wanted and monitor.official.write(day, official.project, uses, price=_Prices(monitor, day)):
                kept.append(day)
        day += timedelta(days=1)
    today = clocks.quota_day(monitor.clock.time())
    return [day for day in kept if day < today]


class _Prices:
    """Units that one call of a method takes on a day."""

    def __init__(self, monitor: QuotaMonitor, day: date) -> None:
        self._prices, self._day = monitor.prices, day

    def __call__(self, method: str) -> int:
        return self._prices.price_of(method, on=self._day).units


def _use(one: Reading) -> Use:
    start = one.start.timestamp()
    return Use(start, one.end.timestamp() - start, one.bucket, one.method, one.units)


def _midnight(day: date) -> datetime:
    return clocks.day_start(day).astimezone(UTC)
