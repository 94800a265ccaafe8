"""OAuth as a desktop client meets it."""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from hashlib import sha256
from html import unescape
from urllib.parse import parse_qs, urlsplit

import google.auth.transport.requests
import httpx
import pytest
from google.auth.exceptions import RefreshError

from ytquota.sandbox.accounts import DEFAULT_SCOPES, SCOPE_PREFIX

PROJECT = "111111111111"
REDIRECT = "http://127.0.0.1:8765/"
VERIFIER = "v" * 50
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


@pytest.fixture
def http(sandbox):
    """A browser and a program in one; redirects are looked at, not followed."""
    with httpx.Client(verify=False, base_url=sandbox.url, follow_redirects=False) as client:
        yield client


@pytest.fixture
def client(sandbox):
    """The project's client secrets."""
    return sandbox.client_secrets(PROJECT)["installed"]


@pytest.fixture
def question(client):
    """What a desktop program asks on the consent page."""
    return {
        "client_id": client["client_id"],
        "redirect_uri": REDIRECT,
        "response_type": "code",
        "scope": " ".join(DEFAULT_SCOPES),
        "state": "s1&<",
        "access_type": "offline",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }


def _decide(http, question, **decision):
    """Press a button of the page that the question leads to; the parameters that come back."""
    page = http.get("/o/oauth2/auth", params=question)
    assert page.status_code == 200
    hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
    form = {name: unescape(value) for name, value in hidden.items()}
    answer = http.post("/o/oauth2/auth", data={**form, **decision})
    assert answer.status_code == 302
    assert answer.headers["location"].startswith(REDIRECT)
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def _exchange(http, client, good, **changes):
    form = {
        "grant_type": "authorization_code",
        "code": good,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
        "client_id": client["client_id"],
        "client_secret": client["client_secret"],
    }
    return http.post("/token", data={**form, **changes})


def test_the_code_flow_gives_a_token_for_the_chosen_channel(sandbox, http, client, question):
    """Allow, exchange, call: the channel is the one that was chosen, the scopes are those ticked."""
    sandbox.add_channel("UCone", "One")
    sandbox.add_channel("UCtwo", "Two")
    back = _decide(
        http, question, decision="allow", account="UCtwo", scope_granted=[SCOPE_PREFIX + "youtube.readonly"]
    )
    token = _exchange(http, client, back["code"]).json()

    assert back["state"] == "s1&<"
    assert set(token) == {"access_token", "expires_in", "refresh_token", "scope", "token_type"}
    assert token["scope"] == back["scope"] == SCOPE_PREFIX + "youtube.readonly"
    mine = http.get(
        "/youtube/v3/channels?part=id&mine=true", headers={"Authorization": f"Bearer {token['access_token']}"}
    )
    assert mine.json()["items"][0]["id"] == "UCtwo"


def test_the_consent_page_shows_channels_scopes_and_both_buttons(sandbox, http, question):
    """Every control has a label, and what came in the address is escaped."""
    sandbox.add_channel("UCone", "Cats & <b>dogs</b>")
    text = http.get("/o/oauth2/auth", params=question).text

    assert text.count('<input type="checkbox"') == len(DEFAULT_SCOPES)
    assert "Cats &amp; &lt;b&gt;dogs&lt;/b&gt;" in text
    assert re.findall(r"<button[^>]*>(\w+)</button>", text) == ["Deny", "Allow"]
    assert '<html lang="en">' in text
    assert "s1&<" not in text


def test_deny_comes_back_as_access_denied(http, question):
    """With the state, without a code."""
    assert _decide(http, question, decision="deny") == {"error": "access_denied", "state": "s1&<"}


def test_a_scope_that_cannot_be_had_is_not_granted(sandbox, http, client, question):
    """Ticked or not, the answer names what was granted."""
    sandbox.drop_scope(SCOPE_PREFIX + "youtube.force-ssl")
    back = _decide(http, question, decision="allow", scope_granted=list(DEFAULT_SCOPES))

    assert _exchange(http, client, back["code"]).json()["scope"] == SCOPE_PREFIX + "youtube.readonly"


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"redirect_uri": "https://example.com/"}, 400, "redirect_uri_mismatch"),
        ({"redirect_uri": "http://example.com/"}, 400, "redirect_uri_mismatch"),
        ({"scope": ""}, 400, "invalid_request"),
        ({"response_type": "token"}, 400, "unsupported_response_type"),
    ],
)
def test_a_wrong_question_is_not_redirected(http, question, changes, status, error):
    """The page says what is wrong; nobody is sent to an address off this machine."""
    answer = http.get("/o/oauth2/auth", params={**question, **changes})

    assert answer.status_code == status
    assert error in answer.text


