"""The forecast made again for days that are over: what it would have said, and what came.

Each is made by the production forecast from the days before it alone, as `forecast_backtest` does it; here
the cases are kept, so that they can be looked at one by one and their calibration be drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ytquota.intelligence.day_grid import BINS
from ytquota.intelligence.ensemble import LEVELS
from ytquota.intelligence.forecast import WARM_UP_DAYS, rest_of_day, weighted_quantiles
from ytquota.intelligence.pool_days import date_index

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ytquota.intelligence.ensemble import PoolEnsembles

HOURS = (6, 9, 12, 15, 18)
"""Hours of the day (Pacific) at which the forecasts were made."""

REPLAY: dict[str, str] = {
    "day": "datetime64[us]",
    "hour": "int64",  # of the day (Pacific), when it was made
    "used": "float64",  # quota units asked for until then
    "low": "float64",  # total of the day, in quota units: 10 %
    "middle": "float64",  # 50 %
    "high": "float64",  # 90 %
    "total": "float64",  # what the day came to, demand that was denied included
    "rank": "float64",  # the share of the forecast below what came, from 0 to 1: even, if it is calibrated
    "probability": "float64",  # that the limit would be reached
    "reached": "bool",  # whether it was
}


def replay(pool: PoolEnsembles, *, days: int = 28, hours: Sequence[int] = HOURS) -> pd.DataFrame:
    """One row per finished day and hour, with the columns of `REPLAY`; none with less than a week of history.

    Days that ran out and whose further demand is not known are left out: nobody can say what came.
    """
    units, ran_out, limit = pool.demand.units, pool.demand.ran_out, float(pool.limit)
    dates = date_index(pool.days.dates)
    rows = []
    for day in range(max(WARM_UP_DAYS, len(units) - days), len(units)):
        if ran_out[day]:
            continue
        total = float(units[day].sum())
        for hour in hours:
            k = hour * BINS // 24
            used = float(units[day, :k].sum())
            paths, weights = rest_of_day(
                units[:day], dates[:day], units[day, :k], dates[day], limit, ran_out=ran_out[:day]
            )
            totals, share = used + paths.sum(axis=1), weights / weights.sum()
            low, middle, high = weighted_quantiles(totals, share, LEVELS)
            rank = min(1.0, float(share[totals < total].sum() + share[totals == total].sum() / 2))
            reach = float(share[totals >= limit].sum())
            rows.append((dates[day], hour, used, low, middle, high, total, rank, reach, total >= limit))
    return pd.DataFrame(rows, columns=list(REPLAY)).astype(REPLAY)


def calibration(
    cases: pd.DataFrame, levels: Sequence[float] = tuple(np.linspace(0.05, 0.95, 19))
) -> pd.Series:
    """How often what came lay below each quantile of its forecast; the level itself, if it is calibrated."""
    ranks = cases["rank"].to_numpy()
    shares = [float((ranks <= level).mean()) if len(ranks) else float("nan") for level in levels]
    return pd.Series(shares, index=pd.Index(levels, name="level"), name="observed")
