"""The rest of the decision table: logins, permissions, the token address, gRPC."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest

from ytquota.clock import day_start
from ytquota.errors import classify

RESET = day_start(date(2026, 11, 23))
NOW = RESET - timedelta(hours=4)
PROJECT = "123456789012"


def facts(verdict):
    """Return what machines go by: kind, and whether units are given back or were never taken."""
    return verdict.kind, verdict.refused, verdict.free


CONFIGURATION = ("not_authorised", False, False)
NO_CREDENTIAL = ("not_authorised", False, True)
DEAD = ("credential_dead", False, True)
STOP = ("stop", False, False)
AGAIN = ("transient", False, False)
CAP = ("channel_cap", False, False)


@pytest.mark.parametrize(
    ("code", "reason", "more", "expected", "word"),
    [
        (403, "dailyLimitExceededUnreg", {"domain": "usageLimits"}, NO_CREDENTIAL, "no API key"),
        (400, "uploadLimitExceeded", {"domain": "youtube.video"}, CAP, "24 hours"),
        (429, "uploadRateLimitExceeded", {"domain": "youtube.thumbnail"}, CAP, "thumbnails"),
        (403, "liveChatEnded", {"domain": "youtube.liveChat"}, STOP, "has ended"),
        (403, "liveChatDisabled", {"domain": "youtube.liveChat"}, STOP, "disabled"),
        (
            403,
            "forbidden",
            {"domain": "youtube.liveChat", "message": "You lack permission."},
            STOP,
            "lack permission",
        ),
        (404, "liveChatNotFound", {"domain": "youtube.liveChat"}, STOP, "no such live chat"),
        (403, "liveStreamingNotEnabled", {"domain": "youtube.liveBroadcast"}, STOP, "YouTube Studio"),
        (400, "badRequest", {"message": "API key not valid. Please pass a valid API key."}, DEAD, "API key"),
        (400, "badRequest", {"message": "API key expired. Please renew the API key."}, DEAD, "API key"),
        (400, "keyInvalid", {"domain": "usageLimits"}, DEAD, "API key"),
        (
            403,
            "forbidden",
            {"message": "Method doesn't allow unregistered callers."},
            NO_CREDENTIAL,
            "no API key",
        ),
        (403, "accessNotConfigured", {"domain": "usageLimits"}, CONFIGURATION, "not enabled"),
        (401, "authError", {"status": "UNAUTHENTICATED"}, NO_CREDENTIAL, "refreshed once"),
        (401, "authorizationRequired", {}, NO_CREDENTIAL, "refreshed once"),
        (401, "youtubeSignupRequired", {}, NO_CREDENTIAL, "no channel"),
        (401, "", {}, NO_CREDENTIAL, "401"),
        (403, "insufficientPermissions", {}, CONFIGURATION, "scopes"),
        (500, "internalError", {}, AGAIN, "internal error"),
        (503, "backendError", {}, AGAIN, "unavailable"),
        (500, "", {"status": "INTERNAL"}, AGAIN, "500"),
        (503, "", {}, AGAIN, "503"),
        (408, "", {}, AGAIN, "408"),
        (409, "", {"status": "ABORTED"}, AGAIN, "409"),
        (404, "videoNotFound", {"message": "No such video."}, STOP, "404 videoNotFound: No such video."),
        (400, "invalidParameter", {}, STOP, "invalidParameter"),
        (403, "commentsDisabled", {}, STOP, "commentsDisabled"),
    ],
)
def test_every_other_row_of_the_decision_table(body, code, reason, more, expected, word):
    """Configuration, dead credentials, channel limits, pointless calls and Google's trouble differ."""
    verdict = classify(code, body(code, reason, **more), now=NOW)

    assert facts(verdict) == expected
    assert word in verdict.message
    assert (verdict.bucket, verdict.until) == ("", None)
    if verdict.kind == "transient":
        assert verdict.wait == 1.0


def test_the_upload_cap_of_a_channel_lasts_about_a_day(body):
    """The wait says so; a thumbnail cap's length is not known."""
    assert classify(400, body(400, "uploadLimitExceeded")).wait == 86400
    assert classify(429, body(429, "uploadRateLimitExceeded")).wait is None


