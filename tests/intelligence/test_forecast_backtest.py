"""The back-test repeats the production forecast on finished days and says how it did."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ytquota.intelligence.forecast import rest_of_day, run_out, weighted_quantiles
from ytquota.intelligence.forecast_backtest import backtest

BUDGET = 10_000.0


@pytest.fixture
def history():
    """Thirty days of a daily cycle whose level varies; about half run out."""
    rng = np.random.default_rng(8)
    cycle = 1.2 + np.sin(np.arange(48) / 48 * 2 * np.pi - 2)
    level = 1.05 * np.exp(rng.normal(0, 0.3, 30))
    units = rng.gamma(5, level[:, None] * cycle / cycle.sum() * BUDGET / 5, (30, 48))
    return units, pd.date_range("2026-01-01", periods=30)


def test_it_judges_the_very_forecast_that_is_shown(history):
    """Errors and coverage are those of rest_of_day, made on each of the last days from the days before it."""
    units, dates = history
    late, inside = [], []
    for day in range(16, 30):
        used = units[day, :24].sum()
        if used >= BUDGET:
            continue
        paths, weights = rest_of_day(units[:day], dates[:day], units[day, :24], dates[day], BUDGET)
        when, total = run_out(paths, used, BUDGET, 48)
        low, high = np.minimum(weighted_quantiles(total, weights, (0.1, 0.9)), BUDGET)
        inside.append(low <= min(units[day].sum(), BUDGET) <= high)
        actual = run_out(units[day : day + 1, 24:], used, BUDGET, 48).when[0]
        if actual < 1:
            late.append(abs(weighted_quantiles(when, weights, (0.5,))[0] - actual) * 1440)

    result = backtest(units, dates, BUDGET, 12)

    assert len(inside) == result.days
    assert len(late) == result.ran_out
    assert np.isclose(np.median(late), result.median_error)
    assert np.isclose(np.mean(inside), result.inside)


def test_it_says_so_in_one_sentence(history):
    """The sentence names days, hour, error and share inside the band, and the method is named."""
    result = backtest(*history, BUDGET, 12)

    assert f"in the last {result.days} days, known at noon: median error " in str(result)
    assert str(result).endswith("% inside the band")
    assert "known at 09:30" in str(backtest(*history, BUDGET, 9.5))
    assert result.method == max(result.weights, key=result.weights.get)


def test_too_little_history_is_admitted(history):
    """With a week or less there is nothing to judge, and the sentence says that."""
    units, dates = history
    result = backtest(units[:7], dates[:7], BUDGET, 12)

    assert result.days == 0
    assert np.isnan(result.inside)
    assert str(result) == "not enough history to check forecasts made at noon"


def test_days_that_never_ran_out_have_no_run_out_to_time(history):
    """A generous limit leaves coverage to report, and no minutes."""
    result = backtest(*history, 10 * BUDGET, 12)

    assert result.ran_out == 0
    assert np.isnan(result.median_error)
    assert "no run-out to time" in str(result)
