"""What a forecast looks at, for today and for every finished day on which it could have been made.

A *target* is a day whose rest is forecast: today, or a finished day in the back-test. Everything here is
computed for all targets at once, each learning only from the days before it, so that a back-test of two weeks
costs little more than one forecast. Axes: ``T`` targets, ``n`` finished days, ``n + 1`` the same with today
last.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

OFFSET = 0.05  # of the mean total, added inside logs: an empty hour is small, not minus infinity
_MEMORY_DAYS = 42.0  # six weeks: each weekday is then remembered about six times
_SAME_KIND, _OTHER_KIND = 0.6, 0.25  # likeness of another working day (or weekend day), and of the other kind
_WEEKDAY_PRIOR = 2.0  # days' worth of evidence for "no weekday effect"
_LEVEL_STEP = 0.4  # share of a day's surprise that the level keeps
_LEVEL_START = 5  # days averaged for the first level
_NEAR = 1.2  # standard deviations within which a past day counts as one like today
_FAR = 0.1  # what a day unlike today still counts
_SD_FLOOR = 0.05


class Table(NamedTuple):
    """Finished days and today, cut at the current bin ``k``.

    Attributes:
        number: days since 1970 of each row, ``int[n + 1]``.
        so_far: units before the cut, ``float[n + 1]``.
        recent: units of the last eighth of a day (3 h) before the cut, ``float[n + 1]``.
        rest: units after the cut, ``float[n]``.
    """

    number: Ints
    so_far: Floats
    recent: Floats
    rest: Floats

    @property
    def days(self) -> int:
        """Number of finished days."""
        return len(self.rest)

    @property
    def total(self) -> Floats:
        """Units of each finished day."""
        return self.so_far[:-1] + self.rest


class View(NamedTuple):
    """The features of every target.

    Attributes:
        at: row of each target, ``int[T]``.
        weight: how much each finished day counts, rows sum to 1, 0 from the target on, ``float[T, n]``.
        effective: number of equally weighted days that would carry as much, ``float[T]``.
        calm: the same weights before today's likeness to each day is looked at, ``float[T, n]``.
        offset: added inside logs, units, ``float[T]``.
        x: log so far, log recent share, level, weekday effect, ``float[T, n + 1, 4]``.
        y: log of the rest, ``float[T, n]``.
    """

    at: Ints
    weight: Floats
    effective: Floats
    calm: Floats
    offset: Floats
    x: Floats
    y: Floats


def cut(past: Floats, number: Ints, today: Floats) -> Table:
    """Cut every day at the bin that today has reached."""
    bins, k = past.shape[1], len(today)
    seen = np.vstack([past[:, :k], today])
    return Table(
        number=number,
        so_far=seen.sum(axis=1),
        recent=seen[:, max(0, k - max(1, bins // 8)) :].sum(axis=1),
        rest=past[:, k:].sum(axis=1),
    )


def view(table: Table, at: Ints) -> View:
    """Features of the targets in the rows ``at`` (none of them row 0), each from the days before it."""
    n = table.days
    age = table.number[at - 1, None] - table.number[None, :n]
    memory = np.where(np.arange(n) < at[:, None], np.exp(-np.maximum(age, 0) / _MEMORY_DAYS), 0.0)
    offset = _offsets(table, at)
    log_total = np.log(table.total + offset[:, None])
    effect, effect_out = _weekday_effects(table.number, memory, log_total)
    level = (log_total - np.take_along_axis(effect, weekday(table.number)[None, :n], axis=1)) @ _smoother(n).T
    log_so_far = np.log(table.so_far + offset[:, None])
    log_recent = np.log(table.recent + offset[:, None] / 2)
    x = np.stack([log_so_far, log_recent - log_so_far, level, effect_out], axis=2)
    calm = memory * _likeness(table.number, at, n)
    weight = calm * _nearness(x, calm, at)
    return View(
        at=at,
        weight=weight / weight.sum(axis=1, keepdims=True),
        effective=weight.sum(axis=1) ** 2 / (weight**2).sum(axis=1),
        calm=calm / calm.sum(axis=1, keepdims=True),
        offset=offset,
        x=x,
        y=np.log(table.rest + offset[:, None]),
    )


def weekday(number: Ints) -> Ints:
    """Weekday of days counted from 1970-01-01 (a Thursday); Monday is 0."""
    return (number + 3) % 7


def _offsets(table: Table, at: Ints) -> Floats:
    mean = np.concatenate([[0.0], table.total.cumsum()])[at] / np.maximum(at, 1)
    known = np.where(mean > 0, mean, table.so_far[at])
    return OFFSET * np.where(known > 0, known, 1.0)


def _weekday_effects(number: Ints, memory: Floats, log_total: Floats) -> tuple[Floats, Floats]:
    """Shrunken weekday effects, ``[T, 7]``, and per row the effect without its own day, ``[T, n + 1]``."""
    n = log_total.shape[1]
    day = weekday(number)
    member = (day[:n, None] == np.arange(7)).astype(float)
    base = (memory * log_total).sum(axis=1) / memory.sum(axis=1)
    surprise = memory * (log_total - base[:, None])
    weights, sums = memory @ member, surprise @ member
    own_weight, own = (np.pad(a, ((0, 0), (0, 1))) for a in (memory, surprise))
    without = (sums[:, day] - own) / (weights[:, day] - own_weight + _WEEKDAY_PRIOR)
    return sums / (weights + _WEEKDAY_PRIOR), without


@lru_cache(maxsize=64)
def _smoother(n: int) -> Floats:
    """Row r: the weights of days 0..n-1 in the exponentially weighted level known at the start of day r."""
    lag = np.arange(n + 1)[:, None] - 1 - np.arange(n)[None, :]
    kernel = np.where(lag >= 0, _LEVEL_STEP * (1 - _LEVEL_STEP) ** np.maximum(lag, 0), 0.0)
    start = min(_LEVEL_START, n)
    kernel[:, :start] += (1 - _LEVEL_STEP) ** np.arange(n + 1)[:, None] / start
    return kernel


def _likeness(number: Ints, at: Ints, n: int) -> Floats:
    day = weekday(number)
    past, target = day[None, :n], day[at, None]
    same_kind = (past >= 5) == (target >= 5)  # noqa: PLR2004 - Saturday is 5
    return np.where(past == target, 1.0, np.where(same_kind, _SAME_KIND, _OTHER_KIND))


def _nearness(x: Floats, calm: Floats, at: Ints) -> Floats:
    """How near each day, seen up to the cut, was to the target: local regression after Cleveland (1979)."""
    n = calm.shape[1]
    seen = x[:, :n, :2]
    share = (calm / calm.sum(axis=1, keepdims=True))[:, :, None]
    sd = np.sqrt((share * (seen - (share * seen).sum(axis=1, keepdims=True)) ** 2).sum(axis=1)) + _SD_FLOOR
    target = x[np.arange(len(at)), at, :2]
    distance = (((seen - target[:, None]) / sd[:, None]) ** 2).sum(axis=2)
    return np.asarray(_FAR + np.exp(-distance / (2 * _NEAR**2)))
