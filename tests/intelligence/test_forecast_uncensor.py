"""Days that ran out get back the demand their log could not see; other days are left alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ytquota.intelligence.forecast import rest_of_day, run_out
from ytquota.intelligence.forecast_uncensor import mend

BUDGET = 10_000.0


@pytest.fixture
def truth():
    """Demand of sixty days, about half of which want more than the budget."""
    rng = np.random.default_rng(4)
    cycle = 1.2 + np.sin(np.arange(48) / 48 * 2 * np.pi - 2)
    level = np.exp(rng.normal(0, 0.35, 60))
    return rng.gamma(4, level[:, None] * cycle / cycle.sum() * BUDGET / 4, (60, 48))


@pytest.fixture
def logged(truth):
    """What the log of these days holds."""
    spent = truth.cumsum(axis=1)
    return np.where(spent <= BUDGET, truth, np.maximum(truth - (spent - BUDGET), 0.0))


def test_lost_demand_comes_back_to_within_a_few_per_cent(truth, logged):
    """The mended totals of days that ran out are near the true ones, and never below the logged ones."""
    mended = mend(logged, BUDGET)
    cut = truth.sum(axis=1) > BUDGET

    assert cut.sum() > 15
    assert abs(mended.units[cut].sum() / truth[cut].sum() - 1) < 0.07
    assert (mended.units >= logged).all()


def test_days_that_lasted_are_left_alone(truth, logged):
    """A day below the budget, and a day that went over it and was served, are complete."""
    mended = mend(logged, BUDGET)
    lasted = truth.sum(axis=1) < BUDGET

    assert np.array_equal(logged[lasted], mended.units[lasted])
    assert not mended.spread[lasted].any()
    assert mend(truth, BUDGET).units is truth


def test_what_was_filled_in_is_marked_as_uncertain(truth, logged):
    """Each mended day says how far off its filled-in part may be, and from which bin it was filled in."""
    mended = mend(logged, BUDGET)
    cut = mended.stop < 48

    assert np.array_equal(truth.sum(axis=1) > BUDGET, cut)
    assert (mended.spread[cut] > 0.02).all()
    assert (mended.spread[cut] < 1.0).all()


def test_the_ledger_may_say_which_days_ran_out():
    """A day stopped short of the budget by a call that did not fit is mended when the caller says so."""
    units = np.tile(np.full(24, 400.0), (10, 1))
    units[3, 20:] = 0.0
    told = np.arange(10) == 3

    assert np.array_equal(units, mend(units, BUDGET).units)
    assert mend(units, BUDGET, told).units[3, 20:].sum() > 1000


def test_a_history_in_which_every_day_ran_out_still_mends():
    """Without one complete day there is still a finite, positive estimate."""
    units = np.zeros((9, 24))
    units[:, :10] = BUDGET / 10
    mended = mend(units, BUDGET)

    assert np.isfinite(mended.units).all()
    assert (mended.spread > 0).all()


def test_mending_makes_the_probability_of_running_out_honest(truth, logged):
    """Left unmended, the same history makes the forecast far too sure that today will last."""
    dates = pd.date_range("2026-02-02", periods=60)
    brier = {"mended": [], "naive": []}
    for day in range(20, 60):
        used = truth[day, :16].sum()
        if used >= BUDGET:
            continue
        for name, known in (("mended", None), ("naive", np.zeros(day, dtype=bool))):
            paths, weights = rest_of_day(
                logged[:day], dates[:day], truth[day, :16], dates[day], BUDGET, ran_out=known
            )
            chance = weights[run_out(paths, used, BUDGET, 48).when < 1].sum() / weights.sum()
            brier[name].append((chance - (truth[day].sum() > BUDGET)) ** 2)

    assert np.mean(brier["mended"]) < 0.8 * np.mean(brier["naive"])
