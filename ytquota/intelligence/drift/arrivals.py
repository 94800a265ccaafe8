"""When our sends reach Google's counters, and which minutes the counters have lost.

The counters are late by a minute or two, not by the same for each call; the delay is found by laying the two
series over one another. Minutes in which nothing at all was counted, though calls that went well must have
been, are lost: calls that vanish with them say nothing about prices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ytquota.intelligence.drift.grid import Grid, to_slots
from ytquota.intelligence.drift.series import MINUTES, Bools, Floats, Series
from ytquota.intelligence.sends import ENDINGS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

Delay = tuple[float, ...]
"""Which share of the sends of a minute is counted in it, in the next one, and so on."""

DELAYS: tuple[Delay, ...] = (
    (1.0,),
    (0.75, 0.25),
    (0.5, 0.5),
    (0.25, 0.5, 0.25),
    (0.0, 1.0),
    (0.0, 0.5, 0.5),
    (0.0, 0.0, 1.0),
    (0.0, 0.25, 0.5, 0.25),
)

LATEST = 3
"""Minutes after which a call has been counted for sure, if it is counted at all."""

_AROUND = 30  # minutes on either side of a silence
_ODD = np.log(1e-4)
_OK = ENDINGS.index("ok")
_NEVER = ENDINGS.index("not_sent")
_BILLED = 0.5
"""The part of its sends' price that Google must have counted of a method, for its silence to mean a gap."""


@dataclass(frozen=True, eq=False, slots=True)
class Arrivals:
    """The sends of one series as the counters should have seen them.

    Attributes:
        sends: by slot, without those that fell into a gap: ``float[endings, days, slots]``.
        lost: that fell into a gap, ``float[endings, days]``.
        near: sends so close to the end of each slot that they may be counted in another one, those at the
            ends of gaps before it included: ``float[days, slots]``.
        edge: sends so close to the ends of the day that they may be counted on another: ``float[days]``.
    """

    sends: Floats
    lost: Floats
    near: Floats
    edge: Floats


def find_delay(grid: Grid) -> Delay:
    """The delay with which our sends fit Google's counters best."""
    busiest = sorted(grid.series, key=lambda series: -series.sent[_OK].sum())[:8]
    pairs = [(series, _billed_price(series)) for series in busiest]
    return min(
        DELAYS, key=lambda delay: sum(_misfit(grid, series, price, delay) for series, price in pairs if price)
    )


def _billed_price(series: Series) -> float:
    sent = series.sent[_OK].sum()
    return float(np.median(series.price[series.price > 0])) if sent and series.taken.sum() else 0.0


def _misfit(grid: Grid, series: Series, price: float, delay: Delay) -> float:
    use = grid.valid & ~grid.blurred
    sent = to_slots(delayed(series.sent[_OK], delay, grid.lengths), grid.width)[use]
    taken = series.taken[use]
    slope = float(taken @ sent) / max(float(sent @ sent), 1e-9)
    return float(np.abs(taken - slope * sent).sum()) / price


def delayed(minutes: Floats, delay: Delay, lengths: NDArray[np.int64]) -> Floats:
    """Counts by minute, moved on by a delay, over midnight too.

    Args:
        minutes: ``float[..., days, minutes]``.
        delay: the share of each lag.
        lengths: minutes of each day.
    """
    moved = np.zeros((*minutes.shape[:-1], MINUTES + len(delay)))
    for lag, share in enumerate(delay):
        moved[..., lag : lag + MINUTES] += share * minutes
    for lag in range(len(delay) - 1):
        days = np.arange(len(lengths))
        moved[..., days[1:], lag] += moved[..., days[:-1], lengths[:-1] + lag]
        moved[..., days, lengths + lag] = 0.0
    return moved[..., :MINUTES]


def find_gaps(grid: Grid) -> Bools:
    """Minutes that the counters have lost: ``bool[days, minutes]``.

    A silence of all counters is a gap where a send that went well, of a method that Google bills, must have
    shown in it; or where such a send was made in its first minute and the counters, which count others' calls
    too, are hardly ever silent for so long at that hour.
    """
    silent = ~grid.loud
    gaps = np.zeros_like(silent)
    if not grid.loud.any():
        return silent
    billed = [series.sent[_OK] for series in grid.series if _is_billed(series)]
    if not billed:
        return gaps
    sent = np.sum(billed, axis=0)
    ends = np.minimum(grid.lengths, grid.valid.sum(axis=1) * grid.width)
    for day, end in enumerate(ends):
        for low, high in _runs(silent[day, :end]):
            due = sent[day, low : max(low, high - LATEST)]
            if due[1:].any() or (due.any() and _is_odd(silent[day, :end], low, high)):
                gaps[day, low:high] = True
    return gaps


def _runs(flags: Bools) -> Iterator[tuple[int, int]]:
    """Where flags are set: begin and end of each stretch."""
    steps = np.diff(flags.astype("int8"), prepend=0, append=0)
    yield from zip(np.flatnonzero(steps > 0).tolist(), np.flatnonzero(steps < 0).tolist(), strict=True)


def _is_odd(silent: Bools, low: int, high: int) -> bool:
    """Whether a silence is far longer than the silent minutes of the hour around it let expect."""
    around = np.concatenate([silent[max(0, low - _AROUND) : low], silent[high : high + _AROUND]])
    usual = (around.sum() + 1.0) / (len(around) + 2.0)
    return bool((high - low) * np.log(usual) < _ODD)


def _is_billed(series: Series) -> bool:
    expected = (series.price[None, :, None] * series.sent[_OK]).sum()
    return bool(expected and series.taken.sum() >= _BILLED * expected)


def arrive(grid: Grid, series: Sequence[Series], delay: Delay, gaps: Bools) -> list[Arrivals]:
    """The sends of each series as the counters should have seen them."""
    edges = np.abs(np.diff(gaps.astype("int8"), axis=1, append=0)) > 0  # the minutes before a change
    return [_arrivals(grid, one, delay, gaps, edges) for one in series]


def _arrivals(grid: Grid, series: Series, delay: Delay, gaps: Bools, edges: Bools) -> Arrivals:
    moved = delayed(series.sent, delay, grid.lengths)
    charged = series.sent.sum(axis=0) - series.sent[_NEVER]
    around = _around(charged, len(delay))
    border = np.arange(grid.width, MINUTES + 1, grid.width) - 1
    at_gaps = np.cumsum(np.where(edges, around, 0.0), axis=1)
    last = _last(grid, charged, len(delay))
    before = np.concatenate([[series.before[-len(delay) :].sum()], last[:-1]])
    return Arrivals(
        sends=to_slots(np.where(gaps, 0.0, moved), grid.width),
        lost=np.where(gaps, moved, 0.0).sum(axis=-1),
        near=around[:, border] + at_gaps[:, border] + before[:, None],
        edge=last + before + at_gaps[:, -1],
    )


def _around(counts: Floats, late: int) -> Floats:
    """Counts from `late` minutes before the end of each minute until one minute after it."""
    total = np.concatenate([np.zeros((len(counts), 1)), np.cumsum(counts, axis=1)], axis=1)
    minute = np.arange(MINUTES)
    return np.asarray(total[:, np.minimum(minute + 2, MINUTES)] - total[:, np.maximum(minute + 1 - late, 0)])


def _last(grid: Grid, counts: Floats, late: int) -> Floats:
    """Sends in the last minutes of each day, as far as it is settled."""
    ends = np.minimum(grid.lengths, grid.valid.sum(axis=1) * grid.width)
    return np.array([row[max(0, end - late) : end].sum() for row, end in zip(counts, ends, strict=True)])
