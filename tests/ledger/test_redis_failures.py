"""What a Redis can do to us, and that no unit is lost or admitted twice over it."""

from __future__ import annotations

import json
import logging
import os
import pickle
import re
import signal
import sys
import time
import traceback
from datetime import timedelta

import pytest

from ytquota import clock as clocks
from ytquota.clock import ManualClock
from ytquota.errors import LedgerUnavailable, QuotaExceeded, SettingsError
from ytquota.monitor import Journal
from ytquota.monitor.redis_ledger import RedisLedger
from ytquota.testing import NOON, PROJECT, a_record

pytestmark = pytest.mark.redis

ONE = (("default", 1),)
ALWAYS = ("--appendonly", "yes", "--appendfsync", "always")


@pytest.fixture
def clock():
    return ManualClock(NOON)


@pytest.fixture
def host(tmp_path, clock):
    """Open the ledger as a program of a host does; each host has a folder of its own."""
    opened = []

    def open_(url, name="a", **options):
        options = {"clock": clock, "server_time": False} | options
        opened.append(RedisLedger(url, tmp_path / name / "calls", **options))
        return opened[-1]

    yield open_
    for ledger in opened:
        ledger.close()


@pytest.fixture
def lines_of(tmp_path):
    def read(name="a", kind=None):
        paths = sorted((tmp_path / name / "calls").rglob("*.jsonl"))
        rows = [json.loads(line) for path in paths for line in path.read_text().splitlines()]
        return [row for row in rows if kind in {None, row["kind"]}]

    return read


def used(ledger, bucket="default", **options):
    return ledger.usage(PROJECT, **options)[PROJECT][bucket].used


def spend(ledger, units):
    ledger.settle(ledger.hold(PROJECT, (("default", units),)), [a_record(units)])


def restart_empty(server):
    server.kill()
    server.start()


# -- data that is gone


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
    restart_empty(server)

    spend(ledger, 1)
    pools = ledger.usage(PROJECT)[PROJECT]
    assert (pools["default"].limit, pools["default"].limit_source) == (500, "server")
    assert pools["search_list"].exhausted_until == until


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


# -- servers that refuse


@pytest.fixture
def said():
    """What a person reads when a step fails, with everything that a traceback would show."""

    def run(step):
        with pytest.raises(LedgerUnavailable) as failed:
            step()
        return str(failed.value), "".join(traceback.format_exception(failed.value))

    return run


def test_an_unreachable_redis_denies_in_plain_words_without_the_password(start_redis, host, said):
    """Nothing was counted, nothing is sent, and the log can be shown to anybody."""
    server = start_redis("--requirepass", "s3cret/pass", with_port=True)
    ledger = host(f"redis://default:s3cret%2Fpass@127.0.0.1:{server.port}/0?socket_timeout=1")
    spend(ledger, 1)
    server.kill()

    started = time.monotonic()
    message, everything = said(lambda: ledger.hold(PROJECT, ONE))

    assert time.monotonic() - started < 5
    assert f"redis://127.0.0.1:{server.port}/0 cannot be used: it cannot be reached" in message
    assert "s3cret" not in everything + repr(ledger) + ledger.location


def test_a_wrong_password_is_named_and_not_shown(start_redis, host, said):
    """The setting to look at is in the message."""
    server = start_redis("--requirepass", "right", with_port=True)

    url = f"redis://:wrong-one@127.0.0.1:{server.port}"
    message, everything = said(lambda: host(url).hold(PROJECT, ONE))

    assert "refused the login" in message
    assert "YTQUOTA_LEDGER" in message
    assert "wrong-one" not in everything


def test_a_user_without_permission_is_told_what_to_allow(start_redis, host, said):
    """Managed servers often allow little; here is all that is needed, and it is enough."""
    server = start_redis(with_port=True)
    with server.client() as client:
        client.acl_setuser("bot", enabled=True, passwords=["+pw"], keys=["ytquota:*"], commands=["-@all"])
    url = f"redis://bot:pw@127.0.0.1:{server.port}"

    message, _ = said(lambda: host(url).hold(PROJECT, ONE))

    assert "+fcall" in message
    with server.client() as client:
        client.execute_command("ACL", "SETUSER", "bot", *re.findall(r"\+[a-z_|]+", message))
    spend(host(url), 1)


