"""The audit trail in plain words: what bots did by themselves stands beside what people did."""

from __future__ import annotations

import pytest

from ytquota.dashboard.trail import read_trail, trail_page

ROW = {
    "v": 1,
    "row": 1,
    "at": "2026-11-23T20:00:00+00:00",
    "who": "ytquota",
    "why": "it is used up",
    "pid": 1,
}


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (
            {"action": "failover", "bucket": "search_list", "from": {"set": 1}, "to": {"set": 10}},
            "moved the searches from set 1 to set 10",
        ),
        (
            {"action": "failover", "bucket": "default+search_list", "from": {"set": 1}, "to": {"set": 10}},
            "moved the units and the searches from set 1 to set 10",
        ),
        ({"action": "return", "bucket": "search_list", "from": None}, "moved the searches back to set 10"),
        (
            {"action": "failover", "scope": "service", "bucket": "default", "from": {"set": 1}},
            "a new service uses set 10 instead of set 1",
        ),
        (
            {"action": "return", "scope": "service", "bucket": "default", "from": None},
            "a new service uses set 10 again",
        ),
        ({"action": "recover", "from": {"quarantine": {}}}, "set 10 works again"),
        ({"action": "quarantine"}, "set 10 was quarantined"),
    ],
)
def test_what_bots_did_is_told_in_words(row, words):
    """Moves, ways back, quarantines and recoveries, with their reason."""
    (told,) = read_trail([ROW | {"credential_set": 10} | row])

    assert told.what == words
    assert "it is used up" in trail_page([told])
