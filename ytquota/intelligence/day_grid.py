"""The grid a forecast sees days on: 96 quarters of an hour of the clock on the wall, on every quota day.

Quarters are what archived days are summed to. On a day of 25 hours the hour that the clock shows twice lies
in quarters of twice the length, and on one of 23 hours the quarters of the missing hour are empty: so noon is
always the 48th, and days can be laid over one another.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ytquota.clock import PACIFIC, DayBounds, bounds_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BINS = 96
"""Quarters of an hour in a day."""

_CLOCK = np.linspace(0.0, 86_400.0, BINS + 1)
_LOOK = 1800  # seconds: clocks are changed on the half hour at the finest


@lru_cache(maxsize=512)
def edges(day: date) -> Floats:
    """Where each quarter begins, and the last one ends, in epoch seconds: ``float[97]``, never falling."""
    bounds = bounds_of(day)
    length = bounds.end - bounds.start
    marks = np.array([0.0, 86_400.0])
    at = np.array([bounds.start, bounds.end])
    if length != marks[-1]:
        change = _change(bounds)
        before, after = change - bounds.start, 86_400.0 - (bounds.end - change)
        low, high = min(before, after), max(before, after)
        marks = np.array([0.0, low, high, 86_400.0])
        at = np.array([bounds.start, bounds.start + low, bounds.end - (86_400.0 - high), bounds.end])
    grid: Floats = np.interp(_CLOCK, marks, at)
    grid.flags.writeable = False
    return grid


def place(day: date, at: float) -> float:
    """How far into the day an instant is, in quarters: 48.0 is noon; held between 0 and 96."""
    grid = edges(day)
    last = int(np.searchsorted(grid, at, side="right")) - 1
    if last < 0:
        return 0.0
    if last >= BINS:
        return float(BINS)
    return last + float((at - grid[last]) / (grid[last + 1] - grid[last]))


def instants(day: date, places: Floats) -> Floats:
    """The instants (epoch seconds) of places counted in quarters; the inverse of `place`."""
    return np.asarray(np.interp(places, np.arange(BINS + 1), edges(day)))


def cells(first: date, days: int, at: Floats) -> Ints:
    """Day and quarter of instants as one number, ``96 * day + quarter``; negative before the first day."""
    start = first.toordinal()
    grids = [edges(date.fromordinal(start + day))[:-1] for day in range(days)]
    return np.asarray(np.searchsorted(np.concatenate(grids), at, side="right") - 1, dtype=np.int64)


def _change(bounds: DayBounds) -> float:
    """The instant at which the clocks are changed on a day that is not 24 hours long."""
    offset = datetime.fromtimestamp(bounds.start, PACIFIC).utcoffset()
    at = bounds.start
    while datetime.fromtimestamp(at, PACIFIC).utcoffset() == offset:
        at += _LOOK
    return at
