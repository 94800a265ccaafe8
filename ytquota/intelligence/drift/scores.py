"""How well a price and a rule explain a day of one method, in two ways; the better one counts.

*Nobody else*: all that Google counted is ours, so the running totals must agree at every moment of the day,
but for calls that are just then being counted; in one slot the counters may have lost some. Days without
somebody else's calls tell a price, and what failures cost, to the unit.

*Somebody else too*: what is left over is another program's. It may come steadily, slowly changing, or in
bursts, so only how the counters follow our calls from one slot to the next counts, steady parts taken out,
single slots not weighing much; and what is left over must not be negative for long.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ytquota.intelligence.drift.arrivals import Arrivals
    from ytquota.intelligence.drift.grid import Grid
    from ytquota.intelligence.drift.series import Bools, Floats, Series

SOMEBODY = 3.0
"""Log odds against somebody else's using a method on a day, before anything is seen."""

GAP = 6.0
"""Log odds against the counters' having lost calls of a method in one slot of a day."""

_HOUR = 60  # minutes to either side, over which what is steady is taken out
_MOMENTS = (4.0, 24.0)  # a day's running total is worth so many independent looks
_WEIGHT = 0.5  # neighbouring slots are not independent
_FAR = 8.0  # leeways: farther apart is no worse, as long as it is for a moment
_SOME = 0.5  # of a call
_MOST_COINCIDENCE = 8.0
_WORST = 1e4
_WORST_SLOT = 50.0
_BURST = 8.0


@dataclass(frozen=True, eq=False, slots=True)
class Scores:
    """Log likelihoods of each price and rule, by day, up to a constant: ``float[days, hypotheses]``.

    Attributes:
        alone: all is ours.
        shared: somebody else uses the method too.
    """

    alone: Floats
    shared: Floats

    @property
    def either(self) -> Floats:
        """Of both explanations together."""
        return np.logaddexp(self.alone, self.shared)


@dataclass(frozen=True, eq=False, slots=True)
class _Case:
    """One series with its hypotheses, endings that never happened left out."""

    grid: Grid
    taken: Floats  # [days, slots]
    sends: Floats  # [endings, days, slots]
    near: Floats  # [days, slots]
    units: Floats  # [hypotheses, endings]
    active: Bools  # slots in which either side saw anything, [days, slots]

    @property
    def dearest(self) -> Floats:
        """What the dearest send costs by each hypothesis, 1 at least."""
        dearest: Floats = np.maximum(self.units.max(axis=1, initial=0.0), 1.0)
        return dearest

    def left(self, taken: Floats, sends: Floats) -> Floats:
        """What is left of figures by slot, by each hypothesis: ``float[days, hypotheses, slots]``."""
        return np.asarray(taken[:, None, :] - np.einsum("he,edt->dht", self.units, sends))


def score(grid: Grid, series: Series, arrivals: Arrivals, units: Floats) -> Scores:
    """Score hypotheses about one series.

    Args:
        grid: days and slots.
        series: what Google counted.
        arrivals: what we sent.
        units: what a send costs by each hypothesis, ``float[hypotheses, endings]``.
    """
    seen = arrivals.sends.sum(axis=(1, 2)) > 0
    sends = arrivals.sends[seen]
    active = grid.valid & ~grid.blurred & ((series.taken > 0) | (sends.sum(axis=0) > 0))
    case = _Case(grid, series.taken, sends, arrivals.near, units[:, seen], active)
    return Scores(_alone(case), _shared(case) - SOMEBODY)


def _alone(case: _Case) -> Floats:
    """Running totals, as they are, and with what is most lacking in one slot put down to a gap."""
    left = case.left(case.taken, case.sends)
    lowest = left.argmin(axis=-1, keepdims=True)
    mended = left.copy()
    np.put_along_axis(mended, lowest, np.maximum(np.take_along_axis(left, lowest, axis=-1), 0.0), axis=-1)
    return np.logaddexp(_running(case, left), _running(case, mended) - GAP)


def _running(case: _Case, left: Floats) -> Floats:
    """How far apart running totals are at the ends of slots, in terms of what may be under way."""
    leeway = 0.25 + 0.7 * case.dearest[None, :, None] * np.sqrt(case.near)[:, None, :]
    excess = np.clip(np.abs(np.cumsum(left, axis=-1)) / leeway - 1.0, 0.0, _FAR)
    used = (case.taken > 0) | (case.sends.sum(axis=0) > 0)
    begun = np.cumsum(used, axis=-1) > 0  # totals of nothing agree by themselves
    looks = (case.grid.valid & ~case.grid.between & begun)[:, None, :]
    badness = np.where(looks, 0.5 * excess**2, 0.0).sum(axis=-1)
    worth = np.clip(case.active.sum(axis=-1), *_MOMENTS)[:, None]
    return np.asarray(-np.minimum(worth * badness / np.maximum(looks.sum(axis=-1), 1), _WORST))


