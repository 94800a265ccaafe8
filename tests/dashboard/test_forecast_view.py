"""The charts of the forecast and the planner's sliders, on four weeks of a story."""

from __future__ import annotations

from datetime import UTC, date, datetime
from xml.etree import ElementTree as ET

import pytest

from ytquota.clock import ManualClock
from ytquota.dashboard.forecast_view import backtest_chart, calibration_chart, days_ahead_chart, fan_chart
from ytquota.dashboard.planner_view import Planner
from ytquota.demo.history import copy_history
from ytquota.demo.story import RESEARCH
from ytquota.intelligence import QuotaIntelligence
from ytquota.intelligence.replay import REPLAY, calibration
from ytquota.monitor import Journal, QuotaMonitor

UNTIL = datetime(2026, 11, 19, 22, 0, tzinfo=UTC)
"""A Thursday, 14:00 Pacific."""


@pytest.fixture(scope="module")
def intelligence(tmp_path_factory):
    folder = copy_history(
        tmp_path_factory.mktemp("memory"), cache=tmp_path_factory.mktemp("history"), until=UNTIL, days=24
    )
    clock = ManualClock(UNTIL)
    monitor = QuotaMonitor(Journal(folder / "calls", clock=clock), clock=clock, folder=folder)
    yield QuotaIntelligence(monitor)
    monitor.close()


@pytest.fixture(scope="module")
def cases(intelligence):
    return intelligence.replay(RESEARCH, "search_list")


def texts(chart):
    return [element.text for element in ET.fromstring(chart.svg()).iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.slow
def test_the_fan_goes_on_from_what_was_used(intelligence):
    """Its title is the forecast in a sentence; the band, the median and the use are named."""
    (pool,) = intelligence.forecast(RESEARCH, "search_list")
    chart = fan_chart(pool, intelligence.intraday(project=RESEARCH, bucket="search_list"))
    assert chart.title == str(pool)
    assert {"80 % band", "median", "used", "limit 100"} <= set(texts(chart))
    assert pool.fan[0].total == (pool.used,) * 3
    assert pool.fan[-1].total == pytest.approx(pool.total)


@pytest.mark.slow
def test_a_replay_has_a_row_per_finished_day_and_hour(cases):
    """Documented columns; ranks between 0 and 1; the charts count what lay inside."""
    assert {name: str(dtype) for name, dtype in cases.dtypes.items()} == REPLAY
    assert cases["rank"].between(0, 1).all()
    assert (cases["low"] <= cases["high"]).all()
    noon = cases[cases["hour"] == 12]
    inside = int(noon["total"].between(noon["low"], noon["high"]).sum())
    assert f"{inside} of {len(noon)} days" in backtest_chart(cases, hour=12).title
    assert f"of {len(cases)} forecasts" in calibration_chart(cases).title
    assert calibration(cases).is_monotonic_increasing


@pytest.mark.slow
def test_days_ahead_are_named_if_they_are_likely_to_run_out(intelligence):
    """Seven days, each with its probability."""
    (pool,) = intelligence.forecast(RESEARCH, "default")
    chart = days_ahead_chart(pool)
    assert len([text for text in texts(chart) if text and text.endswith("%")]) == 7
    assert "run out" in chart.title


@pytest.mark.slow
def test_without_history_the_charts_say_so(cases, intelligence):
    """No empty axes without a word."""
    nothing = cases.iloc[:0]
    for chart in (backtest_chart(nothing), calibration_chart(nothing)):
        assert chart.title == "There is too little history for this yet"
        assert chart.svg().startswith("<svg")


@pytest.mark.slow
def test_sliders_make_a_plan_at_once(intelligence):
    """In calls, with the days in a table where it does not fit today; zero is no work."""
    planner = Planner(intelligence, RESEARCH, deadline=date(2026, 11, 20))
    assert planner.plan is None
    planner.calls["search.list"].value = 250
    assert planner.plan.binding == "search_list"
    assert "<table" in planner.said.value
    assert "(late)" in planner.said.value
    planner.calls["search.list"].value = 1
    assert planner.plan.fits_today
    assert "fits today" in planner.said.value
    planner.calls["search.list"].value = 0
    assert planner.plan is None
