"""A monitor on Redis: log, views, dashboard and examination read as they do on a journal."""

from __future__ import annotations

import json

import pytest

from ytquota.clock import ManualClock, bounds_at
from ytquota.errors import QuotaExceeded
from ytquota.monitor import Demand, QuotaMonitor, repair
from ytquota.monitor.places import journal_path
from ytquota.monitor.redis_ledger import RedisLedger
from ytquota.monitor.settled import settled_count
from ytquota.testing import NOON, PROJECT

pytestmark = pytest.mark.redis

EXHAUSTED = json.dumps(
    {
        "error": {
            "code": 403,
            "message": "The request cannot be completed because you have exceeded your quota.",
            "errors": [{"domain": "youtube.quota", "reason": "quotaExceeded"}],
        }
    }
)


@pytest.fixture
def clock():
    return ManualClock(NOON)


@pytest.fixture
def monitor_of(tmp_path, redis_url, clock):
    """The monitor of a bot on a host, by the host's name."""
    opened = []

    def open_(name="a"):
        folder = tmp_path / name
        ledger = RedisLedger(redis_url, folder / "calls", clock=clock, server_time=False)
        opened.append(QuotaMonitor(ledger, folder=folder, clock=clock))
        return opened[-1]

    yield open_
    for monitor in opened:
        monitor.close()


def test_log_and_summary_read_as_on_a_journal(monitor_of, tmp_path, redis_url):
    """Calls of this host with all their facts; balances of all hosts."""
    here, there = monitor_of("a"), monitor_of("b")
    with here.call("videos.list", project=PROJECT, tag="crawler") as call:
        call.answered(200)
    with there.call("search.list", project=PROJECT, tag="other"):
        pass

    (row,) = here.log()
    assert (row["method"], row["tag"], row["units"], row["outcome"]) == ("videos.list", "crawler", 1, "ok")
    assert (row["project"], row["authority"]) == (PROJECT, "redis")
    assert [row["tag"] for row in here.tail()[0]] == ["crawler"]
    summary = here.get_usage_summary()
    assert summary["ledger"] == redis_url
    pools = summary["projects"][PROJECT]
    assert (pools["default"]["used"], pools["search_list"]["used"]) == (1, 1)
    here.close()
    view = json.loads((tmp_path / "a" / "quota_usage.json").read_text())
    assert (view["ledger"], view["projects"][PROJECT]["default"]["used"]) == (redis_url, 1)


def test_a_pool_that_the_server_calls_empty_is_empty_on_every_host(monitor_of, clock):
    """One host met the refusal; the other does not send at all, and the demand is counted on both."""
    here, there = monitor_of("a"), monitor_of("b")
    flight = here.begin([Demand("videos.list", PROJECT)])
    (verdict,) = flight.answered([(403, EXHAUSTED)], latency=0.1)
    assert verdict.kind == "exhausted"

    with pytest.raises(QuotaExceeded) as denied, there.call("videos.list", project=PROJECT):
        pass
    assert denied.value.retry_at.timestamp() == bounds_at(clock.time()).end
    assert [row["outcome"] for row in there.log()] == ["denied"]
    balance = here.ledger.usage(PROJECT)[PROJECT]["default"]
    assert (balance.used, balance.refused) == (0, 2)


def test_this_hosts_lines_are_sound_although_others_count_too(monitor_of, tmp_path):
    """The balance on a line is Redis's: it need not add up from one host's lines."""
    here, there = monitor_of("a"), monitor_of("b")
    for monitor in (here, there, here):
        monitor.begin([Demand("videos.list", PROJECT)]).answered([(200, None)], latency=0.1)
    here.begin([Demand("videos.list", PROJECT)])

    (path,) = (tmp_path / "a" / "calls").rglob("*.jsonl")
    found = repair.examine(path)
    assert found.is_sound
    assert len(found.unsettled) == 1


def test_the_count_of_some_minutes_ago_is_what_redis_had_told_this_host(monitor_of, clock):
    """Calls of both hosts up to the minute; what came later is left out, a later correction is not."""
    here, there = monitor_of("a"), monitor_of("b")

    def call(monitor, method="videos.list"):
        with monitor.call(method, project=PROJECT) as flight:
            flight.answered(200)

    call(there, "comments.insert")
    clock.advance(59.0)
    call(here)
    clock.advance(700)
    call(here, "comments.insert")
    call(there)
    here.ledger.adjust(PROJECT, "default", 7, reason="Google counted more", who="anna")

    bounds = bounds_at(clock.time())
    path = journal_path(here.folder / "calls", bounds.day, PROJECT)
    settled = settled_count(path, NOON.timestamp() + 90, earliest=bounds.start)

    assert settled.until == NOON.timestamp() + 60
    assert settled.used["default"] == 50 + 1 + 7
