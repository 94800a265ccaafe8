"""The named methods: each forecasts the log of the rest of a day, and says how it erred on every earlier day.

Every method returns, for each target, a centre (log units) and one error per finished day (log units,
corrected for that day having been learned from). The centre plus the errors is that method's ensemble;
centres and errors of several methods can be averaged day by day, and the average is again a forecast with its
own errors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from ytquota.intelligence.forecast_features import Floats, Table, View

NAMES = ("ridge", "gamma-poisson", "same weekday", "rate")

_SLOPES = np.array([0.5, 0.1, 0.2, 0.5])  # before any evidence: half of every surprise lasts
_PENALTY = 10.0  # days' worth of evidence for these slopes
_SD_FLOOR = 0.05
_HELD_BACK = 0.2  # least share of an error that is a day's own: bounds the leave-one-out correction
_LEVEL_EVIDENCE = (
    0.3  # of a day's demand: what the level known at midnight is worth against what was seen since
)


class Outlook(NamedTuple):
    """A method's forecast of the log of the rest: ``centre[T]`` and ``errors[T, n]``."""

    centre: Floats
    errors: Floats


def outlooks(table: Table, seen: View) -> list[Outlook]:
    """The forecasts of all methods, in the order of ``NAMES``."""
    so_far = table.so_far + seen.offset[:, None]
    return [
        _ridge(seen),
        _by_level(seen, np.log(_posterior_level(table, seen) + seen.offset[:, None])),
        _by_level(seen, np.zeros_like(so_far)),
        _by_level(seen, np.log(so_far)),
    ]


def _ridge(seen: View) -> Outlook:
    """Ridge regression on the four features, after Shen and Huang (2008), shrunk to sensible slopes."""
    n = seen.y.shape[1]
    weight = seen.weight[:, :, None]
    mean = (weight * seen.x[:, :n]).sum(axis=1)
    mean_y = (seen.weight * seen.y).sum(axis=1)
    x = seen.x[:, :n] - mean[:, None]
    target = seen.x[np.arange(len(seen.at)), seen.at] - mean
    left = seen.y - mean_y[:, None] - x @ _SLOPES
    sd = np.sqrt((weight * x**2).sum(axis=1)) + _SD_FLOOR
    z = x / sd[:, None]
    weighted = (weight * z).transpose(0, 2, 1)
    inverse = np.linalg.inv(weighted @ z + (_PENALTY / seen.effective)[:, None, None] * np.eye(4))
    slopes = inverse @ (weighted @ left[:, :, None])
    leverage = seen.weight * (1 + ((z @ inverse) * z).sum(axis=2))
    centre = mean_y + target @ _SLOPES + ((target / sd) * slopes[:, :, 0]).sum(axis=1)
    errors = (left - (z @ slopes)[:, :, 0]) / np.maximum(1 - leverage, _HELD_BACK)
    return Outlook(centre, errors)


def _posterior_level(table: Table, seen: View) -> Floats:
    """Each day's level after seeing its start: a gamma prior, in units, under Poisson counts."""
    n = table.days
    share = (seen.calm @ table.so_far[:n]) / np.maximum(seen.calm @ table.total, 1e-300)
    prior = np.exp(seen.x[:, :, 2] + seen.x[:, :, 3])
    return (_LEVEL_EVIDENCE * prior + table.so_far) / (_LEVEL_EVIDENCE + share)[:, None]


def _by_level(seen: View, level: Floats) -> Outlook:
    """Every earlier day's rest, scaled by how the target's (log) level compares with that day's."""
    n = seen.y.shape[1]
    ratio = seen.y - level[:, :n]
    mean = (seen.weight * ratio).sum(axis=1)
    own = level[np.arange(len(seen.at)), seen.at]
    errors = (ratio - mean[:, None]) / np.maximum(1 - seen.weight, _HELD_BACK)
    return Outlook(mean + own, errors)
