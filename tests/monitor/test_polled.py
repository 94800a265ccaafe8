"""Of the answer to a poll of a live chat the log keeps how long it asked to wait; of others, nothing."""

from __future__ import annotations

import json

import pyarrow.parquet as pq
import pytest

from ytquota import clock as clocks
from ytquota.monitor.archive import Archive
from ytquota.monitor.polled import POLLED

ANSWER = {"kind": "youtube#liveChatMessageListResponse", "pollingIntervalMillis": 3140, "items": []}


@pytest.fixture
def facts_after(monitor):
    """The facts in the log after a call and its answer."""

    def facts_after(method, status, body):
        with monitor.call(method, project="111", tag="bot", facts={"page": True}) as call:
            call.answered(status, body)
        *_, row = monitor.log()
        return row["facts"]

    return facts_after


@pytest.mark.parametrize("body", [json.dumps(ANSWER), json.dumps(ANSWER, indent=2).encode()])
def test_the_interval_of_a_poll_is_noted(facts_after, body):
    """As bytes and as text, however it is laid out, beside the other facts."""
    assert facts_after(POLLED, 200, body) == {"page": True, "pollingIntervalMillis": 3140}


@pytest.mark.parametrize(
    ("method", "status", "body"),
    [
        ("videos.list", 200, json.dumps(ANSWER)),
        (POLLED, 403, json.dumps(ANSWER)),
        (POLLED, 200, None),
        (POLLED, 200, b""),
        (POLLED, 200, json.dumps({"items": []})),
        (POLLED, 200, json.dumps({"pollingIntervalMillis": None})),
        (POLLED, 200, json.dumps({"items": [{"displayMessage": '"pollingIntervalMillis": 1'}]})),
        (POLLED, 200, b'"pollingIntervalMillis": 99999999999999999999'),
    ],
)
def test_nothing_else_is_noted(facts_after, method, status, body):
    """Not of other methods, errors and empty answers, nor what somebody wrote in a chat."""
    assert facts_after(method, status, body) == {"page": True}


def test_the_archive_keeps_it_and_tables_of_old_are_read_without(facts_after, monitor, clock, tmp_path):
    """A file that was archived before intervals were noted has no such column."""
    facts_after(POLLED, 200, json.dumps(ANSWER))
    facts_after("videos.list", 200, None)
    monitor.ledger.close()
    later = clock.time() + 30 * 86_400
    clock.set(later)
    with monitor.call("videos.list", project="111"):  # the newest day stays a journal
        pass
    monitor.ledger.close()
    day = clocks.bounds_at(later).day
    (done,) = Archive(tmp_path / "archive").take_in(tmp_path / "calls", now=later)
    assert done.day < day

    poll, other, _ = monitor.log()
    assert poll["facts"]["pollingIntervalMillis"] == 3140
    assert "pollingIntervalMillis" not in other["facts"]

    (file,) = (tmp_path / "archive" / "calls").rglob("*.parquet")
    pq.write_table(pq.read_table(file, partitioning=None).drop_columns(["polling_interval"]), file)
    poll, *_ = monitor.log()
    assert poll["facts"] == {"page": True}
