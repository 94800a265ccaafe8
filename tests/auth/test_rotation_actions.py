"""What an operator does to a set: rotate, reset, exhaust, disable, enable; previews, audit rows and undo."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from ytquota.auth import load_sets
from ytquota.auth import rotation as actions
from ytquota.auth.choice import pick_set
from ytquota.auth.state import StateFile
from ytquota.clock import PACIFIC, ManualClock
from ytquota.errors import CredentialError, QuotaExceeded

ONE, TWO = "111111111111", "222222222222"
NOON = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 24, 0, 0, tzinfo=PACIFIC)


@pytest.fixture
def clock():
    return ManualClock(NOON)


@pytest.fixture
def desk(furnish, open_monitor, token_of, clock):
    """Settings and monitor of an operator: sets 1 and 2 in one project and channel, 10 in another of both."""

    def desk(rotation="1,2,10", **extra):
        more = {"YTQUOTA_ROTATION": rotation} if rotation else {}
        settings = furnish({1: ONE, 2: ONE, 10: TWO}, extra=more | extra)
        for number, channel in ((1, "A"), (2, "A"), (10, "B")):
            token_of(settings, number, channel_id=f"UC{channel}", channel_title=channel)
        return settings, open_monitor(settings, clock=clock)

    return desk


def states_of(settings):
    return StateFile(settings.memory_dir).read()


def mark_of(monitor, project=ONE, bucket="default"):
    return monitor.ledger.usage(project)[project][bucket].exhausted_until


# -- rotate


def test_rotating_prefers_the_set_for_new_services_and_leaves_a_row(desk):
    """Who, from, to and why stand in the audit trail; the next service uses the set."""
    settings, monitor = desk()

    outcome = actions.rotate(settings, monitor, 10, who="ada", why="stream tonight")

    assert outcome.changed
    assert pick_set(settings, monitor).set.number == 10
    (row,) = monitor.audit_rows()
    assert (row["row"], row["action"], row["credential_set"], row["who"], row["why"]) == (
        outcome.row, "rotate", 10, "ada", "stream tonight",
    )  # fmt: skip
    assert (row["from"], row["to"]) == ({"preferred": None, "set": 1}, {"preferred": 10, "set": 10})


def test_the_preview_says_pools_and_whose_name_and_changes_nothing(desk):
    """A person sees what will happen before it does."""
    settings, monitor = desk()
    monitor.ledger.hold(TWO, (("default", 200),))

    text = actions.preview_rotate(settings, monitor, 10)

    assert text.startswith("New services will use set 10 (channel B, project 222222222222).")
    assert "It has 9,800 of 10,000 units left." in text
    assert "counted in project 222222222222 instead of 111111111111" in text
    assert "Bots will speak as channel B instead of channel A." in text
    assert text.endswith("permit it only for sets that really are separate clients or owners.")
    assert (states_of(settings).preferred, monitor.audit_rows()) == (None, [])


def test_rotating_within_a_project_says_that_it_adds_no_quota(desk):
    """Honesty about what the other set is good for."""
    text = actions.preview_rotate(*desk(), 2)

    assert "Set 1 is of the same project, so this adds no quota." in text
    assert "speak as" not in text
    assert "policies" not in text


def test_rotating_to_a_key_of_an_unknown_project_says_that_it_may_add_nothing(furnish, open_monitor):
    """Two keys of one project would look like twice the quota."""
    settings = furnish({}, api_keys={1: ONE, 2: ONE}, name_projects=False, extra={"YTQUOTA_ROTATION": "1,2"})
    monitor = open_monitor(settings)

    text = actions.preview_rotate(settings, monitor, 2)

    assert (
        "It may be of the same project as set 1, since an API key does not tell its project; then this adds "
        "nothing."
    ) in text
    assert "counted in project" not in text


def test_rotating_without_a_number_takes_the_next_ready_set_of_the_list(desk):
    """Round the list, over what cannot be used."""
    settings, monitor = desk()
    StateFile(settings.memory_dir).disable(2, "off")

    assert actions.rotate(settings, monitor).to == {"preferred": 10, "set": 10}
    assert actions.rotate(settings, monitor).to == {"preferred": 1, "set": 1}


def test_without_a_list_nothing_is_rotated(desk):
    """The error names the line that would permit it, and the policy."""
    settings, monitor = desk(rotation="")

    with pytest.raises(CredentialError, match=r"YTQUOTA_ROTATION=1,2,10 into .*\.env.*policies"):
        actions.rotate(settings, monitor, 10)

    assert monitor.audit_rows() == []


def test_a_set_outside_of_the_list_is_not_rotated_to(desk):
    """The list is the operator's word."""
    with pytest.raises(CredentialError, match="set 10 is not in YTQUOTA_ROTATION=1,2"):
        actions.rotate(*desk("1,2"), 10)


