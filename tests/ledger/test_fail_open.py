"""Fail mode "open": what goes out while the ledger is out of reach, and how it gets back into the count."""

from __future__ import annotations

import json
import logging
import os
import pickle
import resource
import threading
import warnings
from contextlib import contextmanager

import pytest

from ytquota.clock import ManualClock, bounds_at
from ytquota.errors import LedgerUnavailable, QuotaExceeded
from ytquota.monitor import Journal, QuotaMonitor
from ytquota.monitor.failmode import FailOpen
from ytquota.monitor.opening import open_ledger
from ytquota.monitor.redis_ledger import RedisLedger
from ytquota.settings import Settings
from ytquota.testing import (
    NOON,
    PROJECT,
    FailOpenOpener,
    JournalOpener,
    LedgerConformance,
    a_record,
    in_processes,
)
from ytquota.testing.crowd import grab

ALWAYS = ("--appendonly", "yes", "--appendfsync", "always")
BUDGET = 100


class TestFailOpen(LedgerConformance):
    """As long as the ledger is there, nothing is different."""

    @pytest.fixture(autouse=True)
    def _folders_of_its_own(self, tmp_path):
        self.folder = tmp_path

    def opener(self):
        return FailOpenOpener(JournalOpener(self.folder / "calls"), self.folder / "open", BUDGET)


class Outage:
    """A ledger whose last line nobody can read: out of reach, until it is mended."""

    def __init__(self, folder):
        self.folder = folder

    def begin(self):
        for path in self._journals():
            with path.open("ab") as file:
                file.write(b"garbage\n")

    def end(self):
        for path in self._journals():
            path.write_bytes(path.read_bytes().removesuffix(b"garbage\n"))

    @contextmanager
    def __call__(self):
        self.begin()
        yield
        self.end()

    def _journals(self):
        paths = sorted(self.folder.rglob("*.jsonl"))
        assert paths
        return paths


@pytest.fixture
def clock():
    return ManualClock(NOON)


@pytest.fixture
def journal(tmp_path, clock):
    """The ledger behind; it has counted 1,000 units today."""
    journal = Journal(tmp_path / "calls", clock=clock)
    journal.hold(PROJECT, (("default", 1000),))
    yield journal
    journal.close()


@pytest.fixture
def outage(tmp_path, journal):
    return Outage(tmp_path / "calls")


@pytest.fixture
def open_mode(tmp_path, journal, clock):
    """Open the ledger in fail mode "open", as one more program of this host."""
    opened = []

    def open_():
        inner = Journal(tmp_path / "calls", clock=clock)
        opened.append(FailOpen(inner, tmp_path / "open", budget=BUDGET, clock=clock))
        return opened[-1]

    yield open_
    for ledger in opened:
        ledger.close()


