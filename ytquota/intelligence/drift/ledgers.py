"""Calls that other ledgers know of: whether they are what our own is short of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ytquota.intelligence.drift.arrivals import Arrivals, arrive
from ytquota.intelligence.drift.beliefs import Beliefs, believe
from ytquota.intelligence.drift.series import place_sends

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from ytquota.intelligence.drift.arrivals import Delay
    from ytquota.intelligence.drift.grid import Grid
    from ytquota.intelligence.drift.series import Bools, Floats
    from ytquota.prices import PriceBook

Names = tuple[str, str]
"""A series: bucket and method."""


@dataclass(frozen=True, eq=False, slots=True)
class Explained:
    """What is believed with the help of other ledgers.

    Attributes:
        beliefs: of prices and rules.
        arrivals: of our sends and those of the ledgers that were taken in, by series.
        sends: of these ledgers, by address and series: ``float[endings, days]``.
        chance: probability that a ledger's calls belong to the project, by address.
    """

    beliefs: Beliefs
    arrivals: list[Arrivals]
    sends: dict[str, dict[Names, Floats]]
    chance: dict[str, float]


def explain(grid: Grid, delay: Delay, gaps: Bools, book: PriceBook) -> Explained:
    """Weigh all hypotheses by our own log."""
    arrivals = arrive(grid, grid.series, delay, gaps)
    return Explained(believe(grid, arrivals, book), arrivals, {}, {})


def take_in(
    found: Explained,
    others: Mapping[str, pd.DataFrame],
    *,
    grid: Grid,
    delay: Delay,
    gaps: Bools,
    book: PriceBook,
) -> Explained:
    """Weigh them anew with each ledger that makes what Google counted likelier.

    A ledger whose calls Google did not count beside ours, such as a copy of our own, is left out.
    """
    for address, frame in others.items():
        sent = place_sends(frame, grid.days, grid.until)
        if not any((series.bucket, series.method) in sent for series in grid.series):
            continue
        theirs = _arrivals(grid, sent, delay, gaps)
        both = [_plus(mine, other) for mine, other in zip(found.arrivals, theirs, strict=True)]
        with_it = believe(grid, both, book)
        gain = with_it.evidence - found.beliefs.evidence
        if gain > 0:
            totals = {name: counts.sum(axis=-1) for name, counts in sent.items()}
            found = Explained(
                with_it,
                both,
                found.sends | {address: totals},
                found.chance | {address: float(1.0 / (1.0 + np.exp(-min(gain, 50.0))))},
            )
    return found


def _arrivals(
    grid: Grid, sent: Mapping[Names, Floats], delay: Delay, gaps: Bools
) -> Sequence[Arrivals | None]:
    return [
        arrive(grid, [replace(series, sent=sent[series.bucket, series.method])], delay, gaps)[0]
        if (series.bucket, series.method) in sent
        else None
        for series in grid.series
    ]


def _plus(mine: Arrivals, other: Arrivals | None) -> Arrivals:
    if other is None:
        return mine
    return Arrivals(
        sends=mine.sends + other.sends,
        lost=mine.lost + other.lost,
        near=mine.near + other.near,
        edge=mine.edge + other.edge,
    )
