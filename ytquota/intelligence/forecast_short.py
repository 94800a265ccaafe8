"""A forecast for a pool with less than a week of history: simple, and honest about knowing little.

With so few days their own scatter cannot be trusted, so the spread starts from a wide prior and only slowly
gives way to what was seen. Such a forecast is to be shown as provisional.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ytquota.intelligence.forecast_features import view
from ytquota.intelligence.forecast_methods import outlooks
from ytquota.intelligence.forecast_pool import Ensemble, unit_shapes

if TYPE_CHECKING:
    from ytquota.intelligence.forecast_features import Floats, Table
    from ytquota.intelligence.forecast_uncensor import Mended

_SPREAD = 0.4  # prior log standard deviation of the rest of a day: a factor of 1.5 ...
_SPREAD_DAYS = 3.0  # ... that counts for so many days
_METHODS = np.array([0.0, 0.5, 0.0, 0.5])  # gamma-poisson and rate: nothing to fit
_NOTHING_KNOWN = 1.0  # log spread of a rate without any history
# nineteen evenly likely standard normal values, 2.5 % to 97.5 %: what rows of an ensemble stand for
_NORMAL = np.array([1.96, 1.44, 1.15, 0.93, 0.76, 0.60, 0.45, 0.32, 0.19])
_DRAWS = np.concatenate([-_NORMAL, [0.0], _NORMAL[::-1]])


def ensemble(table: Table, mended: Mended, k: int) -> Ensemble:
    """Forecast from one to six finished days."""
    n = table.days
    seen = view(table, np.array([n]))
    centre = sum(w * o.centre[0] for w, o in zip(_METHODS, outlooks(table, seen), strict=True))
    errors = sum(w * o.errors[0] for w, o in zip(_METHODS, outlooks(table, seen), strict=True))
    seen_squares = float(seen.weight[0] @ np.asarray(errors) ** 2) * n
    spread = np.sqrt((seen_squares + _SPREAD_DAYS * _SPREAD**2) / (n + _SPREAD_DAYS) * (1 + 1 / n))
    rest = np.maximum(np.exp(centre + spread * _DRAWS) - seen.offset[0], 0.0)
    shapes = unit_shapes(mended.units[:, k:], seen.weight[0])
    rows = np.tile(np.arange(n), len(_DRAWS))
    return Ensemble(
        np.repeat(rest, n)[:, None] * shapes[rows], np.tile(seen.weight[0], len(_DRAWS)) / len(_DRAWS)
    )


def without_history(today: Floats, bins: int, budget: float) -> Ensemble:
    """Forecast from today alone: its rate so far, give or take a factor of e.

    Before any use, anything up to twice the budget is as likely.
    """
    left = bins - len(today)
    if today.sum() > 0:
        rest = today.mean() * left * np.exp(_NOTHING_KNOWN * _DRAWS)
    else:
        rest = np.linspace(0.0, 2.0, len(_DRAWS)) * max(budget, 0.0) * left / bins
    flat = np.full((1, left), 1.0 / max(left, 1))
    return Ensemble(rest[:, None] * flat, np.full(len(_DRAWS), 1.0 / len(_DRAWS)))
