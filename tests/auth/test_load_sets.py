"""What `load_sets` tells about each set, from files, state and ledger alone."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from ytquota.auth import load_sets
from ytquota.auth.state import StateFile
from ytquota.clock import PACIFIC, ManualClock
from ytquota.errors import CredentialError, LedgerUnavailable
from ytquota.settings import Settings

ONE, TWO = "111111111111", "222222222222"
NOON = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 24, 0, 0, tzinfo=PACIFIC)


def test_sets_come_by_number_with_project_channel_and_state(furnish, token_of, sandbox):
    """Numbers are sparse, and nothing is asked of Google."""
    settings = furnish({10: TWO, 1: ONE})
    token_of(settings, 1, channel_id="UCone", channel_title="One", granted_at="2026-11-01T00:00:00+00:00")

    first, second = load_sets(settings)

    assert (first.number, first.kind, first.project, first.state) == (1, "oauth", ONE, "ready")
    assert (first.channel_id, first.channel_title) == ("UCone", "One")
    assert first.granted_at == datetime(2026, 11, 1, tzinfo=UTC)
    assert (second.number, second.project, second.channel_id) == (10, TWO, None)
    assert (first.speaker, second.speaker) == ("channel One", "an unknown channel")
    assert sandbox.access_log() == []


def test_sets_are_grouped_by_project_and_by_channel(furnish, token_of):
    """Several sets of one project share its pools, several of one channel its name."""
    settings = furnish({1: ONE, 2: ONE, 10: TWO}, api_keys={3: ONE})
    for number, channel in ((1, "UCa"), (2, "UCb"), (10, "UCa")):
        token_of(settings, number, channel_id=channel)

    sets = {one.number: one for one in load_sets(settings)}

    assert sets[1].same_project_as == (2, 3)
    assert sets[1].same_channel_as == (10,)
    assert sets[10].same_project_as == ()
    assert sets[3].same_channel_as == ()


def test_an_api_key_is_read_only_and_counted_apart_until_its_project_is_named(furnish):
    """A key tells no project; its pool is provisional and says how to change that."""
    settings = furnish({}, api_keys={3: ONE}, name_projects=False)

    one = load_sets(settings)[0]

    assert (one.kind, one.is_read_only, one.is_provisional, one.state) == ("api_key", True, True, "ready")
    assert one.project is not None
    assert one.project.startswith("key:")
    assert "YTQUOTA_PROJECT_3" in one.why
    assert settings.sets[3].api_key.reveal() not in repr(one) + str(one.to_json())


def test_a_set_without_a_token_is_missing_but_its_project_is_known(furnish):
    """Before the first login the client secrets tell the project."""
    one = load_sets(furnish({1: ONE}, tokens=False))[0]

    assert (one.state, one.project) == ("missing", ONE)
    assert "ytquota login 1" in one.why


def test_a_token_serves_without_the_secrets_file(furnish):
    """On a server one may bring the token alone; the secrets are for a login."""
    settings = furnish({1: ONE})
    settings.sets[1].secrets_file.unlink()

    assert load_sets(settings)[0].state == "ready"


@pytest.mark.parametrize("spoil", ["secrets", "setting"])
def test_a_set_of_two_projects_is_unusable(furnish, token_of, spoil):
    """Secrets or a setting that name another project than the token are an error, not a guess."""
    settings = furnish({1: ONE, 10: TWO}, extra={"YTQUOTA_PROJECT_1": "333"} if spoil == "setting" else None)
    if spoil == "secrets":
        settings.sets[1].secrets_file.write_bytes(settings.sets[10].secrets_file.read_bytes())

    first, second = load_sets(settings)

    assert (first.state, second.state) == ("unusable", "ready")
    assert ONE in first.why
    assert (TWO if spoil == "secrets" else "333") in first.why


def test_state_notes_decide_before_pools_do(furnish, open_monitor):
    """Missing, disabled, quarantined, exhausted: the gravest is told, with its reason."""
    settings = furnish({1: ONE, 2: ONE, 3: ONE, 4: TWO})
    monitor = open_monitor(settings, clock=ManualClock(NOON))
    states = StateFile(settings.memory_dir)
    states.disable(1, "on holiday")
    states.quarantine(1, "dead")
    states.quarantine(2, "dead")
    monitor.ledger.exhaust(ONE, "default", MIDNIGHT.timestamp())

    told = {one.number: (one.state, one.why) for one in load_sets(settings, monitor)}

    assert told[1] == ("disabled", "Switched off by an operator: on holiday")
    assert told[2] == ("quarantined", "dead")
    assert told[3][0] == "exhausted"
    assert "The default pool is used up until 00:00 PST" in told[3][1]
    assert told[4] == ("ready", "")


def test_a_pool_that_is_counted_empty_is_exhausted_without_a_mark(furnish, open_monitor):
    """The count itself says so; the reset is the next midnight Pacific."""
    settings = furnish({1: ONE}, extra={"YTQUOTA_LIMIT_DEFAULT": "3"})
    monitor = open_monitor(settings, clock=ManualClock(NOON))
    monitor.ledger.hold(ONE, (("default", 3),))

    one = load_sets(settings, monitor)[0]

    assert (one.state, dict(one.exhausted)) == ("exhausted", {"default": MIDNIGHT})


def test_pools_that_end_at_different_moments_are_told_apart(furnish, open_monitor):
    """A sentence for each moment: the earlier one does not hold for both."""
    settings = furnish({1: ONE})
    monitor = open_monitor(settings, clock=ManualClock(NOON))
    monitor.ledger.exhaust(ONE, "default", MIDNIGHT.timestamp())
    monitor.ledger.exhaust(ONE, "video_insert", MIDNIGHT.timestamp())
    monitor.ledger.exhaust(ONE, "search_list", MIDNIGHT.timestamp() - 3600)

    why = load_sets(settings, monitor)[0].why

    assert why.startswith("The search_list pool is used up until 23:00 PST")
    assert "The default and video_insert pools are used up until 00:00 PST" in why


def test_an_empty_search_pool_leaves_the_set_ready(furnish, open_monitor):
    """Only searches wait; the rest of the project works, and the set says both."""
    settings = furnish({1: ONE})
    monitor = open_monitor(settings, clock=ManualClock(NOON))
    monitor.ledger.exhaust(ONE, "search_list", MIDNIGHT.timestamp())

    one = load_sets(settings, monitor)[0]

    assert one.state == "ready"
    assert "search_list pool is used up" in one.why


def test_a_mark_ends_with_its_day(furnish, open_monitor):
    """At midnight Pacific the set is ready again without anybody's doing."""
    settings = furnish({1: ONE})
    clock = ManualClock(NOON)
    monitor = open_monitor(settings, clock=clock)
    monitor.ledger.exhaust(ONE, "default", MIDNIGHT.timestamp())
    clock.set(MIDNIGHT)

    assert load_sets(settings, monitor)[0].state == "ready"


