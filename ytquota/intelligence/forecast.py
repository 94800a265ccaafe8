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
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from ytquota.intelligence import forecast_pool, forecast_short
from ytquota.intelligence.forecast_features import Floats, Ints, cut
from ytquota.intelligence.forecast_methods import NAMES
from ytquota.intelligence.forecast_paths import RunOut, run_out, weighted_quantiles
from ytquota.intelligence.forecast_pool import WARM_UP_DAYS
from ytquota.intelligence.forecast_uncensor import Bools, Mended, mend

if TYPE_CHECKING:
    from collections.abc import Callable

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

_HISTORY_DAYS = 182  # 26 weeks: an older day would count for less than a fiftieth of yesterday
Made = TypeVar("Made")


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
        past: units per bin of each finished day, oldest first, ``float[days, bins]``; the last 182 are used.
            Any number of equal bins to a day will do; days of 23 and 25 hours must be brought to the same.
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
    past, today = np.asarray(past[-_HISTORY_DAYS:], dtype=float), np.asarray(today, dtype=float)
    if not len(past):
        paths, weights = forecast_short.without_history(today, past.shape[1], budget)
        return paths, weights
    number = _day_numbers(past_dates[-_HISTORY_DAYS:], date)
    mended, weights = _prepare(past, number, len(today), budget, ran_out)
    table = cut(mended.units, number, today)
    if len(past) < WARM_UP_DAYS:
        paths, weights = forecast_short.ensemble(table, mended, len(today))
    else:
        paths, weights = forecast_pool.ensemble(table, mended, len(today), weights)
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
    past = np.asarray(past[-_HISTORY_DAYS:], dtype=float)
    number = _day_numbers(past_dates[-_HISTORY_DAYS:], past_dates[-1])
    _, weights = _prepare(past, number, k, budget, ran_out)
    named = zip(NAMES, weights.tolist(), strict=True)
    return dict(sorted(named, key=lambda item: -item[1]))


class _Memory(Generic[Made]):
    """Results by the content they were made from, the least recently used forgotten first."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: OrderedDict[bytes, Made] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: bytes, make: Callable[[], Made]) -> Made:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
        return made

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()


_mended = _Memory[Mended](32)  # a quarter of a megabyte each
_weights = _Memory[Floats](1024)


def _prepare(
    past: Floats, number: Ints, k: int, budget: float, ran_out: Bools | None
) -> tuple[Mended, Floats]:
    """What depends on finished days alone: mended once a day, methods weighed once a day and hour."""
    if ran_out is not None:
        ran_out = np.asarray(ran_out, dtype=bool)[-len(past) :]
    digest = blake2b(np.ascontiguousarray(past).data, digest_size=16)
    digest.update(repr((past.shape, float(budget))).encode())
    digest.update(b"" if ran_out is None else ran_out.tobytes())
    mended = _mended.get(digest.digest(), lambda: mend(past, budget, ran_out))
    digest.update(number[:-1].tobytes())
    digest.update(repr(k).encode())
    table = cut(mended.units, number, np.zeros(k))
    return mended, _weights.get(digest.digest(), lambda: forecast_pool.weigh(table))


def _day_numbers(past_dates: pd.DatetimeIndex, date: pd.Timestamp) -> Ints:
    """Days since 1970 of the past days and of today."""
    days = np.append(past_dates.to_numpy().astype("datetime64[D]"), np.datetime64(date.date(), "D"))
    return days.astype(np.int64)
