"""Possible rests of today for one pool, from now on, with what was declared added."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from ytquota import clock as clocks
from ytquota.intelligence import day_grid
from ytquota.intelligence.day_grid import BINS, Floats
from ytquota.intelligence.demand import Demand, demand_of, demand_today
from ytquota.intelligence.forecast import rest_of_day, run_out, weighted_quantiles
from ytquota.intelligence.pool_days import date_index

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from ytquota.intelligence.declared import Declaration
    from ytquota.intelligence.pool_days import PoolDays

_LASTS = 1.0 - 1e-9


class Band(NamedTuple):
    """Low, middle and high: 10, 50 and 90 %."""

    low: float
    middle: float
    high: float


LEVELS = (0.1, 0.5, 0.9)


class Ensemble(NamedTuple):
    """Possible rests of one day.

    Attributes:
        day: the quota day.
        start: from when on (epoch seconds).
        first: the quarter that `start` lies in.
        paths: units per quarter from `start` on, ``float[m, 96 - first]``; of the first only what is left.
        weights: ``float[m]``, sum to 1.
    """

    day: date
    start: float
    first: int
    paths: Floats
    weights: Floats

    @property
    def rest(self) -> Floats:
        """Units still to come on each path, ``float[m]``."""
        return np.asarray(self.paths.sum(axis=1))

    def at(self) -> Floats:
        """The instants between which the paths' units lie: epoch seconds, one more than quarters."""
        return np.concatenate([[self.start], day_grid.edges(self.day)[self.first + 1 :]])

    def probability(self, left: float) -> float:
        """How likely more than `left` units (or exactly those) will be asked for; 1 where none are left."""
        if left <= 0:
            return 1.0
        return float(self.weights[self.rest >= left].sum())

    def run_out_times(self, left: float) -> tuple[float | None, ...]:
        """When `left` units are gone (epoch seconds), at 10, 50 and 90 %; None: they last."""
        count = self.paths.shape[1]
        when = run_out(self.paths, 0.0, max(left, 1e-9), count).when
        gone = when < _LASTS
        share = float(self.weights[gone].sum())
        instants = np.interp(when[gone] * count, np.arange(count + 1), self.at())
        known = [level for level in LEVELS if level <= share]
        shares = [level / share for level in known]
        found = weighted_quantiles(instants, self.weights[gone], shares).tolist() if known else []
        return (*found, *(None for _ in LEVELS[len(known) :]))

    def total(self, used: float) -> Band:
        """Units of the whole day, with those used before."""
        return Band(*(used + weighted_quantiles(self.rest, self.weights, LEVELS)).tolist())

    def fan(self, used: float, levels: Sequence[float] = LEVELS) -> Floats:
        """Quantiles of the running total at the instants of `at()`, ``float[levels, quarters + 1]``."""
        spent = np.hstack([np.zeros((len(self.paths), 1)), self.paths.cumsum(axis=1)])
        columns = [weighted_quantiles(column, self.weights, levels) for column in spent.T]
        return used + np.array(columns).T


class PoolEnsembles:
    """Makes the ensembles of one pool.

    Args:
        days: its past and today.
        limit: units a day.
        now: epoch seconds.
        declared: of this pool.
        demand: of its finished days; by default estimated by `demand_of`.
    """

    def __init__(
        self,
        days: PoolDays,
        limit: float,
        now: float,
        declared: Sequence[Declaration] = (),
        *,
        demand: Demand | None = None,
    ) -> None:
        self.days, self.limit, self.now = days, limit, now
        self.declared = declared
        self.today = clocks.quota_day(now)
        self.demand = demand or demand_of(days.past, limit)

    @property
    def quarter(self) -> int:
        """The quarter of an hour that it is now."""
        return min(int(day_grid.place(self.today, self.now)), BINS - 1)

    def rest(self, now: float | None = None) -> Ensemble:
        """The rest of today, as it looked at an instant of today (by default now)."""
        now = self.now if now is None else now
        place = min(day_grid.place(self.today, now), BINS - 1e-9)
        k = int(place)
        seen = demand_today(self.days.today.used, self.days.today.denied, self.demand.usual)[:k]
        paths, weights = self._paths(self.demand, self.days.dates, seen, self.today)
        paths = paths.copy()
        paths[:, 0] *= 1.0 - (place - k)
        return self._with_declared(Ensemble(self.today, now, k, paths, weights / weights.sum()))

    def day_ahead(self, day: date, today: Ensemble) -> Ensemble:
        """A whole day to come; once today is half over, how it goes counts like a finished day."""
        demand, dates = self.demand, self.days.dates
        if today.first >= BINS // 2:
            seen = demand_today(self.days.today.used, self.days.today.denied, demand.usual)
            known = seen + np.concatenate([np.zeros(today.first), today.weights @ today.paths])
            demand = Demand(np.vstack([demand.units, known]), np.append(demand.ran_out, False), demand.usual)
            dates = (*dates, self.today)
        paths, weights = self._paths(demand, dates, np.zeros(0), day)
        start = clocks.bounds_of(day).start
        return self._with_declared(Ensemble(day, start, 0, paths, weights / weights.sum()))

    def _paths(self, demand: Demand, dates: Sequence[date], seen: Floats, day: date) -> tuple[Floats, Floats]:
        return rest_of_day(
            demand.units,
            date_index(dates),
            seen,
            pd.Timestamp(day),
            float(self.limit),
            ran_out=demand.ran_out,
        )

    def declared_only(self, ensemble: Ensemble) -> Floats:
        """What was declared, as one path for each of an ensemble's."""
        at = ensemble.at()
        spans = zip(at[:-1].tolist(), at[1:].tolist(), strict=True)
        more = np.array([sum(one.within(*span) for one in self.declared) for span in spans], dtype=float)
        return np.tile(more, (len(ensemble.paths), 1))

    def _with_declared(self, ensemble: Ensemble) -> Ensemble:
        if not self.declared:
            return ensemble
        return ensemble._replace(paths=ensemble.paths + self.declared_only(ensemble))
