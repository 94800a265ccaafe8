"""Projects that nobody calls with: noted before Google takes their quota."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from ytquota.clock import day_start
from ytquota.monitor.archive import Archive
from ytquota.monitor.official import OfficialDays, Use

ONE, TEN = "111111111111", "222222222222"
DAY = 86_400


@pytest.fixture
def rested(bot):
    """A bot whose two projects made their last calls at noon, so many days ago."""

    def rested(days, *, days_ten=0):
        clock = bot.at_noon()
        for project, ago in sorted({ONE: days, TEN: days_ten}.items(), key=lambda one: -one[1]):
            clock.advance(-ago * DAY)
            bot.count(project=project)
            clock.advance(ago * DAY)
        return bot

    return rested


@pytest.mark.parametrize(("days", "finds"), [(59, False), (60, True), (400, True)])
def test_a_project_is_noted_from_its_60th_day_without_a_call(rested, days, finds):
    """By its number, with the day, the days and the sets; the other project is not."""
    found = rested(days).look("idle")

    assert [(one.severity, one.subject) for one in found] == [("note", f"project {ONE}")] * finds
    if finds:
        assert f", {days} days ago" in found[0].what
        assert f"{date(2026, 11, 10) - timedelta(days=days):%-d %b %Y}" in found[0].what
        assert "sets 1 and 3" in found[0].remedy


def test_a_project_that_was_never_counted_is_not_noted(bot):
    """Nobody knows whether others call with it."""
    bot.at_noon()
    bot.count()

    assert bot.look("idle") == []


def test_a_mark_is_no_call(rested):
    """A line that an operator wrote does not show that anybody called."""
    bot = rested(70)
    bot.clock.advance(-DAY)
    monitor = bot.open()
    monitor.ledger.exhaust(ONE, "default", bot.clock.time() + 60, reason="test")
    monitor.close()
    bot.clock.advance(DAY)

    assert len(bot.look("idle")) == 1


def test_days_in_the_archive_count(rested):
    """The last call is found where its day was archived; and a later one there is the last one."""
    bot = rested(70)
    archive = Archive(bot.memory / "archive")
    assert archive.take_in(bot.memory / "calls", now=bot.clock.time())
    assert not (bot.memory / "calls" / "2026-09-01").exists()

    (found,) = bot.look("idle")

    assert "since 1 Sep 2026, 70 days ago" in found.what


def test_activity_that_google_counted_is_activity(rested):
    """Another program called with the project lately: its quota is in no danger."""
    bot = rested(70)
    day = date(2026, 11, 1)
    use = Use(day_start(day).timestamp(), 300.0, "default", "videos.list", 5)
    kept = OfficialDays(bot.memory / "official")
    kept.write(day, ONE, [], price=lambda _: 1)
    assert len(bot.look("idle")) == 1

    kept.write(day, ONE, [use], price=lambda _: 1)

    assert bot.look("idle") == []
