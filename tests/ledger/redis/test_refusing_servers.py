"""A Redis that refuses or does not answer: what a person reads, and what waits for it."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
import traceback

import pytest

from ytquota.errors import LedgerUnavailable, SettingsError
from ytquota.monitor.redis_ledger import RedisLedger
from ytquota.testing import PROJECT, a_record

pytestmark = pytest.mark.redis

ONE = (("default", 1),)
ALWAYS = ("--appendonly", "yes", "--appendfsync", "always")


def used(ledger, bucket="default", **options):
    return ledger.usage(PROJECT, **options)[PROJECT][bucket].used


def spend(ledger, units):
    ledger.settle(ledger.hold(PROJECT, (("default", units),)), [a_record(units)])


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
