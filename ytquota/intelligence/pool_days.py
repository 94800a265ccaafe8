"""The past and today of every pool as a forecast needs them, read from the ledger's log.

Finished days are read once; of today only the lines written since the last look. Units that were asked for
and denied are kept beside the units used: they are demand that the quota hid.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from ytquota import clock as clocks
from ytquota.intelligence import day_grid, frames
from ytquota.intelligence.day_grid import BINS, Floats
from ytquota.monitor.ledger import PoolKey
from ytquota.monitor.official import TAG

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ytquota.monitor.log import Position
    from ytquota.monitor.metering import QuotaMonitor

DAYS = 84
"""Finished days looked at: twice what the methods remember."""

PRIORITY_DAYS = 28
"""Finished days of which the priorities are looked at."""

_WORK = ("project", "bucket", "priority", "tag")
_FIRST_HOUR = 4  # quarters: a log that begins later on its first day has not seen that day


class WorkKey(NamedTuple):
    """Work of one importance by one hand, in one pool."""

    project: str
    bucket: str
    priority: str
    tag: str


@dataclass(frozen=True, eq=False, slots=True)
class Work:
    """What was asked of a pool, in quota units by quarter of an hour.

    Attributes:
        used: charged, ``float[days, 96]``.
        denied: asked for and not to be had, ``float[days, 96]``.
    """

    used: Floats
    denied: Floats

    @classmethod
    def none(cls, days: int) -> Work:
        """Nothing at all."""
        return cls(np.zeros((days, BINS)), np.zeros((days, BINS)))

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever asked."""
        return not (self.used.any() or self.denied.any())


@dataclass(eq=False, slots=True)
class Today:
    """Today of one pool: units by quarter, and when it was last charged and first denied after that."""

    used: Floats
    denied: Floats
    last_charged: float | None = None
    denied_since: float | None = None


@dataclass(frozen=True, eq=False, slots=True)
class PoolDays:
    """One pool: its finished days since it was first used, oldest first, and today."""

    dates: tuple[date, ...]
    past: Work
    today: Today


class DaysReader:
    """Reads the days of one ledger; keep it to read again, which then costs next to nothing.

    Args:
        monitor: whose log to read.
        days: how many finished days to look back.
    """

    def __init__(self, monitor: QuotaMonitor, days: int = DAYS) -> None:
        self._monitor, self._days = monitor, days
        self._today = date.min
        self._official = 0
        self._counted_by_google: set[str] = set()
        self._first = date.min
        self._past: dict[PoolKey, Work] = {}
        self._by_google: dict[PoolKey, Work] = {}
        self._past_work: dict[WorkKey, Work] | None = None
        self._journals = pd.DataFrame()
        self._pools: dict[PoolKey, Today] = {}
        self._work: dict[WorkKey, Today] = {}
        self._position: Position | None = None

    def read(self) -> None:
        """Look at the ledger: whole days when one has begun or was imported, else what was written since."""
        today = clocks.quota_day(self._monitor.clock.time())
        official = self._monitor.official.stamp()
        if today != self._today or official != self._official:
            self._read_past(today)
            self._today, self._position, self._official = today, None, official
            self._pools, self._work = {}, {}
            self._read_beginning(today)
        self._monitor.ledger.flush()
        rows, self._position = self._monitor.tail(self._position)
        bounds = clocks.bounds_of(today)
        for row in rows:
            at = datetime.fromisoformat(row["at"]).timestamp()
            if bounds.start <= at < bounds.end:
                self._add(row, at, min(int(day_grid.place(today, at)), BINS - 1))

    def keys(self) -> set[PoolKey]:
        """The pools that were ever asked for anything."""
        return {*self._past, *self._pools}

    def pool(self, key: PoolKey) -> PoolDays:
        """One pool, from the first day on which it was asked for anything."""
        past = self._past.get(key) or Work.none(0)
        seen = (past.used + past.denied).sum(axis=1) > 0
        start = int(seen.argmax()) if seen.any() else len(seen)
        dates = self._dates()[start : len(seen)]
        return PoolDays(dates, Work(past.used[start:], past.denied[start:]), self._of(self._pools, key))

    def official(self) -> set[str]:
        """Projects with finished days that Google counted and we did not."""
        return self._counted_by_google

    def official_days(self, key: PoolKey) -> int:
        """Finished days on which Google alone counted what a pool was used for."""
        theirs = self._by_google.get(key)
        if theirs is None:
            return 0
        counted = theirs.used.sum(axis=1)
        return int(((counted > 0) & (counted == self._past[key].used.sum(axis=1))).sum())

    def work(self) -> dict[WorkKey, tuple[Work, Today]]:
        """Work by priority and tag on the last 28 finished days, and today."""
        if self._past_work is None:
            self._past_work = self._read_priorities()
        past, days = self._past_work, min(PRIORITY_DAYS, len(self._dates()))
        keys = {*past, *self._work}
        return {key: (past.get(key) or Work.none(days), self._of(self._work, key)) for key in keys}

    def dates(self, days: int) -> tuple[date, ...]:
        """The last finished days."""
        return self._dates()[-days:] if days else ()

    # -- inside

    def _dates(self) -> tuple[date, ...]:
        count = max(0, (self._today - self._first).days)
        return tuple(self._first + timedelta(days=day) for day in range(count))

    def _read_past(self, today: date) -> None:
        since = clocks.day_start(today - timedelta(days=self._days))
        until = clocks.day_start(today)
        tables, rows = self._monitor.summable(since, until)
        calls = frames.calls_frame(rows)
        rolled = frames.sums_frame(tables, ()) if tables else calls[list(frames.SUMS)].iloc[:0]
        self._first = _first_day(rolled, calls, today)
        days = (today - self._first).days
        self._past = {}
        for frame in (rolled, calls):
            for key, work in _sum(frame, ["project", "bucket"], self._first, days).items():
                self._past[PoolKey(*key)] = _plus(self._past.get(PoolKey(*key)), work)
        # whose work it was, and how much it mattered, is not known of what Google counted
        is_official = calls["provenance"] == TAG
        self._counted_by_google = set(calls.loc[is_official, "project"].astype(str))
        theirs = _sum(calls[is_official], ["project", "bucket"], self._first, days)
        self._by_google = {PoolKey(*key): work for key, work in theirs.items()}
        own = calls[~is_official]
        self._journals = own[[*_WORK, "at", "outcome", "units", "unmet"]]
        self._past_work = None

    def _read_beginning(self, today: date) -> None:
        """What Google counted today before we began to: without it a busy morning looks like none."""
        for row in self._monitor.official_today():
            at = datetime.fromisoformat(row["at"]).timestamp()
            cell = min(int(day_grid.place(today, at)), BINS - 1)
            self._of(self._pools, PoolKey(row["project"], row["bucket"])).used[cell] += row["units"]

    def _read_priorities(self) -> dict[WorkKey, Work]:
        """Work by priority on the last days; roll-ups do not tell it, so archived calls are read for it."""
        days = min(len(self._dates()), PRIORITY_DAYS)
        first = self._today - timedelta(days=days)
        columns = [*_WORK, "at", "outcome", "units", "refused"]
        archived = self._monitor.archived_calls(first, self._today - timedelta(days=1), columns)
        works: dict[WorkKey, Work] = {}
        for frame in (_archived_frame(archived), self._journals):
            for key, work in _sum(frame, list(_WORK), first, days).items():
                works[WorkKey(*key)] = _plus(works.get(WorkKey(*key)), work)
        return works

    def _add(self, row: Mapping[str, Any], at: float, cell: int) -> None:
        project, bucket = row["project"], row.get("bucket", "")
        units = row.get("units", 0)
        denied = row.get("refused", 0) if row.get("outcome") == "denied" else 0
        for today in (
            self._of(self._pools, PoolKey(project, bucket)),
            self._of(self._work, WorkKey(project, bucket, row.get("priority", ""), row.get("tag", ""))),
        ):
            today.used[cell] += units
            today.denied[cell] += denied
            if units:
                today.last_charged, today.denied_since = at, None
            elif row.get("outcome") in frames.DEMAND_NOT_MET and today.denied_since is None:
                today.denied_since = at

    @staticmethod
    def _of(todays: dict[Any, Today], key: Any) -> Today:
        return todays.setdefault(key, Today(np.zeros(BINS), np.zeros(BINS)))