def test_what_a_set_tells_is_ready_for_json(furnish, open_monitor):
    """The command line's --json and the console print it as it is."""
    settings = furnish({1: ONE}, extra={"YTQUOTA_ROTATION": "1"})
    monitor = open_monitor(settings, clock=ManualClock(NOON))
    monitor.ledger.exhaust(ONE, "default", MIDNIGHT.timestamp())
    StateFile(settings.memory_dir).prefer(1)

    told = json.loads(json.dumps(load_sets(settings, monitor)[0].to_json()))

    assert told["exhausted"] == {"default": "2026-11-24T00:00:00-08:00"}
    assert (told["in_rotation"], told["preferred"], told["is_read_only"]) == (True, True, False)


def test_an_unreadable_state_file_is_not_taken_for_health(furnish):
    """The error of the state file goes all the way up."""
    settings = furnish({1: ONE})
    settings.memory_dir.mkdir()
    (settings.memory_dir / "exhausted_credentials.json").write_text("{")

    with pytest.raises(CredentialError, match=r"exhausted_credentials\.json"):
        load_sets(settings)


@pytest.mark.parametrize(("mode", "usable"), [("strict", False), ("open", True)])
def test_a_ledger_out_of_reach_denies_unless_the_operator_chose_open(furnish, open_monitor, mode, usable):
    """YTQUOTA_FAIL_MODE decides for the choice of a set as it does for calls."""
    settings = furnish({1: ONE}, extra={"YTQUOTA_FAIL_MODE": mode})
    monitor = open_monitor(settings, clock=ManualClock(NOON))
    journal = settings.memory_dir / "calls" / "2026-11-23" / f"{ONE}.jsonl"
    journal.parent.mkdir(parents=True)
    journal.write_text("garbage\n")

    if usable:
        assert load_sets(settings, monitor)[0].state == "ready"
    else:
        with pytest.raises(LedgerUnavailable):
            load_sets(settings, monitor)


def test_no_sets_at_all_is_an_empty_list(tmp_path):
    """A folder without a .env has none."""
    assert load_sets(Settings.load({}, start=tmp_path)) == []
