"""Our log as it is held against Google's counters: what was sent, when, and how it ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from ytquota.clock import ManualClock
from ytquota.intelligence.official import OFFICIAL, official_frame
from ytquota.intelligence.sends import SENDS, read_sends, sends_frame
from ytquota.monitor import Demand, Journal, QuotaMonitor
from ytquota.monitor.archive import Archive

NOON = datetime(2026, 11, 10, 20, 0, tzinfo=UTC)
LINE = {
    "at": "2026-11-10T20:00:30.000000Z",
    "kind": "settle",
    "project": "111",
    "bucket": "default",
    "method": "videos.list",
    "outcome": "ok",
    "status": 200,
    "units": 1,
    "price": 1,
    "attempts": 1,
    "latency": 0.5,
    "host": "studio",
}


def rows_of(frame):
    return list(frame[["method", "ending", "price", "sends", "units"]].itertuples(index=False, name=None))


def test_nothing_logged_has_the_same_columns():
    """Frames without a row have their columns and dtypes, those of Google's readings too."""
    assert sends_frame([]).dtypes.astype(str).to_dict() == SENDS
    assert official_frame([]).dtypes.astype(str).to_dict() == OFFICIAL


@pytest.mark.parametrize(
    ("line", "ending", "units"),
    [
        ({}, "ok", 1),
        ({"status": 304}, "unchanged", 1),
        ({"outcome": "error", "status": 404}, "4xx", 1),
        ({"outcome": "error", "status": 503}, "5xx", 1),
        ({"outcome": "lost", "status": None}, "lost", 1),
        ({"outcome": "refused", "status": 403, "units": 0}, "refused", 0),
        ({"outcome": "free", "status": 401, "units": 0}, "free", 0),
        ({"outcome": "not_sent", "status": None, "units": 0}, "not_sent", 0),
    ],
)
def test_how_a_send_ended_is_told_finer_than_the_log_does(line, ending, units):
    """Errors of the caller and of the server are kept apart, and so are answers of 304."""
    assert rows_of(sends_frame([LINE | line])) == [("videos.list", ending, 1, 1, units)]


def test_a_call_that_was_denied_was_not_sent():
    """Denied demand is no send: Google never heard of it."""
    assert sends_frame([LINE | {"kind": "refuse", "outcome": "denied", "units": 0}]).empty


def test_each_send_of_a_line_counts():
    """A read that was sent three times was lost twice; what was given back is the last one's."""
    refused = {"attempts": 3, "outcome": "refused", "status": 403, "units": 2}

    assert sorted(rows_of(sends_frame([LINE | refused]))) == [
        ("videos.list", "lost", 1, 2, 2),
        ("videos.list", "refused", 1, 1, 0),
    ]


def test_a_send_belongs_to_the_minute_in_which_it_left():
    """Google counts a call when it arrives; the line is written when the answer is there."""
    late = LINE | {"at": "2026-11-10T20:01:10.000000Z", "latency": 15.0}

    assert sends_frame([late])["minute"].tolist() == [pd.Timestamp(NOON)]


@pytest.fixture
def worked(tmp_path):
    """A monitor on which calls of two days were made in two projects, each with its own answers."""
    clock = ManualClock(NOON)
    monitor = QuotaMonitor(Journal(tmp_path / "calls", clock=clock), clock=clock, folder=tmp_path)
    answers = [(200, None), (304, None), (404, b"{}"), (503, b"{}")]
    for number in range(400):
        clock.set(NOON + timedelta(minutes=7 * number))
        flight = monitor.begin([Demand("videos.list", "111" if number % 3 else "222", "1", "bot")])
        flight.answered([answers[number % 4]], latency=0.2)
    yield monitor, clock
    monitor.close()


def test_the_archive_tells_the_same_as_the_journals(worked, tmp_path):
    """Sends of days that were archived since are the same, and only those of the project asked for."""
    monitor, clock = worked
    before = read_sends(monitor, "111", NOON, NOON + timedelta(days=3))
    clock.advance(4 * 86_400)
    assert Archive(tmp_path / "archive").take_in(tmp_path / "calls", now=clock.time())
    after = read_sends(monitor, "111", NOON, NOON + timedelta(days=3))

    assert before["sends"].sum() == sum(1 for number in range(400) if number % 3)
    assert set(before["ending"]) == {"ok", "unchanged", "4xx", "5xx"}
    pd.testing.assert_frame_equal(before, after)


def test_only_what_was_sent_between_the_ends_is_read(worked):
    """From the first instant on, the last one not included."""
    monitor, _ = worked
    some = read_sends(monitor, "222", NOON + timedelta(hours=1), NOON + timedelta(hours=3))

    assert some["minute"].min() >= NOON + timedelta(hours=1)
    assert some["minute"].max() < NOON + timedelta(hours=3)
    assert some["sends"].sum() == sum(1 for number in range(0, 400, 3) if 60 <= 7 * number < 180)