def test_a_set_that_cannot_be_used_is_not_rotated_to(desk):
    """Its state and reason are told instead."""
    settings, monitor = desk()
    StateFile(settings.memory_dir).quarantine(10, "the token is dead")

    with pytest.raises(CredentialError, match=r"set 10 .* is quarantined\. the token is dead"):
        actions.rotate(settings, monitor, 10)


def test_no_other_ready_set_is_an_error_that_lists_them(desk):
    """Rotation never pretends."""
    settings, monitor = desk()
    monitor.ledger.exhaust(TWO, "default", MIDNIGHT.timestamp())
    StateFile(settings.memory_dir).disable(2, "off")

    with pytest.raises(CredentialError, match=r"no other set.*set 2 .* is disabled; set 10 .* is exhausted"):
        actions.rotate(settings, monitor)


def test_rotating_to_the_preferred_set_changes_nothing(desk):
    """And leaves no row."""
    settings, monitor = desk()
    actions.rotate(settings, monitor, 10)

    outcome = actions.rotate(settings, monitor, 10)

    assert (outcome.changed, outcome.row, len(monitor.audit_rows())) == (False, None, 1)


# -- reset


def test_reset_clears_marks_and_quarantine_but_no_units(desk):
    """The project's marks go, hence for all its sets; what was counted stays counted."""
    settings, monitor = desk()
    monitor.ledger.hold(ONE, (("default", 9000),))
    monitor.ledger.exhaust(ONE, "default", MIDNIGHT.timestamp())
    monitor.ledger.exhaust(ONE, "search_list", MIDNIGHT.timestamp())
    StateFile(settings.memory_dir).quarantine(1, "dead")

    preview = actions.preview_reset(settings, monitor, 1)
    outcome = actions.reset(settings, monitor, 1)

    for text in (preview, outcome.message):
        assert "default and search_list of project 111111111111 (shared by sets 1 and 2)" in text
        assert "the quarantine of set 1 (dead)" in text
        assert "Units stay as they are." in text
    assert (mark_of(monitor), mark_of(monitor, bucket="search_list")) == (None, None)
    assert monitor.ledger.usage(ONE)[ONE]["default"].used == 9000
    assert [one.state for one in load_sets(settings, monitor)] == ["ready"] * 3
    assert json.loads(StateFile(settings.memory_dir).path.read_text())["exhausted"] == {}


def test_reset_of_a_count_at_its_limit_says_that_it_stays_used_up(desk):
    """The mark goes, the count stays, and the error's remedy is another command."""
    settings, monitor = desk(YTQUOTA_LIMIT_DEFAULT="100")
    monitor.ledger.hold(ONE, (("default", 100),))
    monitor.ledger.exhaust(ONE, "default", MIDNIGHT.timestamp())

    outcome = actions.reset(settings, monitor, 1)

    assert "default stays used up all the same: 100 of 100 are counted" in outcome.message
    assert "ytquota correct" in outcome.message
    with pytest.raises(QuotaExceeded):
        monitor.ledger.hold(ONE, (("default", 1),))