def test_a_replica_takes_no_calls_but_can_be_read(start_redis, host, said):
    """A ledger that failed over the wrong way denies; its numbers are still shown."""
    server = start_redis()
    ledger = host(server.url)
    spend(ledger, 5)
    with server.client() as client:
        client.replicaof("127.0.0.1", 1)

    message, _ = said(lambda: ledger.hold(PROJECT, ONE))

    assert "read-only replica" in message
    assert used(ledger) == 5


def test_a_full_redis_denies_and_can_be_read(start_redis, host, said):
    """maxmemory with noeviction: nothing is thrown away, and nothing is counted that was not written."""
    server = start_redis()
    ledger = host(server.url)
    hold = ledger.hold(PROJECT, ONE)
    with server.client() as client:
        client.config_set("maxmemory", "1")
        message, _ = said(lambda: ledger.hold(PROJECT, ONE))
        assert "memory is full" in message
        assert used(ledger) == 1
        client.config_set("maxmemory", "0")

    assert ledger.settle(hold, [a_record(1)])
    spend(ledger, 1)
    assert used(ledger) == 2


@pytest.mark.slow
def test_a_hold_without_an_answer_is_given_back(start_redis, host, said):
    """A server that hangs may count the hold later; nobody sent anything on it, so it is taken back."""
    server = start_redis()
    ledger = host(server.url, limits=lambda *_: 100)
    spend(ledger, 10)
    os.kill(server.process.pid, signal.SIGSTOP)
    try:
        message, _ = said(lambda: ledger.hold(PROJECT, (("default", 90),)))
    finally:
        os.kill(server.process.pid, signal.SIGCONT)
    assert "does not answer in time" in message

    ledger.hold(PROJECT, (("default", 90),))
    assert used(ledger) == 100


def test_a_settlement_that_found_no_redis_is_made_later(start_redis, host, lines_of):
    """The call was made: its line is written once, when the server is back."""
    server = start_redis(*ALWAYS)
    ledger = host(server.url)
    hold = ledger.hold(PROJECT, (("default", 10),))
    server.kill()
    record = a_record(0, released=10, outcome="refused")
    with pytest.raises(LedgerUnavailable):
        ledger.settle(hold, [record])
    server.start()

    hold.is_open = True  # as the monitor does with what waits
    assert ledger.settle(hold, [record])
    assert used(ledger) == 0
    assert len(lines_of(kind="release")) == 1


def test_denied_demand_waits_for_redis(start_redis, host):
    """A pool that is short is no reason to fail twice: what could not be written is summed up."""
    server = start_redis()
    ledger = host(server.url)
    spend(ledger, 1)
    server.kill()
    ledger.refuse(PROJECT, a_record(0, released=3, outcome="denied"))
    ledger.refuse(PROJECT, a_record(0, released=4, outcome="denied"))
    server.start()

    assert ledger.usage(PROJECT)[PROJECT]["default"].refused == 7


@pytest.mark.parametrize(
    "url", ["redis://:pa/ss-word@localhost:6379", "redis://:ss-word@localhost:port", "redis://h:70000"]
)
def test_an_address_that_is_none_is_a_wrong_setting(tmp_path, url):
    """A special character in the password must be encoded; the message says so without quoting it."""
    with pytest.raises(SettingsError, match=r"YTQUOTA_LEDGER.*%2F") as wrong:
        RedisLedger(url, tmp_path).hold(PROJECT, ONE)

    assert "ss-word" not in "".join(traceback.format_exception(wrong.value))


def test_without_the_package_the_setting_is_named(tmp_path, monkeypatch):
    """The base installation has no Redis client, and says how to get one."""
    monkeypatch.setitem(sys.modules, "redis", None)

    with pytest.raises(SettingsError, match=r'pip install "ytquota\[redis\]"'):
        RedisLedger("redis://localhost", tmp_path)


# -- time, repetition, several hosts


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
