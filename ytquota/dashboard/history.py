"""The days before today, read once per quota day and kept as plain numbers per pool."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pandas as pd

from ytquota import clock as clocks
from ytquota.dashboard.snapshot import Today
from ytquota.intelligence import QuotaIntelligence, frames
from ytquota.monitor.ledger import PoolKey
from ytquota.monitor.official import TAG

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ytquota.monitor import QuotaMonitor

DAYS = 28
"""Quota days that are shown, today included."""


@dataclass(frozen=True, eq=False, slots=True)
class PoolHistory:
    """One pool before today: units and unmet demand by day, yesterday's running totals, mean by hour.

    `official` are the days that Google counted, and not this ledger.
    """

    units: tuple[int, ...]
    unmet: tuple[int, ...]
    yesterday: tuple[int, ...]
    heat: pd.DataFrame
    official: frozenset[date] = frozenset()


@dataclass(frozen=True, eq=False, slots=True)
class History:
    """The days before today, oldest first; `days` is empty when nothing was logged.

    `last_use` tells by credential set when its last call ended, in epoch seconds.
    """

    today: date
    days: tuple[date, ...] = ()
    pools: Mapping[tuple[str, str], PoolHistory] = field(default_factory=dict)
    last_use: Mapping[str, float] = field(default_factory=dict)

    def trend(self, project: str, bucket: str) -> tuple[int, ...]:
        """Units per day of a pool, oldest first."""
        pool = self.pools.get((project, bucket))
        return pool.units if pool else (0,) * len(self.days)


def read_history(monitor: QuotaMonitor, today: date, days: int = DAYS) -> History:
    """Return the quota days before `today`, at most `days` - 1 of them."""
    first = today - timedelta(days=days - 1)
    since, until = clocks.utc(clocks.bounds_of(first).start), clocks.utc(clocks.bounds_of(today).start)
    calls = QuotaIntelligence(monitor).calls(since, until)
    burn = frames.daily_burn(calls)
    if burn.empty:
        return History(today)
    # days after the last call, up to yesterday, count too
    whole = pd.date_range(burn["day"].min(), today - timedelta(days=1), freq="D")
    pools = {
        (str(project), str(bucket)): _pool(
            calls[(calls["project"] == project) & (calls["bucket"] == bucket)],
            sums.set_index("day")[["units", "unmet"]].reindex(whole, fill_value=0),
            today,
        )
        for (project, bucket), sums in burn.groupby(["project", "bucket"])
    }
    last = calls.groupby("credential_set", observed=True)["at"].max()
    last_use = {str(number): at.timestamp() for number, at in last.items()}
    return History(today, tuple(day.date() for day in whole), pools, last_use)


def read_day(monitor: QuotaMonitor, day: date) -> dict[PoolKey, Today]:
    """Return every pool that was used on one finished quota day."""
    bounds = clocks.bounds_of(day)
    calls = QuotaIntelligence(monitor).calls(clocks.utc(bounds.start), clocks.utc(bounds.end))
    charged = calls[calls["units"] > 0]
    return {
        PoolKey(str(project), str(bucket)): Today(
            tuple(int(total) for total in frames.intraday(part, day)["total"]),
            _units_by(part, "method"),
            _units_by(part, "credential_set"),
            _units_by(part, "tag"),
            part["at"].max().timestamp(),
        )
        for (project, bucket), part in charged.groupby(["project", "bucket"], observed=True)
    }


def _units_by(calls: pd.DataFrame, what: str) -> dict[str, int]:
    return {
        str(name): int(units) for name, units in calls.groupby(what, observed=True)["units"].sum().items()
    }


def _pool(calls: pd.DataFrame, sums: pd.DataFrame, today: date) -> PoolHistory:
    yesterday = frames.intraday(calls, today - timedelta(days=1))
    return PoolHistory(
        units=tuple(int(units) for units in sums["units"]),
        unmet=tuple(int(units) for units in sums["unmet"]),
        yesterday=tuple(int(total) for total in yesterday["total"]),
        heat=frames.heatmap(calls),
        official=frozenset(day.date() for day in calls.loc[calls["provenance"] == TAG, "day"].unique()),
    )
