"""How the rest of today may go: the production forecast of a pool's use.

`rest_of_day` gives an ensemble of possible rests of the day. The probability of running out, the run-out time
and the day's total are all read off the same paths: see `run_out` and `weighted_quantiles`.
`forecast_backtest` says how well the very same forecast did on the last finished days.
``docs/forecasting.md`` explains the methods and how they were measured.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ytquota.intelligence import forecast_pool, forecast_short
from ytquota.intelligence.forecast_features import Floats, Ints, cut
from ytquota.intelligence.forecast_methods import NAMES
from ytquota.intelligence.forecast_paths import RunOut, run_out, weighted_quantiles
from ytquota.intelligence.forecast_pool import WARM_UP_DAYS
from ytquota.intelligence.forecast_uncensor import Bools, Mended, mend

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "NAMES",
    "WARM_UP_DAYS",
    "RunOut",
    "method_weights",
    "rest_of_day",
    "run_out",
    "weighted_quantiles",
]

_KEPT = 256  # prepared histories kept in memory: a few hours of a few dozen pools


def rest_of_day(
    past: Floats,
    past_dates: pd.DatetimeIndex,
    today: Floats,
    date: pd.Timestamp,
    budget: float,
    *,
    ran_out: Bools | None = None,
) -> tuple[Floats, Floats]:
    """Possible futures of the rest of today.

    Args:
        past: units per bin of each finished day, oldest first, ``float[days, bins]``. A day is cut into any
            number of equal bins; days of 23 and 25 hours are to be brought to the same number.
        past_dates: the quota day of each row.
        today: units of today's bins that have passed, ``float[k]``.
        date: today.
        budget: the daily limit, in the same units.
        ran_out: which finished days ran out, ``bool[days]``, if known; else it is read off the totals.

    Returns:
        ``(paths, weights)``: ``float[m, bins - k]`` units per bin, none negative, and ``float[m]``, all
        positive. With fewer than seven finished days the ensemble is wide and simple. Equal arguments give
        equal results.
    """
    past, today = np.asarray(past, dtype=float), np.asarray(today, dtype=float)
    if not len(past):
        paths, weights = forecast_short.without_history(today, past.shape[1], budget)
        return paths, weights
    number = _day_numbers(past_dates, date)
    ready = _prepare(past, number, len(today), budget, ran_out)
    table = cut(ready.mended.units, number, today)
    if len(past) < WARM_UP_DAYS:
        paths, weights = forecast_short.ensemble(table, ready.mended, len(today))
    else:
        paths, weights = forecast_pool.ensemble(table, ready.mended, len(today), ready.weights)
    return paths, weights


def method_weights(
    past: Floats,
    past_dates: pd.DatetimeIndex,
    k: int,
    budget: float,
    *,
    ran_out: Bools | None = None,
) -> dict[str, float]:
    """The weight of each named method in a forecast made at bin ``k``, largest first; they sum to 1."""
    past = np.asarray(past, dtype=float)
    number = _day_numbers(past_dates, past_dates[-1])
    weights = _prepare(past, number, k, budget, ran_out).weights
    named = zip(NAMES, weights.tolist(), strict=True)
    return dict(sorted(named, key=lambda item: -item[1]))


class _Ready(NamedTuple):
    mended: Mended
    weights: Floats


_ready: OrderedDict[bytes, _Ready] = OrderedDict()
_ready_lock = threading.Lock()


def _prepare(past: Floats, number: Ints, k: int, budget: float, ran_out: Bools | None) -> _Ready:
    """What depends on finished days alone, computed once per day and hour; the key is made of the content."""
    digest = blake2b(np.ascontiguousarray(past).data, digest_size=16)
    digest.update(number[:-1].tobytes())
    digest.update(repr((past.shape, k, float(budget))).encode())
    digest.update(b"" if ran_out is None else np.asarray(ran_out, dtype=bool).tobytes())
    key = digest.digest()
    with _ready_lock:
        if key in _ready:
            _ready.move_to_end(key)
            return _ready[key]
    mended = mend(past, budget, ran_out)
    weights = forecast_pool.weigh(cut(mended.units, number, np.zeros(k)))
    with _ready_lock:
        _ready[key] = _Ready(mended, weights)
        while len(_ready) > _KEPT:
            _ready.popitem(last=False)
    return _Ready(mended, weights)


def _day_numbers(past_dates: pd.DatetimeIndex, date: pd.Timestamp) -> Ints:
    """Days since 1970 of the past days and of today."""
    days = np.append(past_dates.to_numpy().astype("datetime64[D]"), np.datetime64(date.date(), "D"))
    return days.astype(np.int64)
