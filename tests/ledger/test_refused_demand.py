"""Denied demand is summed: a bot that hammers on an empty pool cannot fill a disk."""

from __future__ import annotations

import pytest

from ytquota.clock import ManualClock
from ytquota.errors import QuotaExceeded
from ytquota.monitor import Decision, Demand, QuotaMonitor
from ytquota.testing import NOON, PROJECT, JournalOpener, RedisOpener


@pytest.fixture
def clock():
    return ManualClock(NOON)


@pytest.fixture(params=["journal", pytest.param("redis", marks=pytest.mark.redis)])
def monitor(request, tmp_path, clock):
    """A monitor whose admission looks at the balances before each call; its pool is empty."""
    folder = tmp_path / "calls"
    if request.param == "redis":
        opener = RedisOpener(request.getfixturevalue("redis_url"), folder)
    else:
        opener = JournalOpener(folder)
    ledger = opener(clock, {"default": 0})
    monitor = QuotaMonitor(ledger, folder=tmp_path, clock=clock, admission=lambda *_: Decision())
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
