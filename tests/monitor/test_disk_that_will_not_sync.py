"""`YTQUOTA_DURABILITY=power` on a disk that takes lines and then fails to keep them."""

from __future__ import annotations

import errno
import os

import pytest

from ytquota.errors import LedgerUnavailable
from ytquota.monitor import Demand, QuotaMonitor

PROJECT = "123456789012"
ONE = (("default", 1),)


@pytest.fixture
def journal(open_journal):
    return open_journal(durability="power")


@pytest.fixture
def syncs(monkeypatch):
    """Count what is synced; with an error in it, that is what a sync ends with."""

    class Syncs(list):
        error = None

    syncs, real = Syncs(), os.fdatasync

    def sync(fd):
        syncs.append(fd)
        if syncs.error is not None:
            raise syncs.error
        real(fd)

    monkeypatch.setattr(os, "fdatasync", sync)
    return syncs


def used(journal):
    return journal.usage(PROJECT)[PROJECT]["default"].used


def test_a_call_that_could_not_be_kept_is_denied_and_costs_nothing(journal, syncs):
    """The error names the file and the remedy, as with any other failure of a disk."""
    syncs.error = OSError(errno.EIO, "Input/output error")

    with pytest.raises(LedgerUnavailable, match=rf"{PROJECT}\.jsonl.*Input/output error.*Check the disk"):
        journal.hold(PROJECT, ONE)

    syncs.error = None
    assert used(journal) == 0


def test_an_answer_reaches_its_caller_and_is_logged_once(journal, syncs, tmp_path, clock):
    """The line is there, and only its safety in a power cut is in doubt; the next call settles that."""
    monitor = QuotaMonitor(journal, folder=tmp_path, clock=clock)
    flight = monitor.begin([Demand("videos.list", PROJECT)])
    syncs.error = OSError(errno.EIO, "Input/output error")
    flight.answered([(200, None)], latency=0.1)
    syncs.error = None

    monitor.begin([Demand("videos.list", PROJECT)]).answered([(200, None)], latency=0.1)

    assert [row["outcome"] for row in monitor.log()] == ["ok", "ok"]
    monitor.close()


@pytest.mark.parametrize(
    "step",
    [
        lambda journal: journal.adjust(PROJECT, "default", 5, reason="console", who="anna"),
        lambda journal: journal.limit(PROJECT, "default", 500, source="server"),
        lambda journal: journal.exhaust(PROJECT, "default", 2e9),
    ],
    ids=["adjust", "limit", "exhaust"],
)
def test_whatever_changes_a_pool_is_on_the_disk_when_it_returns(journal, syncs, step):
    """A correction, a limit or a mark is as much of the count as a call."""
    step(journal)

    assert len(syncs) == 1
