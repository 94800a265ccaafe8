"""Who may call: tokens, keys, scopes, and what a call without them costs."""

from __future__ import annotations

import pytest

from ytquota.sandbox.accounts import SCOPE_PREFIX

PROJECT = "111111111111"
READONLY = [SCOPE_PREFIX + "youtube.readonly"]


@pytest.fixture
def call(sandbox, web):
    """One request; gives status, reason, the ErrorInfo's reason, and the whole error."""

    def send(verb, path, token=None, key=None, **more):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= {"x-goog-api-key": key} if key else {}
        answer = web.request(verb, f"{sandbox.url}/youtube/v3/{path}", headers=headers, **more)
        error = answer.json().get("error", {}) if answer.content else {}
        details = error.get("details") or [{}]
        return answer.status_code, error.get("errors", [{}])[0].get("reason"), details[0].get("reason"), error

    return send


def test_a_call_without_credentials_is_refused_and_free(sandbox, call):
    """403, "unregistered callers", PERMISSION_DENIED."""
    status, reason, _, error = call("GET", "videos?part=id&id=a")

    assert (status, reason, error["status"]) == (403, "forbidden", "PERMISSION_DENIED")
    assert "unregistered callers" in error["message"]
    assert sandbox.billed() == {}


def test_a_bad_key_is_refused_and_free(sandbox, call):
    """400 with API_KEY_INVALID, in a header as in the address."""
    assert call("GET", "videos?part=id&id=a", key="nonsense")[:3] == (400, "badRequest", "API_KEY_INVALID")
    assert call("GET", "videos?part=id&id=a&key=nonsense")[:3] == (400, "badRequest", "API_KEY_INVALID")
    assert sandbox.billed() == {}


def test_a_key_reads_what_is_public_and_is_charged_to_its_project(sandbox, call):
    """In the header or in the address; it leaves no trace in the log."""
    key = sandbox.add_api_key("222222222222")

    assert call("GET", "videos?part=id&id=a", key=key)[0] == 200
    assert call("GET", f"search?part=id&q=a&key={key}")[0] == 200
    assert sandbox.billed() == {
        "222222222222": {"default": {"videos.list": 1}, "search_list": {"search.list": 1}}
    }
    assert key not in repr(sandbox.access_log())


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("POST", "comments?part=snippet"),
        ("DELETE", "videos?id=a"),
        ("GET", "channels?part=id&mine=true"),
        ("GET", "captions?part=id&videoId=v"),
    ],
)
def test_a_key_neither_writes_nor_says_me(sandbox, call, verb, path):
    """401, and free."""
    assert call(verb, path, key=sandbox.add_api_key(PROJECT))[:2] == (401, "required")
    assert sandbox.billed() == {}


def test_stale_tokens_are_refused_and_free(sandbox, call):
    """Unknown, expired, revoked: 401 authError, UNAUTHENTICATED."""
    expired = sandbox.issue_token(PROJECT, expires_in=60)["token"]
    revoked = sandbox.issue_token(PROJECT)["token"]
    sandbox.revoke(revoked)
    sandbox.advance(61)

    for token in ("unknown", expired, revoked):
        status, reason, _, error = call("GET", "videos?part=id&id=a", token=token)
        assert (status, reason, error["status"]) == (401, "authError", "UNAUTHENTICATED")
    assert sandbox.billed() == {}


def test_a_scope_too_small_is_refused_and_charged(sandbox, call):
    """A token that may only read gets 403 insufficientPermissions for a write."""
    token = sandbox.issue_token(PROJECT, scopes=READONLY)["token"]
    found = call("POST", "playlists?part=snippet", token=token, json={})

    assert found[:3] == (403, "insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT")
    assert call("GET", "playlists?part=id&id=a", token=token)[0] == 200
    assert sandbox.billed() == {PROJECT: {"default": {"playlists.insert": 50, "playlists.list": 1}}}


def test_a_token_can_lose_a_scope(sandbox, call):
    """The access token in hand can do less from now on."""
    token = sandbox.issue_token(PROJECT)["token"]
    sandbox.drop_scope(SCOPE_PREFIX + "youtube.force-ssl", token)

    assert call("POST", "playlists?part=snippet", token=token, json={})[1] == "insufficientPermissions"


def test_a_disabled_api_names_the_project_and_the_remedy(sandbox, call):
    """403 accessNotConfigured, SERVICE_DISABLED, with a link."""
    token = sandbox.issue_token(PROJECT)["token"]
    sandbox.disable_project(PROJECT)
    status, reason, info, error = call("GET", "videos?part=id&id=a", token=token)
    sandbox.disable_project(PROJECT, disabled=False)

    assert (status, reason, info) == (403, "accessNotConfigured", "SERVICE_DISABLED")
    assert f"project={PROJECT}" in error["message"]
    assert call("GET", "videos?part=id&id=a", token=token)[0] == 200


def test_an_unknown_address_is_no_call(sandbox, call):
    """404, nothing charged."""
    token = sandbox.issue_token(PROJECT)["token"]

    assert call("GET", "nothing/here", token=token)[:2] == (404, "notFound")
    assert call("PATCH", "videos", token=token)[:2] == (404, "notFound")
    assert sandbox.billed() == {}


def test_mine_is_the_channel_of_the_token(sandbox, call, web):
    """Two tokens of one project speak for two channels."""
    for channel in ("UCone", "UCtwo"):
        token = sandbox.issue_token(PROJECT, channel=channel)["token"]
        answer = web.get(
            f"{sandbox.url}/youtube/v3/channels?part=snippet,contentDetails&mine=true",
            headers={"Authorization": f"Bearer {token}"},
        ).json()
        assert [item["id"] for item in answer["items"]] == [channel]
        uploads = answer["items"][0]["contentDetails"]["relatedPlaylists"]["uploads"]
        assert uploads == "UU" + channel[2:]
