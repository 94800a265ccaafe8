"""What a program says of its calls may be anything: it is settled, read and archived all the same."""

from __future__ import annotations

import json
from datetime import date, timedelta

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ytquota import clock as clocks
from ytquota.intelligence.advice import calls
from ytquota.monitor import Demand, lines
from ytquota.monitor.archive import Archive
from ytquota.monitor.facts import MOST
from ytquota.monitor.places import journal_path

PROJECT = "123456789012"
DAY = date(2026, 11, 10)
HALF_A_CHARACTER = "bot\udcff"  # as a script's name has it that is no UTF-8


@pytest.mark.parametrize(
    "demand",
    [
        Demand("videos.list", PROJECT, tag=HALF_A_CHARACTER),
        Demand("videos.list", PROJECT, facts={"maxResults": 10**20}),
        Demand("videos.list", PROJECT, facts={"ids": {1, 2}}),
        Demand("videos.list", PROJECT, facts={"parts": [HALF_A_CHARACTER, object()], 1: None}),
    ],
    ids=["tag", "large", "set", "nested"],
)
def test_a_call_is_settled_whatever_was_said_of_it(monitor, demand):
    """The request went out: an error now would lose its answer, and the row would be missing."""
    monitor.begin([demand]).answered([(200, None)], latency=0.1)

    assert [row["outcome"] for row in monitor.log()] == ["ok"]


def test_a_reason_of_half_a_character_is_no_reason_to_fail(monitor):
    """A reason may be a foreign error's name, or Google's word."""
    with monitor.call("videos.list", project=PROJECT) as call:
        call.not_sent(HALF_A_CHARACTER)

    assert [row["reason"] for row in monitor.log()] == ["bot?"]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.binary(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()) | st.integers(), inner),
        max_leaves=8,
    )
)
def test_every_line_can_be_written_and_read_back(said):
    """A line that could not be read would be an unreadable balance."""
    line = orjson.loads(lines.encode({"v": 1, "facts": said, "bal": {"default": [1, 0, 10_000, None]}}))

    assert (line["v"], line["bal"]) == (1, {"default": [1, 0, 10_000, None]})


def test_facts_that_no_reader_could_use_are_left_out_with_a_warning(monitor, caplog):
    """They are for advice only, so no call fails for them; but whoever wrote them learns of it."""
    facts = {"ids": ["a", "b"], "maxResults": 50, "parts": ["id"], "page": 1, "hash": "xyz", "crawl": "deep"}
    with monitor.call("videos.list", project=PROJECT, facts=facts):
        pass

    (row,) = monitor.log()
    assert row["facts"] == {"maxResults": 50, "parts": ["id"], "crawl": "deep"}
    assert "'ids' of a call was left out of the log: it is a whole number up to 32,767" in caplog.text
    assert sum("left out" in record.message for record in caplog.records) == 3


def lines_of_old(folder):
    """A closed day's journal as earlier versions wrote it, with numbers that no column of a table holds."""
    path = journal_path(folder, DAY, PROJECT)
    facts = [
        {"ids": 100_000, "maxResults": 10**12, "page": 1},
        {"ids": ["a"], "parts": "snippet", "hash": "no hash"},
        {"maxResults": 50, "parts": ["id", 7], "hash": "-1234567"},
    ]
    rows = [json.loads(raw) for raw in path.read_text().splitlines()]
    for row, old in zip([row for row in rows if "method" in row], facts, strict=True):
        row["facts"] = old
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_lines_of_old_with_numbers_out_of_bounds_are_archived_and_read(monitor, clock, tmp_path):
    """One such call kept `ytquota archive` from ever finishing; now it counts as the largest."""
    for _ in range(3):
        monitor.begin([Demand("videos.list", PROJECT)]).answered([(200, None)], latency=0.1)
    monitor.ledger.close()
    lines_of_old(tmp_path / "calls")
    assert calls.read(monitor.log())["max_results"].max() == MOST
    assert calls.read(monitor.log())["ids"].max() == MOST
    clock.set(clocks.bounds_of(DAY + timedelta(days=6)).start)
    monitor.begin([Demand("videos.list", PROJECT)]).answered([(200, None)], latency=0.1)

    (archived,) = Archive(tmp_path / "archive").take_in(tmp_path / "calls", now=clock.time())

    assert (archived.rows, archived.units, archived.removed) == (3, {"default": 3}, True)
    assert [row["facts"] for row in monitor.log() if "facts" in row] == [
        {"ids": MOST, "maxResults": MOST, "page": True},
        {"maxResults": 50, "parts": ["id", "7"], "hash": "fedcba99"},
    ]
