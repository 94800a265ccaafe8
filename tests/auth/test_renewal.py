"""Access tokens renewed in the background: ahead of their end, by one thread, gone when nobody needs it."""

from __future__ import annotations

import gc
import os
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from ytquota.auth import get_authenticated_service, load_sets
from ytquota.auth.credentials import StoredCredentials
from ytquota.auth.health import Health
from ytquota.auth.renewal import renewer
from ytquota.auth.tokens import load_token

PATIENCE = 20.0


def in_minutes(minutes):
    return (datetime.now(UTC) + timedelta(minutes=minutes)).replace(tzinfo=None).isoformat() + "Z"


def until(is_so):
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen"
        threading.Event().wait(0.01)


def threads():
    return [thread for thread in threading.enumerate() if thread.name == "ytquota-renewal"]


@pytest.fixture(autouse=True)
def no_thread_of_other_tests():
    gc.collect()
    renewer.before_fork()
    renewer.after_fork_in_child()
    renewer._logins.clear()


def test_a_token_is_renewed_ahead_without_any_call(furnish, service_of, token_of, token_calls):
    """Ten minutes ahead; the call that comes later asks the token address nothing."""
    settings = furnish()
    before = token_of(settings, expiry=in_minutes(9.5))["token"]
    service = service_of(settings)

    until(lambda: token_of(settings)["token"] != before)
    service.videos().list(part="id", id="a").execute()

    assert token_calls() == [200]


def test_a_token_that_lasts_is_left_alone(furnish, service_of, token_calls):
    """The thread waits for its time."""
    settings = furnish()
    service_of(settings)

    until(threads)

    assert token_calls() == []


def test_any_number_of_services_have_one_thread(furnish, service_of):
    """One per process, not per login."""
    settings = furnish({1: "111111111111", 2: "222222222222"})
    for number in (1, 2, 1):
        service_of(settings, None, number)

    assert len(threads()) == 1


def test_an_api_key_starts_no_thread(furnish, service_of):
    """There is nothing to renew."""
    service_of(furnish({}, api_keys={3: "111111111111"}), None, 3)

    assert threads() == []


def test_the_thread_ends_with_the_last_login(furnish, open_monitor):
    """A program that drops its services does not keep their tokens alive."""
    settings = furnish()
    monitor = open_monitor(settings)
    service = get_authenticated_service(settings=settings, monitor=monitor)
    until(threads)
    service.close()

    del service
    gc.collect()
    with renewer._changed:
        renewer._changed.notify_all()

    until(lambda: not threads())
    assert not renewer.is_running


def test_trouble_in_the_background_is_met_in_silence_and_tried_again(
    furnish, service_of, token_of, token_calls, sandbox, monkeypatch
):
    """While the old token serves nobody is told, nothing is quarantined, and the next try succeeds."""
    monkeypatch.setattr("ytquota.auth.credentials._PAUSE", 0.05)
    settings = furnish()
    before = token_of(settings, expiry=in_minutes(9))["token"]
    sandbox.fail("token", status=400, reason="slow_down", times=2)

    service_of(settings)

    until(lambda: token_of(settings)["token"] != before)
    assert token_calls()[-1] == 200
    assert not (settings.memory_dir / "exhausted_credentials.json").exists()


def test_a_revoked_login_is_found_out_before_a_call_needs_it(furnish, service_of, token_of, sandbox):
    """The quarantine stands while the old access token still had minutes."""
    settings = furnish()
    token_of(settings, expiry=in_minutes(9))
    sandbox.revoke(1)

    service_of(settings)

    until(lambda: load_sets(settings)[0].state == "quarantined")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_goes_on_and_so_does_its_parent(furnish, service_of, token_of, token_calls):
    """No thread exists during the fork; the parent's comes back, the child's comes with its first call."""
    settings = furnish()
    service = service_of(settings)
    until(threads)
    read, write = os.pipe()

    child = os.fork()
    if child == 0:
        try:
            before = len(threads())
            service.videos().list(part="id", id="a").execute()
            os.write(write, f"{before}{len(threads())}".encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)

    assert os.read(read, 2) == b"01"
    assert len(threads()) == 1
    os.close(read)
    os.close(write)


def test_a_set_that_is_apart_is_tried_again_in_the_background(
    furnish, open_monitor, service_of, sandbox, monkeypatch
):
    """Calls use another set meanwhile, and somebody has to find out that the trouble is over."""
    monkeypatch.setattr("ytquota.auth.notes.FIRST_PAUSE", 0.2)
    settings = furnish({1: "111111111111", 2: "222222222222"}, extra={"YTQUOTA_ROTATION": "1,2"})
    monitor = open_monitor(settings)
    service = service_of(settings, monitor, failover="auto")
    sandbox.expire_tokens(1)
    sandbox.fail("token", status=400, body={"error": "slow_down"})

    service.videos().list(part="id", id="a").execute()

    until(lambda: load_sets(settings, monitor)[0].state == "ready")
    service.videos().list(part="id", id="a").execute()
    assert [row["set"] for row in monitor.log() if row["outcome"] == "ok"] in (["2", "1"], ["1", "2"])


def test_a_state_file_that_cannot_be_written_makes_no_storm_of_renewals(
    furnish, open_monitor, token_of, token_calls, monkeypatch
):
    """The note of a set that is apart stays although its token was renewed: the address is asked once."""
    settings = furnish()
    monitor = open_monitor(settings)
    Health(settings, monitor, 1).stumbled("no way", "")
    token = load_token(1, settings.sets[1].token_file)
    monkeypatch.setattr("ytquota.auth.notes.Note.is_waiting", lambda _note, _now: False)
    monkeypatch.setattr("ytquota.auth.state.StateFile.recover", lambda *_: None)
    credentials = StoredCredentials.from_token(token, health=Health(settings, monitor, 1))

    credentials.renew_ahead()

    assert token_calls() == [200]
    assert credentials.seconds_to_renewal() > 20
