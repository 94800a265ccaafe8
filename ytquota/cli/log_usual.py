"""What groups of calls had spent on the days before, by the same time of day: is today unusual?"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING, Any

from ytquota.clock import PACIFIC, day_start
from ytquota.monitor.log import bounds_as_text
from ytquota.monitor.official import TAG as OFFICIAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ytquota.monitor import QuotaMonitor

DAYS = 14
"""Quota days that are compared with, at most."""

FEWEST = 3
"""Fewer say nothing of what is usual."""

_COLUMNS = ("project", "bucket", "set", "tag", "method", "outcome", "priority", "host")
"""What calls may be filtered and grouped by; of archived days these columns are read, and no others."""

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Usual:
    """The median of what each group had spent on the days before.

    Attributes:
        units: quota units by (bucket, *names); a group that is not there usually spends nothing.
        days: how many quota days.
        at: the time of day (Pacific) up to which each of them counts; None: to its end.
    """

    units: Mapping[Key, int]
    days: int
    at: datetime | None


def usual_before(
    monitor: QuotaMonitor,
    day: date,
    key_of: Callable[[Mapping[str, Any]], Key],
    *,
    at: datetime | None,
    wanted: Callable[[dict[str, Any]], bool],
    project: str | None = None,
) -> Usual | None:
    """Return what was usual on the days before a quota day; None where fewer than three are known.

    The first day of the log is left out, since counting began at some time of it. Days without calls count
    as days. Days that only Google counted do not tell who spent.

    Args:
        monitor: whose log.
        day: the quota day to compare with.
        key_of: the group of a row: its bucket and its names.
        at: the time on `day` (aware, Pacific); None for the whole of it.
        wanted: which rows count.
        project: only this project.
    """
    days = [day - timedelta(days=back) for back in range(DAYS + 1, 0, -1)]
    spent = _Spent(days, at, key_of, wanted)
    for row in monitor.log(day_start(days[0]), day_start(day), project=project, with_archive=False):
        spent.add(row)
    for row in _archived(monitor, spent, project):
        spent.add(row)
    return spent.usual()


class _Spent:
    """Units by group and day, each day up to the same time."""

    def __init__(
        self,
        days: Sequence[date],
        at: datetime | None,
        key_of: Callable[[Mapping[str, Any]], Key],
        wanted: Callable[[dict[str, Any]], bool],
    ) -> None:
        self._at, self._key_of, self._wanted = at, key_of, wanted
        self.starts, self.ends = [day_start(day) for day in days], [same_time(day, at) for day in days]
        self._starts = [bounds_as_text(start, None)[0] for start in self.starts]
        self._ends = [bounds_as_text(None, end)[1] for end in self.ends]
        self._units: dict[Key, list[int]] = {}
        self._first = len(days)

    def add(self, row: dict[str, Any]) -> None:
        """Add a row of the log."""
        number = bisect_right(self._starts, row["at"]) - 1
        if number < 0 or row["kind"] == OFFICIAL:
            return
        self._first = min(self._first, number)
        if row.get("units") and row["at"] < self._ends[number] and self._wanted(row):
            key = self._key_of(row)
            self._units.setdefault(key, [0] * len(self._starts))[number] += row["units"]

    def usual(self) -> Usual | None:
        """The medians, from the day after the first on."""
        whole = slice(self._first + 1, None)
        days = len(self._starts[whole])
        if days < FEWEST:
            return None
        medians = {key: round(median(units[whole])) for key, units in self._units.items()}
        return Usual({key: units for key, units in medians.items() if units}, days, self._at)


def same_time(day: date, at: datetime | None) -> datetime:
    """The instant at which clocks showed the same on a day; its end without a time."""
    start = day_start(day).astimezone(UTC)
    end = day_start(day + timedelta(days=1)).astimezone(UTC)
    if at is None:
        return end
    since_midnight = at.replace(tzinfo=None) - datetime.combine(at.date(), datetime.min.time())
    moment = start + since_midnight
    shift = _offset(moment) - _offset(start)  # of a day with 23 or 25 hours
    return min(moment - shift, end)


def _offset(at: datetime) -> timedelta:
    return at.astimezone(PACIFIC).utcoffset() or timedelta(0)


def _archived(monitor: QuotaMonitor, spent: _Spent, project: str | None) -> Iterator[dict[str, Any]]:
    """What archived days spent up to the time of day, added up by all that they may be grouped by."""
    first, last = spent.starts[0].date(), spent.starts[-1].date()
    for table in monitor.archived_calls(first, last, ["at", "units", *_COLUMNS]):
        if table.num_rows and project in {None, table["project"][0].as_py()}:
            number = bisect_right(spent.starts, table["at"][0].as_py()) - 1
            yield from _sums(table, spent.ends[number])


def _sums(table: Any, end: datetime) -> Iterator[dict[str, Any]]:
    import pyarrow as pa  # noqa: PLC0415 - there is an archive, so it is here; else nobody needs it
    import pyarrow.compute as pc  # noqa: PLC0415

    first = table["at"][0].as_py().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    chosen = pc.and_(pc.less(table["at"], pa.scalar(end)), pc.greater(table["units"], 0))
    for name in _COLUMNS:
        place = table.column_names.index(name)
        table = table.set_column(place, name, table[name].cast(pa.string()).fill_null(""))
    sums = table.filter(chosen).group_by(list(_COLUMNS)).aggregate([("units", "sum")]).to_pylist()
    yield {"at": first, "kind": "settle", "units": 0}  # a day without calls by then is a day all the same
    for row in sums:
        yield row | {"at": first, "kind": "settle", "units": row["units_sum"]}
