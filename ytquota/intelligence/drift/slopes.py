"""Estimates of a price: by division, by slope, and joined by their precision."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ytquota.intelligence.drift.scores import bursts, smooth

if TYPE_CHECKING:
    from ytquota.intelligence.drift.grid import Grid
    from ytquota.intelligence.drift.series import Bools, Floats

_HOUR = 60
_ROUNDS = 30
_SLOT = 15  # minutes
_FEWEST = 20  # slots that a slope needs
_EVEN = 4.0
_SMEARED = 0.02  # the part of a slope that calls counted in the next slot may take off it
_LEAST = 0.05  # standard error of a price that is known by division, in calls: counters deal in whole calls


class Estimate(NamedTuple):
    """A price and its standard error, both in quota units."""

    value: float
    error: float


def by_division(taken: Floats, sends: Floats, edge: Floats, days: Bools, doubt: Floats) -> Estimate | None:
    """All that was counted, by all that was sent, on days without anybody else.

    Args:
        taken: units, ``float[days, slots]``.
        sends: charged sends, ``float[days, slots]``.
        edge: sends that may be counted on another day, ``float[days]``.
        days: which days.
        doubt: by how many calls each day's count may be wrong for other reasons, ``float[days]``.
    """
    count = float(sends[days].sum())
    if not count:
        return None
    value = float(taken[days].sum()) / count
    wrong = np.sqrt(0.25 * edge[days].sum() + _LEAST**2) + doubt[days].sum()
    return Estimate(value, max(value, 1.0) * float(wrong) / count)


def by_slope(grid: Grid, taken: Floats, sends: Floats, days: Bools) -> Estimate | None:
    """How much the counters rise with one more send, by a robust regression on the slots of some days.

    None where our calls come so evenly that only the smear makes one slot differ from the next. The error is
    never less than the smear, and a call's being counted whole or not, leave.
    """
    active = grid.valid & ~grid.blurred & days[:, None] & ((taken != 0) | (sends > 0))
    use = active & ~bursts(grid, taken, sends, active)
    taken, sends, use = (_widened(grid, array) for array in (taken * use, sends * use, use.astype("float64")))
    span = _HOUR // max(_SLOT, grid.width)
    x = (sends - smooth(sends, use > 0, span))[use > 0]
    y = (taken - smooth(taken, use > 0, span))[use > 0]
    spread = float((x**2).sum())
    strays = 0.5 * float(sends[use > 0].sum()) / max(_SLOT, grid.width)  # counted in the slot before or after
    if len(x) < _FEWEST or spread < max(1.0, _EVEN * strays):
        return None
    slope = float(x @ y) / spread
    for _ in range(_ROUNDS):
        left = y - slope * x
        scale = max(1.4826 * float(np.median(np.abs(left))), 0.5)
        weight = 1.0 / (1.0 + (left / (2.0 * scale)) ** 2)
        slope = float((weight * x) @ y) / max(float((weight * x) @ x), 1e-9)
    precise = max(float((weight * x) @ x), 1e-9)
    error = float(np.sqrt(((weight * x * (y - slope * x)) ** 2).sum())) / precise
    unsure = np.hypot(_SMEARED, 0.5 / np.sqrt(spread)) * max(abs(slope), 1.0)
    return Estimate(max(0.0, slope), float(np.hypot(error, unsure)))


def _widened(grid: Grid, values: Floats) -> Floats:
    """Sums over slots wide enough for the smear to matter little."""
    factor = max(1, _SLOT // grid.width)
    return np.asarray(values.reshape(len(values), -1, factor).sum(axis=-1))


def joined(*estimates: Estimate | None) -> Estimate:
    """The estimates, each weighing as it is precise."""
    known = [estimate for estimate in estimates if estimate is not None]
    precision = np.array([1.0 / estimate.error**2 for estimate in known])
    values = np.array([estimate.value for estimate in known])
    return Estimate(float(precision @ values / precision.sum()), float(1.0 / np.sqrt(precision.sum())))
