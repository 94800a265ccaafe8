"""What Google may do differently from us: the hypotheses, and how likely each is before anything is seen.

Prices are a method's own; what a failed send costs is one rule for all methods. Nobody has published
whether a 5xx is charged, so either way is as likely; that a success is charged is beyond doubt.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from ytquota.intelligence.sends import ENDINGS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from ytquota.prices import PriceBook

Share = float
UNIT: Share = -1.0
"""In place of a share of the price: one unit, whatever the method."""

OURS: dict[str, Share] = {
    **dict.fromkeys(("ok", "unchanged", "4xx", "5xx", "lost"), 1.0),
    **dict.fromkeys(("refused", "free", "not_sent"), 0.0),
}
"""The share of its price that we charge for a send, by its ending."""

CHOICES: dict[str, tuple[tuple[Share, float], ...]] = {
    "unchanged": ((1.0, 0.9), (0.0, 0.1)),
    "4xx": ((1.0, 0.7), (0.0, 0.15), (UNIT, 0.15)),
    "5xx": ((1.0, 0.5), (0.0, 0.5)),
    "lost": ((1.0, 0.9), (0.5, 0.05), (0.0, 0.05)),
    "refused": ((0.0, 0.98), (1.0, 0.02)),
    "free": ((0.0, 0.98), (1.0, 0.02)),
}
"""Ending -> what it may cost, and how likely each is beforehand."""

_OTHER_EDITION, _ANY_PRICE, _NOTHING = 0.02, 0.0025, 0.001
_DOUBTFUL = 5.0
"""How many times likelier another price is, where the table's was only assumed."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a send of each ending may cost: every combination of what is possible.

    Attributes:
        shares: ``float[rules, endings]``, a share of the price or `UNIT`.
        prior: log probability of each.
    """

    shares: NDArray[np.float64]
    prior: NDArray[np.float64]

    @classmethod
    def of(cls, seen: Iterable[str]) -> Rules:
        """All rules that differ about the endings that were seen."""
        endings = set(seen)
        choices = [
            CHOICES[ending] if ending in CHOICES and ending in endings else ((OURS[ending], 1.0),)
            for ending in ENDINGS
        ]
        combinations = list(product(*choices))
        shares = np.array([[share for share, _ in one] for one in combinations])
        return cls(shares, np.log([float(np.prod([chance for _, chance in one])) for one in combinations]))

    def units(self, price: NDArray[Any]) -> NDArray[np.float64]:
        """Units of a send by each of several prices: ``float[prices, rules, endings]``."""
        prices = price.astype("float64")[:, None, None]
        whole = np.minimum(prices, 1.0)
        return np.where(self.shares == UNIT, whole, prices * self.shares)


def price_priors(
    method: str, bucket: str, usual: int, prices: Iterable[int], book: PriceBook
) -> NDArray[np.float64]:
    """The log probability of each price of a method before anything is seen.

    Args:
        method: the method.
        bucket: the daily allowance.
        usual: what our log priced it at.
        prices: the candidates.
        book: the price list; its other rows for the method are likelier than any other figure.
    """
    rows = [row for row in book.rows() if row.method == method and row.bucket == bucket]
    editions = {row.units for row in rows}
    doubt = _DOUBTFUL if not rows or all(row.provenance in {"assumed", "community"} for row in rows) else 1.0
    chances = [
        1.0
        if price == usual
        else (_OTHER_EDITION if price in editions else _NOTHING if not price else _ANY_PRICE) * doubt
        for price in prices
    ]
    logs: NDArray[np.float64] = np.log(np.array(chances))
    return logs