@contextmanager
def broken_disk():
    """Nothing can be written: a file may not even have two bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def take(ledger, units, bucket="default"):
    return ledger.hold(PROJECT, ((bucket, units),))


def used(ledger, bucket="default"):
    return ledger.usage(PROJECT)[PROJECT][bucket].used


def test_calls_go_out_up_to_the_budget_and_are_added_later(open_mode, outage, journal, clock, caplog):
    """Each pool has the budget of its own; the ledger gets what was spent, by a line that says why."""
    ledger = open_mode()
    with caplog.at_level(logging.WARNING, "ytquota"), outage():
        ledger.settle(take(ledger, 60), [a_record(60)])
        ledger.settle(take(ledger, 40), [a_record(0, released=40, outcome="refused")])
        take(ledger, 40)
        take(ledger, 100, "search_list")
        with pytest.raises(QuotaExceeded, match=r"out of reach.*YTQUOTA_OPEN_BUDGET") as denied:
            take(ledger, 1)
        assert (denied.value.left, denied.value.reason) == (0, "open_budget")
    assert "up to 100 units" in caplog.text

    clock.advance(10)
    assert used(ledger) == used(journal) == 1100
    assert used(journal, "search_list") == 100
    assert "is back: +100 units of pool default" in caplog.text
    lines = outage.folder.rglob("*.jsonl").__next__().read_text().splitlines()
    adjusted = [row for row in map(json.loads, lines) if row["kind"] == "adjust"]
    assert {row["bucket"]: row["units"] for row in adjusted} == {"default": 100, "search_list": 100}
    assert all("fail mode open" in row["reason"] for row in adjusted)


def test_the_ledger_hears_of_it_before_it_admits_again(open_mode, outage, journal, clock):
    """The first call after the outage already counts what went out in it."""
    ledger = open_mode()
    ledger.limit(PROJECT, "default", 1100, source="server")
    with outage():
        take(ledger, 80)

    clock.advance(10)
    with pytest.raises(QuotaExceeded) as denied:
        take(ledger, 21)
    assert denied.value.left == 20


def test_the_budget_is_for_the_day_and_not_for_each_outage(open_mode, outage, clock):
    """A ledger that comes and goes does not make new budget; a new day does."""
    ledger = open_mode()
    for units in (60, 40):
        with outage():
            take(ledger, units)
        clock.advance(10)
        used(ledger)
    outage.begin()
    with pytest.raises(QuotaExceeded):
        take(ledger, 1)

    clock.set(bounds_at(clock.time()).end)
    take(ledger, 1)
    outage.end()


@pytest.mark.parametrize("when", ["before", "after"])
def test_what_is_given_back_is_taken_off_again(open_mode, outage, journal, clock, when):
    """A call of the outage may end before or after the ledger has heard of it."""
    ledger = open_mode()
    with outage():
        hold = take(ledger, 60)
        if when == "before":
            assert ledger.release(hold)
    clock.advance(10)
    assert used(journal) == 1000
    if when == "after":
        assert used(ledger) == 1060
        assert ledger.settle(hold, [a_record(0, released=60, outcome="free")])
    assert not ledger.release(hold)

    assert used(ledger) == used(journal) == 1000


def test_programs_of_a_host_share_the_budget(open_mode, outage, journal, clock):
    """Two of them together get it once, and the ledger hears of each unit once."""
    first, second = open_mode(), open_mode()
    with outage():
        take(first, 60)
        with pytest.raises(QuotaExceeded):
            take(second, 41)
        copy = pickle.loads(pickle.dumps(take(second, 40)))
        assert first.release(copy)
    clock.advance(10)

    assert used(first) == used(second) == used(journal) == 1060


def test_eight_processes_get_exactly_the_budget(tmp_path, outage):
    """Never a unit over it, whoever asks."""
    opener = FailOpenOpener(JournalOpener(tmp_path / "calls"), tmp_path / "open", BUDGET)
    outage.begin()

    got = in_processes(grab, [(opener, NOON.timestamp(), {}, ("default", 7, 0))] * 8)

    assert sum(got) == BUDGET // 7 * 7
    outage.end()


def test_what_a_dead_program_left_is_added_by_the_next(open_mode, outage, journal, clock):
    """The spool outlives the process that wrote it."""
    with outage():
        take(open_mode(), 60)

    assert used(open_mode()) == 1060


def test_a_call_from_before_the_outage_is_settled_after_it(tmp_path, open_mode, outage, clock):
    """The monitor keeps its record, and a further send of it goes to the budget."""
    ledger = open_mode()
    monitor = QuotaMonitor(ledger, folder=tmp_path, clock=clock)
    with monitor.call("videos.list", project=PROJECT, tag="t") as call:
        outage.begin()
        call.answered(200)
    outage.end()
    clock.advance(10)

    with monitor.call("videos.list", project=PROJECT, tag="t"):
        pass
    assert used(ledger) == 1002
    assert [row["tag"] for row in monitor.log()] == ["t", "t"]
    monitor.close()


def test_a_further_send_in_an_outage_is_charged_to_the_budget(open_mode, outage, journal, clock):
    """It is sent, so it must count."""
    ledger = open_mode()
    hold = take(ledger, 50)
    with outage():
        ledger.extend(hold, (("default", 50),))
        with pytest.raises(QuotaExceeded):
            ledger.extend(hold, (("default", 51),))
    clock.advance(10)

    ledger.settle(hold, [a_record(100)])
    assert used(ledger) == used(journal) == 1100


def test_marks_and_limits_of_the_outage_reach_the_ledger(open_mode, outage, journal, clock):
    """The server's "no more today" stops this host at once, and the others as soon as they can hear it."""
    ledger = open_mode()
    end = bounds_at(clock.time()).end
    with outage():
        ledger.limit(PROJECT, "default", 5000, source="server")
        ledger.exhaust(PROJECT, "default", end, reason="quotaExceeded")
        with pytest.raises(QuotaExceeded):
            take(ledger, 1)
    clock.advance(10)

    balance = ledger.usage(PROJECT)[PROJECT]["default"]
    assert (balance.limit, balance.exhausted_until) == (5000, end)
    with pytest.raises(QuotaExceeded):
        take(journal, 1)


