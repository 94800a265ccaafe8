"""From what the log shows of a pool to what was asked of it.

A log stops where the quota does. Denied calls tell how much more was wanted, but only as long as bots went on
asking, and a bot that hammers on an empty pool asks for the same again and again. So denied demand is
believed up to twice what is usual at that hour on a day of that level, or up to the day's pace before; where
next to nothing was asked any more, the day counts as cut off, and the methods fill in the rest themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ytquota.intelligence.day_grid import BINS, Floats
from ytquota.intelligence.forecast_uncensor import Bools, mend

if TYPE_CHECKING:
    from ytquota.intelligence.pool_days import Work

_BELIEVED = 2.0  # times the expected demand of the same quarters
_STILL_ASKING = 0.5  # of the expected demand: less, and the bots had stopped
_ALL = 0.999  # of the limit


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
        limit: today's limit; a day that used all but a thousandth of it ran out even if nobody asked again.
    """
    used, denied = work.used, work.denied
    if not len(used):
        return Demand(used.copy(), np.zeros(0, dtype=bool), np.full(BINS, np.inf))
    short: Bools = (denied > 0).max(axis=1)
    full = used.sum(axis=1) >= _ALL * limit if limit > 0 else np.zeros(len(used), dtype=bool)
    first = np.where(short, (denied > 0).argmax(axis=1), BINS)
    before = np.arange(BINS) <= first[:, None]
    seen = np.where(before, used, 0.0)
    expected = mend(seen, limit, short | full).units
    most = np.maximum(_BELIEVED * expected, (seen.sum(axis=1) / np.maximum(first, 1))[:, None])
    wanted = np.minimum(used + denied, np.maximum(used, most))
    after = np.arange(BINS) >= first[:, None]
    asking = (wanted * after).sum(axis=1) >= _STILL_ASKING * (expected * after).sum(axis=1)
    told = short & asking
    units = np.where(told[:, None], wanted, np.where(short[:, None], seen, used))
    return Demand(units, (short | full) & ~told, _BELIEVED * np.asarray(expected.mean(axis=0)))


def demand_at_its_word(work: Work, limit: float) -> Demand:
    """Take denied demand as it was logged, up to a day's limit: for what must not be denied again."""
    room = np.maximum(limit - work.used.sum(axis=1), 0.0)
    asked = work.denied.sum(axis=1)
    share = np.minimum(1.0, room / np.where(asked > 0, asked, 1.0))
    units = work.used + work.denied * share[:, None]
    return Demand(units, np.zeros(len(units), dtype=bool), np.full(BINS, np.inf))


def demand_today(used: Floats, denied: Floats, usual: Floats) -> Floats:
    """What was asked of a pool today, ``float[96]``; `usual` as in `Demand`."""
    if not denied.any():
        return used
    first = int((denied > 0).argmax())
    pace = used[: first + 1].sum() / max(first, 1)
    return np.asarray(used + np.minimum(denied, np.maximum(usual, pace)))
