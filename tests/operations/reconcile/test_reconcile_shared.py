"""A ledger in Redis that several hosts share, beside Google's counters, seen from one of the hosts."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
import redis
from googleapiclient.errors import HttpError

from benchmarks.redis_server import redis_server
from ytquota.cli.drift_page import facts_of, page
from ytquota.clock import ManualClock
from ytquota.operations import reconcile

pytestmark = pytest.mark.redis

ONE = "111111111111"
NOON = datetime(2026, 11, 20, 20, 0, 7, tzinfo=UTC)
"""A Friday, 12:00:07 Pacific."""

ANOTHER_HOST = """
import sys
from pathlib import Path
from ytquota.clock import ManualClock
from ytquota.monitor import QuotaMonitor
from ytquota.service import monitored
from ytquota.settings import Settings

folder, url, key, project, at, times = sys.argv[1:]
clock = ManualClock(float(at))
monitor = QuotaMonitor.open(Settings.load({}, start=Path(folder)), clock=clock)
service = monitored(developerKey=key, project=project, monitor=monitor, endpoint=url)
for _ in range(int(times)):
    service.videos().list(part="id", id="x").execute(num_retries=0)
service.close()
monitor.close()
"""


@pytest.fixture
def clock():
    return ManualClock(NOON)


@pytest.fixture
def redis_url(tmp_path):
    """The address of a Redis of this test's own."""
    if not shutil.which("redis-server"):
        pytest.fail("These tests need a real redis-server: sudo apt-get install redis-server")
    folder = tmp_path / "r"
    folder.mkdir()
    with redis_server(folder) as server:
        yield f"unix://{server.socket}"


@pytest.fixture
def host(tmp_path, new_bot, redis_url):
    """A bot on a host of this name, with its own folder, on the ledger that all share."""
    opened = []

    def open_(name):
        folder = tmp_path / name
        folder.mkdir()
        cloud = opened[0].cloud if opened else None
        opened.append(new_bot(folder, cloud=cloud, YTQUOTA_LEDGER=redis_url))
        return opened[-1]

    return open_


@pytest.mark.slow
def test_the_count_of_all_hosts_is_googles_after_apply(host, sandbox):
    """A busy host and a quiet one, whose calls only Redis knows; somebody else spends, too."""
    here, there = host("a"), host("b")
    for _ in range(5):
        here.call(1)
        there.call(9)
    sandbox.spend(ONE, "comments.insert", 3)
    there.call(20)  # this host hears nothing of them
    here.settle()
    there.call(5)

    compared = here.compare(causes=True)
    check = compared.checks["default"]
    assert (check.local, check.official, check.drift) == (70, 220, 150)
    here.apply(compared)

    assert here.used() == there.used() == sandbox.used(ONE) == 225
    assert there.compare().checks["default"].drift == 0  # corrected there is corrected here
    assert there.apply(there.compare()) == []
    here.settle()
    assert here.compare().checks["default"].drift == 0


@pytest.mark.slow
def test_a_host_that_is_another_process(host, sandbox, redis_url):
    """Its lines are in its own folder; Redis alone knows of them here."""
    here = host("a")
    here.call(3)
    folder = here.folder.parent / "b"
    folder.mkdir()
    sandbox.write_env(folder, {1: ONE}, extra={"YTQUOTA_LEDGER": redis_url})
    key = sandbox.add_api_key(ONE)
    at = str(here.clock.time())
    subprocess.run([sys.executable, "-c", ANOTHER_HOST, folder, sandbox.url, key, ONE, at, "12"], check=True)
    sandbox.spend(ONE, "comments.insert", 1)
    here.settle()

    compared = here.compare(causes=True)
    here.apply(compared)

    assert compared.checks["default"].local == 15
    assert here.used() == sandbox.used(ONE) == 65


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_whatever_both_hosts_do_the_count_is_googles_afterwards(host, sandbox, seed):
    """Calls, others' calls and corrections on either host, in any order."""
    rng = random.Random(seed)
    bots = [host("a"), host("b")]
    for _ in range(40):
        bot = rng.choice(bots)
        bot.call(rng.randint(1, 3), every=rng.uniform(2.0, 60.0))
        if rng.random() < 0.2:
            sandbox.spend(ONE, rng.choice(["comments.insert", "search.list"]), rng.randint(1, 3))
        if rng.random() < 0.2:
            bot.apply(bot.compare())
    for bot in bots:
        bot.call(2, every=61.0)
    bots[0].settle()
    bots[0].apply(bots[0].compare())

    assert bots[1].used() == sandbox.used(ONE)
    assert bots[1].used("search_list") == sandbox.used(ONE, "search_list")
    assert {check.drift for check in bots[1].compare().checks.values()} == {0}


@pytest.mark.slow
def test_the_other_hosts_are_named_as_what_is_missing_here(host):
    """What Google counted beyond this host's lines is put down to the host that Redis says charged it."""
    here, there = host("a"), host("b")
    for _ in range(15):
        here.call(1, every=30.0)
        there.service.commentThreads().list(part="id", videoId="x").execute(num_retries=0)
        there.call(1, every=30.0)
    here.settle()

    compared = here.compare(causes=True)

    assert compared.checks["default"].drift == 0
    assert compared.explained.proposals() == []
    causes = compared.explained.drift.causes
    assert {cause.kind for cause in causes} == {"missing_host"}
    assert sum(cause.units for cause in causes) == 30
    (name,) = {cause.detail for cause in causes}
    assert name == (there.folder / "memory" / "calls" / "host").read_text().strip()


@pytest.mark.slow
def test_a_count_that_others_share_is_not_lowered(host, sandbox, capsys):
    """Whether Google lost calls of another host or never billed them cannot be told; and that is said."""
    sandbox.server_errors_free(True)
    here, there = host("a"), host("b")
    here.call(3)
    sandbox.fail("videos.list", status=500)
    with pytest.raises(HttpError, match="500"):
        there.call()
    here.clock.advance(61)
    here.call(3)
    here.settle()

    compared = here.compare(causes=True)

    assert compared.checks["default"].drift == -1
    assert here.apply(compared) == []
    assert here.used() == 7
    assert facts_of(compared)["not_lowered"].startswith("another host charges")
    assert "No count is lowered" in "".join(str(part) for part in page(compared))


@pytest.mark.slow
def test_a_request_of_another_host_that_is_under_way_is_held_against_nobody(host, sandbox, clock):
    """Charged before every minute that could be chosen, and answered after it: doubtful, and no drift."""
    here, there = host("a"), host("b")
    here.call(3)
    clock.advance(60)
    hold = there.monitor.ledger.hold(ONE, (("default", 50),))
    clock.advance(900)
    there.monitor.ledger.release(hold)
    clock.advance(240)
    here.call(1)

    check = here.compare().checks["default"]

    assert (check.official, check.drift) == (3, 0)
    assert reconcile.to_correct([here.compare()]) == []


def test_what_redis_does_not_know_is_not_compared(host, sandbox, redis_url, clock):
    """Before its memory of minutes begins, the count of all hosts is not known, and the command says so."""
    here = host("a")
    here.call(3)
    with redis.Redis.from_url(redis_url) as client:
        client.delete(f"ytquota:{{{ONE}}}:2026-11-20:minutes")
    clock.advance(timedelta(minutes=8).total_seconds())
    here.call(1)

    compared = here.compare()
    assert not compared.is_known
    assert compared.checks == {}
    assert "Redis does not know" in "".join(str(part) for part in page(compared))

    here.settle()
    assert here.compare().checks["default"].drift == 0