def _first_day(rolled: pd.DataFrame, calls: pd.DataFrame, today: date) -> date:
    """The first day that the log has seen from its beginning; today if there is none."""
    starts = [frame["at"].min() for frame in (rolled, calls) if len(frame)]
    if not starts:
        return today
    at = min(starts).timestamp()
    day = clocks.quota_day(at)
    return min(day + timedelta(days=day_grid.place(day, at) >= _FIRST_HOUR), today)


def _sum(frame: pd.DataFrame, keys: list[str], first: date, days: int) -> dict[tuple[str, ...], Work]:
    """Units by group, day and quarter; rows before the first day or after the last one are left out."""
    if not days or frame.empty:
        return {}
    at = pd.DatetimeIndex(frame["at"]).as_unit("us").asi8 / 1e6
    cell = day_grid.cells(first, days, at)
    end = clocks.bounds_of(first + timedelta(days=days)).start
    inside = (cell >= 0) & (at < end)
    frame, cell = frame[inside], cell[inside]
    groups = frame.groupby(keys, observed=True, sort=False)
    number, size = groups.ngroup().to_numpy(), days * BINS
    denied = frame["unmet"].where(frame["outcome"] == "denied", 0)
    count = groups.ngroups
    used, hidden = (
        np.bincount(number * size + cell, weights=units.to_numpy(), minlength=count * size).reshape(
            count, days, BINS
        )
        for units in (frame["units"], denied)
    )
    names = frame[keys].iloc[np.unique(number, return_index=True)[1]].astype(str)
    return {
        tuple(name): Work(used[row], hidden[row]) for row, name in enumerate(names.itertuples(index=False))
    }


def _archived_frame(tables: Sequence[Any]) -> pd.DataFrame:
    if not tables:
        return pd.DataFrame()
    import pyarrow as pa  # noqa: PLC0415 - only where something was archived

    frame: pd.DataFrame = pa.concat_tables(tables).to_pandas(strings_to_categorical=True)
    return frame.rename(columns={"refused": "unmet"}).fillna({"unmet": 0, "units": 0})


def _plus(one: Work | None, other: Work) -> Work:
    return other if one is None else Work(one.used + other.used, one.denied + other.denied)


def date_index(dates: Iterable[date]) -> pd.DatetimeIndex:
    """Quota days as the forecast takes them."""
    return pd.DatetimeIndex(list(dates), dtype="datetime64[us]")
