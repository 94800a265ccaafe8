"""The forecast is sound for any history, calibrated on ordinary ones, and quick."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest

from ytquota.intelligence import forecast
from ytquota.intelligence.forecast import method_weights, rest_of_day, run_out, weighted_quantiles

BUDGET = 10_000.0


@pytest.fixture
def pool():
    """Make a history: a daily cycle, quieter weekends, a level that varies from day to day."""

    def make(days=70, bins=48, seed=1, price=20.0, quiet=0.5, sd=0.3, total=BUDGET):
        rng = np.random.default_rng(seed)
        dates = pd.date_range("2026-01-05", periods=days)
        hours = (np.arange(bins) + 0.5) / bins * 24
        cycle = 1.2 + np.sin((hours - 9) / 24 * 2 * np.pi)
        level = np.where(dates.day_of_week >= 5, quiet, 1.0) * np.exp(rng.normal(0, sd, days))
        mean = level[:, None] * cycle / cycle.sum() * total
        return rng.poisson(mean / price) * price, dates

    return make


def forecast_day(units, dates, day, hour=12, budget=BUDGET):
    k = hour * units.shape[1] // 24
    return rest_of_day(units[:day], dates[:day], units[day, :k], dates[day], budget)


HISTORIES = {
    "nothing used": lambda _, shape: np.zeros(shape),
    "the same every day": lambda _, shape: np.ones(shape),
    "rare and dear": lambda rng, shape: (rng.random(shape) < 0.01) * 1600.0,
    "one day only": lambda _, shape: np.outer(np.arange(shape[0]) == shape[0] // 2, np.full(shape[1], 7.0)),
    "vast": lambda rng, shape: rng.gamma(0.5, 1e9, shape),
}


@pytest.mark.parametrize("history", HISTORIES)
@pytest.mark.parametrize("days", [0, 1, 6, 7, 40])
@pytest.mark.parametrize("bins", [24, 92])
def test_any_history_gives_finite_paths_that_never_go_back(history, days, bins):
    """Whatever was logged, however little: finite paths, nothing negative, positive weights."""
    rng = np.random.default_rng(0)
    past = HISTORIES[history](rng, (days, bins))
    dates = pd.date_range("2026-03-01", periods=days + 1)
    for k in (0, 1, bins // 2, bins - 1, bins):
        for today in (np.zeros(k), rng.gamma(1, 1, k), rng.gamma(1, 1e6, k)):
            for budget in (1e-9, BUDGET, 1e12, float(past[:1].sum())):
                paths, weights = rest_of_day(past, dates[:-1], today, dates[-1], budget)

                assert (len(weights), bins - k) == paths.shape
                assert np.isfinite(paths).all()
                assert (paths >= 0).all()
                assert (weights > 0).all()
                assert np.isfinite(weights).all()


def test_equal_arguments_give_equal_results_and_stay_untouched(pool):
    """Nothing random, nothing remembered that matters, nothing written into the caller's arrays."""
    units, dates = pool()
    before = units.copy()
    first = forecast_day(units, dates, 60)
    forecast._mended.clear()
    forecast._weights.clear()
    second = forecast_day(units, dates, 60)

    assert np.array_equal(first[0], second[0])
    assert np.array_equal(first[1], second[1])
    assert np.array_equal(before, units)


def test_a_changed_history_is_noticed(pool):
    """What is remembered between calls goes by content: other numbers are another history."""
    units, dates = pool()
    past = units[:40].copy()
    today = units[40, :24]
    first, _ = rest_of_day(past, dates[:40], today, dates[40], BUDGET)
    past *= 2
    second, _ = rest_of_day(past, dates[:40], today, dates[40], BUDGET)

    assert not np.allclose(first, second)


def test_the_memory_between_calls_is_bounded(pool):
    """A process that runs for years keeps a bounded number of prepared histories."""
    units, dates = pool(days=12, bins=24)
    for number in range(forecast._mended._size + 20):
        rest_of_day(units[:8] + number, dates[:8], units[8, :6], dates[8], BUDGET)

    assert len(forecast._mended) == forecast._mended._size
    assert len(forecast._weights) <= forecast._weights._size


def test_the_unit_does_not_matter(pool):
    """A pool counted in calls and one counted in units of 100 get the same forecast, scaled."""
    units, dates = pool()
    paths, weights = forecast_day(units, dates, 60)
    scaled, same = forecast_day(units * 100, dates, 60, budget=BUDGET * 100)

    assert np.allclose(paths * 100, scaled)
    assert np.allclose(weights, same)


