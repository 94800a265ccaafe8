"""How well the production forecast did on the days that are over, in words that a person can check."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ytquota.intelligence.forecast import method_weights, rest_of_day
from ytquota.intelligence.forecast_paths import RunOut, run_out, weighted_quantiles
from ytquota.intelligence.forecast_pool import BACK_TEST_DAYS, WARM_UP_DAYS

if TYPE_CHECKING:
    import pandas as pd

    from ytquota.intelligence.forecast_features import Floats
    from ytquota.intelligence.forecast_uncensor import Bools

_BAND = (0.1, 0.9)
_ROUNDING = 1e-9
_NOON = 12.0
_DAY_MINUTES = 1440.0


class BackTest(NamedTuple):
    """How the production forecast, selection included, did on finished days at one hour.

    Attributes:
        hour: hours after the reset at which it was made.
        days: finished days judged: the budget was not gone by that hour, and a week of history came before.
        ran_out: how many of them ran out.
        median_error: minutes between forecast (median) and actual run-out of those; NaN if none ran out. A
            run-out that the forecast did not expect counts as expected at the reset.
        inside: share of the days whose total lay in the 80 % band, as far as a log that stops at the budget
            can tell; NaN without days.
        weights: the methods' weights in a forecast made today, largest first.
    """

    hour: float
    days: int
    ran_out: int
    median_error: float
    inside: float
    weights: dict[str, float]

    @property
    def method(self) -> str:
        """The method with the largest weight."""
        return next(iter(self.weights))

    def __str__(self) -> str:
        """One sentence for people."""
        known = "noon" if self.hour == _NOON else f"{int(self.hour):02d}:{round(self.hour % 1 * 60):02d}"
        if not self.days:
            return f"not enough history to check forecasts made at {known}"
        error = f"median error {self.median_error:.0f} min, " if self.ran_out else "no run-out to time, "
        return f"in the last {self.days} days, known at {known}: {error}{self.inside:.0%} inside the band"


def backtest(
    past: Floats,
    past_dates: pd.DatetimeIndex,
    budget: float,
    hour: float,
    *,
    days: int = BACK_TEST_DAYS,
    ran_out: Bools | None = None,
) -> BackTest:
    """Repeat the forecast made at ``hour`` on each of the last finished days, from the days before it alone.

    Arguments are those of `rest_of_day`; takes about a fifth of a second for two weeks at most.
    """
    past = np.asarray(past, dtype=float)
    n, bins = past.shape
    k = min(int(hour * bins / 24), bins - 1)
    late, inside = [], []
    for day in range(max(WARM_UP_DAYS, n - days), n):
        used = float(past[day, :k].sum())
        if used >= budget:
            continue
        known = None if ran_out is None else ran_out[:day]
        paths, weights = rest_of_day(
            past[:day], past_dates[:day], past[day, :k], past_dates[day], budget, ran_out=known
        )
        minutes, covered = _judge(run_out(paths, used, budget, bins), weights, past[day], k, budget)
        late.append(minutes)
        inside.append(covered)
    timed = [minutes for minutes in late if minutes is not None]
    return BackTest(
        hour=hour,
        days=len(inside),
        ran_out=len(timed),
        median_error=float(np.median(timed)) if timed else float("nan"),
        inside=float(np.mean(inside)) if inside else float("nan"),
        weights=method_weights(past, past_dates, k, budget, ran_out=ran_out),
    )


def _judge(
    forecast: RunOut, weights: Floats, day: Floats, k: int, budget: float
) -> tuple[float | None, bool]:
    """Minutes off the actual run-out (None if the day lasted); whether the total was in the 80 % band."""
    used = float(day[:k].sum())
    actual = run_out(day[None, k:], used, budget, len(day))
    low, high = np.minimum(weighted_quantiles(forecast.total, weights, _BAND), budget)
    total = min(float(actual.total[0]), budget)
    inside = bool(low * (1 - _ROUNDING) <= total <= high * (1 + _ROUNDING))
    if actual.when[0] == 1.0:
        return None, inside
    expected = weighted_quantiles(forecast.when, weights, (0.5,))[0]
    return float(abs(expected - actual.when[0])) * _DAY_MINUTES, inside
