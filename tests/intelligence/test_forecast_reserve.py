"""What is kept for important work: from a history in the ledger to a call that is denied or not."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from time import perf_counter
from zoneinfo import ZoneInfo

import pytest

from ytquota.errors import QuotaExceeded
from ytquota.intelligence import Admission, QuotaIntelligence
from ytquota.intelligence.published import read_published
from ytquota.monitor import Balance, Demand
from ytquota.monitor.archive import Archive
from ytquota.monitor.priorities import BY_METHOD, PRIORITIES, Priorities
from ytquota.prices import PriceBook, price_of
from ytquota.settings import Settings

PACIFIC = ZoneInfo("America/Los_Angeles")
FIRST = datetime(2026, 10, 12, tzinfo=PACIFIC)
TODAY = FIRST + timedelta(days=10)


@pytest.fixture
def admitted(open_monitor, clock, tmp_path):
    """A monitor whose calls are admitted by the rule of these settings."""

    def admitted_(**environ):
        settings = Settings.load({"YTQUOTA_MEMORY_DIR": str(tmp_path), **environ}, start=tmp_path)
        priorities = Priorities(settings.priorities)
        return open_monitor(admission=Admission(settings, clock=clock), priorities=priorities)

    return admitted_


@pytest.fixture
def lived(clock):
    """Ten days of a chat bot that needs 30 x 50 units between 18:00 and 21:00, and of a crawler by day."""

    def lived_(monitor, *, priority="critical", crawler="normal"):
        for day in range(10):
            for step in range(30):
                clock.set(FIRST + timedelta(days=day, hours=9, minutes=6 * step))
                spend(monitor, "videos.list", "crawler", crawler)
            for step in range(30):
                clock.set(FIRST + timedelta(days=day, hours=18, minutes=6 * step))
                spend(monitor, "comments.insert", "chat", priority)
        clock.set(TODAY + timedelta(hours=10))

    return lived_


def spend(monitor, method, tag, priority=""):
    monitor.begin([Demand(method, "111", "1", tag, priority)]).answered([(200, None)], latency=0.0)


def drain(monitor, tag, priority="", most=400):
    """How many 50-unit calls go through until one is denied."""
    for count in range(most):
        try:
            spend(monitor, "comments.insert", tag, priority)
        except QuotaExceeded:
            return count
    return most


def test_what_critical_work_still_needs_is_kept_for_it(admitted, lived, clock):
    """In the morning a crawler stops short of the evening's chat; the chat bot gets all of it."""
    monitor = admitted()
    lived(monitor)
    assert QuotaIntelligence(monitor).publish()

    crawled = drain(monitor, "crawler")
    left = monitor.ledger.usage("111")["111"]["default"].left

    assert 1_500 <= left <= 3_000
    assert crawled == (10_000 - left) // 50
    assert drain(monitor, "chat", "critical") == left // 50


def test_the_reserve_is_let_go_of_hour_by_hour(admitted, lived, clock):
    """At ten in the evening the stream is over; shortly before midnight next to nothing is kept."""
    monitor = admitted()
    lived(monitor)
    lefts = []
    for hour in (10, 19, 20.5, 22, 23.75):
        clock.set(TODAY + timedelta(hours=hour))
        QuotaIntelligence(monitor).publish()
        drain(monitor, "crawler")
        lefts.append(monitor.ledger.usage("111")["111"]["default"].left)
    assert lefts == sorted(lefts, reverse=True)
    assert lefts[-1] < 50


def test_a_lone_bot_gets_its_last_unit(admitted, lived, clock):
    """Whatever the priorities of its own calls: nothing is kept from a tag for itself."""
    monitor = admitted()
    for day in range(10):
        for step in range(30):
            clock.set(FIRST + timedelta(days=day, hours=18, minutes=6 * step))
            spend(monitor, "liveChatMessages.insert", "bot")
            spend(monitor, "videos.list", "bot")
    clock.set(TODAY + timedelta(hours=10))
    QuotaIntelligence(monitor).publish()

    drain(monitor, "bot")

    assert monitor.ledger.usage("111")["111"]["default"].left == 0


def test_without_more_important_work_nothing_is_kept(admitted, lived):
    """Two bots of the same priority share as they come."""
    monitor = admitted()
    lived(monitor, priority="normal")
    QuotaIntelligence(monitor).publish()

    drain(monitor, "crawler")

    assert monitor.ledger.usage("111")["111"]["default"].left == 0
    assert all("normal" not in pool["kept"] for pool in read_published(monitor.folder)["pools"])


def test_low_leaves_what_normal_work_needs(admitted, lived):
    """The least important waits for all others."""
    monitor = admitted()
    lived(monitor, priority="normal", crawler="low")
    QuotaIntelligence(monitor).publish()

    drain(monitor, "crawler", "low")

    assert 1_500 <= monitor.ledger.usage("111")["111"]["default"].left <= 3_000


