"""Read an ensemble of paths: when each one runs out, what it comes to, and quantiles of either."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ytquota.intelligence.forecast_features import Floats


class RunOut(NamedTuple):
    """What each path comes to.

    Attributes:
        when: of its run-out, as a fraction of the day, ``float[m]``; 1.0 where the budget lasts.
        total: units of the whole day, ``float[m]``.
    """

    when: Floats
    total: Floats


def run_out(paths: Floats, used: float, budget: float, bins: int) -> RunOut:
    """When each path first brings the day's use to the budget; use is even inside a bin.

    Args:
        paths: units per bin from now on, ``float[m, bins - k]``.
        used: units used before.
        budget: the daily limit.
        bins: bins of the whole day.
    """
    count, left = paths.shape
    if not left:
        return RunOut(np.full(count, 1.0), np.full(count, float(used)))
    spent = used + paths.cumsum(axis=1)
    if used >= budget:
        return RunOut(np.full(count, (bins - left) / bins), spent[:, -1])
    hit = spent >= budget
    first = hit.argmax(axis=1)
    rows = np.arange(count)
    before = np.where(first > 0, spent[rows, np.maximum(first - 1, 0)], used)
    needed = np.where(hit.any(axis=1), budget - before, 0.0)
    step = np.where(needed > 0, spent[rows, first] - before, 1.0)
    at = (bins - left + first + np.clip(needed / step, 0.0, 1.0)) / bins
    return RunOut(np.where(hit.any(axis=1), np.minimum(at, 1.0 - 1e-9), 1.0), spent[:, -1])


def weighted_quantiles(values: Floats, weights: Floats, levels: Sequence[float]) -> Floats:
    """Quantiles of a weighted sample, each value standing at the middle of its weight."""
    order = np.argsort(values, kind="stable")
    share = weights[order] / weights.sum()
    return np.asarray(np.interp(levels, share.cumsum() - share / 2, values[order]))
