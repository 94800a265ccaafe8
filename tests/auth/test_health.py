"""Quarantine: final until there is another login, or for the moment only and half-open after a pause."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from google.auth.exceptions import RefreshError

from ytquota.auth import load_sets
from ytquota.auth.health import Health
from ytquota.auth.rotation import reset
from ytquota.auth.state import StateFile
from ytquota.clock import ManualClock
from ytquota.errors import CredentialError

NOON = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)


def in_minutes(minutes):
    return (datetime.now(UTC) + timedelta(minutes=minutes)).replace(tzinfo=None).isoformat() + "Z"


def call(service):
    return service.videos().list(part="id", id="a").execute()


@pytest.fixture
def clock():
    return ManualClock(NOON)


@pytest.fixture
def bot(furnish, open_monitor, service_of, token_of, clock):
    """A service whose token is over, with its settings and its monitor, on a clock of the test."""
    settings = furnish()
    token_of(settings, expiry=in_minutes(-1))
    monitor = open_monitor(settings, clock=clock)
    return settings, monitor


@pytest.fixture
def quiet(monkeypatch):
    """Nothing is renewed in the background, so that the test alone decides when the address is asked."""
    monkeypatch.setattr("ytquota.auth.credentials.renewer.watch", lambda _credentials: None)


def actions(monitor):
    return [row["action"] for row in monitor.audit_rows()]


def test_trouble_of_the_token_address_sets_a_set_apart_and_it_comes_back_by_itself(
    bot, quiet, service_of, sandbox, clock, token_calls
):
    """One knock, then none before the pause is over; then one call tries, and all is well, on record."""
    settings, monitor = bot
    service = service_of(settings, monitor)
    sandbox.stop()
    with pytest.raises(ConnectionRefusedError):
        call(service)
    sandbox.start()

    with pytest.raises(CredentialError, match=r"for the moment.*next try is due"):
        call(service)
    (apart,) = load_sets(settings, monitor)
    clock.advance(6)
    (half_open,) = load_sets(settings, monitor)
    call(service)

    assert token_calls() == [200]
    assert (apart.state, half_open.state) == ("quarantined", "half-open")
    assert "For the moment only: tried once in vain" in apart.why
    assert "the next call may try again" in half_open.why
    assert load_sets(settings, monitor)[0].state == "ready"
    assert actions(monitor) == ["quarantine", "recover"]


def test_each_failure_doubles_the_pause_up_to_five_minutes(bot, clock):
    """5, 10, 20, ... seconds; one audit row for all of them."""
    settings, monitor = bot
    health, pauses = Health(settings, monitor, 1), []

    for _ in range(9):
        health.stumbled("no way", "login")
        pauses.append(health.retry_in("login"))
        clock.advance(pauses[-1])

    assert pauses == [5, 10, 20, 40, 80, 160, 300, 300, 300]
    assert actions(monitor) == ["quarantine"]
    assert StateFile(settings.memory_dir).read().quarantined[1].tries == 9


def test_a_clock_that_was_set_back_does_not_prolong_a_pause(bot, clock):
    """A set that is apart for five seconds is not apart for a day."""
    settings, monitor = bot
    health = Health(settings, monitor, 1)
    health.stumbled("no way", "login")

    clock.set(NOON - timedelta(days=1))

    assert health.pause("login") is None
    assert load_sets(settings, monitor)[0].state in {"half-open", "ready"}


def test_errors_of_the_token_address_are_no_refusal(bot, quiet, service_of, sandbox):
    """A storm of 5xx sets the set apart for the moment; the login stays good."""
    settings, monitor = bot
    service = service_of(settings, monitor)
    sandbox.fail("token", status=503, times=3)  # google-auth asks three times by itself

    with pytest.raises(RefreshError) as caught:
        call(service)

    assert caught.value.retryable
    assert load_sets(settings, monitor)[0].retry_at is not None


def test_a_dead_login_outweighs_trouble_that_passes(bot):
    """What is final is not made temporary by a later time-out, and the other way round it is."""
    settings, monitor = bot
    health = Health(settings, monitor, 1)
    health.stumbled("no way", "")
    health.died("revoked", "")
    health.stumbled("no way", "")

    one = load_sets(settings, monitor)[0]
    assert (one.state, one.why, one.retry_at) == ("quarantined", "revoked", None)
    assert not one.is_alive


def test_after_a_reset_a_refused_login_is_asked_about_once_more(bot, quiet, service_of, sandbox, token_calls):
    """A running bot does not trust its memory more than an operator; refused again, it is out again."""
    settings, monitor = bot
    service = service_of(settings, monitor)
    sandbox.revoke(1)
    for _ in range(2):
        with pytest.raises(CredentialError, match="invalid_grant"):
            call(service)
    reset(settings, monitor, 1)

    for _ in range(2):
        with pytest.raises(CredentialError, match="invalid_grant"):
            call(service)

    assert token_calls() == [400, 400]
    assert actions(monitor) == ["quarantine", "reset", "quarantine"]


def test_another_token_in_the_file_ends_the_quarantine_of_the_old_one(
    bot, quiet, service_of, sandbox, token_of
):
    """A file that was copied here, without a login: the set is ready, and the note goes, on record."""
    settings, monitor = bot
    service = service_of(settings, monitor)
    sandbox.revoke(1)
    with pytest.raises(CredentialError, match="invalid_grant"):
        call(service)
    assert load_sets(settings, monitor)[0].state == "quarantined"

    token_of(settings, **sandbox.issue_token("111111111111"))
    assert load_sets(settings, monitor)[0].state == "ready"
    token_of(settings, expiry=in_minutes(-1))
    call(service_of(settings, monitor))

    assert StateFile(settings.memory_dir).read().quarantined == {}
    assert [row["why"] for row in monitor.audit_rows() if row["action"] == "recover"] == [
        "there is a new login"
    ]


def test_another_key_in_the_settings_ends_the_quarantine_of_the_old_one(furnish, open_monitor):
    """A key is a login too."""
    settings = furnish({}, api_keys={3: "111111111111"})
    monitor = open_monitor(settings)
    Health(settings, monitor, 3).died("dead", "another-login")

    assert load_sets(settings, monitor)[0].state == "ready"


def test_a_note_that_cannot_be_written_does_not_stop_a_bot(bot, caplog):
    """The state file is garbled: the error is logged, and the caller's own error goes on."""
    settings, monitor = bot
    settings.memory_dir.mkdir(exist_ok=True)
    (settings.memory_dir / "exhausted_credentials.json").write_text("{")

    Health(settings, monitor, 1).died("dead", "")
    Health(settings, monitor, 1).recovered("")

    assert caplog.text.count("could not be noted") == 2
    assert Health(settings, monitor, 1).pause("") is None


def test_a_set_that_is_half_open_is_taken_where_no_other_is_ready(furnish, open_monitor, service_of, clock):
    """A new service prefers what works, and does not fail for trouble that may be over."""
    settings = furnish({1: "111111111111", 2: "222222222222"}, extra={"YTQUOTA_ROTATION": "1,2"})
    monitor = open_monitor(settings, clock=clock)
    Health(settings, monitor, 1).stumbled("no way", "")
    clock.advance(6)

    assert service_of(settings, monitor)._http.account.identity.credential_set == "2"
    StateFile(settings.memory_dir).disable(2, "off")
    assert service_of(settings, monitor)._http.account.identity.credential_set == "1"
