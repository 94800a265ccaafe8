"""Credentials in a token file: renewed in time, once, and safely; a dead one is quarantined with a remedy."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import httplib2
import pytest
from google.auth.exceptions import RefreshError
from google_auth_httplib2 import Request

from ytquota.auth import get_authenticated_service, load_sets
from ytquota.auth.credentials import StoredCredentials
from ytquota.auth.state import StateFile
from ytquota.auth.tokens import load_token, token_lock
from ytquota.errors import CredentialError

ONE = "111111111111"
SCOPE = "https://www.googleapis.com/auth/youtube.readonly"


def in_minutes(minutes):
    return (datetime.now(UTC) + timedelta(minutes=minutes)).replace(tzinfo=None).isoformat() + "Z"


class Noted:
    """A set's health, remembered."""

    def __init__(self):
        self.dead, self.trouble, self.well = [], [], 0

    def died(self, reason, _login):
        self.dead.append(reason)

    def stumbled(self, reason, _login):
        self.trouble.append(reason)

    def recovered(self, _login):
        self.well += 1

    def is_quarantined(self, _login):
        return bool(self.dead)

    def pause(self, _login):
        return None

    def retry_in(self, _login):
        return None


@pytest.fixture
def credentials_of():
    """The credentials of a set, and the reasons they give up for."""

    def credentials_of(settings, number=1):
        health = Noted()
        token = load_token(number, settings.sets[number].token_file)
        return StoredCredentials.from_token(token, health=health), health.dead

    return credentials_of


@pytest.fixture
def request_():
    http = httplib2.Http()
    yield Request(http)
    http.close()


def test_a_good_token_is_used_as_it_is(service_of, furnish, token_calls):
    """A service whose token lasts asks the token address nothing."""
    settings = furnish()
    service = service_of(settings)

    assert service.videos().list(part="id", id="a").execute()["kind"] == "youtube#videoListResponse"
    assert token_calls() == []


@pytest.fixture
def by_calls_alone(monkeypatch):
    """Nothing is renewed in the background."""
    monkeypatch.setattr("ytquota.auth.credentials.renewer.watch", lambda _credentials: None)


@pytest.mark.usefixtures("by_calls_alone")
def test_a_token_is_renewed_five_minutes_ahead_and_saved(service_of, furnish, token_of, token_calls):
    """One call to the token address, a private file with the new token, and all fields of others."""
    settings = furnish()
    before = token_of(settings, expiry=in_minutes(4.9), channel_id="UCx", mine={"kept": [1]})
    service = service_of(settings)

    service.videos().list(part="id", id="a").execute()
    service.videos().list(part="id", id="a").execute()

    after = token_of(settings)
    assert token_calls() == [200]
    assert after["token"] != before["token"]
    assert datetime.fromisoformat(after["expiry"]) > datetime.now(UTC) + timedelta(minutes=50)
    assert {k: v for k, v in after.items() if k not in {"token", "expiry"}} == {
        k: v for k, v in before.items() if k not in {"token", "expiry"}
    }
    assert settings.sets[1].token_file.stat().st_mode & 0o777 == 0o600


def test_a_token_that_lasts_longer_than_five_minutes_is_left_alone(furnish, credentials_of, token_of):
    """Ahead means five minutes, not every call."""
    settings = furnish()
    token_of(settings, expiry=in_minutes(5.2))

    credentials, _ = credentials_of(settings)

    assert credentials.valid


@pytest.mark.parametrize("expiry", [None, "soon", "2020-01-01T00:00:00Z"])
def test_an_unknown_or_past_end_is_renewed_at_first_use(service_of, furnish, token_of, token_calls, expiry):
    """A file by another tool without a readable expiry works."""
    settings = furnish()
    token_of(settings, expiry=expiry)
    service = service_of(settings)

    service.videos().list(part="id", id="a").execute()

    assert token_calls() == [200]


