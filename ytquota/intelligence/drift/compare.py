"""The comparison of one project: figures by day, bucket and method, and the causes of what differs."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ytquota import clock as clocks
from ytquota.intelligence.drift.amounts import amounts
from ytquota.intelligence.drift.hosts import KnownHost, blame_hosts
from ytquota.intelligence.drift.naming import Findings, name_causes
from ytquota.intelligence.drift.shortfalls import shortfalls
from ytquota.intelligence.drift.study import study

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime

    from ytquota.intelligence.drift.causes import Cause
    from ytquota.intelligence.drift.grid import Grid
    from ytquota.intelligence.drift.ledgers import Explained
    from ytquota.intelligence.drift.study import Study
    from ytquota.prices import PriceBook

DAYS: dict[str, str] = {
    "day": "object",  # the quota day, a date
    "bucket": "object",
    "method": "object",
    "local": "int64",  # units that our log charged and Google has had time to count
    "official": "int64",  # units that Google counted
    "difference": "int64",  # official less local
    "gap": "int64",  # the part of the difference that is minutes which the counters lost; never above 0
    "unsettled": "int64",  # units that our log charged since; not compared
    "unexplained": "int64",  # the part of the difference that no cause explains
}
"""Columns of what differs, by day, bucket and method."""

POOLS: dict[str, str] = {
    "day": "object",
    "bucket": "object",
    "local": "int64",  # as above, and with `adjusted`
    "adjusted": "int64",  # units in the ledger's balance that no line of the log stands for
    "official": "int64",
    "difference": "int64",
    "gap": "int64",
    "unsettled": "int64",
    "correction": "int64",  # units to add to the balance, so that it says what Google would without gaps
    "is_whole": "bool",  # whether the day is over and all of it counted
}
"""Columns of what differs, by day and bucket."""

_NOBODY: Mapping[str, pd.DataFrame] = MappingProxyType({})
_NOTHING: Mapping[tuple[date, str], int] = MappingProxyType({})


@dataclass(frozen=True, eq=False, slots=True)
class Drift:
    """How far Google's count and ours are apart, and why.

    Attributes:
        days: by day, bucket and method: the columns of `DAYS`.
        pools: by day and bucket: the columns of `POOLS`.
        causes: why, the oldest day first, then the most units first.
        until: up to when both were compared (aware).
    """

    days: pd.DataFrame
    pools: pd.DataFrame
    causes: tuple[Cause, ...]
    until: datetime

    @property
    def agrees(self) -> bool:
        """Whether there is nothing to explain but what Google's counters lost."""
        return all(cause.kind == "source" for cause in self.causes)

    def of(self, day: date) -> tuple[Cause, ...]:
        """The causes of one quota day."""
        return tuple(cause for cause in self.causes if cause.day == day)

    def to_json(self) -> dict[str, Any]:
        """All as plain values."""
        return {
            "until": self.until.isoformat(),
            "agrees": self.agrees,
            "days": _records(self.days),
            "pools": _records(self.pools),
            "causes": [cause.to_json() for cause in self.causes],
        }


def compare(
    official: pd.DataFrame,
    ours: pd.DataFrame,
    *,
    prices: PriceBook,
    since: datetime,
    until: datetime,
    others: Mapping[str, pd.DataFrame] = _NOBODY,
    hosts: Iterable[KnownHost] = (),
    adjusted: Mapping[tuple[date, str], int] = _NOTHING,
) -> Drift:
    """Compare what Google counted for a project with what our log charged, and say why they differ.

    Args:
        official: Google's readings, with the columns of `OFFICIAL`.
        ours: our sends, with the columns of `SENDS`; those after `until` are told apart, not compared.
        prices: the price list.
        since: in the first quota day to compare (aware).
        until: up to when Google's counters are settled (aware).
        others: sends of the same project in other ledgers, by their address.
        hosts: hosts that are known to have charged units, and whose lines are not in `ours`.
        adjusted: units in the ledger's balance that no line stands for, such as corrections, by day and
            bucket.

    Raises:
        ValueError: `until` is not after `since`.
    """
    known = study(official, ours, prices=prices, since=since, until=until)
    return drift_of(known, others=others, hosts=hosts, adjusted=adjusted)


