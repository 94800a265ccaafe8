"""Where Google's counters are later than usual: what is not there yet is no drift, and gives nothing back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ytquota import clock as clocks
from ytquota.clock import ManualClock
from ytquota.cloud import Reading
from ytquota.monitor.sent import Sent
from ytquota.operations import reconcile
from ytquota.operations.reconcile.reach import figures_end
from ytquota.operations.reconcile.reading import Official
from ytquota.operations.watch import Watch

ONE = "111111111111"
NOON = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
"""A Friday, 12:00 Pacific."""
MINUTE = timedelta(minutes=1)


@pytest.fixture
def clock():
    return ManualClock(NOON + timedelta(seconds=7))


@pytest.mark.slow
@pytest.mark.parametrize("partial", [False, True])
def test_a_longer_lag_gives_nothing_back(bot, sandbox, partial):
    """Twenty-five minutes late, or half of it shown: compared is up to where all of it is there."""
    sandbox.monitoring_lag(1500, partial=partial)
    bot.call(90, every=30.0)  # 45 minutes; the sandbox shows the first 20

    compared = bot.compare(causes=True)

    assert compared.is_late
    assert compared.until == NOON + timedelta(minutes=20)
    assert {check.drift for check in compared.checks.values()} == {0}
    assert compared.explained.drift.agrees
    assert bot.apply(compared) == []
    assert bot.used() == sandbox.used(ONE) == 90


def test_what_others_spent_before_the_figures_end_is_found_all_the_same(bot, sandbox):
    """What is there can be compared; the rest once it is there."""
    sandbox.monitoring_lag(1500)
    bot.call(10, every=30.0)
    sandbox.spend(ONE, "comments.insert", 4)
    bot.call(80, every=30.0)
    sandbox.spend(ONE, "comments.insert", 2)

    bot.apply(bot.compare())
    assert (bot.used(), sandbox.used(ONE)) == (290, 390)

    bot.clock.advance(1800)
    bot.apply(bot.compare())
    assert bot.used() == sandbox.used(ONE) == 390


def test_a_gap_at_the_end_is_waited_for(bot, sandbox):
    """Minutes of the last hour that are missing may still come, also with later ones there."""
    sandbox.monitoring_gap(NOON + 20 * MINUTE, NOON + 25 * MINUTE, ONE)
    bot.call(90, every=30.0)

    compared = bot.compare()

    assert compared.until == NOON + 20 * MINUTE
    assert reconcile.to_correct([compared]) == []


def test_a_quiet_pool_is_compared_up_to_the_usual_minute(bot):
    """That Google shows nothing where nothing was called says nothing of its lag."""
    bot.call(5)
    bot.clock.advance(7200)

    compared = bot.compare()

    assert not compared.is_late
    assert compared.until == NOON + timedelta(minutes=111)
    assert compared.checks["default"].drift == 0


def test_a_project_that_google_does_not_see_is_not_compared(bot, sandbox):
    """Another project's number, or no figures at all: no count is lowered to nothing."""
    sandbox.monitoring_gap(NOON - timedelta(days=60), NOON + timedelta(days=1), ONE)
    bot.call(20)
    bot.settle()

    compared = bot.compare()

    assert compared.is_late
    assert not compared.checks
    assert bot.apply(compared) == []


def test_why_nothing_is_explained_tells_no_call_from_no_figures(bot, sandbox):
    """A ledger without calls and counters without figures are not the same."""
    nothing_called = bot.compare(causes=True).unexplained
    sandbox.monitoring_lag(86_400)
    bot.call(3)
    bot.settle()

    assert nothing_called.startswith("Nothing was called through this ledger yet")
    assert bot.compare(causes=True).unexplained.startswith("Google's figures end before the first call")


def test_just_after_midnight_the_evening_may_be_missing(bot, sandbox):
    """Then the day before is compared up to where the figures end, not up to its end."""
    midnight = clocks.bounds_of(date(2026, 11, 21)).start
    sandbox.monitoring_lag(1500)
    bot.clock.set(midnight - 3593)
    bot.call(146, every=30.0)  # to 00:13; shown until 23:48

    compared = bot.compare()

    assert compared.until == clocks.utc(midnight - 900)  # the evening is read by five minutes
    assert not compared.checks