def test_reset_with_nothing_to_clear_changes_nothing(desk):
    """It says so, and leaves no row."""
    settings, monitor = desk()

    outcome = actions.reset(settings, monitor, 10)

    assert (outcome.changed, monitor.audit_rows()) == (False, [])
    assert "no mark and no quarantine" in outcome.message


def test_reset_of_a_disabled_set_leaves_it_switched_off(desk):
    """An operator's switch is no mark."""
    settings, monitor = desk()
    StateFile(settings.memory_dir).disable(10, "on holiday")
    StateFile(settings.memory_dir).quarantine(10, "dead")

    outcome = actions.reset(settings, monitor, 10)

    assert "The set stays disabled" in outcome.message
    assert (set(states_of(settings).disabled), states_of(settings).quarantined) == ({10}, {})


# -- exhaust, disable, enable


def test_exhausting_marks_the_pool_for_every_set_of_the_project(desk, clock):
    """Calls are denied until the reset, or until the time given."""
    settings, monitor = desk()

    outcome = actions.exhaust(settings, monitor, 2, until=NOON + timedelta(hours=1))

    assert "default of project 111111111111 (shared by sets 1 and 2)" in outcome.message
    assert "13:00 PST" in outcome.message
    assert [one.state for one in load_sets(settings, monitor)] == ["exhausted", "exhausted", "ready"]
    assert states_of(settings).exhausted[1] == {"default": "2026-11-23T13:00:00-08:00"}
    clock.advance(3600)
    assert load_sets(settings, monitor)[0].state == "ready"


def test_a_mark_lasts_at_most_to_the_reset(desk):
    """A new day starts with full pools, so a later time is cut to it."""
    settings, monitor = desk()

    actions.exhaust(settings, monitor, 1, "search_list", NOON + timedelta(days=3))

    assert mark_of(monitor, bucket="search_list") == MIDNIGHT.timestamp()


@pytest.mark.parametrize(
    ("bucket", "until", "words"),
    [
        ("searches", None, "no bucket 'searches'; buckets are default, search_list"),
        ("default", NOON - timedelta(seconds=1), "is past"),
        ("default", NOON.replace(tzinfo=None), "no time zone"),
    ],
)
def test_a_mark_that_makes_no_sense_is_refused(desk, bucket, until, words):
    """Before anything is written."""
    settings, monitor = desk()

    with pytest.raises(ValueError, match=words):
        actions.exhaust(settings, monitor, 1, bucket, until)

    assert monitor.audit_rows() == []


def test_a_disabled_set_is_passed_over_until_it_is_enabled(desk):
    """The reason is kept and shown."""
    settings, monitor = desk()

    actions.disable(settings, monitor, 1, why="on holiday")
    passed = pick_set(settings, monitor)
    again = actions.disable(settings, monitor, 1)
    actions.enable(settings, monitor, 1)

    assert (passed.set.number, passed.why) == (2, "next of YTQUOTA_ROTATION=1,2,10, since set 1 is disabled")
    assert not again.changed
    assert pick_set(settings, monitor).set.number == 1
    assert [row["action"] for row in monitor.audit_rows()] == ["disable", "enable"]


@pytest.mark.parametrize("name", ["reset", "exhaust", "disable", "enable"])
def test_an_unknown_set_is_refused_by_every_action(desk, name):
    """With the numbers there are."""
    with pytest.raises(CredentialError, match=r"no credential set 5 \(there is: 1, 2, 10\)"):
        getattr(actions, name)(*desk(), 5)


@pytest.mark.parametrize("name", ["reset", "exhaust", "disable", "enable"])
def test_previews_change_nothing(desk, name):
    """Neither state, ledger nor audit trail."""
    settings, monitor = desk()
    StateFile(settings.memory_dir).quarantine(1, "dead")
    before = states_of(settings)

    assert getattr(actions, f"preview_{name}")(settings, monitor, 1)

    assert (states_of(settings), mark_of(monitor), monitor.audit_rows()) == (before, None, [])


# -- undo


