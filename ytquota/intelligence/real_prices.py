"""What calls really cost: the price of each method, and of calls that fail, as Google's counters show them.

Days on which nobody else used a method tell its price by division: all that Google counted, by all that we
sent. On the others the price is how much the counters rise with one more call of ours, from one slot to the
next, steady use by others taken out and single slots not weighing much. Both are joined by their precision,
with the table as one more weak opinion. Prices are whole numbers in practice: where the interval holds one
only, that is the price.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ytquota.intelligence.drift.rules import UNIT
from ytquota.intelligence.drift.slopes import Estimate, by_division, by_slope, joined
from ytquota.intelligence.drift.study import study
from ytquota.intelligence.measured import Measured, MeasuredCharge, MeasuredPrice
from ytquota.intelligence.sends import ENDINGS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import pandas as pd
    from numpy.typing import NDArray

    from ytquota.intelligence.drift.arrivals import Arrivals
    from ytquota.intelligence.drift.beliefs import Belief, Beliefs
    from ytquota.intelligence.drift.grid import Grid
    from ytquota.intelligence.drift.series import Bools, Floats, Series
    from ytquota.intelligence.drift.study import Study
    from ytquota.intelligence.measured import ChargeVerdict, PriceVerdict
    from ytquota.prices import PriceBook

__all__ = ["Measured", "MeasuredCharge", "MeasuredPrice", "measure", "measured_of"]

_SURE = 0.95
_NOT_RULED_OUT = 0.2  # probability that nobody else used a method on a day
_ODD = 0.03  # the part of a day's calls that may be amiss on a day that is nobody else's
_COUNTED = 0.05  # calls: counters deal in whole ones
_Z = 1.96
_VERDICTS: dict[float, ChargeVerdict] = {1.0: "charged", 0.0: "free", UNIT: "one unit"}


class _Known(NamedTuple):
    """All that is known of one series."""

    series: Series
    arrivals: Arrivals
    belief: Belief


def measure(
    official: pd.DataFrame, ours: pd.DataFrame, *, prices: PriceBook, since: datetime, until: datetime
) -> Measured:
    """Estimate the price of every method that we called, and what failures cost.

    Args:
        official: Google's readings, with the columns of `OFFICIAL`.
        ours: our sends, with the columns of `SENDS`.
        prices: the price list to compare with.
        since: in the first quota day (aware).
        until: up to when Google's counters are settled (aware).

    Raises:
        ValueError: `until` is not after `since`.
    """
    return measured_of(study(official, ours, prices=prices, since=since, until=until))


def measured_of(both: Study) -> Measured:
    """The same of a study that was made already."""
    grid, explained = both.grid, both.alone
    beliefs = explained.beliefs
    known = [_Known(*one) for one in zip(grid.series, explained.arrivals, beliefs.series, strict=True)]
    found = [_price(grid, one, beliefs, both.prices) for one in known]
    charges = [_charge(ending, known, beliefs) for ending in ENDINGS if ending not in {"ok", "not_sent"}]
    return Measured(
        tuple(price for price in found if price is not None),
        tuple(charge for charge in charges if charge is not None),
    )


def _price(grid: Grid, known: _Known, beliefs: Beliefs, book: PriceBook) -> MeasuredPrice | None:
    taken, sends = _chargeable(known, beliefs)
    days = _last_regime(known.belief.price, sends)
    calls = round(float(sends[days].sum()))
    if not calls:
        return None
    numbers = np.flatnonzero(days)
    table = book.price_of(known.series.method, on=grid.days[numbers[-1]])
    estimate = _estimate(grid, known, beliefs, (taken, sends, days), table.units)
    low, high = max(0.0, estimate.value - _Z * estimate.error), estimate.value + _Z * estimate.error
    inside = range(int(np.ceil(low)), int(high) + 1)
    whole = inside[0] if len(inside) == 1 else None
    return MeasuredPrice(
        method=known.series.method,
        bucket=known.series.bucket,
        table=table.units,
        provenance=table.flag or table.provenance,
        measured=max(0.0, estimate.value),
        low=low,
        high=high,
        whole=whole,
        calls=calls,
        days=len(numbers),
        since=grid.days[numbers[0]],
        verdict=_verdict(table.units, low, high, whole),
    )


def _chargeable(known: _Known, beliefs: Beliefs) -> tuple[Floats, Floats]:
    """Units counted and sends charged in full, ``float[days, slots]``; sends of one unit taken out."""
    shares, sends = beliefs.rules.shares[beliefs.best], known.arrivals.sends
    single = np.minimum(known.belief.price, 1)[:, None] * sends[shares == UNIT].sum(axis=0)
    charged = np.einsum("e,edt->dt", np.where(shares == UNIT, 0.0, shares), sends)
    return known.series.taken - single, charged


def _estimate(
    grid: Grid, known: _Known, beliefs: Beliefs, what: tuple[Floats, Floats, Bools], table: int
) -> Estimate:
    taken, sends, days = what
    price, count = known.belief.price, sends.sum(axis=1)
    amiss = np.abs(taken.sum(axis=1) - price * count) / np.maximum(price, 1)
    alone = days & ((known.belief.alone >= _NOT_RULED_OUT) | (amiss <= _ODD * count))
    doubt = _doubt(known.arrivals, beliefs) + amiss
    return joined(
        by_division(taken, sends, known.arrivals.edge, alone, doubt),
        by_slope(grid, taken, sends, days & ~alone),
        Estimate(float(table), max(1.0, float(table))),
    )


def _verdict(table: int, low: float, high: float, whole: int | None) -> PriceVerdict:
    if not low <= table <= high:
        return "differs"
    return "agrees" if whole is not None else "open"


def _last_regime(price: NDArray[np.int64], sends: Floats) -> Bools:
    """The days on which the method was called since its price last changed."""
    used = sends.sum(axis=1) > 0
    changes = np.flatnonzero(price[used] != price[used][-1]) if used.any() else np.zeros(0)
    if changes.size:
        used &= np.arange(len(used)) > np.flatnonzero(used)[changes[-1]]
    return np.asarray(used)


def _doubt(arrivals: Arrivals, beliefs: Beliefs) -> Floats:
    """By how many whole calls a day's count may be wrong, as it is not sure what failures cost."""
    shares = np.where(beliefs.rules.shares == UNIT, 0.5, beliefs.rules.shares)
    mean = beliefs.chance @ shares
    spread = np.sqrt(np.maximum(0.0, beliefs.chance @ shares**2 - mean**2))
    return np.asarray(spread @ arrivals.sends.sum(axis=-1))


