"""Days change, clocks slip, processes fork: the count goes to the right day, once."""

from __future__ import annotations

import json
import multiprocessing
import os
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from ytquota import clock as clocks
from ytquota.errors import LedgerUnavailable, QuotaExceeded
from ytquota.monitor import Journal, places

PROJECT = "123456789012"
DAY, NEXT = date(2026, 11, 10), date(2026, 11, 11)
ONE = (("default", 1),)


def used(journal, day=None, bucket="default"):
    return journal.usage(PROJECT, day)[PROJECT][bucket].used


def test_a_hold_that_straddles_midnight_settles_on_its_own_day(journal, clock, a_call):
    """The server charged the old day; so do we, and the new day starts from nothing."""
    clock.set(clocks.bounds_of(DAY).end - 1)
    hold = journal.hold(PROJECT, (("default", 50),))
    clock.advance(2)

    journal.settle(hold, [a_call(released=50, outcome="not_sent")])
    journal.hold(PROJECT, ONE)

    assert (used(journal, DAY), used(journal, NEXT)) == (0, 1)


def test_a_new_day_starts_from_nothing_but_keeps_learned_limits(journal, clock):
    """Limits are facts of the project; use and marks are facts of the day."""
    journal.limit(PROJECT, "search_list", 6, source="server")
    journal.hold(PROJECT, (("search_list", 6),))
    journal.exhaust(PROJECT, "default", clocks.bounds_of(DAY).end)
    clock.set(clocks.bounds_of(NEXT).start)

    balance = journal.usage(PROJECT)[PROJECT]["search_list"]
    assert (balance.used, balance.limit, balance.limit_source) == (0, 6, "server")
    journal.hold(PROJECT, (("default", 1), ("search_list", 6)))
    with pytest.raises(QuotaExceeded):
        journal.hold(PROJECT, (("search_list", 1),))


def test_learned_limits_survive_days_without_calls(journal, clock):
    """A bot that rests for a week still knows what the server told it."""
    journal.limit(PROJECT, "search_list", 6, source="server")
    clock.advance(7 * 86_400)

    assert journal.usage(PROJECT)[PROJECT]["search_list"].limit == 6
    journal.hold(PROJECT, ONE)
    assert journal.usage(PROJECT)[PROJECT]["search_list"].limit == 6


def test_a_clock_that_slips_back_over_midnight_does_not_reopen_yesterday(journal, clock):
    """Time servers correct by seconds; yesterday's remainder must not be spent again."""
    clock.set(clocks.bounds_of(NEXT).start + 5)
    journal.hold(PROJECT, ONE)
    clock.advance(-10)

    journal.hold(PROJECT, ONE)

    assert used(journal, NEXT) == 2


def test_a_clock_put_back_by_hours_is_believed(journal, clock):
    """Somebody corrected a wrong clock: what it says now is the day."""
    clock.set(clocks.bounds_of(NEXT).start + 7200)
    journal.hold(PROJECT, ONE)
    clock.advance(-4 * 3600)

    journal.hold(PROJECT, ONE)

    assert (used(journal, DAY), used(journal, NEXT)) == (1, 1)


def test_a_clock_that_jumps_forward_opens_the_new_day(journal, clock):
    """A machine that slept through midnight counts in the day it wakes up in."""
    journal.hold(PROJECT, ONE)
    clock.advance(36 * 3600)

    journal.hold(PROJECT, ONE)

    assert used(journal, DAY) == 1
    assert used(journal) == 1


def test_projects_do_not_touch_each_other(journal):
    """A pool is a project's; two projects are two counts."""
    journal.hold("111", (("default", 10_000),))
    journal.hold("222", ONE)

    usage = journal.usage()
    assert (usage["111"]["default"].left, usage["222"]["default"].left) == (0, 9_999)


def test_a_provisional_project_keeps_its_name(journal):
    """`key:<digest>` names a pool although file names may hold no colon."""
    journal.hold("key:0a1b2c", ONE)

    assert list(journal.usage()) == ["key:0a1b2c"]


def test_threads_never_spend_more_than_the_limit(journal):
    """A file lock does not hold between threads of one process; the thread lock beside it does."""
    journal.limit(PROJECT, "default", 300, source="operator")

    def spend(_):
        try:
            journal.hold(PROJECT, (("default", 3),))
        except QuotaExceeded:
            return 0
        return 3

    with ThreadPoolExecutor(8) as pool:
        granted = sum(pool.map(spend, range(200)))

    assert granted == used(journal) == 300


