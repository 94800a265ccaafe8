"""How a count compared with Google's is kept, shown, and forgotten with its day."""

from __future__ import annotations

import threading

import pytest

from ytquota.monitor import Demand
from ytquota.monitor.correction import correct
from ytquota.monitor.reconciled import Check, Reconciled, ReconciledFile

PROJECT = "123456789012"


@pytest.fixture
def file(tmp_path):
    return ReconciledFile(tmp_path)


def label(monitor, bucket="default"):
    return monitor.get_usage_summary()["projects"][PROJECT][bucket]


@pytest.fixture
def used(monitor):
    monitor.begin([Demand("videos.list", PROJECT)]).answered([(200, None)], latency=0.1)


def test_a_count_nobody_compared_is_our_own(monitor, used):
    """There is no word on it."""
    assert (label(monitor)["basis"], label(monitor)["reconciled"]) == ("local", None)


def test_a_count_that_agrees_is_reconciled(monitor, used, file, clock):
    """And it says up to when."""
    now = clock.time()
    file.note(PROJECT, {"default": Check(now, now - 600, 1, 1)})
    shown = label(monitor)
    assert shown["basis"] == "reconciled"
    assert shown["reconciled"]["until"] == "2026-11-10T11:50:00-08:00"


def test_a_difference_keeps_the_count_local_until_it_is_corrected(monitor, used, file, clock):
    """Corrected by the drift, it is reconciled; by something else, it is not."""
    now = clock.time()
    file.note(PROJECT, {"default": Check(now, now - 600, 1, 321)})
    assert (label(monitor)["basis"], label(monitor)["reconciled"]["drift"]) == ("local", 320)

    correct(monitor, PROJECT, "default", 320, reason="Google counted more", who="anna")
    assert (label(monitor)["basis"], label(monitor)["used"]) == ("reconciled", 321)

    correct(monitor, PROJECT, "default", 5, reason="by hand", who="anna")
    assert label(monitor)["basis"] == "local"


def test_yesterdays_comparison_says_nothing_of_today(monitor, used, file, clock):
    """The label goes with its day."""
    now = clock.time()
    file.note(PROJECT, {"default": Check(now, now - 600, 1, 1)})
    clock.advance(86_400)
    assert label(monitor)["basis"] == "local"


@pytest.mark.parametrize(("official", "doubtful", "drift"), [(10, 3, 0), (13, 3, 0), (14, 3, 1), (6, 3, -1)])
def test_requests_under_way_are_held_against_nobody(official, doubtful, drift):
    """Ten are counted here; three of them were under way."""
    assert Check(0.0, 0.0, 10, official, doubtful).drift == drift


def test_minutes_that_google_lost_are_no_drift():
    """Google has 40 of our 100 units, and lost the minutes in which the other 60 were used."""
    assert Check(0.0, 0.0, 100, 40, lost=60).label == "reconciled"


def test_a_failure_is_noted_once_and_forgotten_when_it_works(file):
    """So that a log says it once, and the doctor knows."""
    assert file.note_failure(PROJECT, 1.0, "no role")
    assert not file.note_failure(PROJECT, 2.0, "no role")
    assert file.read().failures[PROJECT].since == 1.0
    file.note(PROJECT, {})
    assert file.read() == Reconciled()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pools": {"a/b": {"new": 1}}, "failures": {}}'])
def test_a_file_that_cannot_be_understood_is_written_anew(file, text):
    """It holds labels alone; nothing is decided by it."""
    file.path.write_text(text)
    assert file.read() == Reconciled()
    file.note(PROJECT, {"default": Check(1.0, 1.0, 1, 1)})
    assert (PROJECT, "default") in file.read().pools


def test_two_who_compare_at_once_lose_nothing(file):
    """Each project's note stays."""

    def note(number):
        file.note(str(number), {"default": Check(1.0, 1.0, number, number)})

    threads = [threading.Thread(target=note, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(file.read().pools) == 12