def test_balances_in_an_outage_are_the_last_seen_and_what_went_out_since(open_mode, outage):
    """Never "nothing used": admission and people see the best there is, and where it comes from."""
    ledger = open_mode()
    assert used(ledger) == 1000
    with outage():
        take(ledger, 60)
        assert used(ledger) == 1060
        assert set(ledger.usage()) == {PROJECT}
        assert "out of reach" in ledger.location

        stranger = open_mode()
        balance = stranger.usage(PROJECT)[PROJECT]["default"]
        assert (balance.used, balance.limit) == (60, BUDGET)


def test_a_correction_is_not_made_to_a_ledger_out_of_reach(open_mode, outage):
    """Whoever corrects a count must see that it was done."""
    ledger = open_mode()
    with outage(), pytest.raises(LedgerUnavailable):
        ledger.adjust(PROJECT, "default", 5, reason="r", who="w")


def test_with_a_broken_disk_the_budget_is_counted_in_memory(open_mode, journal, clock):
    """Neither the ledger nor the spool can be written: the budget holds, and is added when there is room."""
    ledger = open_mode()
    take(ledger, 1)
    with broken_disk():
        hold = take(ledger, 60)
        assert "memory" in hold.id
        assert ledger.settle(hold, [a_record(60)])
        assert ledger.release(take(ledger, 40))
        with pytest.raises(QuotaExceeded):
            take(ledger, 41)
    clock.advance(10)

    take(ledger, 1)
    assert used(ledger) == used(journal) == 1062


def test_what_is_counted_in_memory_is_told_once_after_a_fork(open_mode, journal, clock):
    """Both sides have a copy of it, and the child one of a lock that a thread may have held."""
    ledger = open_mode()
    with broken_disk():
        take(ledger, 60)
    clock.advance(10)
    with ledger._mutex, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # 3.12 warns of forks beside threads
        child = os.fork()
    if child == 0:
        helper = threading.Thread(target=take, args=(ledger, 1), daemon=True)
        helper.start()
        helper.join(20)
        os._exit(helper.is_alive())
    assert os.waitpid(child, 0)[1] == 0

    take(ledger, 1)
    assert used(ledger) == used(journal) == 1062


@pytest.mark.redis
def test_bots_go_on_without_redis_and_it_catches_up(tmp_path, start_redis, clock):
    """From the settings to a killed and restarted server: strict denies, open sends and adds."""
    server = start_redis(*ALWAYS)
    environ = {
        "YTQUOTA_LEDGER": server.url,
        "YTQUOTA_OPEN_BUDGET": "50",
        "YTQUOTA_LIMIT_DEFAULT": "1000",
        "YTQUOTA_MEMORY_DIR": str(tmp_path / "memory"),
    }
    strict = open_ledger(Settings.load(environ, start=tmp_path), clock)
    ledger = open_ledger(Settings.load(environ | {"YTQUOTA_FAIL_MODE": "open"}, start=tmp_path), clock)
    assert isinstance(strict, RedisLedger)
    ledger.settle(take(ledger, 10), [a_record(10)])
    server.kill()

    with pytest.raises(LedgerUnavailable):
        take(strict, 1)
    ledger.settle(take(ledger, 40), [a_record(40)])
    with pytest.raises(QuotaExceeded):
        take(ledger, 11)

    server.start()
    clock.advance(10)
    take(ledger, 5)
    assert used(ledger) == used(strict) == 55
    assert ledger.usage(PROJECT)[PROJECT]["default"].limit == 1000
    for each in (strict, ledger):
        each.close()


def test_the_journal_is_opened_by_default(tmp_path):
    """No setting: a journal in the memory folder, strict."""
    ledger = open_ledger(Settings.load({}, start=tmp_path), ManualClock(NOON))

    assert isinstance(ledger, Journal)
    assert ledger.location == str(tmp_path / "memory" / "calls")
