"""Calls that the counters lost in the midst of a reading: fewer than were ours, in a few slots only.

A price or a rule that is wrong shows all day. Where the counters agree but for a few slots, and other methods
are short in these too, the source has lost some minutes; readings of a quarter of an hour hide such gaps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ytquota.intelligence.drift.amounts import Amounts
    from ytquota.intelligence.drift.arrivals import Arrivals
    from ytquota.intelligence.drift.grid import Grid
    from ytquota.intelligence.drift.series import Floats

TOGETHER, ALONE, AGAINST = 0.9, 0.7, 0.5
"""How probable a loss is: other methods are short too, there are no others to tell, they are not."""

_FEW, _FEWEST = 0.1, 4.0  # of the slots in which the method was used, and slots in any case
_SHORT = 0.15  # the part of their calls by which other methods must be short in the same slots
_ENOUGH = 3.0  # calls of other methods that should have been there, to say so


def shortfalls(grid: Grid, arrivals: Sequence[Arrivals], found: Sequence[Amounts]) -> Floats:
    """How probable it is that the source lost what a method lacks: ``float[series, days]``.

    0 where nothing is lacking, or where the lack is spread over more than a few slots.
    """
    chances = np.zeros((len(found), len(grid.days)))
    for number, one in enumerate(found):
        for day in np.flatnonzero(one.rest < -one.leeway).tolist():
            left, due = _by_calls(grid, arrivals, found, day)
            lack = one.rest[day] / max(1.0, one.cost[:, day].max())
            chances[number, day] = _chance(number, left, due, lack)
    return chances


def _by_calls(
    grid: Grid, arrivals: Sequence[Arrivals], found: Sequence[Amounts], day: int
) -> tuple[Floats, Floats]:
    """Of each series, by slot: calls counted less calls due, and calls due; ``float[series, slots]`` both."""
    price = np.array([max(1.0, one.cost[:, day].max()) for one in found])[:, None]
    due = np.array([one.cost[:, day] @ mine.sends[:, day] for one, mine in zip(found, arrivals, strict=True)])
    taken = np.array([series.taken[day] for series in grid.series])
    return (taken - due) / price, due / price


def _chance(number: int, left: Floats, due: Floats, lack: float) -> float:
    slots = _deepest(left[number], lack)
    if len(slots) > max(_FEWEST, _FEW * float((due[number] > 0).sum())):
        return 0.0
    others = np.arange(len(left)) != number
    around = np.unique(np.concatenate([slots, slots + 1]).clip(max=left.shape[1] - 1))
    calls = float(due[others][:, slots].sum())
    short = float(np.maximum(0.0, -left[others][:, around].sum(axis=1)).sum())
    if calls < _ENOUGH:
        return ALONE
    return TOGETHER if short >= _SHORT * calls else AGAINST


def _deepest(left: Floats, lack: float) -> NDArray[np.int64]:
    """The fewest slots that hold the whole lack."""
    order = left.argsort()
    count = int(np.searchsorted(-np.cumsum(left[order]), -lack)) + 1
    return order[:count]