def test_undoing_a_rotation_restores_the_one_before(desk):
    """Step by step back, each step audited with the row it undoes."""
    settings, monitor = desk()
    actions.rotate(settings, monitor, 10)
    actions.rotate(settings, monitor, 2)

    outcome = actions.undo(settings, monitor, who="ada", why="wrong set")
    assert states_of(settings).preferred == 10
    actions.undo(settings, monitor)

    assert states_of(settings).preferred is None
    assert "Set 10 is preferred again." in outcome.message
    assert [(row["action"], row.get("undoes")) for row in monitor.audit_rows()] == [
        ("rotate", None), ("rotate", None), ("undo", 2), ("undo", 1),
    ]  # fmt: skip
    with pytest.raises(CredentialError, match="nothing to undo"):
        actions.undo(settings, monitor)


def test_undoing_a_reset_brings_marks_and_quarantine_back(desk):
    """With their ends, reasons and moments."""
    settings, monitor = desk()
    monitor.ledger.exhaust(ONE, "default", MIDNIGHT.timestamp())
    StateFile(settings.memory_dir, clock=ManualClock(NOON - timedelta(days=2))).quarantine(1, "dead")
    before = states_of(settings)
    actions.reset(settings, monitor, 1)

    actions.undo(settings, monitor)

    assert mark_of(monitor) == MIDNIGHT.timestamp()
    assert states_of(settings).quarantined == before.quarantined


def test_a_mark_that_ran_out_meanwhile_stays_gone(desk, clock):
    """Undo does not exhaust a new day's pool."""
    settings, monitor = desk()
    monitor.ledger.exhaust(ONE, "default", MIDNIGHT.timestamp())
    actions.reset(settings, monitor, 1)
    clock.set(MIDNIGHT + timedelta(hours=1))

    actions.undo(settings, monitor)

    assert load_sets(settings, monitor)[0].state == "ready"


def test_marks_and_switches_are_undone(desk):
    """Back to what was there, whichever way it was."""
    settings, monitor = desk()
    actions.exhaust(settings, monitor, 1)
    actions.disable(settings, monitor, 10, why="on holiday")
    actions.enable(settings, monitor, 10)

    actions.undo(settings, monitor)
    assert states_of(settings).disabled[10].reason == "on holiday"
    actions.undo(settings, monitor)
    assert states_of(settings).disabled == {}
    actions.undo(settings, monitor)
    assert mark_of(monitor) is None


def test_a_row_is_undone_by_its_number_unless_it_was_overtaken(desk):
    """What came later about the same thing must go first; other things do not matter."""
    settings, monitor = desk()
    first = actions.disable(settings, monitor, 10).row
    actions.rotate(settings, monitor, 2)
    actions.disable(settings, monitor, 1)
    actions.undo(settings, monitor, first)
    assert set(states_of(settings).disabled) == {1}

    second = actions.rotate(settings, monitor, 10).row

    with pytest.raises(CredentialError, match=f"Row 2 was overtaken by row {second}"):
        actions.undo(settings, monitor, 2)
    with pytest.raises(CredentialError, match="undone already"):
        actions.undo(settings, monitor, first)


def test_other_rows_cannot_be_undone(desk):
    """A quarantine was Google's doing, and an undo is undone by doing the thing again."""
    settings, monitor = desk()
    monitor.audit("quarantine", credential_set=1, who="ytquota", why="dead")

    with pytest.raises(CredentialError, match="Row 1 is a quarantine, which cannot be undone"):
        actions.undo(settings, monitor, 1)
    with pytest.raises(CredentialError, match="no row 9"):
        actions.undo(settings, monitor, 9)


def test_the_preview_of_an_undo_says_what_comes_back(desk):
    """And changes nothing."""
    settings, monitor = desk()
    actions.rotate(settings, monitor, 10, who="ada")

    text = actions.preview_undo(settings, monitor)

    assert text.startswith("This will undo: rotate of set 10 (row 1, 2026-11-23T20:00 UTC by ada).")
    assert "YTQUOTA_ROTATION's own order holds again." in text
    assert states_of(settings).preferred == 10
