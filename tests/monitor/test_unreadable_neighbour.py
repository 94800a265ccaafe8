"""One project's ledger is unreadable: what that must not do to requests of another one."""

from __future__ import annotations

from datetime import date

import pytest

from ytquota.errors import LedgerUnavailable, QuotaExceeded
from ytquota.monitor import Demand, Journal, QuotaMonitor
from ytquota.monitor.places import journal_path

HERE, NEIGHBOUR = "111", "222"
DAY = date(2026, 11, 10)
BOTH = [Demand("videos.list", HERE), Demand("videos.list", NEIGHBOUR)]


@pytest.fixture
def limits():
    """Project -> what the operator says its limits are."""
    return {}


@pytest.fixture
def monitor(tmp_path, clock, limits):
    journal = Journal(tmp_path / "calls", clock=clock, limits=lambda project, _bucket: limits.get(project))
    monitor = QuotaMonitor(journal, folder=tmp_path, clock=clock)
    yield monitor
    monitor.close()


@pytest.fixture
def garble(tmp_path):
    """Make the neighbour's journal unreadable, and readable again."""
    path = journal_path(tmp_path / "calls", DAY, NEIGHBOUR)

    def garbled():
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_bytes() if path.exists() else b""
        path.write_bytes(before + b"garbage\n")
        return lambda: path.write_bytes(before)

    return garbled


def used(monitor, project=HERE):
    return monitor.ledger.usage(project)[project]["default"].used


def test_an_answer_reaches_its_caller(monitor, garble):
    """Its bot would send an answered write once more, for want of a file that people look at."""
    with monitor.call("videos.list", project=HERE) as call:
        garble()

        assert call.answered(200).kind == "ok"

    assert [row["outcome"] for row in monitor.log()] == ["ok"]


def test_a_denial_is_told_as_a_denial(monitor, garble, limits):
    """A bot waits for the reset after a QuotaExceeded; a ledger out of reach is another matter."""
    limits[HERE] = 0
    readable_again = garble()

    with pytest.raises(QuotaExceeded):
        monitor.begin([Demand("videos.list", HERE)])
    with pytest.raises(QuotaExceeded) as denied:
        monitor.begin(BOTH)

    assert denied.value.fits is None
    readable_again()
    assert sum(row["calls"] for row in monitor.log(project=HERE)) == 2


def test_a_batch_over_both_charges_neither(monitor, garble):
    """It is not sent, so nobody pays for it."""
    garble()

    with pytest.raises(LedgerUnavailable):
        monitor.begin(BOTH)

    assert used(monitor) == 0


def test_a_second_send_that_one_project_cannot_pay_costs_the_other_nothing(monitor, limits):
    """Only the first send went out, and only that is charged in the end."""
    limits[NEIGHBOUR] = 1
    flight = monitor.begin(BOTH)
    for _ in range(2):
        with pytest.raises(QuotaExceeded):
            flight.resent()

    flight.lost("reset", latency=1.0)

    assert (used(monitor), used(monitor, NEIGHBOUR)) == (1, 1)
    charged = [row for row in monitor.log() if row["outcome"] == "lost"]
    assert [(row["project"], row["units"], row["attempts"]) for row in charged] == [
        (HERE, 1, 1), (NEIGHBOUR, 1, 1),
    ]  # fmt: skip


def test_a_second_send_charges_each_project_once_however_often_it_is_tried(monitor, garble):
    """What the first try charged is not charged again when the neighbour's ledger can be read again."""
    flight = monitor.begin(BOTH)
    readable_again = garble()
    with pytest.raises(LedgerUnavailable):
        flight.resent()
    readable_again()

    flight.resent()
    flight.answered([(200, None), (200, None)], latency=1.0)

    assert (used(monitor), used(monitor, NEIGHBOUR)) == (2, 2)