def drift_of(
    known: Study,
    *,
    others: Mapping[str, pd.DataFrame] = _NOBODY,
    hosts: Iterable[KnownHost] = (),
    adjusted: Mapping[tuple[date, str], int] = _NOTHING,
) -> Drift:
    """The same of a study that was made already; the other arguments are those of `compare`."""
    grid, explained = known.grid, known.with_ledgers(others)
    found = [
        amounts(
            series, arrivals, belief, explained.beliefs, _sends_of(explained, (series.bucket, series.method))
        )
        for series, arrivals, belief in zip(
            grid.series, explained.arrivals, explained.beliefs.series, strict=True
        )
    ]
    lost = shortfalls(grid, explained.arrivals, found)
    causes = [
        cause
        for series in zip(grid.series, found, explained.beliefs.series, lost, strict=True)
        for cause in name_causes(grid.days, Findings(*series, explained.chance, known.prices))
    ]
    whole = [day for day in grid.days if clocks.bounds_of(day).end <= grid.until.timestamp()]
    causes = list(blame_hosts(causes, known.ours, hosts, whole))
    days = _days(grid, causes)
    return Drift(
        days=days,
        pools=_pools(days, adjusted, set(whole)),
        causes=tuple(sorted(causes, key=lambda cause: (cause.day, -abs(cause.units)))),
        until=grid.until,
    )


def _sends_of(explained: Explained, name: tuple[str, str]) -> dict[str, Any]:
    return {address: sent[name] for address, sent in explained.sends.items() if name in sent}


def _days(grid: Grid, causes: Iterable[Cause]) -> pd.DataFrame:
    named: dict[tuple[date, str, str], int] = defaultdict(int)
    gaps: dict[tuple[date, str, str], int] = defaultdict(int)
    for cause in causes:
        where = cause.day, cause.bucket, cause.method
        named[where] += cause.units * (cause.kind != "unexplained")
        gaps[where] += cause.units * (cause.kind == "source")
    rows = []
    for series in grid.series:
        local, official = series.units.sum(axis=0), series.taken.sum(axis=1)
        for number, day in enumerate(grid.days):
            difference = round(official[number] - local[number])
            if not (local[number] or official[number] or series.unsettled[number]):
                continue
            rows.append(
                {
                    "day": day,
                    "bucket": series.bucket,
                    "method": series.method,
                    "local": round(local[number]),
                    "official": round(official[number]),
                    "difference": difference,
                    "gap": gaps[day, series.bucket, series.method],
                    "unsettled": round(series.unsettled[number]),
                    "unexplained": difference - named[day, series.bucket, series.method],
                }
            )
    frame = pd.DataFrame(rows, columns=list(DAYS)).astype(DAYS)
    return frame.sort_values(["day", "bucket", "method"], ignore_index=True)


def _pools(days: pd.DataFrame, adjusted: Mapping[tuple[date, str], int], whole: set[date]) -> pd.DataFrame:
    figures = ["local", "official", "difference", "gap", "unsettled"]
    sums = days.groupby(["day", "bucket"], as_index=False)[figures].sum()
    keys = list(zip(sums["day"], sums["bucket"], strict=True))
    added = np.array([adjusted.get(key, 0) for key in keys], dtype="int64")
    sums = sums.assign(
        local=sums["local"] + added,
        adjusted=added,
        difference=sums["difference"] - added,
        is_whole=[day in whole for day, _ in keys],
    )
    return sums.assign(correction=sums["difference"] - sums["gap"])[list(POOLS)].astype(POOLS)


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {str(name): value.isoformat() if name == "day" else value for name, value in row.items()}
        for row in frame.to_dict("records")
    ]