@pytest.mark.parametrize(
    ("code", "first", "detail", "expected", "reason"),
    [
        (400, "badRequest", "API_KEY_INVALID", DEAD, "API_KEY_INVALID"),
        (403, "forbidden", "API_KEY_SERVICE_BLOCKED", CONFIGURATION, "API_KEY_SERVICE_BLOCKED"),
        (403, "forbidden", "API_KEY_IP_ADDRESS_BLOCKED", CONFIGURATION, "API_KEY_IP_ADDRESS_BLOCKED"),
        (403, "forbidden", "API_KEY_HTTP_REFERRER_BLOCKED", CONFIGURATION, "API_KEY_HTTP_REFERRER_BLOCKED"),
        (403, "accessNotConfigured", "SERVICE_DISABLED", CONFIGURATION, "accessNotConfigured"),
        (
            403,
            "insufficientPermissions",
            "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
            CONFIGURATION,
            "insufficientPermissions",
        ),
        (
            403,
            "forbidden",
            "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
            CONFIGURATION,
            "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        ),
        (401, "required", "CREDENTIALS_MISSING", NO_CREDENTIAL, "CREDENTIALS_MISSING"),
    ],
)
def test_details_tell_what_reasons_hide(body, info, code, first, detail, expected, reason):
    """badRequest and forbidden say nothing; the ErrorInfo detail does, and is the reason that is kept."""
    verdict = classify(code, body(code, first, details=(info(detail),)), now=NOW)

    assert (facts(verdict), verdict.reason) == (expected, reason)


def test_a_switched_off_api_tells_the_project(body, info):
    """The number is in the metadata, and in older bodies in the message."""
    message = f"YouTube Data API v3 has not been used in project {PROJECT} before or it is disabled."
    newer = body(
        403, "accessNotConfigured", details=(info("SERVICE_DISABLED", consumer=f"projects/{PROJECT}"),)
    )

    assert classify(403, newer).project == PROJECT
    assert classify(403, body(403, "accessNotConfigured", message=message)).project == PROJECT


@pytest.mark.parametrize(
    ("body_", "kind", "word"),
    [
        (
            {"error": "invalid_grant", "error_description": "Token has been expired or revoked."},
            "credential_dead",
            "7 days",
        ),
        ({"error": "invalid_grant", "error_description": "Bad Request"}, "credential_dead", "ytquota login"),
        ({"error": "invalid_client", "error_description": "Unauthorized"}, "credential_dead", "secrets file"),
        ({"error": "deleted_client"}, "credential_dead", "was deleted"),
        ({"error": "unauthorized_client"}, "credential_dead", "another OAuth client"),
        ({"error": "invalid_scope", "error_description": "Bad scope"}, "not_authorised", "YOUTUBE_SCOPES"),
        ({"error": "invalid_request", "error_description": "Missing parameter"}, "stop", "Missing parameter"),
    ],
)
def test_the_token_endpoint_is_understood_and_never_charged(body_, kind, word):
    """Its flat bodies say what died, and people are told what to do about it."""
    verdict = classify(400, json.dumps(body_), now=NOW)

    assert facts(verdict) == (kind, False, True)
    assert verdict.reason == body_["error"]
    assert word in verdict.message


@pytest.mark.parametrize(
    ("status", "method", "kind"),
    [
        ("RESOURCE_EXHAUSTED", "liveChatMessages.streamList", "slow_down"),
        ("FAILED_PRECONDITION", "liveChatMessages.streamList", "stop"),
        ("FAILED_PRECONDITION", "youtube.youtube.v3.liveChat.messages.stream", "stop"),
        ("NOT_FOUND", "liveChatMessages.streamList", "stop"),
        ("PERMISSION_DENIED", "", "stop"),
        ("UNAUTHENTICATED", "", "not_authorised"),
        ("UNAVAILABLE", "", "transient"),
        ("DEADLINE_EXCEEDED", "", "transient"),
        ("", "", "transient"),
    ],
)
def test_a_grpc_status_stands_in_where_there_is_no_http_status(status, method, kind):
    """A stream that reconnects too fast backs off; one whose chat has ended stops."""
    verdict = classify(0, {"error": {"status": status, "message": "no"}}, method=method, now=NOW)

    assert verdict.kind == kind
    if status == "FAILED_PRECONDITION":
        assert "live chat" in verdict.message
