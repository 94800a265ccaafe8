"""What would have been told in the last days, by the same rules, from the log alone.

Each instant is judged from what the log knew then, with the limits of today: earlier ones are not in the log.
It looks every five minutes and forecasts every half hour, at every look while a pool is spent too fast; so an
alert may come a little later than a watch would have given it. Neither quarantined sets nor the ends of
logins show in the log.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ytquota import clock as clocks
from ytquota.intelligence import day_grid
from ytquota.intelligence.day_grid import BINS
from ytquota.intelligence.demand import demand_of
from ytquota.intelligence.ensemble import PoolEnsembles
from ytquota.intelligence.pool_days import DaysReader, PoolDays, Today, Work
from ytquota.monitor.ledger import PoolKey
from ytquota.operations.alerts.edges import Alert, Edges
from ytquota.operations.alerts.paces import Paces
from ytquota.operations.alerts.rules import Pool, Thresholds, judge

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ytquota.intelligence.demand import Demand
    from ytquota.monitor.metering import QuotaMonitor
    from ytquota.settings import Settings

_LOOK = 300.0
_FORECAST = 1800.0
_QUIET = 0.4  # of the limit: a pool that never took more in a day is not forecast, as it will not run out


def dry_run(settings: Settings, monitor: QuotaMonitor, *, days: int = 30) -> Iterator[Alert]:
    """Replay the last quota days, today included.

    Args:
        settings: from where on there is an alert.
        monitor: whose log.
        days: how many.

    Yields:
        What would have been told, oldest first, recoveries included.
    """
    thresholds = Thresholds(settings.alerts.share, settings.alerts.probability)
    reader, edges, paces = DaysReader(monitor), Edges(), Paces()
    reader.read()
    limits = {
        PoolKey(project, bucket): balance.limit
        for project, pools in monitor.ledger.usage().items()
        for bucket, balance in pools.items()
    }
    now = monitor.clock.time()
    today = clocks.quota_day(now)
    for ago in range(days - 1, -1, -1):
        day = today - timedelta(days=ago)
        bounds = clocks.bounds_of(day)
        rows = list(monitor.log(clocks.utc(bounds.start), clocks.utc(bounds.end)))
        pools = [_Day(key, limit, reader, day, rows) for key, limit in limits.items()]
        at, done, end = bounds.start, 0, min(bounds.end - 1.0, now)
        while at < end:
            at = min(at + _LOOK, end)
            fresh = done
            while fresh < len(rows) and _at(rows[fresh]) <= at:
                fresh += 1
            paces.add(rows[done:fresh])
            for pool in pools:
                pool.add(rows[done:fresh])
            done = fresh
            seen = [pool.seen(at, paces, edges) for pool in pools]
            yield from edges.step((one for pool in seen for one in judge(pool, thresholds)), at)


class _Day:
    """One pool on one quota day, as it fills."""

    def __init__(
        self, key: PoolKey, limit: int, reader: DaysReader, day: date, rows: Sequence[Mapping[str, Any]]
    ) -> None:
        self._key, self._limit, self._day = key, limit, day
        self._bounds, self._used = clocks.bounds_of(day), 0
        whole = reader.pool(key)
        before = sum(one < day for one in whole.dates)
        past = Work(whole.past.used[:before], whole.past.denied[:before])
        empty = Work.none(1)
        self._days = PoolDays(whole.dates[:before], past, Today(empty.used[0], empty.denied[0]))
        self._most = float(past.used.sum(axis=1).max()) if before else 0.0
        self._demand: Demand | None = None
        self._gone_at = _gone_at([row for row in rows if _is_of(row, key)])
        self._forecast_at = float("-inf")
        self._ahead: tuple[float | None, datetime | None] = None, None

    def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Take in rows of all pools."""
        for row in rows:
            if _is_of(row, self._key):
                cell = min(int(day_grid.place(self._day, _at(row))), BINS - 1)
                self._days.today.used[cell] += row.get("units", 0)
                self._used += int(row.get("units", 0))
                if row.get("outcome") == "denied":
                    self._days.today.denied[cell] += row.get("refused", 0)

    def seen(self, at: float, paces: Paces, edges: Edges) -> Pool:
        """The pool as it stood at an instant."""
        gone = self._used >= self._limit or at >= self._gone_at
        pool = Pool(
            self._key.project,
            self._key.bucket,
            clocks.next_reset(at),
            self._bounds.end - at,
            self._used,
            self._limit,
            gone,
            *paces.of(*self._key, at, since=self._bounds.start),
        )
        every = _LOOK if pool.is_pressing else _FORECAST
        if not gone and at >= self._forecast_at + every:
            self._forecast_at, self._ahead = at, self._forecast(at)
        likely, when = self._ahead
        return replace(pool, probability=likely, run_out_at=when, vain=edges.vain(*self._key, at))

    def _forecast(self, at: float) -> tuple[float | None, datetime | None]:
        if not self._days.dates or self._limit <= 0:
            return None, None
        if max(self._most, self._used) < _QUIET * self._limit:
            return 0.0, None
        self._demand = self._demand or demand_of(self._days.past, self._limit)
        rest = PoolEnsembles(self._days, self._limit, at, demand=self._demand).rest()
        left = self._limit - self._used
        low, middle, _ = rest.run_out_times(left)
        when = middle or low
        return rest.probability(left), None if when is None else datetime.fromtimestamp(when, clocks.PACIFIC)


def _at(row: Mapping[str, Any]) -> float:
    return datetime.fromisoformat(row["at"]).timestamp()


def _is_of(row: Mapping[str, Any], key: PoolKey) -> bool:
    return bool(row["project"] == key.project and row.get("bucket") == key.bucket)


def _gone_at(rows: Sequence[Mapping[str, Any]]) -> float:
    """From when on the server refused every call of a day; never, if it charged one afterwards."""
    gone = float("inf")
    for row in rows:
        if row.get("units"):
            gone = float("inf")
        elif row.get("outcome") == "refused":
            gone = min(gone, _at(row))
    return gone