def test_a_stale_forecast_leaves_the_fixed_reserve_and_the_answer_says_so(admitted, lived, clock):
    """After half an hour only YTQUOTA_RESERVE is kept."""
    monitor = admitted(YTQUOTA_RESERVE="700")
    lived(monitor)
    intelligence = QuotaIntelligence(monitor)
    missing = intelligence.can_perform_operation("comments.insert", 1)
    intelligence.publish()
    clock.advance(2)  # the file is looked at once a second
    fresh = intelligence.can_perform_operation("comments.insert", 1, count=180)
    clock.advance(1_801)
    stale = intelligence.can_perform_operation("comments.insert", 1, count=180)

    assert missing.why.endswith("Only the fixed reserve applies: there is no forecast.json.")
    assert not fresh.allowed
    assert "units are kept for more important work expected until the reset" in fresh.why
    assert "Enough of what is kept should be released by 2" in fresh.remedy
    assert stale.allowed
    assert stale.why.endswith("Only the fixed reserve applies: forecast.json is 30 minutes old.")


def test_the_larger_of_both_reserves_is_kept(admitted, lived):
    """A fixed reserve above what is expected stays what is kept."""
    monitor = admitted(YTQUOTA_RESERVE="6000")
    lived(monitor)
    QuotaIntelligence(monitor).publish()

    drain(monitor, "crawler")

    assert monitor.ledger.usage("111")["111"]["default"].left == 6_000


def test_what_was_declared_for_critical_work_is_kept_too(admitted, lived, clock):
    """A stream that is announced beside the usual one."""
    monitor = admitted()
    lived(monitor)
    intelligence = QuotaIntelligence(monitor)
    evening = TODAY + timedelta(hours=21, minutes=30)
    intelligence.declare("comments.insert", 60, at=evening, priority="critical", tag="chat")
    intelligence.publish()

    drain(monitor, "crawler")

    assert monitor.ledger.usage("111")["111"]["default"].left >= 4_500


def test_archived_days_tell_the_same_priorities(admitted, lived, clock):
    """What is kept does not change when the days go into the archive."""
    monitor = admitted()
    lived(monitor)
    QuotaIntelligence(monitor).publish()
    before = read_published(monitor.folder)["pools"]
    monitor.ledger.close()
    Archive(monitor.folder / "archive").take_in(monitor.folder / "calls", now=clock.time())
    (monitor.folder / "forecast.json").unlink()
    QuotaIntelligence(monitor).publish()

    assert read_published(monitor.folder)["pools"] == before


def test_in_shadow_mode_nothing_is_blocked_and_the_log_says_what_would_have_been(admitted, lived, clock):
    """Every call goes out; those that would have been denied carry the reason."""
    monitor = admitted(YTQUOTA_ADMISSION="shadow")
    lived(monitor)
    QuotaIntelligence(monitor).publish()
    began = TODAY + timedelta(hours=10)

    drain(monitor, "crawler", "normal")

    assert monitor.ledger.usage("111")["111"]["default"].left == 0
    rows = [row for row in monitor.log(began) if row["outcome"] == "ok"]
    noted = [row["facts"]["shadow"] for row in rows if "shadow" in row.get("facts", {})]
    assert 20 < len(noted) < len(rows)
    assert "kept for more important work" in noted[0]


def test_deciding_takes_no_time_worth_mentioning(admitted, lived, clock):
    """A few microseconds, with a forecast in force."""
    monitor = admitted()
    lived(monitor)
    QuotaIntelligence(monitor).publish()
    demand, price = Demand("videos.list", "111", "1", "crawler", "normal"), price_of("videos.list")
    pools = {"default": Balance(0, 0, 10_000)}
    assert monitor.admission.may_keep(demand, price)
    assert monitor.admission.decide(demand, price, pools).keep > 0
    best = 1.0
    for _ in range(5):
        begun = perf_counter()
        for _ in range(1_000):
            monitor.admission.decide(demand, price, pools)
        best = min(best, (perf_counter() - begun) / 1_000)
    assert best < 50e-6


# -- who matters how much


def test_a_priority_is_the_tags_else_the_given_else_the_methods():
    """The operator's word goes before the program's, and both before the default."""
    priorities = Priorities({"CHAT_BOT": "low"})
    assert priorities.of("liveChatBans.insert", "chat-bot", "high") == "low"
    assert priorities.of("liveChatBans.insert", "Chat Bot!") == "low"
    assert priorities.of("liveChatBans.insert", "other", "high") == "high"
    assert priorities.of("liveChatBans.insert", "other") == "critical"
    assert priorities.of("search.list", "other") == "normal"


def test_the_methods_that_matter_are_methods_that_exist():
    """No slip of the pen in the table; no read and no search is among them."""
    assert set(BY_METHOD) <= set(PriceBook.load().methods())
    assert set(BY_METHOD.values()) <= set(PRIORITIES)
    assert not [method for method in BY_METHOD if method.endswith((".list", ".streamList"))]


def test_the_log_has_the_priority_that_was_in_force(admitted):
    """By method, and by the variable of the tag."""
    monitor = admitted(YTQUOTA_PRIORITY_CHAT_BOT="low")
    spend(monitor, "liveChatBans.insert", "mod")
    spend(monitor, "liveChatBans.insert", "chat-bot")
    spend(monitor, "videos.list", "mod")
    assert [row["priority"] for row in monitor.log()] == ["critical", "low", "normal"]


def test_today_is_a_thursday():
    """The story above lies in one season and needs no daylight saving."""
    assert TODAY.date() == date(2026, 10, 22)
