"""From what the log shows of a pool to what was asked of it.

A log stops where the quota does. Denied calls tell how much more was wanted, but only as long as bots went on
asking, and a bot that hammers on an empty pool asks for the same again and again. So denied demand is
believed up to twice what the rest of such a day usually takes, or up to the day's own pace; where next to
nothing was asked any more, the day counts as cut off, and the methods fill in the rest themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ytquota.intelligence.day_grid import BINS, Floats, Ints
from ytquota.intelligence.forecast_uncensor import Bools, mend

if TYPE_CHECKING:
    from ytquota.intelligence.pool_days import Work

_BELIEVED = 2.0  # times the expected demand of the same quarters
_STILL_ASKING = 0.5  # of the expected demand: less, and the bots had stopped
_ALL = 0.001  # of the limit: nearer than that, and all was used


class Demand(NamedTuple):
    """What was asked of a pool on finished days.

    Attributes:
        units: per quarter, ``float[days, 96]``.
        ran_out: days whose demand after the run-out is not known, ``bool[days]``.
        usual: twice what is usual, per quarter, ``float[96]``; as much of today's denied demand is believed.
    """

    units: Floats
    ran_out: Bools
    usual: Floats


def demand_of(work: Work, limit: float) -> Demand:
    """Estimate the demand of finished days.

    Args:
        work: used and denied units.
        limit: today's limit; a day that used just that ran out even if nobody asked again.
    """
    used, denied = work.used, work.denied
    if not len(used):
        return Demand(used.copy(), np.zeros(0, dtype=bool), np.full(BINS, np.inf))
    short: Bools = (denied > 0).max(axis=1)
    full = (np.abs(used.sum(axis=1) - limit) <= _ALL * limit) & (limit > 0)
    first = np.where(short, (denied > 0).argmax(axis=1), BINS)
    seen = np.where(np.arange(BINS) <= first[:, None], used, 0.0)
    expected = mend(seen, limit, short | full).units
    after = np.arange(BINS) >= first[:, None]
    rest = (expected * after).sum(axis=1)
    most = np.maximum(_BELIEVED * rest, _pace(seen, first) * (BINS - first))
    wanted = used + denied * _share(denied.sum(axis=1), most)[:, None]
    told = short & ((wanted * after).sum(axis=1) >= _STILL_ASKING * rest)
    units = np.where(told[:, None], wanted, np.where(short[:, None], seen, used))
    return Demand(units, (short | full) & ~told, _BELIEVED * np.asarray(expected.mean(axis=0)))


def _pace(seen: Floats, first: Ints) -> Floats:
    """Units per quarter from a day's first call to its first denial."""
    began = (seen > 0).argmax(axis=1)
    return np.asarray(seen.sum(axis=1) / np.maximum(first - began, 1))


def _share(asked: Floats, most: Floats) -> Floats:
    """The part of what was asked that is believed."""
    return np.asarray(np.minimum(1.0, most / np.where(asked > 0, asked, 1.0)))


def demand_at_its_word(work: Work, limit: float) -> Demand:
    """Take denied demand as it was logged, up to a day's limit: for what must not be denied again."""
    room = np.maximum(limit - work.used.sum(axis=1), 0.0)
    units = work.used + work.denied * _share(work.denied.sum(axis=1), room)[:, None]
    return Demand(units, np.zeros(len(units), dtype=bool), np.full(BINS, np.inf))


def demand_today(used: Floats, denied: Floats, usual: Floats) -> Floats:
    """What was asked of a pool today, ``float[96]``; `usual` as in `Demand`."""
    if not denied.any():
        return used
    hours = np.flatnonzero(denied)
    first, last = int(hours[0]), int(hours[-1])
    pace = _pace(used[None, : first + 1], np.array([first]))[0]
    most = max(usual[first : last + 1].sum(), pace * (last - first + 1))
    return np.asarray(used + denied * _share(denied.sum(), most))
