"""What to believe of prices and rules when all days and methods have spoken.

Every price of a method with every rule is scored on every day. A price may change in the course of the days,
though seldom; a rule holds for all methods and all days.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ytquota.intelligence.drift.rules import Rules, price_priors
from ytquota.intelligence.drift.scores import score
from ytquota.intelligence.sends import ENDINGS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ytquota.intelligence.drift.arrivals import Arrivals
    from ytquota.intelligence.drift.grid import Grid
    from ytquota.intelligence.drift.series import Bools, Floats, Series
    from ytquota.prices import PriceBook

_CHANGE = np.log(0.002)
"""Log probability that a price changes from one day to the next."""

_TRUST = 0.5
"""How much the evidence about rules weighs: methods that fail together are not independent witnesses."""

_TOLD = 2.0
"""By how much (log) a price must be likelier than any other one to have been told from it."""

_MOST = 12  # candidates for a price
_OK = ENDINGS.index("ok")


@dataclass(frozen=True, eq=False, slots=True)
class Belief:
    """What is believed of one series.

    Attributes:
        prices: the candidates.
        chance: probability of each price and rule on each day: ``float[days, prices, rules]``.
        price: the likeliest price on each day, with the likeliest rule.
        alone: probability that nobody else used the method, given these: ``float[days]``.
        told: whether the counters alone, the table aside, favour this price on a day: ``bool[days]``.
    """

    prices: NDArray[np.int64]
    chance: Floats
    price: NDArray[np.int64]
    alone: Floats
    told: Bools


@dataclass(frozen=True, eq=False, slots=True)
class Beliefs:
    """What is believed of all series.

    Attributes:
        rules: the rules that were weighed.
        chance: probability of each.
        best: the number of the likeliest.
        evidence: log likelihood of all that was seen, up to a constant that only depends on the counters.
        series: in the order of the grid's.
    """

    rules: Rules
    chance: Floats
    best: int
    evidence: float
    series: tuple[Belief, ...]


def believe(grid: Grid, arrivals: Sequence[Arrivals], book: PriceBook) -> Beliefs:
    """Weigh all hypotheses about all series of a grid."""
    seen = [name for number, name in enumerate(ENDINGS) if any(one.sends[number].any() for one in arrivals)]
    rules = Rules.of(seen)
    paths = [
        _Path.of(grid, series, mine, rules, book) for series, mine in zip(grid.series, arrivals, strict=True)
    ]
    weight = rules.prior + _TRUST * sum((path.evidence for path in paths), np.zeros(len(rules.prior)))
    evidence = float(np.logaddexp.reduce(weight))
    chance = np.exp(weight - evidence)
    best = int(chance.argmax())
    return Beliefs(rules, chance, best, evidence, tuple(path.belief(chance, best) for path in paths))


@dataclass(frozen=True, eq=False, slots=True)
class _Path:
    """The prices of one series over the days, for each rule: a chain that seldom changes."""

    prices: NDArray[np.int64]
    posterior: Floats  # [days, prices, rules], normalised over prices
    evidence: Floats  # [rules]
    alone: Floats  # log odds [days, prices, rules]
    likely: Floats  # log likelihood [days, prices, rules]

    @classmethod
    def of(cls, grid: Grid, series: Series, arrivals: Arrivals, rules: Rules, book: PriceBook) -> _Path:
        prices = candidates(grid, series, arrivals, book)
        usual = int(np.median(series.price[series.price > 0])) if series.price.any() else 1
        prior = price_priors(series.method, series.bucket, usual, prices.tolist(), book)
        different, same = _different(arrivals, rules)
        units = Rules(rules.shares[different], rules.prior[different]).units(prices)
        scores = score(grid, series, arrivals, units.reshape(-1, len(ENDINGS)))
        shape = (len(grid.days), len(prices), len(different))
        likely = scores.either.reshape(shape)
        posterior, evidence = _chain(likely, prior)
        odds = (scores.alone - scores.shared).reshape(shape)
        return cls(prices, posterior[..., same], evidence[same], odds[..., same], likely[..., same])

    def belief(self, chance: Floats, best: int) -> Belief:
        """What it comes to, all rules weighed."""
        place = self.posterior[..., best].argmax(axis=1)
        odds = self.alone[np.arange(len(place)), place, best]
        return Belief(
            prices=self.prices,
            chance=self.posterior * chance,
            price=self.prices[place],
            alone=1.0 / (1.0 + np.exp(-np.clip(odds, -500, 500))),
            told=self._told(place, best),
        )

    def _told(self, place: NDArray[np.int64], best: int) -> Bools:
        likely = self.likely[..., best].copy()
        days = np.arange(len(place))
        believed = likely[days, place].copy()
        likely[days, place] = -np.inf
        return np.asarray(believed - likely.max(axis=1) > _TOLD)


def _different(arrivals: Arrivals, rules: Rules) -> tuple[list[int], NDArray[np.int64]]:
    """The rules that differ for this series, and for each rule which of them is the same here."""
    seen = arrivals.sends.sum(axis=(1, 2)) > 0
    _, first, same = np.unique(rules.shares[:, seen], axis=0, return_index=True, return_inverse=True)
    return first.tolist(), np.asarray(same).reshape(-1)


def _chain(likely: Floats, prior: Floats) -> tuple[Floats, Floats]:
    """Posterior of the price on each day, and the evidence, for each rule; forward and backward."""
    days, count, _ = likely.shape
    start = prior - np.logaddexp.reduce(prior)
    change = start + _CHANGE
    stay = np.log1p(-np.exp(_CHANGE))
    forward, backward = np.zeros_like(likely), np.zeros_like(likely)
    forward[0] = start[:, None] + likely[0]
    for day in range(1, days):
        any_of = np.logaddexp.reduce(forward[day - 1], axis=0)
        forward[day] = likely[day] + np.logaddexp(forward[day - 1] + stay, change[:, None] + any_of)
    for day in range(days - 2, -1, -1):
        ahead = backward[day + 1] + likely[day + 1]
        any_of = np.logaddexp.reduce(change[:, None] + ahead, axis=0)
        backward[day] = np.logaddexp(ahead + stay, np.broadcast_to(any_of, (count, likely.shape[2])))
    both = forward + backward
    evidence = np.logaddexp.reduce(forward[-1], axis=0)
    return np.exp(both - np.logaddexp.reduce(both, axis=1, keepdims=True)), evidence


def candidates(grid: Grid, series: Series, arrivals: Arrivals, book: PriceBook) -> NDArray[np.int64]:
    """Prices worth weighing: the log's, the table's other rows, and what the counters suggest."""
    known = {int(price) for price in series.price if price > 0}
    known |= {row.units for row in book.rows() if row.method == series.method and row.bucket == series.bucket}
    guesses: list[float] = []
    sends = arrivals.sends[_OK]
    everything = arrivals.sends.sum(axis=0)
    busy = (sends > 0) & (everything == sends) & grid.valid
    if busy.any():
        ratios = series.taken[busy] / sends[busy]
        guesses += np.quantile(ratios, (0.25, 0.5, 0.75)).tolist()
        days = sends.sum(axis=1) > 0
        guesses.append(float(np.median(series.taken.sum(axis=1)[days] / sends.sum(axis=1)[days])))
        guesses.append(_slope(series.taken, everything, grid))
    around = [int(np.floor(guess)) + step for guess in guesses for step in (0, 1)]
    ordered = list(dict.fromkeys([*sorted(known), *around, 0]))
    return np.array(sorted({price for price in ordered[:_MOST] if price >= 0}) or [1], dtype="int64")


def _slope(taken: Floats, sends: Floats, grid: Grid) -> float:
    """How much the counters rise with one more send from one slot to the next."""
    step, rise = np.diff(sends, axis=1), np.diff(taken, axis=1)
    use = grid.valid[:, 1:] & (step != 0)
    if not use.any():
        return 0.0
    slopes, weights = (rise[use] / step[use]), np.abs(step[use])
    order = slopes.argsort()
    middle = np.searchsorted(np.cumsum(weights[order]), weights.sum() / 2)
    return float(max(0.0, slopes[order][min(middle, len(order) - 1)]))