def _charge(ending: str, known: Sequence[_Known], beliefs: Beliefs) -> MeasuredCharge | None:
    """What an ending costs, from the days on which nobody else used the method."""
    place = ENDINGS.index(ending)
    shares = beliefs.rules.shares[beliefs.best]
    counted = sends = wrong = 0.0
    for series, arrivals, belief in known:
        price = belief.price.astype("float64")
        cost = np.where(shares[:, None] == UNIT, np.minimum(price, 1.0), price * shares[:, None])
        mine = arrivals.sends.sum(axis=-1)
        rest = series.taken.sum(axis=1) - (cost * mine).sum(axis=0)
        use = (belief.alone >= _NOT_RULED_OUT) & (mine[place] > 0) & (price > 0)
        counted += float(((rest + cost[place] * mine[place])[use] / price[use]).sum())
        sends += float(mine[place][use].sum())
        wrong += float((0.25 * arrivals.edge[use] + (rest[use] / price[use]) ** 2).sum())
    if not sends:
        return None
    measured = float(np.clip(counted / sends, 0.0, 1.0))
    half = _Z * float(np.sqrt(wrong + _COUNTED**2)) / sends
    return MeasuredCharge(
        ending=ending,
        measured=measured,
        low=max(0.0, measured - half),
        high=min(1.0, measured + half),
        sends=round(sends),
        verdict=_charge_verdict(beliefs, place),
    )


def _charge_verdict(beliefs: Beliefs, place: int) -> ChargeVerdict:
    shares = beliefs.rules.shares[:, place]
    chances = {float(share): float(beliefs.chance[shares == share].sum()) for share in np.unique(shares)}
    likeliest = max(chances, key=lambda share: chances[share])
    return _VERDICTS.get(likeliest, "in part") if chances[likeliest] >= _SURE else "open"
