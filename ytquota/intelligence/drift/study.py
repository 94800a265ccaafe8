"""Google's count and our log laid side by side, once for all that is asked of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ytquota.intelligence.drift.arrivals import find_delay, find_gaps
from ytquota.intelligence.drift.grid import lay
from ytquota.intelligence.drift.ledgers import explain, take_in

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import pandas as pd

    from ytquota.intelligence.drift.arrivals import Delay
    from ytquota.intelligence.drift.grid import Grid
    from ytquota.intelligence.drift.ledgers import Explained
    from ytquota.intelligence.drift.series import Bools
    from ytquota.prices import PriceBook


@dataclass(frozen=True, eq=False, slots=True)
class Study:
    """One project's counters and log, and what our own log makes believe of them.

    Attributes:
        ours: our sends, with the columns of `SENDS`.
        prices: the price list.
        grid: both by day and slot.
        delay: how late Google counts a call.
        gaps: the slots that the counters lost.
        alone: what is believed without any other ledger.
    """

    ours: pd.DataFrame
    prices: PriceBook
    grid: Grid
    delay: Delay
    gaps: Bools
    alone: Explained

    def with_ledgers(self, others: Mapping[str, pd.DataFrame]) -> Explained:
        """What is believed with the help of other ledgers: their sends of the same project, by address."""
        return take_in(self.alone, others, grid=self.grid, delay=self.delay, gaps=self.gaps, book=self.prices)


def study(
    official: pd.DataFrame, ours: pd.DataFrame, *, prices: PriceBook, since: datetime, until: datetime
) -> Study:
    """Lay Google's readings and our sends side by side, and weigh all hypotheses by them.

    Args:
        official: Google's readings, with the columns of `OFFICIAL`.
        ours: our sends, with the columns of `SENDS`; those after `until` are told apart, not compared.
        prices: the price list.
        since: in the first quota day (aware).
        until: up to when Google's counters are settled (aware).

    Raises:
        ValueError: `until` is not after `since`.
    """
    grid = lay(official, ours, since, until)
    delay, gaps = find_delay(grid), find_gaps(grid)
    return Study(ours, prices, grid, delay, gaps, explain(grid, delay, gaps, prices))