@pytest.mark.parametrize(
    ("changes", "status", "refusal"),
    [
        ({"code": "4/unknown"}, 400, ("invalid_grant", "Malformed auth code.")),
        ({"code_verifier": "w" * 50}, 400, ("invalid_grant", "Invalid code verifier.")),
        ({"code_verifier": ""}, 400, ("invalid_grant", "Missing code verifier.")),
        ({"redirect_uri": "http://127.0.0.1:1/"}, 400, ("redirect_uri_mismatch", "Bad Request")),
        ({"client_secret": "guess"}, 401, ("invalid_client", "The provided client secret is invalid.")),
        ({"grant_type": "password"}, 400, ("unsupported_grant_type", "Invalid grant_type: password")),
    ],
)
def test_a_wrong_exchange_is_refused(http, client, question, changes, status, refusal):
    """In Google's words, and the code stays good for the right one."""
    code = _decide(http, question, decision="allow", scope_granted=DEFAULT_SCOPES[0])["code"]
    answer = _exchange(http, client, code, **changes)

    assert answer.status_code == status
    assert tuple(answer.json().values()) == refusal
    assert _exchange(http, client, code).status_code == 200


def test_a_code_is_good_once(http, client, question):
    """The second exchange is an invalid grant."""
    code = _decide(http, question, decision="allow", scope_granted=DEFAULT_SCOPES[0])["code"]

    assert _exchange(http, client, code).status_code == 200
    assert _exchange(http, client, code).json()["error"] == "invalid_grant"


def test_a_token_is_refreshed_by_google_auth(sandbox, credentials_of):
    """A new access token, good for about an hour."""
    credentials = credentials_of(sandbox.issue_token(PROJECT))
    before = credentials.token
    credentials.refresh(google.auth.transport.requests.Request())

    assert credentials.token != before
    assert credentials.valid


def _consent(http, client, question):
    code = _decide(http, question, decision="allow", scope_granted=list(DEFAULT_SCOPES))["code"]
    return _exchange(http, client, code).json()


def _renewed(http, client, refresh_token):
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    return http.post(
        "/token", data={**form, **{name: client[name] for name in ("client_id", "client_secret")}}
    )


def test_a_consent_in_testing_says_how_long_it_lasts_and_ends_then(sandbox, http, client, question):
    """604,799 seconds at first and what is left of them at each renewal; then nothing is good any more."""
    sandbox.set_testing(PROJECT)
    token = _consent(http, client, question)
    sandbox.advance(86_400)
    after_a_day = _renewed(http, client, token["refresh_token"]).json()
    sandbox.advance(6 * 86_400)
    refused = _renewed(http, client, token["refresh_token"])
    bearer = {"Authorization": f"Bearer {token['access_token']}"}

    assert token["refresh_token_expires_in"] in {604_798, 604_799}
    assert after_a_day["refresh_token_expires_in"] == pytest.approx(604_799 - 86_400, abs=5)
    assert "refresh_token" not in after_a_day
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert http.get("/youtube/v3/channels?part=id&mine=true", headers=bearer).status_code == 401


def test_publishing_gives_no_earlier_consent_a_longer_life(sandbox, http, client, question):
    """What was given in Testing ends; what is given after it says nothing of an end, and has none."""
    sandbox.set_testing(PROJECT)
    before = _consent(http, client, question)
    sandbox.set_testing(PROJECT, testing=False)
    after = _consent(http, client, question)
    sandbox.advance(30 * 86_400)

    assert "refresh_token_expires_in" not in after
    assert _renewed(http, client, before["refresh_token"]).status_code == 400
    assert _renewed(http, client, after["refresh_token"]).status_code == 200


@pytest.mark.parametrize("by_program", [True, False])
def test_a_revoked_consent_is_an_invalid_grant(sandbox, http, credentials_of, by_program):
    """google-auth raises RefreshError with Google's wording, whoever revoked it."""
    token = sandbox.issue_token(PROJECT)
    if by_program:
        assert http.post("/revoke", data={"token": token["token"]}).status_code == 200
        assert http.post("/revoke", data={"token": token["token"]}).json()["error"] == "invalid_token"
    else:
        sandbox.revoke(token["refresh_token"])

    with pytest.raises(RefreshError, match=r"invalid_grant: Token has been expired or revoked\."):
        credentials_of(token).refresh(google.auth.transport.requests.Request())


def test_token_calls_are_noted_and_can_misbehave(sandbox, http):
    """They cost nothing; the token address can fail and drop like any other."""
    sandbox.fail("token", 503)
    sandbox.drop("token")
    first = http.post("/token", data={})
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        http.post("/token", data={})
    third = http.post("/token", data={})

    assert (first.status_code, third.status_code) == (503, 401)
    noted = [(row["method"], row["status"], row["units"]) for row in sandbox.access_log()]
    assert noted == [("token", 503, 0), ("token", 0, 0), ("token", 401, 0)]
