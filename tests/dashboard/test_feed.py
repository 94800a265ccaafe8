"""What the dashboard reads from the ledger, and what looking costs."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from ytquota.auth.state import StateFile
from ytquota.clock import bounds_of
from ytquota.dashboard.cards import card
from ytquota.dashboard.data import Feed
from ytquota.errors import QuotaExceeded, YTQuotaError
from ytquota.monitor import Demand
from ytquota.monitor.ledger import PoolKey
from ytquota.monitor.official import Use
from ytquota.monitor.reconciled import Check, ReconciledFile

UNITS = PoolKey("111111111111", "default")


@pytest.fixture
def feed(settings, monitor):
    return Feed(settings, monitor)


def catch_up(feed):
    for step in feed.due(ahead=False):
        step()


def test_an_empty_ledger_is_an_empty_snapshot(feed, settings):
    """Nothing counted: no pools, the sets of `.env`, the ledger's absolute path."""
    snapshot = feed.read()
    assert snapshot.is_empty
    assert [one.number for one in snapshot.sets] == [1, 3, 10]
    assert snapshot.ledger == str(settings.memory_dir / "calls")


def test_the_numbers_are_those_of_the_ledger(feed, spend, monitor):
    """Used, left and limit of every pool, as the ledger has them."""
    spend("comments.insert", times=3)
    pool = feed.read().pool(UNITS)
    balance = monitor.ledger.usage(UNITS.project)[UNITS.project]["default"]
    assert (
        (pool.used, pool.left, pool.limit)
        == (balance.used, balance.left, balance.limit)
        == (150, 9_850, 10_000)
    )


def test_only_new_lines_are_added(feed, spend):
    """Sums by method, set and tag grow with every look, and nothing is counted twice."""
    spend(tag="a")
    feed.read()
    spend("comments.insert", number=3, tag="b")
    today = feed.read().today[UNITS]
    assert today.methods == {"videos.list": 1, "comments.insert": 50}
    assert today.sets == {"1": 1, "3": 50}
    assert today.tags == {"a": 1, "b": 50}
    assert today.totals[-1] == 51


def test_the_curve_runs_by_the_quota_day(feed, spend, clock):
    """Running totals per five minutes since midnight Pacific; it ends at the present step."""
    spend(at=datetime(2026, 11, 10, 8, 4, tzinfo=UTC))
    spend(at=datetime(2026, 11, 10, 8, 6, tzinfo=UTC), times=2)
    clock.set(datetime(2026, 11, 10, 8, 16, tzinfo=UTC))
    assert feed.read().today[UNITS].totals == (1, 3, 3, 3)


def test_no_news_is_none(feed, spend):
    """Looking again when nothing has happened brings nothing to show."""
    spend(times=200)
    assert feed.read() is not None
    assert [feed.read() for _ in range(20)] == [None] * 20


def test_a_change_of_state_is_news(feed, spend, settings, clock):
    """A quarantine shows at the next look, although no call was made."""
    spend()
    feed.read()
    StateFile(settings.memory_dir, clock=clock).quarantine(10, "invalid_grant")
    assert feed.read().sets[2].state == "quarantined"


def test_a_mark_that_ends_is_news(feed, spend, monitor, clock):
    """A provisional mark ends by the clock alone; the pool is seen alive again soon after."""
    spend()
    monitor.ledger.exhaust(UNITS.project, "default", clock.time() + 60)
    assert feed.read().pool(UNITS).is_gone(clock.time())
    clock.advance(61)
    assert not feed.read().pool(UNITS).is_gone(clock.time())


def test_midnight_begins_a_new_day(feed, spend, clock):
    """After midnight Pacific sums start again, and history is due."""
    spend(times=5)
    feed.read()
    catch_up(feed)
    clock.set(datetime(2026, 11, 11, 8, 1, tzinfo=UTC))
    assert feed.due(ahead=False)
    catch_up(feed)
    snapshot = feed.read()
    assert snapshot.today == {}
    assert snapshot.pool(UNITS).used == 0
    assert snapshot.pool(UNITS).trend == (5, 0)


def test_history_is_the_days_before_today(feed, spend):
    """Units per day without gaps, and yesterday's running totals."""
    spend(at=datetime(2026, 11, 7, 20, tzinfo=UTC), times=2)
    spend(at=datetime(2026, 11, 9, 20, tzinfo=UTC), times=3)
    spend(at=datetime(2026, 11, 10, 20, tzinfo=UTC))
    catch_up(feed)
    snapshot = feed.read()
    pool = snapshot.history.pools[UNITS]
    assert pool.units == (2, 0, 3)
    assert (len(pool.yesterday), pool.yesterday[-1]) == (288, 3)
    assert snapshot.pool(UNITS).trend == (2, 0, 3, 1)
    assert not snapshot.is_first_day


def test_the_first_day_is_known_as_such(feed, spend):
    """With no day before today, the page must say since when it counts."""
    spend()
    feed.read()
    catch_up(feed)
    assert feed.read().is_first_day


def test_like_troubles_are_told_once(feed, spend, monitor, clock):
    """A thousand denied calls of one bot are one line with a count, the latest first."""
    spend(
        "videos.list",
        status=404,
        body='{"error": {"code": 404, "errors": [{"reason": "videoNotFound"}]}}',
        times=2,
    )
    monitor.ledger.exhaust(UNITS.project, "default", clock.time() + 3600)
    for _ in range(1_000):
        with pytest.raises(QuotaExceeded):
            monitor.begin([Demand("videos.list", UNITS.project, "1", "bot")])
        clock.advance(0.002)
    monitor.ledger.flush()
    denied, failed = feed.read().troubles
    assert (denied.outcome, denied.times) == ("denied", 1_000)
    assert (failed.outcome, failed.times, failed.reason) == ("error", 2, "videoNotFound")


def test_a_state_file_that_cannot_be_read_is_an_error_with_a_remedy(feed, spend, settings):
    """It never reads as "all is well"."""
    spend()
    (settings.memory_dir / "exhausted_credentials.json").write_text("{ half")
    with pytest.raises(YTQuotaError, match=r"exhausted_credentials\.json"):
        feed.read()


def test_a_comparison_with_google_is_news(feed, spend, settings, clock):
    """Each card then says whether its count is reconciled, and up to when."""
    spend()
    pool = feed.read().pool(UNITS)
    assert pool.check is None
    assert "Google" not in card(pool, clock.time())

    now = clock.time()
    ReconciledFile(settings.memory_dir).note(UNITS.project, {"default": Check(now, now - 600, 1, 1)})
    assert "reconciled with Google up to 11:50 PST" in card(feed.read().pool(UNITS), now)

    ReconciledFile(settings.memory_dir).note(UNITS.project, {"default": Check(now, now - 600, 1, 321)})
    assert "Google counts 320 more" in card(feed.read().pool(UNITS), now)


def test_imported_days_are_history_at_the_next_look(feed, spend, monitor):
    """A dashboard that is open shows them without a restart."""
    spend()
    catch_up(feed)
    assert not feed.due(ahead=False)
    start = bounds_of(date(2026, 11, 5)).start
    monitor.official.write(
        date(2026, 11, 5), "111111111111", [Use(start, 900, "default", "videos.list", 42)], price=lambda _: 1
    )

    assert feed.due(ahead=False)
    catch_up(feed)
    history = feed.read().history
    assert history.trend("111111111111", "default") == (42, 0, 0, 0, 0)
    assert history.pools["111111111111", "default"].official == {date(2026, 11, 5)}
    assert feed.day(date(2026, 11, 5))[UNITS].tags == {"official": 42}