def _spend_until_denied(folder, clock, barrier):
    journal = Journal(folder, clock=clock)
    barrier.wait()
    granted = 0
    while True:
        try:
            journal.hold(PROJECT, (("default", 7),))
        except QuotaExceeded:
            return granted
        granted += 7


def _child(folder, at, barrier, answers):
    answers.put(_spend_until_denied(folder, clocks.ManualClock(at), barrier))


def test_processes_never_spend_more_than_the_limit(open_journal, clock):
    """Four processes race for one pool, and together get exactly what fits."""
    journal = open_journal()
    journal.hold(PROJECT, ONE)
    context = multiprocessing.get_context("spawn")
    barrier, answers = context.Barrier(4), context.Queue()
    children = [
        context.Process(target=_child, args=(journal.folder, clock.time(), barrier, answers))
        for _ in range(4)
    ]
    for child in children:
        child.start()
    granted = [answers.get(timeout=60) for _ in children]
    for child in children:
        child.join()

    assert sum(granted) == 9_999 // 7 * 7
    assert used(journal) == 1 + sum(granted)


def test_a_forked_child_takes_its_own_lock(journal):
    """A descriptor opened before a fork is shared, lock and all; so the child opens the file anew."""
    journal.limit(PROJECT, "default", 4_000, source="operator")
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    granted = 0
    while True:
        try:
            journal.hold(PROJECT, ONE)
        except QuotaExceeded:
            break
        granted += 1
    if child == 0:
        os.write(writer, json.dumps(granted).encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        by_child = json.load(answer)

    assert granted + by_child == 4_000


def test_a_fork_while_another_thread_counts_does_not_hang(journal):
    """The child inherits a lock held by a thread it does not have; it must not wait for it."""
    entered, leave = threading.Event(), threading.Event()

    def hold_the_lock():
        with journal._mutex:
            entered.set()
            leave.wait(30)

    thread = threading.Thread(target=hold_the_lock)
    thread.start()
    entered.wait(30)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        journal.hold(PROJECT, ONE)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    leave.set()
    thread.join()

    assert status == 0
    assert used(journal) == 1


def test_without_zone_data_nothing_is_written(journal, monkeypatch):
    """An hour's error in the day would spoil a count that others share."""
    monkeypatch.setattr(places.clocks, "ZONE_IS_EXACT", False)

    with pytest.raises(LedgerUnavailable, match="tzdata"):
        journal.hold(PROJECT, ONE)


@pytest.mark.parametrize("durability", ["process", "power"])
def test_both_durabilities_count_alike(open_journal, a_call, durability):
    """Syncing to the disk changes what a power cut may take, nothing else."""
    journal = open_journal(durability=durability)
    hold = journal.hold(PROJECT, (("default", 50),))

    assert journal.settle(hold, [a_call(50)])
    assert used(journal) == 50


def test_the_operators_limit_is_the_one_in_the_settings_today(open_journal, clock):
    """A limit that was taken out of `.env` is gone with the next start, not carried over for ever."""
    open_journal(limits=lambda *_: 500).hold(PROJECT, ONE)
    balance = open_journal(limits=lambda *_: None).usage(PROJECT)[PROJECT]["default"]
    assert (balance.limit, balance.limit_source) == (500, "operator")

    clock.advance(86_400)
    journal = open_journal(limits=lambda *_: None)
    journal.hold(PROJECT, ONE)

    balance = journal.usage(PROJECT)[PROJECT]["default"]
    assert (balance.limit, balance.limit_source) == (10_000, "default")


def test_a_mark_of_an_earlier_version_reads_as_googles(journal, open_journal, clock, tmp_path):
    """Its lines do not say whose a mark is; they read as they always did, and are written on."""
    until = clock.time() + 3600
    journal.exhaust(PROJECT, "default", until)
    journal.close()
    (path,) = (tmp_path / "calls").rglob("*.jsonl")
    assert b"by_operator" not in path.read_bytes()

    later = open_journal()
    assert later.usage(PROJECT)[PROJECT]["default"].marked_by == "server"
    later.exhaust(PROJECT, "search_list", until, source="operator")
    assert json.loads(path.read_text().splitlines()[-1])["by_operator"] == ["search_list"]
    later.exhaust(PROJECT, "search_list", None)
    assert "by_operator" not in json.loads(path.read_text().splitlines()[-1])
