"""What the doctor sees of a Redis that hosts count in: a real server, set up well and badly."""

from __future__ import annotations

import pytest
import redis

from benchmarks.redis_server import redis_server

pytestmark = pytest.mark.redis


@pytest.fixture
def server(tmp_path_factory, bot):
    """A server that keeps everything, in which the bot counts; a client of its operator."""
    with redis_server(tmp_path_factory.mktemp("r")) as running:
        assert running is not None, "These tests need a real redis-server: sudo apt-get install redis-server"
        bot.setting("YTQUOTA_LEDGER", f"unix://{running.socket}")
        with redis.Redis(unix_socket_path=running.socket) as client:
            client.config_set("appendonly", "yes")
            client.socket = running.socket
            yield client
            client.shutdown(nosave=True, now=True, force=True)  # else it waits for its first append-only file


def found(bot):
    return [finding for finding in bot.look() if finding.check.startswith("redis")]


def test_a_server_that_keeps_what_is_written_is_fine(bot, server):
    """Evicting nothing, with an append-only file."""
    assert found(bot) == []


@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-ttl"])
def test_a_server_that_throws_keys_away_is_found(bot, server, policy):
    """Also one that takes only keys that expire: all of the ledger's do."""
    server.config_set("maxmemory-policy", policy)

    (finding,) = found(bot)

    assert (finding.check, finding.severity) == ("redis-eviction", "warning")
    assert policy in finding.what
    assert "`maxmemory-policy noeviction`" in finding.remedy
    assert server.socket in finding.subject


def test_a_server_without_an_append_only_file_is_found(bot, server):
    """The remedy is the line to write, and the command that works at once."""
    server.config_set("appendonly", "no")

    (finding,) = found(bot)

    assert (finding.check, finding.severity) == ("redis-appendonly", "warning")
    assert "`appendonly yes`" in finding.remedy
    server.execute_command(*finding.remedy.partition("redis-cli ")[2].partition("`")[0].split())
    assert found(bot) == []


RIGHTS = "+fcall +fcall_ro +function|load +time +exists +expire +get +set +hget +hset +hdel +hexists +hgetall"


@pytest.mark.parametrize(("more", "checks"), [("+info", ["redis-appendonly"]), ("-info", ["redis-unseen"])])
def test_config_need_not_be_allowed_and_info_is_not_insisted_on(bot, server, more, checks):
    """A provider's servers forbid CONFIG; a user with the ledger's own rights only may ask for nothing."""
    server.config_set("appendonly", "no")
    server.execute_command(
        "ACL", "SETUSER", "bot", "on", ">hush", "~ytquota:*", *RIGHTS.split(), "+zadd", "+zrange", more
    )
    bot.setting("YTQUOTA_LEDGER", f"unix://bot:hush@{server.socket}")

    findings = found(bot)

    assert [finding.check for finding in findings] == checks
    assert "hush" not in str([finding.to_json() for finding in findings])
    assert findings[0].severity == ("warning" if more == "+info" else "note")