def test_the_watch_tells_of_others_and_not_of_lag(bot, sandbox):
    """What is late is no alert, and what others spent is one."""
    sandbox.monitoring_lag(1500)
    keeper = Watch(bot.settings, bot.monitor)
    bot.call(10, every=30.0)
    sandbox.spend(ONE, "comments.insert", 12)
    bot.call(80, every=30.0)

    assert [(one.kind, one.rule) for one in keeper.look()] == [("alert", "elsewhere")]
    summary = bot.monitor.get_usage_summary()["projects"][ONE]["default"]["reconciled"]
    assert summary["drift"] == 600


def test_calls_that_failed_do_not_lower_a_count_before_later_ones_are_there(bot, sandbox):
    """Of answers of 500 nobody knows whether they will be counted yet."""
    bot.call(4)
    sandbox.monitoring_lag(1500)
    bot.clock.advance(1200)
    sandbox.fail("videos.list", status=500)
    with pytest.raises(Exception, match="500"):
        bot.call()
    bot.settle()

    assert bot.apply(bot.compare(causes=True)) == []
    bot.clock.advance(1800)
    assert bot.apply(bot.compare(causes=True)) == []
    assert bot.used() == sandbox.used(ONE) == 5


# -- the rule itself

UNTIL = NOON + timedelta(hours=3)
METHODS = [
    ("default", "videos.list", 1),
    ("default", "comments.insert", 50),
    ("search_list", "search.list", 1),
]
calls = st.lists(st.tuples(st.floats(0, 10_800 - 2), st.sampled_from(METHODS)), max_size=60)


def shown(spent, lag, *, halves):
    """Google's readings of calls (seconds after noon, method): those of the lag missing, or half there."""
    found = {}
    for at, (bucket, method, units) in spent:
        found[at // 60, bucket, method] = found.get((at // 60, bucket, method), 0) + units
    whole = (10_800 - lag) // 60
    return tuple(
        Reading(NOON + n * MINUTE, NOON + (n + 1) * MINUTE, bucket, method, units)
        for (n, bucket, method), total in sorted(found.items())
        if (units := total if n < whole else total // 2 * halves)
    )


late = st.tuples(st.integers(0, 10_800), st.just(False)) | st.tuples(st.integers(0, 3_480), st.just(True))
"""Seconds of lag, and whether half of what is late is there already, which is looked at for an hour."""


@given(ours=calls, theirs=calls, late=late)
def test_whatever_is_missing_no_count_is_lowered(ours, theirs, late):
    """With all calls billed, Google never has less of any method up to where its figures are said to end."""
    lag, halves = late
    readings = shown(ours + theirs, lag, halves=halves)
    sent = [Sent(NOON.timestamp() + at, NOON.timestamp() + at, *method, is_sure=True) for at, method in ours]

    end = figures_end(Official(ONE, NOON.date(), UNTIL, readings), sent)

    for _, method, _ in METHODS:
        counted = sum(one.units for one in readings if one.method == method and one.end.timestamp() <= end)
        assert counted >= sum(one.units for one in sent if one.method == method and one.since < end - 1)


@given(ours=calls, theirs=calls)
def test_where_all_is_there_all_is_compared(ours, theirs):
    """Nothing is held back where Google shows every call."""
    readings = shown(ours + theirs, 0, halves=False)
    sent = [Sent(NOON.timestamp() + at, NOON.timestamp() + at, *method, is_sure=True) for at, method in ours]
    assert figures_end(Official(ONE, NOON.date(), UNTIL, readings), sent) == UNTIL.timestamp()


def test_a_price_that_is_too_high_in_the_table_is_no_lag():
    """Google counts one unit where the table says twenty: after an hour that is a price, no shortage."""
    at = [60.0 * n for n in range(170)]
    sent = [
        Sent(
            NOON.timestamp() + one,
            NOON.timestamp() + one,
            "default",
            "liveChatMessages.insert",
            20,
            is_sure=True,
        )
        for one in at
    ]
    readings = shown([(one, ("default", "liveChatMessages.insert", 1)) for one in at], 0, halves=False)
    assert figures_end(Official(ONE, NOON.date(), UNTIL, readings), sent) == UNTIL.timestamp()
