"""`kill -9` at any moment: what was acknowledged is there, once, and every anomaly is reported."""

from __future__ import annotations

import os
import random
import signal
import warnings
from datetime import date

import pytest

from ytquota import clock as clocks
from ytquota.errors import QuotaExceeded
from ytquota.monitor import CallRecord, Journal, page, repair

PROJECT = "1"
DAY = date(2026, 11, 10)
NOON = clocks.bounds_of(DAY).start + 43_200


def write_until_killed(folder, acknowledge):
    """Hold and settle for ever; say so after each settlement."""
    journal = Journal(folder, clock=clocks.ManualClock(NOON), limits=lambda *_: 10**9)
    while True:
        hold = journal.hold(PROJECT, (("default", 3),))
        journal.settle(hold, [CallRecord("videos.list", "default", 3, 3, tag="x" * 300)])
        os.write(acknowledge, f"{hold.id}\n".encode())


def in_child(work):
    """Run `work(write end of a pipe)` in a forked child; returns its pid and the read end."""
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            work(writer)
        finally:
            os._exit(0)
    os.close(writer)
    return child, os.fdopen(reader)


def settled_ids(path):
    return [
        page.lines.decode(raw)["id"] for raw in path.read_bytes().split(b"\n") if b'"kind":"settle"' in raw
    ]


def check(folder, acknowledged):
    """Nothing acknowledged is missing or doubled, the file is readable, and it adds up."""
    journal = Journal(folder, clock=clocks.ManualClock(NOON), limits=lambda *_: 10**9)
    journal.release(journal.hold(PROJECT, (("default", 1),)))  # the next writer sets a torn line aside
    path = folder / DAY.isoformat() / f"{PROJECT}.jsonl"
    ids = settled_ids(path)
    found = repair.examine(path)
    assert set(acknowledged) <= set(ids)
    assert len(ids) == len(set(ids))
    assert found.is_sound
    assert not found.is_torn
    assert found.stated["default"] == 3 * (len(ids) + len(found.unsettled))
    journal.close()
    return found


def kill_randomly(folder, times, seed):
    acknowledged, chance = [], random.Random(seed)
    for _ in range(times):
        child, answers = in_child(lambda acknowledge: write_until_killed(folder, acknowledge))
        acknowledged += [answers.readline().strip() for _ in range(chance.randrange(1, 60))]
        os.kill(child, signal.SIGKILL)
        acknowledged += [line.strip() for line in answers if line.endswith("\n")]
        answers.close()
        os.waitpid(child, 0)
    return acknowledged


def test_writers_killed_at_random_lose_nothing_they_acknowledged(tmp_path):
    """Fifteen writers killed in mid-work."""
    acknowledged = kill_randomly(tmp_path, 15, seed=1)
    found = check(tmp_path, acknowledged)
    assert len(found.unsettled) <= 15


@pytest.mark.soak
def test_two_hundred_killed_writers_lose_nothing(tmp_path):
    """The long proof."""
    check(tmp_path, kill_randomly(tmp_path, 200, seed=2))


def _die_before_the_write(_fd, _data):
    os.kill(os.getpid(), signal.SIGKILL)


def _die_in_mid_line(fd, data):
    REAL_WRITE(fd, data[: len(data) // 2])
    os.kill(os.getpid(), signal.SIGKILL)


def _die_before_the_unlock(fd, data):
    REAL_WRITE(fd, data)
    os.kill(os.getpid(), signal.SIGKILL)


REAL_WRITE = os.write


@pytest.mark.parametrize(
    ("die", "step", "used", "unsettled", "torn"),
    [
        (_die_before_the_write, "hold", 3, 0, False),
        (_die_in_mid_line, "hold", 3, 0, True),
        (_die_before_the_unlock, "hold", 6, 1, False),
        (_die_before_the_write, "settle", 6, 1, False),
        (_die_in_mid_line, "settle", 6, 1, True),
        (_die_before_the_unlock, "settle", 6, 0, False),
    ],
)
def test_a_kill_at_a_named_point(tmp_path, die, step, used, unsettled, torn):
    """Before the write nothing happened; after it everything did; half a line is set aside."""

    def work(_acknowledge):
        journal = Journal(tmp_path, clock=clocks.ManualClock(NOON), limits=lambda *_: 10**9)
        record = CallRecord("videos.list", "default", 3, 3)
        journal.settle(journal.hold(PROJECT, (("default", 3),)), [record])
        if step == "hold":
            page.os.write = die
        hold = journal.hold(PROJECT, (("default", 3),))
        page.os.write = die
        journal.settle(hold, [record])

    child, answers = in_child(work)
    _, status = os.waitpid(child, 0)
    answers.close()
    assert os.WTERMSIG(status) == signal.SIGKILL

    found = check(tmp_path, [])
    assert (found.stated["default"], len(found.unsettled)) == (used, unsettled)
    assert (tmp_path / DAY.isoformat() / f"{PROJECT}.torn").exists() == torn


def test_a_hold_of_a_killed_program_is_reported_after_a_quarter_of_an_hour(tmp_path):
    """Its units stay spent: the request may have gone out."""
    journal = Journal(tmp_path, clock=clocks.ManualClock(NOON))
    journal.hold(PROJECT, (("default", 50),), note="comments.insert")
    journal.close()

    assert repair.unsettled(tmp_path, DAY, now=NOON + 899) == []
    (lost,) = repair.unsettled(tmp_path, DAY, now=NOON + 901)
    assert (lost.method, lost.items, lost.pid) == ("comments.insert", (("default", 50),), os.getpid())


@pytest.mark.slow
def test_eight_killed_processes_leave_a_limit_unbroken(tmp_path):
    """Kills among racing writers never make room."""
    limit = 900

    def spend(acknowledge):
        journal = Journal(tmp_path, clock=clocks.ManualClock(NOON), limits=lambda *_: limit)
        while True:
            try:
                journal.hold(PROJECT, (("default", 7),))
            except QuotaExceeded:
                os.write(acknowledge, b"full\n")
                os.kill(os.getpid(), signal.SIGSTOP)

    children = [in_child(spend) for _ in range(8)]
    for child, _ in children[:4]:
        os.kill(child, signal.SIGKILL)
    assert children[-1][1].readline() == "full\n"
    for child, answers in children:
        os.kill(child, signal.SIGKILL)
        answers.close()
        os.waitpid(child, 0)

    journal = Journal(tmp_path, clock=clocks.ManualClock(NOON), limits=lambda *_: limit)
    assert journal.usage(PROJECT)[PROJECT]["default"].used == limit // 7 * 7
