"""History that Google counted is history: forecasts, frames and sums see it, advice and reserves do not."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from ytquota import clock as clocks
from ytquota.intelligence import QuotaIntelligence
from ytquota.intelligence.forecaster import Forecaster
from ytquota.monitor.ledger import PoolKey
from ytquota.monitor.official import TAG, Use

SLOT = 300

TODAY = date(2026, 11, 10)


@pytest.fixture
def six_weeks(monitor):
    """42 days of 8,000 units each, most of them in the afternoon."""
    for ago in range(1, 43):
        day = TODAY - timedelta(days=ago)
        start = clocks.bounds_of(day).start
        uses = [
            Use(start + slot * 300, SLOT, "default", "videos.list", 8_000 // 24) for slot in range(180, 204)
        ]
        monitor.official.write(day, "111", uses, price=lambda _: 1)


def test_a_new_install_has_a_forecast_from_googles_history(monitor, six_weeks):
    """Nothing was ever called here; the forecast knows how much comes, and that it comes in the afternoon."""
    (made, *others) = QuotaIntelligence(monitor).forecast()

    assert (made.project, made.bucket, made.basis) == ("111", "default", "forecast")
    assert {one.basis for one in others} == {"withheld"}
    assert made.total.middle == pytest.approx(7_992, rel=0.1)
    before = next(point for point in made.fan if (point.at.hour, point.at.minute) == (14, 45))
    after = next(point for point in made.fan if (point.at.hour, point.at.minute) == (17, 15))
    assert before.total.middle < 1_000
    assert after.total.middle > 7_000


def test_frames_say_who_counted(monitor, six_weeks, spend):
    """Sums by tag tell Google's count from our own; no latency is made up."""
    spend(tag="crawler")
    intelligence = QuotaIntelligence(monitor)

    calls = intelligence.calls()
    assert calls.loc[calls["provenance"] == TAG, "latency"].isna().all()
    by_tag = intelligence.burn_by("tag").set_index("tag")["units"].to_dict()
    assert by_tag == {TAG: 42 * 24 * 333, "crawler": 1}
    assert len(intelligence.daily_burn(bucket="default")) == 43


def test_what_google_counted_is_reserved_for_nobody(monitor, six_weeks, spend):
    """Whose work it was is not known, so no bot has to leave anything for it."""
    spend(tag="crawler")
    forecaster = Forecaster(monitor)
    forecaster.reader.read()
    assert {work.tag for work in forecaster.reader.work()} == {"crawler"}


def test_an_import_is_seen_by_a_reader_that_is_open(monitor, spend):
    """A dashboard or a watch that has read the past already reads it anew after an import."""
    spend()
    forecaster = Forecaster(monitor)
    forecaster.reader.read()
    assert not forecaster.reader.pool(PoolKey("111", "default")).dates

    start = clocks.bounds_of(TODAY - timedelta(days=1)).start
    uses = [Use(start, SLOT, "default", "videos.list", 7)]
    monitor.official.write(TODAY - timedelta(days=1), "111", uses, price=lambda _: 1)
    forecaster.reader.read()

    pool = forecaster.reader.pool(PoolKey("111", "default"))
    assert pool.past.used.sum() == 7
    assert pool.today.used.sum() == 1


def test_advice_is_silent_about_what_google_counted(monitor, six_weeks):
    """Polls that nobody here made are no bot's waste."""
    assert QuotaIntelligence(monitor).advise() == []
