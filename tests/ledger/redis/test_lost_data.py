"""A Redis that forgot: no unit is lost, and none is counted twice."""

from __future__ import annotations

import logging
import pickle

import pytest

from ytquota.clock import ManualClock
from ytquota.errors import QuotaExceeded
from ytquota.monitor import Journal
from ytquota.testing import NOON, PROJECT, a_record

pytestmark = pytest.mark.redis

ALWAYS = ("--appendonly", "yes", "--appendfsync", "always")


def used(ledger, bucket="default", **options):
    return ledger.usage(PROJECT, **options)[PROJECT][bucket].used


def spend(ledger, units):
    ledger.settle(ledger.hold(PROJECT, (("default", units),)), [a_record(units)])


def restart_empty(server):
    server.kill()
    server.start()


def test_a_redis_that_restarted_empty_does_not_read_as_nothing_used(start_redis, host, lines_of, caplog):
    """The next call of a host that counted there first brings its count back, and says so."""
    server = start_redis()
    ledger = host(server.url, limits=lambda *_: 100)
    spend(ledger, 90)
    restart_empty(server)

    with caplog.at_level(logging.WARNING, "ytquota"), pytest.raises(QuotaExceeded) as denied:
        ledger.hold(PROJECT, (("default", 11),))

    assert denied.value.left == 10
    assert used(ledger) == 90
    assert "had lost counts" in caplog.text
    assert "default +90" in caplog.text
    (line,) = lines_of(kind="adjust")
    assert (line["units"], line["who"]) == (90, "ytquota")


def test_reading_alone_notices_the_loss(start_redis, host):
    """A dashboard never shows zero for a Redis that forgot."""
    server = start_redis()
    ledger = host(server.url)
    spend(ledger, 90)
    restart_empty(server)

    assert used(ledger) == 90


def test_a_program_that_starts_after_the_loss_knows_from_its_hosts_lines(start_redis, host):
    """Bot and Redis restarted together: the count is in the folder."""
    server = start_redis()
    first = host(server.url)
    first.hold(PROJECT, (("default", 70),))
    first.close()
    restart_empty(server)

    assert used(host(server.url)) == 70
    restart_empty(server)
    later = host(server.url)
    spend(later, 5)
    assert used(later) == 75


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_every_host_brings_back_its_own_and_nothing_is_counted_twice(start_redis, host, order):
    """What a host has only seen holds its place until the one that spent it comes back."""
    server = start_redis()
    hosts = {name: host(server.url, name) for name in "ab"}
    spend(hosts["a"], 40)
    spend(hosts["b"], 50)
    spend(hosts["a"], 3)
    restart_empty(server)

    spend(hosts[order[0]], 1)
    seen = 94 if order[0] == "a" else 91
    assert used(hosts[order[0]]) == seen

    spend(hosts[order[1]], 1)
    assert used(hosts["a"]) == used(hosts["b"]) == 95


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_a_redis_that_restarted_from_an_old_copy_gets_what_it_missed(start_redis, host, order):
    """An old snapshot reads like a ledger and is short: each host brings back only the missing part."""
    server = start_redis()
    hosts = {name: host(server.url, name) for name in "ab"}
    spend(hosts["a"], 40)
    spend(hosts["b"], 40)
    with server.client() as client:
        client.save()
    spend(hosts["b"], 10)
    spend(hosts["a"], 10)
    restart_empty(server)  # it finds its copy

    for name in order:
        spend(hosts[name], 1)

    assert used(hosts["a"]) == used(hosts["b"]) == 102


def test_a_release_that_redis_forgot_is_made_again(start_redis, host):
    """The old copy holds units that had been given back since."""
    server = start_redis()
    ledger = host(server.url)
    hold = ledger.hold(PROJECT, (("default", 60),))
    with server.client() as client:
        client.save()
    ledger.release(hold)
    restart_empty(server)

    assert used(ledger) == 0


def test_holds_of_before_the_loss_can_be_settled_once(start_redis, host, lines_of):
    """Their calls are in the air: they end in the log like any, and give back what they did not cost."""
    server = start_redis()
    ledger, other = host(server.url), host(server.url)
    kept, refused, released = (ledger.hold(PROJECT, (("default", 10),)) for _ in range(3))
    others = other.hold(PROJECT, (("default", 10),))
    restart_empty(server)

    assert ledger.settle(kept, [a_record(10)])
    assert ledger.settle(refused, [a_record(0, released=10, outcome="refused")])
    assert other.settle(others, [a_record(10)])
    assert ledger.release(released)
    assert not ledger.release(pickle.loads(pickle.dumps(kept)))
    assert used(ledger) == 20
    assert len(lines_of(kind="settle")) == 2


def test_limits_and_marks_come_back_too(start_redis, host):
    """They are facts of the day like the count."""
    server = start_redis()
    ledger = host(server.url)
    spend(ledger, 10)
    until = NOON.timestamp() + 3600
    ledger.limit(PROJECT, "default", 500, source="server")
    ledger.exhaust(PROJECT, "search_list", until)
    ledger.exhaust(PROJECT, "video_insert", until, source="operator")
    restart_empty(server)

    spend(ledger, 1)
    pools = ledger.usage(PROJECT)[PROJECT]
    assert (pools["default"].limit, pools["default"].limit_source) == (500, "server")
    marks = [(pools[name].exhausted_until, pools[name].marked_by) for name in ("search_list", "video_insert")]
    assert marks == [(until, "server"), (until, "operator")]


def test_a_redis_with_an_append_only_file_loses_nothing(start_redis, host, lines_of):
    """Killed and restarted, it has every acknowledged settlement and the functions; nothing is mended."""
    server = start_redis(*ALWAYS)
    ledger = host(server.url)
    for _ in range(50):
        spend(ledger, 2)
    restart_empty(server)

    spend(ledger, 1)
    assert used(ledger) == 101
    assert lines_of(kind="adjust") == []


def test_units_counted_by_a_journal_are_brought_to_redis_once(tmp_path, start_redis, host):
    """Whoever changes YTQUOTA_LEDGER in the middle of a day keeps the day's count, there and back."""
    url = start_redis().url
    journal = Journal(tmp_path / "a" / "calls", clock=ManualClock(NOON))
    journal.hold(PROJECT, (("default", 30),))

    ledger = host(url)
    spend(ledger, 5)
    assert used(ledger) == used(host(url)) == used(journal) == 35

    ledger.close()
    journal.hold(PROJECT, (("default", 7),))
    assert used(host(url)) == 42
    spend(host(url, "b"), 1)
    assert used(host(url)) == 43


def test_a_host_that_lost_its_name_is_a_new_one(tmp_path, redis_url, host):
    """Somebody deleted the file with it: what its old name charged is in Redis, and is not charged again."""
    first = host(redis_url)
    spend(first, 50)
    first.close()
    (tmp_path / "a" / "calls" / "host").unlink()

    later = host(redis_url)
    assert used(later) == 50
    spend(later, 5)
    assert used(later) == used(host(redis_url)) == 55


def test_functions_that_were_flushed_are_loaded_again(redis_url, shared_redis, host):
    """They are no data: a server without them gets them with the next call."""
    ledger = host(redis_url)
    spend(ledger, 1)
    with shared_redis.client() as client:
        client.function_flush()

    spend(ledger, 1)
    assert used(ledger) == 2