def test_a_token_that_ended_early_is_renewed_and_the_call_is_charged_once(
    service_of, furnish, open_monitor, sandbox, token_calls
):
    """A 401 leads to one renewal and one more try; the 401 costs nothing, here and there."""
    settings = furnish()
    monitor = open_monitor(settings)
    service = service_of(settings, monitor)
    sandbox.expire_tokens()

    service.videos().list(part="id", id="a").execute()

    assert token_calls() == [200]
    project = load_sets(settings)[0].project
    assert monitor.ledger.usage(project)[project]["default"].used == sandbox.used(project) == 1


def test_threads_that_meet_one_dead_token_renew_it_once(service_of, furnish, sandbox, token_calls):
    """The thread that comes second takes the token that the first one fetched."""
    settings = furnish()
    service = service_of(settings)
    sandbox.expire_tokens()
    together = threading.Barrier(6)
    failed = []

    def call():
        together.wait()
        try:
            service.videos().list(part="id", id="a").execute()
        except Exception as error:  # noqa: BLE001
            failed.append(error)

    threads = [threading.Thread(target=call) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (failed, token_calls()) == ([], [200])


CALLER = """
import sys
from pathlib import Path
from ytquota import get_authenticated_service
from ytquota.settings import Settings
service = get_authenticated_service(settings=Settings.load({}, start=Path(sys.argv[1])))
request = service.videos().list(part="id", id="a")
print("ready", flush=True)
sys.stdin.readline()
request.execute()
print("done", flush=True)
"""


def test_processes_that_renew_one_token_at_once_call_the_address_once(
    furnish, start_python, sandbox, token_of, token_calls
):
    """Two bots on one set: both go on, one of them asks, and the file is whole."""
    settings = furnish()
    token_of(settings, expiry="2020-01-01T00:00:00Z")
    sandbox.slow(0.3, "token", times=2)
    bots = [start_python(CALLER, settings.root) for _ in range(2)]
    assert [bot.stdout.readline() for bot in bots] == ["ready\n"] * 2

    for bot in bots:
        bot.stdin.write("go\n")
        bot.stdin.flush()

    assert [bot.stdout.readline() for bot in bots] == ["done\n"] * 2
    assert token_calls() == [200]
    assert load_sets(settings)[0].state == "ready"


def test_a_renewal_that_another_process_lost_is_not_lost_here(furnish, credentials_of, token_of, request_):
    """What the file holds now counts, not what this process read at its start."""
    settings = furnish()
    mine, _ = credentials_of(settings)
    theirs, _ = credentials_of(settings)
    theirs.refresh(request_)

    mine.refresh(request_)

    assert mine.token == theirs.token == token_of(settings)["token"]


def test_a_dead_refresh_token_quarantines_the_set_with_a_remedy(
    service_of, furnish, open_monitor, sandbox, token_of
):
    """The reason names the usual cause, the age and the command; the error is Google's own kind too."""
    settings = furnish()
    token_of(
        settings, expiry=in_minutes(-1), granted_at=(datetime.now(UTC) - timedelta(days=7.1)).isoformat()
    )
    monitor = open_monitor(settings)
    service = service_of(settings, monitor)
    sandbox.revoke(1)

    with pytest.raises(CredentialError, match="ytquota login 1") as caught:
        service.videos().list(part="id", id="a").execute()

    assert isinstance(caught.value, RefreshError)
    one = load_sets(settings, monitor)[0]
    assert one.state == "quarantined"
    for words in ("invalid_grant", "Testing", "7 days", "granted 7.1 days ago", "ytquota login 1"):
        assert words in one.why
    assert [row["action"] for row in monitor.audit_rows()] == ["quarantine"]
    assert monitor.ledger.usage(one.project)[one.project]["default"].used == 0


def test_a_dead_token_is_asked_about_once(furnish, credentials_of, sandbox, token_of, request_, token_calls):
    """A bot that goes on calling does not knock at the token address each time; a new login revives it."""
    settings = furnish()
    credentials, dead = credentials_of(settings)
    sandbox.revoke(1)
    for _ in range(3):
        with pytest.raises(CredentialError, match="ytquota login 1"):
            credentials.refresh(request_)
    assert (token_calls(), len(dead)) == ([400], 1)

    token_of(settings, **sandbox.issue_token(ONE))
    credentials.refresh(request_)

    assert credentials.valid


def test_a_stuck_process_does_not_stop_a_token_that_lasts(furnish, credentials_of, token_of, request_):
    """Whoever holds the lock for long is not waited for while the old token serves."""
    settings = furnish()
    token_of(settings, expiry=in_minutes(3))
    credentials, _ = credentials_of(settings)

    with token_lock(settings.sets[1].token_file):
        credentials.before_request(request_, "GET", "http://x", headers := {})

    assert headers["authorization"] == f"Bearer {credentials.token}"


def test_a_quarantined_set_is_not_tried_again(furnish, open_monitor, sandbox, token_of, token_calls):
    """A new service is refused at once, without another knock at the token address."""
    settings = furnish()
    StateFile(settings.memory_dir).quarantine(1, "dead. Run `ytquota login 1`.")

    with pytest.raises(CredentialError, match=r"set 1 .*quarantined; dead\. Run `ytquota login 1`"):
        get_authenticated_service(settings=settings, monitor=open_monitor(settings))

    assert token_calls() == []


def test_a_withdrawn_client_is_final_too(furnish, credentials_of, token_of, request_):
    """A wrong client secret will not become right by repetition."""
    settings = furnish()
    token_of(settings, client_secret="rotated")
    credentials, dead = credentials_of(settings)

    with pytest.raises(CredentialError, match="invalid_client"):
        credentials.refresh(request_)

    assert len(dead) == 1


@pytest.mark.usefixtures("by_calls_alone")
def test_a_scope_that_was_taken_back_is_named(service_of, furnish, open_monitor, sandbox, token_of, caplog):
    """The token goes on working for the rest, and the set says what it lacks."""
    settings = furnish()
    monitor = open_monitor(settings)
    token_of(settings, expiry=in_minutes(-1))
    sandbox.drop_scope(SCOPE, 1)
    service = service_of(settings, monitor)

    service.videos().list(part="id", id="a").execute()

    one = load_sets(settings, monitor)[0]
    assert (one.state, one.missing_scopes) == ("ready", (SCOPE,))
    assert "youtube.readonly" in one.why
    assert any(SCOPE in message and "ytquota login 1" in message for message in caplog.messages)


def test_a_token_address_out_of_reach_does_not_stop_a_token_that_lasts(
    furnish, credentials_of, sandbox, token_of, request_
):
    """Early renewal is a courtesy: its failure counts only when the token is over. Nothing is quarantined."""
    settings = furnish()
    token_of(settings, expiry=in_minutes(3))
    credentials, dead = credentials_of(settings)
    old = credentials.token
    sandbox.stop()

    headers = {}
    credentials.before_request(request_, "GET", "http://x", headers)

    assert headers["authorization"] == f"Bearer {old}"
    token_of(settings, expiry=in_minutes(-1))
    late, dead_too = credentials_of(settings)
    with pytest.raises(ConnectionRefusedError):
        late.before_request(request_, "GET", "http://x", {})
    assert dead == dead_too == []
    sandbox.start()


def test_a_token_of_another_channel_in_the_file_stops_a_running_bot(
    furnish, credentials_of, token_of, request_
):
    """After a login as somebody else a bot must not speak in that name without being told to."""
    settings = furnish()
    token_of(settings, channel_id="UCone")
    credentials, _ = credentials_of(settings)
    token_of(settings, channel_id="UCtwo", token="other")

    with pytest.raises(CredentialError, match=r"another channel.*Restart"):
        credentials.refresh(request_)


def test_a_token_file_taken_away_is_not_brought_back(furnish, credentials_of, request_):
    """Who deletes a token means it; a running bot goes on with what it has in memory."""
    settings = furnish()
    credentials, _ = credentials_of(settings)
    settings.sets[1].token_file.unlink()

    credentials.refresh(request_)

    assert credentials.valid
    assert not settings.sets[1].token_file.exists()


def test_a_copy_of_the_credentials_shares_the_file(furnish, credentials_of, token_of, request_):
    """What google-auth copies (for a quota project) renews and saves like the original."""
    settings = furnish()
    credentials, _ = credentials_of(settings)

    twin = credentials.with_quota_project("p")
    twin.refresh(request_)

    assert token_of(settings)["token"] == twin.token != credentials.token
