"""From the ledger to forecasts: one for each pool, now."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from ytquota import clock as clocks
from ytquota.intelligence.ensemble import LEVELS, Band, Ensemble, PoolEnsembles
from ytquota.intelligence.forecast import WARM_UP_DAYS, method_weights
from ytquota.intelligence.forecast_backtest import backtest
from ytquota.intelligence.outlook import DayAhead, FanPoint, Forecast
from ytquota.intelligence.pool_days import DaysReader, date_index
from ytquota.monitor.ledger import PoolKey

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ytquota.intelligence.declared import Declaration
    from ytquota.monitor.ledger import Balance
    from ytquota.monitor.metering import QuotaMonitor

DAYS_AHEAD = 7
_HOUR = 3600.0


class Forecaster:
    """Makes the forecasts of a ledger's pools; keep it, and the next ones read only what is new.

    Args:
        monitor: whose ledger and log.
    """

    def __init__(self, monitor: QuotaMonitor) -> None:
        self.monitor = monitor
        self.reader = DaysReader(monitor)
        self._checked: dict[tuple[PoolKey, date, int, int], str] = {}

    def forecasts(
        self,
        declared: Sequence[Declaration] = (),
        *,
        project: str | None = None,
        bucket: str | None = None,
        check: bool = True,
        ahead: bool = True,
    ) -> list[Forecast]:
        """A forecast for each pool of a project and bucket (None: all), those with use first.

        Args:
            declared: load to come.
            project: project number.
            bucket: the daily allowance.
            check: whether to say how well such forecasts did lately, which takes a tenth of a second a pool.
            ahead: whether to look at the days ahead.
        """
        self.reader.read()
        balances = self.monitor.ledger.usage(project)
        for name in self.reader.official() - balances.keys():
            if project in {None, name}:  # known from Google's counters alone: nothing was called here yet
                balances |= self.monitor.ledger.usage(name)
        made = [
            self._forecast(PoolKey(name, pool), balance, declared, check=check, ahead=ahead)
            for name, pools in balances.items()
            for pool, balance in pools.items()
            if bucket in {None, pool}
        ]
        return sorted(made, key=lambda one: one.basis == "withheld")

    def pool(self, key: PoolKey, limit: float, declared: Sequence[Declaration] = ()) -> PoolEnsembles:
        """The ensembles of one pool, as of the last `reader.read()`."""
        own = [one for one in declared if (one.project, one.bucket) == key]
        return PoolEnsembles(self.reader.pool(key), limit, self.monitor.clock.time(), own)

    def _forecast(
        self, key: PoolKey, balance: Balance, declared: Sequence[Declaration], *, check: bool, ahead: bool
    ) -> Forecast:
        now = self.monitor.clock.time()
        pool = self.pool(key, balance.limit, declared)
        bare = Forecast(
            project=key.project,
            bucket=key.bucket,
            made_at=_pacific(now),
            resets_at=clocks.next_reset(now),
            basis="forecast",
            reason="",
            used=balance.used,
            limit=balance.limit,
            sustainable_rate=balance.left * _HOUR / clocks.seconds_to_reset(now),
            days=len(pool.days.dates),
            official_days=self.reader.official_days(key),
        )
        if balance.is_exhausted(now) and balance.limit > 0:
            frozen = _frozen(bare, pool)
            return _with_days(frozen, pool, pool.rest()) if ahead else frozen
        reason = _too_little(pool, balance)
        if reason:
            return replace(bare, basis="withheld", reason=reason)
        ensemble = pool.rest()
        made = self._full(bare, pool, ensemble, key, check=check)
        return _with_days(made, pool, ensemble) if ahead else made

    def _full(
        self, bare: Forecast, pool: PoolEnsembles, ensemble: Ensemble, key: PoolKey, *, check: bool
    ) -> Forecast:
        left = max(0, bare.limit - bare.used)
        low, middle, high = (None if at is None else _pacific(at) for at in ensemble.run_out_times(left))
        finished = len(pool.days.dates)
        simple = finished < WARM_UP_DAYS
        return replace(
            bare,
            basis="simple" if simple else "forecast",
            reason=_little_history(finished) if simple else "",
            run_out_probability=ensemble.probability(left),
            run_out_at=(low, middle, high),
            total=ensemble.total(bare.used),
            methods=() if simple else _methods(pool),
            checked=self._check(key, pool) if check and not simple else "",
            declared=sum(one.within(pool.now, bare.resets_at.timestamp()) for one in pool.declared),
            fan=_fan(ensemble, bare.used),
        )

    def _check(self, key: PoolKey, pool: PoolEnsembles) -> str:
        hour = pool.quarter // 4
        known = (key, pool.today, hour, int(pool.limit))
        if known not in self._checked:
            demand = pool.demand
            self._checked[known] = str(
                backtest(
                    demand.units, date_index(pool.days.dates), pool.limit, float(hour), ran_out=demand.ran_out
                )
            )
        return self._checked[known]


def _little_history(finished: int) -> str:
    days = "one finished day" if finished == 1 else f"{finished} finished days"
    return f"only {days} of history ({WARM_UP_DAYS} are needed)"


def _too_little(pool: PoolEnsembles, balance: Balance) -> str:
    """Why no forecast is made; empty if one is."""
    if balance.limit <= 0:
        return "this pool has no allowance"
    if pool.days.dates or pool.days.past.used.any():
        return ""
    if not (pool.days.today.used.any() or pool.declared):
        return "nothing was counted in this pool yet"
    began = pool.days.today.used.nonzero()[0]
    if not pool.declared and pool.quarter - int(began[0]) < 4:  # noqa: PLR2004 - quarters of an hour
        return "this pool was counted for less than an hour"
    return ""


def _frozen(bare: Forecast, pool: PoolEnsembles) -> Forecast:
    """The forecast as it stood when the pool ran out: it must not go on moving afterwards."""
    today = pool.days.today
    since = [at for at in (today.denied_since, today.last_charged) if at is not None]
    at = min(max(since[0], clocks.bounds_of(pool.today).start), pool.now) if since else pool.now
    gone = _pacific(at)
    told = f"ran out at {gone:%H:%M %Z}" if since else "exhausted, though nothing was counted here today"
    frozen = replace(bare, basis="frozen", run_out_probability=1.0, run_out_at=(gone, gone, gone))
    if not pool.days.dates and not since:
        return replace(frozen, reason=told, total=Band(*(float(bare.used),) * 3))
    total = pool.rest(at).total(bare.used)
    about = float(f"{total.middle:.3g}")
    return replace(frozen, reason=f"{told}; demand would have been about {about:,.0f}", total=total)


def _with_days(made: Forecast, pool: PoolEnsembles, today: Ensemble) -> Forecast:
    if not pool.days.dates:
        return made
    ahead = []
    for days in range(1, DAYS_AHEAD + 1):
        day = pool.today + timedelta(days=days)
        coming = pool.day_ahead(day, today)
        ahead.append(DayAhead(day, coming.total(0.0), coming.probability(made.limit)))
    return replace(made, days_ahead=tuple(ahead))


def _methods(pool: PoolEnsembles) -> tuple[tuple[str, float], ...]:
    demand = pool.demand
    weights = method_weights(
        demand.units, date_index(pool.days.dates), pool.quarter, pool.limit, ran_out=demand.ran_out
    )
    return tuple(weights.items())


def _fan(ensemble: Ensemble, used: int) -> tuple[FanPoint, ...]:
    totals = ensemble.fan(used, LEVELS).T
    instants = ensemble.at().tolist()
    return tuple(
        FanPoint(_pacific(at), Band(*row.tolist())) for at, row in zip(instants, totals, strict=True)
    )


def _pacific(at: float) -> datetime:
    return datetime.fromtimestamp(at, clocks.PACIFIC)