def test_four_days_in_five_end_inside_the_band(pool):
    """The 80 % band of the day's total holds 80 % of the days, give or take what 180 days allow."""
    inside = []
    for seed in (11, 12, 13):
        units, dates = pool(days=80, seed=seed)
        for day in range(20, 80):
            paths, weights = forecast_day(units, dates, day, hour=9)
            low, high = weighted_quantiles(paths.sum(axis=1), weights, (0.1, 0.9))
            inside.append(low <= units[day, 18:].sum() <= high)

    assert 0.72 <= np.mean(inside) <= 0.88


def test_it_beats_the_rate_since_midnight(pool):
    """Knowing the shape of a day halves the error of what usage monitors show, at nine in the morning."""
    units, dates = pool(days=80, seed=5)
    ours, rate = [], []
    for day in range(20, 80):
        paths, weights = forecast_day(units, dates, day, hour=9)
        total = units[day].sum()
        middle = weighted_quantiles(paths.sum(axis=1), weights, (0.5,))[0] + units[day, :18].sum()
        ours.append(abs(middle - total))
        rate.append(abs(units[day, :18].mean() * 48 - total))

    assert 2 * np.median(ours) < np.median(rate)


def test_a_quiet_weekday_is_known_at_midnight(pool):
    """Before anything was used, a Sunday is expected to be a Sunday."""
    units, dates = pool(days=70, quiet=0.3, sd=0.1)
    sunday, monday = 62, 63
    middles = []
    for day in (sunday, monday):
        paths, weights = forecast_day(units, dates, day, hour=0)
        middles.append(weighted_quantiles(paths.sum(axis=1), weights, (0.5,))[0])

    assert dates[sunday].day_of_week == 6
    assert middles[0] < 0.5 * middles[1]


def test_less_than_a_week_of_history_is_answered_widely(pool):
    """Two days that happen to agree do not make a narrow band; a month of such days does."""
    units, dates = pool(days=40, sd=0.05, quiet=1.0)

    def width(day):
        paths, weights = forecast_day(units, dates, day)
        low, high = weighted_quantiles(paths.sum(axis=1), weights, (0.1, 0.9))
        return high / low

    assert width(2) > 2
    assert width(35) < 1.5


def test_run_out_is_read_off_the_paths():
    """A path's run-out is where it first reaches the budget, inside its bin; a path that lasts has none."""
    paths = np.array([[10.0, 20.0, 0.0, 5.0], [1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 30.0]])

    when, total = run_out(paths, used=70.0, budget=90.0, bins=8)

    assert np.allclose([5.5 / 8, 1.0, (7 + 2 / 3) / 8], when)
    assert np.allclose([105.0, 74.0, 100.0], total)


def test_a_day_already_over_its_budget_has_run_out():
    """Use beyond the budget before the forecast means run-out now, whatever follows."""
    when, total = run_out(np.zeros((2, 3)), used=100.0, budget=90.0, bins=4)

    assert np.array_equal([0.25, 0.25], when)
    assert np.array_equal([100.0, 100.0], total)


def test_methods_are_named_and_weighed(pool):
    """The weights of the named methods sum to one, the largest first."""
    units, dates = pool()
    weights = method_weights(units, dates, 24, BUDGET)

    assert set(forecast.NAMES) == set(weights)
    assert np.isclose(1.0, sum(weights.values()))
    assert sorted(weights.values(), reverse=True) == list(weights.values())


def test_a_pool_of_pure_habit_gets_its_own_method(pool):
    """Where mornings say nothing, copying the weekday gains weight and following the rate loses it."""
    units, dates = pool(sd=0.02, price=1.0)
    noise = np.exp(np.random.default_rng(3).normal(0, 1.0, (len(units), 1)))
    units[:, :12] *= noise
    habit = method_weights(units, dates, 12, BUDGET)
    follows = method_weights(*pool(sd=0.5, price=1.0), 12, BUDGET)

    assert habit["same weekday"] > 2 * follows["same weekday"]
    assert habit["rate"] < follows["rate"]


def test_one_forecast_takes_less_than_ten_milliseconds(pool):
    """Three months of five-minute bins, selection included: the usual forecast stays far below 10 ms."""
    units, dates = pool(days=100, bins=288)
    forecast_day(units, dates, 97)
    started = time.perf_counter()
    for _ in range(20):
        forecast_day(units, dates, 97)

    assert (time.perf_counter() - started) / 20 < 0.010
