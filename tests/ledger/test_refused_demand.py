"""Denied demand is summed: a bot that hammers on an empty pool cannot fill a disk."""

from __future__ import annotations

import resource
from collections import Counter
from datetime import datetime, timedelta

import pytest

from ytquota.clock import ManualClock, bounds_at, bounds_of, quota_day
from ytquota.errors import LedgerUnavailable, QuotaExceeded
from ytquota.monitor import Decision, Demand, QuotaMonitor
from ytquota.testing import NOON, PROJECT, JournalOpener, RedisOpener


@pytest.fixture
def clock():
    return ManualClock(NOON)


@pytest.fixture(params=["journal", pytest.param("redis", marks=pytest.mark.redis)])
def monitor(request, tmp_path, clock, rule):
    """A monitor whose admission looks at the balances before each call; its pool is empty."""
    folder = tmp_path / "calls"
    if request.param == "redis":
        opener = RedisOpener(request.getfixturevalue("redis_url"), folder)
    else:
        opener = JournalOpener(folder)
    ledger = opener(clock, {"default": 0})
    monitor = QuotaMonitor(ledger, folder=tmp_path, clock=clock, admission=rule(lambda *_: Decision()))
    yield monitor
    monitor.close()


def hammer(monitor, times):
    for _ in range(times):
        with pytest.raises(QuotaExceeded):
            monitor.begin([Demand("videos.list", PROJECT, tag="bot")])


def test_one_line_a_second_for_each_pool_method_and_tag(monitor, clock):
    """Looking at balances, as admission and dashboards do, does not write a line for each denial."""
    for _ in range(5):
        hammer(monitor, 40)
        clock.advance(0.5)
    assert monitor.ledger.usage(PROJECT)[PROJECT]["default"].refused == 200

    rows = list(monitor.log())

    assert len(rows) <= 4
    assert sum(row["calls"] for row in rows) == sum(row["refused"] for row in rows) == 200
    assert {(row["method"], row["tag"], row["outcome"]) for row in rows} == {("videos.list", "bot", "denied")}


def test_the_log_has_demand_on_the_day_it_was_denied(monitor, clock):
    """A batch is denied and the bot sleeps until the reset: a forecast must not see the demand tomorrow."""
    with pytest.raises(QuotaExceeded) as denied:
        monitor.begin([Demand("videos.list", PROJECT, tag="bot")] * 50)
    clock.set(denied.value.retry_at)

    days = Counter()
    for row in monitor.log():
        days[quota_day(datetime.fromisoformat(row["at"]))] += row["calls"]

    assert days == {quota_day(NOON): 50}


def test_demand_of_a_day_that_is_closed_by_now_is_in_nobodys_way(monitor, clock):
    """A program that slept for a week goes on as if nothing had been."""
    hammer(monitor, 5)
    clock.set(bounds_of(quota_day(NOON) + timedelta(days=7)).start)

    assert monitor.ledger.usage(PROJECT)[PROJECT]["default"].refused == 0
    hammer(monitor, 5)
    monitor.ledger.flush()
    assert monitor.ledger.usage(PROJECT)[PROJECT]["default"].refused == 5


def test_what_a_full_disk_refuses_waits(tmp_path, clock):
    """The sum is written when there is space again, and is in the balances until then."""
    ledger = JournalOpener(tmp_path / "calls")(clock, {"default": 0})
    monitor = QuotaMonitor(ledger, folder=tmp_path, clock=clock)
    hammer(monitor, 5)
    path = tmp_path / "calls" / str(bounds_at(clock.time()).day) / f"{PROJECT}.jsonl"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size, hard))
    try:
        clock.advance(5)
        hammer(monitor, 1)
        with pytest.raises(LedgerUnavailable):
            ledger.flush()
        assert ledger.usage(PROJECT)[PROJECT]["default"].refused == 6
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    ledger.flush()

    assert [row["calls"] for row in monitor.log()] == [1, 5]
    monitor.close()
