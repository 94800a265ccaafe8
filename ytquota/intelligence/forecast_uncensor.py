"""Give back to days that ran out the demand that their log could not see.

A quota log stops when the quota does, on exactly the days that matter most to a forecast. What such a day
would have used after its run-out is missing, not zero: it is estimated as the day's own level times the mean
profile, iterated because the profile itself is learned from the mended days. Days that did not run out are
left alone, since mending a complete day only spoils the calibration.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_TOLERANCE = 1e-6  # of the budget: how near to it a total must be to count as cut off by it
_ROUNDS = 6  # the profile has settled to well under one per cent by then
_PRIOR_SHARE = 0.05  # of a day: pulls the level of a day that ran out within minutes towards 1
_PRIOR_SPREAD, _PRIOR_DAYS = 0.3, 3.0  # log spread of an estimate, and the days it counts for


class Mended(NamedTuple):
    """Past days with the unseen demand filled in.

    Attributes:
        units: units per bin of each day, ``float[days, bins]``; never less than what was logged.
        stop: the first bin that the log did not see in full, ``int[days]``; ``bins`` for complete days.
        spread: log standard deviation of what was filled in, ``float[days]``; 0 for complete days.
    """

    units: Floats
    stop: NDArray[np.int64]
    spread: Floats


def mend(past: Floats, budget: float, ran_out: Bools | None = None) -> Mended:
    """Estimate the demand after run-out of the days that ran out.

    Args:
        past: units per bin of each finished day, ``float[days, bins]``.
        budget: the daily limit, in the same units.
        ran_out: which days ran out, ``bool[days]``, if the caller knows (the ledger logs refusals). Without
            it, a day ran out when its total is the budget to within a millionth and nothing follows.
    """
    stop = _stops(past, budget, ran_out)
    bins = past.shape[1]
    cut = np.flatnonzero(stop < bins)
    spread = np.zeros(len(past))
    if not len(cut):
        return Mended(past, stop, spread)
    units, profile = _fill(past, stop, cut)
    spread[cut] = _spread(past[stop == bins], profile, stop[cut])
    return Mended(units, stop, spread)


def _stops(past: Floats, budget: float, ran_out: Bools | None) -> NDArray[np.int64]:
    """The bin in which each day ran out; ``bins`` for a day that did not, or only in its last bin."""
    days, bins = past.shape
    stop = np.full(days, bins, dtype=np.int64)
    if ran_out is None:
        if not (np.isfinite(budget) and budget > 0):
            return stop
        ran_out = np.abs(past.sum(axis=1) - budget) <= _TOLERANCE * budget
    last = bins - 1 - (past[:, ::-1] > 0).argmax(axis=1)
    known = ran_out & (past.sum(axis=1) > 0) & (last < bins - 1)
    stop[known] = last[known]
    return stop


def _fill(past: Floats, stop: NDArray[np.int64], cut: NDArray[np.int64]) -> tuple[Floats, Floats]:
    units = past.copy()
    seen = np.arange(past.shape[1]) < stop[cut, None]
    used = np.where(seen, past[cut], 0.0).sum(axis=1)
    profile = units.mean(axis=0)
    for _ in range(_ROUNDS):
        before = np.concatenate([[0.0], profile.cumsum()])
        prior = max(_PRIOR_SHARE * before[-1], 1e-300)
        level = (used + prior) / (before[stop[cut]] + prior)
        units[cut] = np.where(seen, past[cut], np.maximum(level[:, None] * profile, past[cut]))
        profile = units.mean(axis=0)
    return units, profile


def _spread(complete: Floats, profile: Floats, stop: NDArray[np.int64]) -> Floats:
    """How far the same estimate would have missed on the complete days: log standard deviation per stop."""
    prior = np.full(len(stop), _PRIOR_SPREAD**2 * _PRIOR_DAYS)
    total = max(float(profile.sum()), 1e-300)
    before = np.concatenate([[0.0], profile.cumsum()])[stop]
    spent = np.hstack([np.zeros((len(complete), 1)), complete.cumsum(axis=1)])
    rest = spent[:, -1:] - spent[:, stop]
    level = (spent[:, stop] + _PRIOR_SHARE * total) / (before + _PRIOR_SHARE * total)
    missed = np.log((rest + _PRIOR_SHARE * total) / (level * (total - before) + _PRIOR_SHARE * total))
    return np.asarray(np.sqrt(((missed**2).sum(axis=0) + prior) / (len(complete) + _PRIOR_DAYS)))
