"""Archiving a day changes no number."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from ytquota.intelligence import QuotaIntelligence
from ytquota.monitor.archive import Archive

PACIFIC = ZoneInfo("America/Los_Angeles")


@pytest.fixture
def lived(spend):
    """Five days of two projects, hour by hour, with failures, refusals and retries."""
    start = datetime(2026, 11, 1, tzinfo=PACIFIC)
    for hour in range(0, 120, 3):
        at = start + timedelta(hours=hour)
        spend("videos.list", at=at)
        spend("comments.insert", at=at, tag="mod", status=[200, 500, 401][hour % 9 // 3])
        spend("search.list", at=at, number="10", project="222")


def frames_of(intelligence):
    day = datetime(2026, 11, 2, tzinfo=PACIFIC)
    return {
        "daily": intelligence.daily_burn(),
        "daily of one project": intelligence.daily_burn(project="222"),
        "since a midnight": intelligence.daily_burn(since=day),
        "since some time": intelligence.daily_burn(since=day.astimezone(UTC) + timedelta(minutes=7)),
        **{
            what: intelligence.burn_by(what)
            for what in ("method", "credential_set", "tag", "hour", "priority")
        },
        "heat": intelligence.heatmap(bucket="default"),
    }


def test_sums_are_the_same_from_journal_and_archive(monitor, lived, tmp_path):
    """Every frame, from rows and from roll-ups, to the unit."""
    intelligence = QuotaIntelligence(monitor)
    before = frames_of(intelligence)
    monitor.ledger.close()
    journals = monitor.folder / "calls"
    done = Archive(monitor.folder / "archive").take_in(journals, now=monitor.clock.time() + 30 * 86_400)
    assert len({d.day for d in done}) >= 4

    after = frames_of(intelligence)

    for name, frame in before.items():
        pd.testing.assert_frame_equal(frame, after[name], obj=name, check_names=True)


def test_archived_days_alone_can_be_added_up(monitor, lived):
    """A range that has no journal left: last month, for example."""
    intelligence = QuotaIntelligence(monitor)
    until = datetime(2026, 11, 3, tzinfo=PACIFIC)
    before = intelligence.daily_burn(until=until)
    monitor.ledger.close()
    archive = Archive(monitor.folder / "archive")
    archive.take_in(monitor.folder / "calls", now=monitor.clock.time() + 30 * 86_400)

    pd.testing.assert_frame_equal(before, intelligence.daily_burn(until=until))


def test_a_call_that_nobody_settled_is_in_every_sum(monitor, spend):
    """Its units stay spent, though nobody knows its tag or set."""
    spend(at=datetime(2026, 11, 1, 12, tzinfo=PACIFIC))
    monitor.ledger.hold("111", (("default", 50),), note="comments.insert")
    spend(at=datetime(2026, 11, 9, 12, tzinfo=PACIFIC))
    monitor.ledger.close()
    Archive(monitor.folder / "archive").take_in(monitor.folder / "calls", now=monitor.clock.time())
    intelligence = QuotaIntelligence(monitor)

    for what in ("method", "credential_set", "tag", "hour"):
        assert intelligence.burn_by(what)["units"].sum() == intelligence.daily_burn()["units"].sum() == 52
