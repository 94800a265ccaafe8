"""The state file: quarantined, disabled, preferred; older shapes; what cannot be read."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from ytquota.auth.state import FILE_NAME, StateFile
from ytquota.clock import ManualClock
from ytquota.errors import CredentialError

NOON = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)


@pytest.fixture
def clock():
    return ManualClock(NOON)


@pytest.fixture
def states(tmp_path, clock):
    return StateFile(tmp_path, clock=clock)


def test_a_missing_file_says_that_nothing_is_wrong(states):
    """A new installation has no state, and reading makes none."""
    said = states.read()

    assert (said.quarantined, said.disabled, said.preferred) == ({}, {}, None)
    assert not states.path.exists()


def test_what_is_written_is_read_back_by_the_next_program(states, tmp_path, clock):
    """Reason and moment of each note survive, sets keep apart."""
    states.quarantine(1, "the token is dead")
    clock.advance(60)
    states.disable(10, "on holiday")
    states.prefer(10)

    said = StateFile(tmp_path).read()

    assert (said.quarantined[1].reason, said.quarantined[1].since) == ("the token is dead", NOON)
    assert (said.disabled[10].reason, said.disabled[10].since) == ("on holiday", NOON + timedelta(minutes=1))
    assert said.preferred == 10


def test_the_first_reason_of_a_quarantine_stands(states, clock):
    """Ten processes that meet one dead token leave one note, and only the first is told it is new."""
    assert states.quarantine(1, "first")
    clock.advance(5)

    assert not states.quarantine(1, "second")
    assert (states.read().quarantined[1].reason, states.read().quarantined[1].since) == ("first", NOON)


def test_notes_are_lifted_one_by_one(states):
    """Lifting what is not there says so."""
    states.quarantine(1, "x")
    states.disable(1, "y")

    assert states.clear_quarantine(1)
    assert not states.clear_quarantine(1)
    assert states.enable(1)
    assert states.read().quarantined == states.read().disabled == {}


@pytest.mark.parametrize(
    "older",
    [
        '{"1": {"exhausted_at": "2026-05-01T12:00:00", "reason": "quotaExceeded"}}',
        '{"exhausted": ["1", 10]}',
        "[1, 10]",
        "{}",
        "[]",
        '{"1": true, "last_reset": null}',
    ],
)
@pytest.mark.parametrize("first", ["read", "write"])
def test_a_file_of_the_older_system_is_kept_and_does_not_count(states, older, first):
    """Its marks named no pool and no day; it becomes `.old`, whoever comes first, and work goes on."""
    states.path.write_text(older)

    if first == "write":
        states.quarantine(1, "dead")
    else:
        assert states.read().quarantined == {}
        states.quarantine(1, "dead")

    assert states.path.with_name(FILE_NAME + ".old").read_text() == older
    assert set(states.read().quarantined) == {1}


def test_a_second_older_file_does_not_overwrite_the_first(states, tmp_path):
    """Nothing of the older system is ever lost."""
    for text in ("[1]", "[2]"):
        states.path.write_text(text)
        states.read()

    assert sorted(path.read_text() for path in tmp_path.glob("*.old*")) == ["[1]", "[2]"]


@pytest.mark.parametrize(
    "garbled",
    [
        "",
        "{",
        "7",
        '{"v": 1, "quarantined": [1]}',
        '{"v": 1, "quarantined": {"one": {"reason": "x", "since": "2026-11-23"}}}',
        '{"v": 1, "disabled": {"1": "yes"}}',
        '{"v": 1, "preferred": "none"}',
    ],
)
def test_an_unreadable_file_is_an_error_and_stays_untouched(states, garbled):
    """It never reads as "nothing wrong"; the error names file and remedy, and nobody writes over it."""
    states.path.write_text(garbled)

    with pytest.raises(CredentialError, match=FILE_NAME) as caught:
        states.read()
    with pytest.raises(CredentialError):
        states.quarantine(1, "x")

    assert "move it away" in str(caught.value)
    assert states.path.read_text() == garbled


def test_a_newer_format_is_neither_read_nor_written(states):
    """An older ytquota beside a newer one asks to be upgraded."""
    states.path.write_text('{"v": 2, "sets": {}}')

    with pytest.raises(CredentialError, match="newer ytquota"):
        states.quarantine(1, "x")


def test_processes_that_change_it_at_once_lose_nothing(states, tmp_path):
    """Every change is made on what the one before it left."""
    program = (
        "import sys; from pathlib import Path; from ytquota.auth.state import StateFile\n"
        "first = int(sys.argv[2]); states = StateFile(Path(sys.argv[1]))\n"
        "for number in range(first, first + 20): states.quarantine(number, 'x')\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", program, tmp_path, str(n)]) for n in (100, 200, 300)]

    assert [process.wait() for process in running] == [0, 0, 0]
    assert len(states.read().quarantined) == 60
    assert {path.name for path in tmp_path.iterdir()} == {FILE_NAME, FILE_NAME + ".lock"}


def test_people_can_read_the_file(states):
    """It is plain JSON with a version, and its `exhausted` field shows what the ledger says."""
    states.show_exhausted({1: {"default": "2026-11-24T00:00:00-08:00"}})

    content = json.loads(states.path.read_text())

    assert content["v"] == 1
    assert content["exhausted"] == {"1": {"default": "2026-11-24T00:00:00-08:00"}}