def _shared(case: _Case) -> Floats:
    """From slot to slot: how the counters follow our calls, after what is steady."""
    everything = case.sends.sum(axis=0)
    use = case.active & ~bursts(case.grid, case.taken, everything, case.active)
    span = _HOUR // case.grid.width
    steady_taken, steady_sends = smooth(case.taken, use, span), smooth(case.sends, use, span)
    left = np.abs(case.left(case.taken - steady_taken, case.sends - steady_sends)) * use[:, None, :]
    fit = -_WEIGHT * np.log1p((left / _scale(case, left, use)) ** 2).sum(axis=-1)
    fit -= _lacking(case, case.left(steady_taken, steady_sends), steady_sends.sum(axis=0), use, 2 * span + 1)
    return np.asarray(fit - fit.max(axis=1, keepdims=True) - _coincidence(case))


def _lacking(case: _Case, level: Floats, sends: Floats, use: Bools, slots: int) -> Floats:
    """The penalty for less than nothing being left for others, over stretches of so many slots."""
    under_way = case.dearest[None, :, None] * (1.0 + np.sqrt(slots * sends))[:, None, :]
    lacking = np.maximum(-level * slots, 0.0) / under_way
    penalty = np.minimum(0.5 * lacking**2, _WORST_SLOT) * use[:, None, :]
    return np.asarray(penalty.sum(axis=-1) / slots)


def _coincidence(case: _Case) -> Floats:
    """The penalty for others' calls falling into the slots of ours more often than chance would have it."""
    valid = case.grid.valid & ~case.grid.blurred
    sent = case.sends.sum(axis=0) >= _SOME
    ours = valid & (sent | np.roll(sent, 1, axis=-1))  # a call may be counted in the slot after its own
    theirs = (case.left(case.taken, case.sends) > _SOME * case.dearest[None, :, None]) & valid[:, None, :]
    all_of = np.maximum(theirs.sum(axis=-1), 1)
    share = np.clip((theirs & ours[:, None, :]).sum(axis=-1) / all_of, 1e-9, 1.0 - 1e-9)
    chance = np.clip(ours.sum(axis=-1) / np.maximum(valid.sum(axis=-1), 1), 1e-3, 1.0 - 1e-9)[:, None]
    surprise = share * np.log(share / chance) + (1.0 - share) * np.log((1.0 - share) / (1.0 - chance))
    return np.where(share > chance, np.minimum(_WEIGHT * all_of * surprise, _MOST_COINCIDENCE), 0.0)


def _scale(case: _Case, left: Floats, use: Bools) -> Floats:
    """What is left in a usual slot by the best hypothesis of each day; never less than the smear leaves."""
    count = np.maximum(use.sum(axis=1), 1)
    rank = left.shape[-1] - count + count // 2
    median = np.take_along_axis(np.sort(left, axis=-1), rank[:, None, None], axis=-1)[..., 0].min(axis=1)
    smear = (np.sqrt(case.near) * use).sum(axis=1) / count
    return np.asarray(np.maximum(median, case.dearest.min() * (0.25 + 0.5 * smear))[:, None, None])


def bursts(grid: Grid, taken: Floats, sends: Floats, active: Bools) -> Bools:
    """Slots in which far more was counted than in those around them, our calls taken out.

    Args:
        grid: days and slots.
        taken: units counted, ``float[days, slots]``.
        sends: our sends, ``float[days, slots]``.
        active: the slots to look at.
    """
    if not active.any():
        return np.zeros_like(active)
    busy = active & (sends >= 1)
    price = float(np.median(taken[busy] / sends[busy])) if busy.any() else 0.0
    left = taken - price * sends
    usual = np.minimum(left, np.quantile(left[active], 0.9))
    above = left - smooth(usual, active, _HOUR // grid.width)
    spread = float(np.median(np.abs(above[active])))
    return np.asarray(active & (above > _BURST * max(spread, price, 1.0)))


def smooth(values: Floats, use: Bools, span: int) -> Floats:
    """Means over `span` slots to either side, of the slots in use."""
    weight = np.broadcast_to(use, values.shape).astype("float64")
    total, count = (_window(array, span) for array in (np.where(weight > 0, values, 0.0), weight))
    return np.asarray(total / np.maximum(count, 1.0))


def _window(values: Floats, span: int) -> Floats:
    slots = values.shape[-1]
    run = np.concatenate([np.zeros((*values.shape[:-1], 1)), np.cumsum(values, axis=-1)], axis=-1)
    place = np.arange(slots)
    return np.asarray(run[..., np.minimum(place + span + 1, slots)] - run[..., np.maximum(place - span, 0)])
