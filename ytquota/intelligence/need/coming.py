"""What days to come will ask for, and the limit that follows from it."""

from __future__ import annotations

from datetime import timedelta
from math import ceil, floor, log10
from typing import TYPE_CHECKING

import numpy as np

from ytquota import clock as clocks
from ytquota.intelligence.ensemble import LEVELS, Band
from ytquota.intelligence.forecast import weighted_quantiles
from ytquota.intelligence.forecast_uncensor import mend
from ytquota.intelligence.need.evidence import Advised, Coming

if TYPE_CHECKING:
    from ytquota.intelligence.ensemble import PoolEnsembles

HORIZON = 90
"""Days looked ahead."""

SURE = 0.95
"""The share of days that a limit is to cover."""

HEADROOM = 0.2
"""What a limit is to be above that: growth, and days like none before."""

LEAST_DAYS = 7
"""Finished days without which nothing is advised."""

_KNOWN = 14  # days; after two weeks a day is expected to be as the same weekday before
_MONTH = 28
_SMALL = 10


def coming(pool: PoolEnsembles, *, days: int = HORIZON) -> Coming | None:
    """Estimate what the next days will ask for; None with less than a week of history.

    Estimated from finished days alone. A day that ran out counts with what it would have asked for, as the
    forecast mends it. What was declared counts; growth is not carried on, but told as `trend`.
    """
    if len(pool.days.dates) < LEAST_DAYS:
        return None
    today = pool.rest(clocks.bounds_of(pool.today).start)  # how today goes says little of three months
    totals, weights = [], []
    for ahead in range(1, min(days, _KNOWN) + 1):
        day = pool.day_ahead(pool.today + timedelta(days=ahead), today)
        times = 1 if ahead <= _KNOWN - 7 else 1 + max(0, days - ahead) // 7
        totals.append(day.rest)
        weights.append(day.weights * times)
    total, weight = np.concatenate(totals), np.concatenate(weights)
    low, middle, high, most = weighted_quantiles(total, weight, (*LEVELS, SURE)).tolist()
    over = float(weight[total > pool.limit].sum() / weight.sum())
    return Coming(Band(low, middle, high), most, over, days, len(pool.days.dates), _trend(pool))


def advised(limit: int, expected: Coming | None, spare: float, *, what: str = "units") -> Advised:
    """The limit to ask for.

    Args:
        limit: in force.
        expected: what is to come.
        spare: units a day that could be spared still.
        what: the word for what the pool counts.
    """
    if expected is None:
        return Advised(None, False, None, f"it takes {LEAST_DAYS} finished days of use to tell")
    if expected.most <= limit:
        why = (
            f"95 of 100 days are expected to need at most {expected.most:,.0f} {what}, which the limit of "
            f"{limit:,} covers"
        )
        return Advised(limit, False, None, why)
    wanted = _rounded(expected.most * (1 + HEADROOM))
    why = (
        f"95 of 100 days are expected to need at most {expected.most:,.0f} {what}; with {HEADROOM:.0%} "
        f"head-room, rounded up, that is {wanted:,}"
    )
    return Advised(wanted, True, _after(limit, expected.most - spare) if spare else None, why)


def _after(limit: int, most: float) -> int:
    """The limit that would do if 95 of 100 days needed no more than `most`."""
    return limit if most <= limit else _rounded(most * (1 + HEADROOM))


def _rounded(units: float) -> int:
    """Up to two figures: nobody is granted 17,341 units; small pools to ten."""
    step = max(_SMALL, 10 ** (floor(log10(max(units, 1))) - 1))
    return int(ceil(units / step - 1e-9) * step)


def _trend(pool: PoolEnsembles) -> float | None:
    demand = pool.demand
    days = mend(demand.units, pool.limit, demand.ran_out).units.sum(axis=1)
    if len(days) < 2 * _MONTH:
        return None
    before = float(days[-2 * _MONTH : -_MONTH].sum())
    return float(days[-_MONTH:].sum()) / before if before else None
