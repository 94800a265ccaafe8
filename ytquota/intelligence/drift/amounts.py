"""How many units each cause comes to on each day, given what is believed of prices and rules."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ytquota.intelligence.drift.rules import OURS, UNIT
from ytquota.intelligence.sends import ENDINGS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from ytquota.intelligence.drift.arrivals import Arrivals
    from ytquota.intelligence.drift.beliefs import Belief, Beliefs
    from ytquota.intelligence.drift.series import Floats, Series

SURE_ENOUGH = 0.8
"""From here on a cause is named; below, what it cannot be told apart from is named with it."""

_OURS = np.array([OURS[ending] for ending in ENDINGS])


@dataclass(frozen=True, eq=False, slots=True)
class Amounts:
    """One series, day by day, in quota units; what Google counted less what we did, by cause.

    Attributes:
        price: for another price than the log's.
        rule: for sends that Google charges otherwise than we do: ``float[endings, days]``.
        second: for sends that another ledger knows, by its address: each ``float[days]``.
        gap: for minutes that the counters lost (never above 0).
        rest: what is left.
        cost: units of a send, by its ending: ``float[endings, days]``.
        leeway: how far apart the two may be for no reason but the smear at the ends of the day.
        priced: the price believed in.
        price_chance: probability that the log's price is wrong.
        rule_chance: by ending, probability that Google charges it otherwise than we do: ``float[endings]``.
        more_chance: probability that more is left than the leeway: somebody else.
    """

    price: Floats
    rule: Floats
    second: dict[str, Floats]
    gap: Floats
    rest: Floats
    cost: Floats
    leeway: Floats
    priced: NDArray[np.int64]
    price_chance: Floats
    rule_chance: Floats
    more_chance: Floats


def amounts(
    series: Series,
    arrivals: Arrivals,
    belief: Belief,
    beliefs: Beliefs,
    others: Mapping[str, Floats] = MappingProxyType({}),
) -> Amounts:
    """Divide each day's difference among its causes.

    What is not sure enough is let out of account, as long as the day comes out without it.

    Args:
        series: what Google counted, and what we did.
        arrivals: our sends and those of other ledgers, as the counters should have seen them.
        belief: what is believed of the series.
        beliefs: what is believed of the rules.
        others: sends of other ledgers by their address, ``float[endings, days]`` each.
    """
    logged = np.maximum(series.price, 0)
    wrong = belief.prices[None, :] != np.where(series.price > 0, series.price, belief.price)[:, None]
    price_chance = np.where(series.price > 0, (belief.chance.sum(axis=2) * wrong).sum(axis=1), 0.0)
    rule_chance = beliefs.chance @ (beliefs.rules.shares != _OURS)
    likely = beliefs.rules.shares[beliefs.best]
    plain = np.where(rule_chance >= SURE_ENOUGH, likely, _OURS)
    sober = np.where((price_chance >= SURE_ENOUGH) | (series.price == 0), belief.price, logged)
    cautious = _divide(series, arrivals, others, sober, plain)
    bold = _divide(series, arrivals, others, belief.price, likely)
    comes_out = np.abs(cautious.rest) <= cautious.leeway
    parts = _Parts(*(np.where(comes_out, one, other) for one, other in zip(cautious, bold, strict=True)))
    return Amounts(
        price=parts.price,
        rule=parts.rule,
        second=dict(zip(others, parts.second, strict=True)),
        gap=parts.gap,
        rest=parts.rest,
        cost=parts.cost,
        leeway=parts.leeway,
        priced=np.where(comes_out, sober, belief.price),
        price_chance=price_chance,
        rule_chance=rule_chance,
        more_chance=_more_chance(
            series, arrivals, belief, beliefs, sum(others.values(), np.zeros_like(series.units))
        ),
    )


class _Parts(NamedTuple):
    price: Floats
    rule: Floats
    second: Floats  # [ledgers, days]
    gap: Floats
    rest: Floats
    cost: Floats
    leeway: Floats


def _divide(
    series: Series,
    arrivals: Arrivals,
    others: Mapping[str, Floats],
    price: NDArray[np.int64],
    shares: Floats,
) -> _Parts:
    """The difference by cause, where sends cost such a price by day and such a share of it by ending."""
    sent = series.sent.sum(axis=-1)
    cost = np.where(shares[:, None] == UNIT, np.minimum(price, 1.0), price * shares[:, None])
    dearer = (price * _OURS[:, None] * sent - series.units).sum(axis=0)
    rule = sent * (cost - price * _OURS[:, None])
    second = np.array([(cost * one).sum(axis=0) for one in others.values()]).reshape(len(others), len(price))
    gap = -(cost * arrivals.lost).sum(axis=0)
    difference = series.taken.sum(axis=1) - series.units.sum(axis=0)
    leeway = arrivals.edge * np.maximum(cost.max(axis=0), 1.0) + 0.5
    rest = difference - dearer - rule.sum(axis=0) - second.sum(axis=0) - gap
    # calls at the ends of a gap may have been lost or not: so many were as make the day come out
    lost = np.where(np.abs(rest) <= leeway, np.where(gap < 0, np.minimum(gap + rest, 0.0), gap), gap)
    return _Parts(dearer, rule, second, lost, rest - (lost - gap), cost, leeway)


def _more_chance(
    series: Series, arrivals: Arrivals, belief: Belief, beliefs: Beliefs, others: Floats
) -> Floats:
    """Probability, by day, that Google counted more than we can explain."""
    counted = (series.sent.sum(axis=-1) + others - arrivals.lost).T
    units = beliefs.rules.units(belief.prices)
    ours = np.einsum("pre,de->dpr", units, counted)
    leeway = arrivals.edge[:, None, None] * np.maximum(units.max(axis=-1), 1.0) + 0.5
    more = series.taken.sum(axis=1)[:, None, None] - ours > leeway
    return np.asarray((belief.chance * more).sum(axis=(1, 2)))
