"""Several hosts on one Redis: time, repetition, forks, a cluster."""

from __future__ import annotations

import logging
import os
import time
from datetime import timedelta

import pytest

from ytquota import clock as clocks
from ytquota.clock import ManualClock
from ytquota.errors import LedgerUnavailable
from ytquota.testing import NOON, PROJECT, a_record

pytestmark = pytest.mark.redis

ONE = (("default", 1),)


def used(ledger, bucket="default", **options):
    return ledger.usage(PROJECT, **options)[PROJECT][bucket].used


def spend(ledger, units):
    ledger.settle(ledger.hold(PROJECT, (("default", units),)), [a_record(units)])


@pytest.mark.parametrize("days", [-1, 1])
def test_a_host_with_a_wrong_clock_cannot_move_the_day(redis_url, host, days):
    """The server's time counts: a day ahead or behind, the call is counted today, like everybody's."""
    right = host(redis_url, "right", clock=None, server_time=True)
    wrong_clock = ManualClock(time.time() + days * 86_400)
    wrong = host(redis_url, "wrong", clock=wrong_clock, server_time=True)

    hold = wrong.hold(PROJECT, ONE)
    today = clocks.bounds_at(time.time()).day
    spend(right, 2)

    assert hold.day == today
    assert abs(hold.at - time.time()) < 60
    assert used(wrong) == used(right) == used(wrong, day=today) == 3
    assert used(right, day=today + timedelta(days=days)) == 0
    wrong.settle(hold, [a_record(1)])


def test_the_same_request_sent_twice_counts_once(redis_url, host):
    """A connection that breaks after the server has counted is tried again; that must be safe."""
    ledger = host(redis_url)
    hold = ledger.hold(PROJECT, ONE)
    book = ledger._books.book(PROJECT, clocks.bounds_at(NOON.timestamp()))

    def twice(function, request, once):
        answers = [ledger._books.ask(book, function, request, once=once) for _ in range(2)]
        assert [answer["code"] for answer in answers] == ["ok", "ok"]
        return used(ledger)

    again = {"id": "an-id", "items": (("default", 10),), "keep": {}}
    identity = {"id": hold.id, "held": hold.items, "held_at": hold.at, "is_mine": True}
    assert twice("hold", again, "") == 11
    assert twice("extend", identity | {"items": (("default", 100),), "keep": {}}, "w1") == 111
    assert twice("settle", identity | {"records": (("default", 1, "refused"),)}, "w2") == 110
    assert twice("adjust", {"bucket": "default", "units": 1000}, "w3") == 1110
    assert twice("refuse", {"bucket": "default", "units": 5}, "w4") == 1110
    assert ledger.usage(PROJECT)[PROJECT]["default"].refused == 6


def test_everything_expires_two_days_after_the_day(redis_url, shared_redis, host, clock):
    """Also what was empty for a moment, and so had lost its time to live."""
    ledger = host(redis_url)
    left = clocks.bounds_at(NOON.timestamp()).end + 48 * 3600 - NOON.timestamp()
    with shared_redis.client() as client:
        for _ in range(2):
            hold = ledger.hold(PROJECT, ONE)
            times = {key.decode(): client.ttl(key) for key in client.keys("*")}
            of_the_day = {key: left for key, left in times.items() if ":2026-11-10" in key}
            assert len(of_the_day) == 4
            assert all(left - 20 < seconds <= left for seconds in of_the_day.values())
            assert all(seconds > 0 for seconds in times.values())
            ledger.settle(hold, [a_record(1)])


def test_a_day_that_is_closed_is_read_from_this_hosts_lines_and_not_changed(redis_url, host, clock):
    """Redis has let go of it; the last balance it answered is in the log."""
    ledger = host(redis_url)
    hold = ledger.hold(PROJECT, (("default", 10),))
    clock.advance(4 * 86_400)

    assert not ledger.settle(hold, [a_record(10)])
    with pytest.raises(LedgerUnavailable, match="48 hours"):
        ledger.adjust(PROJECT, "default", 5, reason="r", who="w", day=hold.day)
    assert used(ledger, day=hold.day) == 10
    assert used(ledger) == 0


def test_hosts_share_one_count_and_keep_their_own_lines(redis_url, host, lines_of):
    """Each line is marked with its authority and carries the balance that Redis answered."""
    first, second = host(redis_url, "a"), host(redis_url, "b")
    spend(first, 10)
    spend(second, 5)

    assert used(first) == used(second) == 15
    (mine,), (theirs,) = lines_of("a", "settle"), lines_of("b", "settle")
    assert mine["authority"] == theirs["authority"] == "redis"
    assert (mine["bal"]["default"][0], theirs["bal"]["default"][0]) == (10, 15)
    assert mine["seq"] < theirs["seq"]
    assert (mine["method"], mine["tag"], mine["units"]) == ("videos.list", "test", 10)


def test_hosts_that_disagree_about_a_limit_are_told(redis_url, host, caplog):
    """The last one to start is believed, and nobody can miss it."""
    spend(host(redis_url, "a", limits=lambda *_: 500), 1)
    with caplog.at_level(logging.WARNING, "ytquota"):
        second = host(redis_url, "b", limits=lambda *_: 800)
        spend(second, 1)

    assert "was 500 today" in caplog.text
    assert second.usage(PROJECT)[PROJECT]["default"].limit == 800


def test_a_forked_child_counts_on_its_own_connection(redis_url, host):
    """Neither connections nor open files are shared with the parent."""
    ledger = host(redis_url)
    spend(ledger, 1)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            for _ in range(50):
                spend(ledger, 1)
            status = 0
        finally:
            os._exit(status)
    for _ in range(50):
        spend(ledger, 1)
    assert os.waitpid(child, 0)[1] == 0

    assert used(ledger) == 101


@pytest.mark.slow
def test_projects_spread_over_a_cluster(start_cluster, host):
    """All keys of a project share a slot, projects need not; the functions are on every node."""
    nodes = start_cluster(2)
    ledger = host(nodes[0].url)
    names = [str(10**11 + number) for number in range(8)]
    for name in names:
        ledger.settle(ledger.hold(name, ONE), [a_record(1)])

    assert {name: pools["default"].used for name, pools in ledger.usage().items()} == dict.fromkeys(names, 1)
    for node in nodes:
        with node.client() as client:
            assert client.keys("ytquota:{*")
