"""Weigh the methods by how they did lately, and turn the result into paths.

The pool averages centres and errors (Bates and Granger 1969), so the result is one ensemble: each past day's
error gives one possible total of the rest, and that day lends its shape. Probability, run-out time and total
then all come from the same paths and cannot contradict one another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ytquota.intelligence.forecast_features import Floats, Table, view
from ytquota.intelligence.forecast_methods import NAMES, Outlook, outlooks

if TYPE_CHECKING:
    from ytquota.intelligence.forecast_uncensor import Mended

WARM_UP_DAYS = 7  # finished days needed before methods are compared
BACK_TEST_DAYS = 14
_PRIOR = np.array([2.0, 1.0, 0.5, 1.0])  # in the order of NAMES: what a pool starts from
_TRUST = 2.0  # weight goes as (mean squared error) ** -_TRUST ...
_PRIOR_DAYS = 7.0  # ... after each error was drawn towards the mean one, which counts for so many days
_ERROR_FLOOR = 1e-4
_WIDENING = 2.0  # ensemble widens by sqrt(1 + _WIDENING / effective days): the centre is estimated too
_CAP = 3.0  # no path's rest exceeds this many times the largest rest known, at today's pace


class Ensemble(NamedTuple):
    """Possible rests of a day.

    Attributes:
        paths: units per bin, ``float[m, bins - k]``.
        weights: positive, sum to 1, ``float[m]``.
    """

    paths: Floats
    weights: Floats


def weigh(table: Table) -> Floats:
    """The methods' weights, from forecasts of the last finished days at the same hour; sums to 1.

    Each of the last 14 finished days with a week of history is forecast from the days before it; the score is
    the mean squared error of the log of the day's total. Two weeks say little, so errors are drawn towards
    one another first.
    """
    prior = _PRIOR / _PRIOR.sum()
    at = np.arange(max(WARM_UP_DAYS, table.days - BACK_TEST_DAYS), table.days)
    if not len(at):
        return np.asarray(prior)
    seen = view(table, at)
    rest = np.exp([outlook.centre for outlook in outlooks(table, seen)]) - seen.offset
    total = table.so_far[at] + np.maximum(rest, 0.0)
    missed = np.log((total + seen.offset) / (table.total[at] + seen.offset))
    score = (missed**2).mean(axis=1) + _ERROR_FLOOR
    score = (len(at) * score + _PRIOR_DAYS * (prior @ score)) / (len(at) + _PRIOR_DAYS)
    weights = prior * (score / score.min()) ** -_TRUST
    return np.asarray(weights / weights.sum())


def best(weights: Floats) -> str:
    """Name of the method with the largest weight."""
    return NAMES[int(np.argmax(weights))]


def ensemble(table: Table, mended: Mended, k: int, weights: Floats) -> Ensemble:
    """The pooled forecast of today's rest, which starts at bin ``k``."""
    n = table.days
    seen = view(table, np.array([n]))
    pooled = _average(outlooks(table, seen), weights)
    offset, weight = float(seen.offset[0]), seen.weight[0]
    errors, shapes, weight = _spread_out(pooled.errors[0], weight, mended, k, offset)
    widened = errors * np.sqrt(1 + _WIDENING / float(seen.effective[0]))
    ceiling = np.log(_CAP * table.rest.max() + offset) + _pace(seen.x[0, :, 0])
    rest = np.maximum(np.exp(np.minimum(pooled.centre[0] + widened, ceiling)) - offset, 0.0)
    return Ensemble(rest[:, None] * unit_shapes(shapes, weight), weight)


def unit_shapes(shapes: Floats, weight: Floats) -> Floats:
    """Shapes scaled to sum to 1; days without demand borrow the mean shape, and failing that a flat one."""
    length = shapes.shape[1]
    mean = weight @ shapes
    mean = mean / mean.sum() if mean.sum() > 0 else np.full(length, 1.0 / max(length, 1))
    sums = shapes.sum(axis=1, keepdims=True)
    return np.where(sums > 0, shapes / np.where(sums > 0, sums, 1.0), mean)


def _average(all_outlooks: list[Outlook], weights: Floats) -> Outlook:
    return Outlook(
        np.asarray(sum(w * o.centre for w, o in zip(weights, all_outlooks, strict=True))),
        np.asarray(sum(w * o.errors for w, o in zip(weights, all_outlooks, strict=True))),
    )


def _pace(log_so_far: Floats) -> float:
    """How far today runs ahead of every finished day (log units, at least 0)."""
    return max(0.0, float(log_so_far[-1] - log_so_far[:-1].max()))


def _spread_out(
    errors: Floats, weight: Floats, mended: Mended, k: int, offset: float
) -> tuple[Floats, Floats, Floats]:
    """Let each day that ran out speak twice, its unseen demand one standard deviation up and down.

    What was filled in is an expectation; taken at face value it would make the ensemble too sure of itself.
    """
    shapes = mended.units[:, k:]
    cut = np.flatnonzero(mended.spread > 0)
    if not len(cut):
        return errors, shapes, weight
    unseen = np.arange(k, mended.units.shape[1]) >= mended.stop[cut, None]
    parts = [(np.delete(errors, cut), np.delete(shapes, cut, axis=0), np.delete(weight, cut))]
    for sign in (1.0, -1.0):
        factor = np.exp(sign * mended.spread[cut])[:, None]
        varied = np.where(unseen, shapes[cut] * factor, shapes[cut])
        shift = np.log((varied.sum(axis=1) + offset) / (shapes[cut].sum(axis=1) + offset))
        parts.append((errors[cut] + shift, varied, weight[cut] / 2))
    moved, drawn, halved = zip(*parts, strict=True)
    return np.concatenate(moved), np.vstack(drawn), np.concatenate(halved)
