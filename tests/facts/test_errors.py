"""Exceptions say what happened, where and what to do; any exception of a call gets a verdict."""

from __future__ import annotations

import copy
import http.client
import json
import pickle
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
from datetime import UTC, datetime, timedelta

import google.auth.exceptions
import googleapiclient.errors
import grpc
import httplib2
import httpx
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

import ytquota
from ytquota.clock import next_reset
from ytquota.errors import (
    CredentialError,
    LedgerUnavailable,
    QuotaExceeded,
    SettingsError,
    YTQuotaError,
    answer_in,
    classify,
    classify_error,
)

NOW = datetime(2026, 11, 23, 2, 48, tzinfo=UTC)
DAILY = b'{"error": {"errors": [{"domain": "youtube.quota", "reason": "quotaExceeded"}]}}'


@pytest.fixture
def in_berlin(monkeypatch):
    """Put this process into the zone of Berlin for one test."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def quota_exceeded(message="", **facts):
    """Return a denial of three searches, with some facts changed."""
    usual = {
        "project": "123",
        "bucket": "search_list",
        "asked": 3,
        "left": 2,
        "limit": 100,
        "method": "search.list",
    }
    return QuotaExceeded(message, **({**usual, "resets_at": next_reset(NOW), "now": NOW} | facts))


# -- what is raised


@pytest.mark.parametrize("kind", [QuotaExceeded, LedgerUnavailable, CredentialError, SettingsError])
def test_every_error_of_ours_has_one_base_and_is_no_oserror(kind):
    """One except clause catches them, and the google client's retry loop repeats none of them."""
    assert issubclass(kind, YTQuotaError)
    assert not issubclass(kind, OSError)
    assert getattr(ytquota, kind.__name__) is kind


@pytest.mark.usefixtures("in_berlin")
def test_a_denial_names_pool_asked_left_and_reset_in_both_zones():
    """The whole sentence, as a person reads it."""
    assert str(quota_exceeded()) == (
        "Pool search_list of project 123 has 2 of 100 calls left today and search.list asked for 3; "
        "it resets at 00:00 PST (09:00 CET), in 5 h 12 m."
    )


@pytest.mark.parametrize(
    ("facts", "part"),
    [
        (
            {"bucket": "default", "left": 1200, "limit": 10_000, "asked": 1600},
            "has 1,200 of 10,000 units left today and",
        ),
        ({"limit": None}, "has 2 calls left today and"),
        ({"method": ""}, "and the call asked for 3;"),
        (
            {"left": 500},
            "has 500 of 100 calls left today, kept for more important work, and search.list asked",
        ),
        ({"now": next_reset(NOW) - timedelta(minutes=12)}, ", in 12 m."),
        ({"now": next_reset(NOW) - timedelta(seconds=2)}, ", in 1 m."),
        ({"resets_at": None}, "asked for 3; when it resets is not known."),
        ({"fits": 40}, "Nothing of the batch was sent; 40 of its parts would fit."),
    ],
)
def test_a_denial_says_only_what_is_known(facts, part):
    """Unknown limits, methods and resets leave no holes in the sentence."""
    assert part in str(quota_exceeded(**facts))


def test_a_wait_that_cannot_be_true_is_left_out():
    """With a simulated ledger and the system's clock the two may be weeks apart."""
    for now in (NOW - timedelta(days=20), NOW + timedelta(days=20)):
        assert ", in " not in str(quota_exceeded(now=now))


def test_a_message_of_its_own_replaces_the_sentence():
    """As with every exception."""
    assert str(quota_exceeded("Out of searches.")) == "Out of searches."
    assert str(quota_exceeded("Too big.", fits=2)).startswith("Too big. Nothing of the batch was sent;")


def test_a_denial_tells_when_to_try_again():
    """For schedulers: an aware datetime."""
    assert quota_exceeded().retry_at == next_reset(NOW)
    assert quota_exceeded(resets_at=None).retry_at is None


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))]
)
def test_a_denial_survives_the_way_out_of_a_worker_process(duplicate):
    """Pools of processes hand exceptions back pickled."""
    error = quota_exceeded(fits=4)
    again = duplicate(error)

    assert type(again) is QuotaExceeded
    assert str(again) == str(error)
    assert vars(again) == vars(error)


# -- what other libraries raise


def http_error(status, content=DAILY):
    """Return the google client's exception for an answer."""
    return googleapiclient.errors.HttpError(
        httplib2.Response({"status": status}), content, uri="https://x?key=SECRET"
    )


class Rpc(grpc.RpcError):
    """A gRPC error of the shape that a call on a real channel raises."""

    def __init__(self, code):
        super().__init__(code)
        self._code = code

    def code(self):
        return self._code

    def details(self):
        return "The chat is not there."


def test_the_google_clients_error_is_judged_by_its_body():
    """HttpError carries status and content, also as its subclass for uploads."""
    upload = googleapiclient.errors.ResumableUploadError(httplib2.Response({"status": 403}), DAILY)

    assert classify_error(http_error(403), now=NOW) == classify(403, DAILY, now=NOW)
    assert classify_error(upload, now=NOW).kind == "exhausted"
    assert classify_error(http_error(503, b"")).kind == "transient"
    assert classify_error(http_error(429, b"too many per day"), method="search.list").kind == "slow_down"


@pytest.mark.parametrize("library", [httpx, requests])
def test_other_clients_errors_are_judged_by_their_body(library):
    """httpx and requests keep the answer in ``response``."""
    if library is httpx:
        request = httpx.Request("GET", "https://x")
        error = httpx.HTTPStatusError("no", request=request, response=httpx.Response(403, content=DAILY))
    else:
        response = requests.Response()
        response.status_code, response._content = 403, DAILY
        error = requests.HTTPError(response=response)

    assert classify_error(error, now=NOW) == classify(403, DAILY, now=NOW)


def test_the_answer_is_found_in_an_error_however_it_is_kept():
    """Whoever settles a call by its error needs the status and, where it was read, the body."""
    refused = requests.Response()
    refused.status_code, refused._content = 403, DAILY
    unread = httpx.Response(403, stream=httpx.ByteStream(DAILY))

    assert answer_in(http_error(403)) == (403, DAILY)
    assert answer_in(requests.HTTPError(response=refused)) == (403, DAILY)
    assert answer_in(httpx.HTTPStatusError("no", request=None, response=unread)) == (403, None)
    assert answer_in(urllib.error.HTTPError("https://x", 404, "no", None, None)) == (404, None)
    assert answer_in(requests.ConnectionError("gone")) is None
    assert answer_in(quota_exceeded()) is None


def test_an_answer_whose_body_was_not_read_is_judged_by_what_there_is():
    """httpx raises on touching it; that must not get out."""
    response = httpx.Response(403, stream=httpx.ByteStream(DAILY))
    error = httpx.HTTPStatusError("no", request=httpx.Request("GET", "https://x"), response=response)

    assert classify_error(error).kind == "stop"


def test_the_standard_librarys_error_is_judged_by_its_status():
    """It is an OSError, but a 404 is no trouble with the connection."""
    assert classify_error(urllib.error.HTTPError("https://x", 404, "no", None, None)).kind == "stop"
    assert classify_error(urllib.error.HTTPError("https://x", 503, "no", None, None)).kind == "transient"
    assert classify_error(urllib.error.URLError("no route")).kind == "transient"


@pytest.mark.parametrize(
    ("arguments", "kind", "word"),
    [
        (
            ("invalid_grant: Token has been expired or revoked.", {"error": "invalid_grant"}),
            "credential_dead",
            "7 days",
        ),
        (("invalid_grant: Bad Request",), "credential_dead", "7 days"),
        (("invalid_client: Unauthorized", {"error": "invalid_client"}), "credential_dead", "secrets file"),
        (("('invalid_scope: Bad Request', {})",), "not_authorised", "YOUTUBE_SCOPES"),
        (
            ("The credentials do not contain the necessary fields need to refresh.",),
            "not_authorised",
            "ytquota login",
        ),
        (("<html>proxy</html>",), "not_authorised", "ytquota login"),
        ((), "not_authorised", "ytquota login"),
    ],
)
def test_a_failed_refresh_says_what_died_and_what_to_do(arguments, kind, word):
    """google-auth hands on the token endpoint's answer, or only its text."""
    verdict = classify_error(google.auth.exceptions.RefreshError(*arguments))

    assert (verdict.kind, verdict.free, verdict.refused) == (kind, True, False)
    assert word in verdict.message


def test_a_refresh_that_may_be_tried_again_kills_no_credential():
    """The token endpoint has bad minutes too."""
    error = google.auth.exceptions.RefreshError(
        "internal_failure: None", {"error": "internal_failure"}, retryable=True
    )

    assert classify_error(error).kind == "transient"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "slow_down"),
        (grpc.StatusCode.FAILED_PRECONDITION, "stop"),
        (grpc.StatusCode.UNAVAILABLE, "transient"),
        (grpc.StatusCode.UNAUTHENTICATED, "not_authorised"),
    ],
)
def test_a_grpc_error_is_judged_by_its_code(code, kind):
    """The chat stream is also served over gRPC."""
    assert classify_error(Rpc(code), method="liveChatMessages.streamList").kind == kind


@pytest.mark.parametrize(
    "error",
    [
        TimeoutError("timed out"),
        ConnectionResetError(104, "reset by peer"),
        ConnectionRefusedError(111, "refused"),
        BrokenPipeError(32, "broken pipe"),
        socket.gaierror(-2, "Name or service not known"),
        ssl.SSLEOFError(8, "EOF"),
        http.client.RemoteDisconnected("closed"),
        http.client.IncompleteRead(b""),
        http.client.BadStatusLine(""),
        httplib2.ServerNotFoundError("no such host"),
        httpx.ConnectTimeout("slow"),
        httpx.ReadError("gone"),
        requests.ConnectionError("gone"),
        google.auth.exceptions.TransportError("gone"),
        OSError(113, "no route to host"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_trouble_with_the_connection_is_worth_another_try(error):
    """It says nothing about quota or credential."""
    verdict = classify_error(error)

    assert (verdict.kind, verdict.refused, verdict.free) == ("transient", False, False)
    assert verdict.wait == 1.0
    assert type(error).__name__ in verdict.message


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError(2, "No such file", "video.mp4"),
        PermissionError(13, "denied", "token.json"),
        ssl.SSLCertVerificationError(1, "self-signed certificate"),
        ValueError("naive datetime"),
        KeyError("items"),
        googleapiclient.errors.UnknownFileType("video.xyz"),
        KeyboardInterrupt(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_trouble_on_this_machine_is_not_tried_again(error):
    """A missing file or a bad certificate stays what it is."""
    assert classify_error(error).kind == "stop"


def test_our_own_denial_is_an_empty_pool_that_google_never_saw():
    """Nothing is given back, because nothing was taken."""
    verdict = classify_error(quota_exceeded(reason="limit"))

    assert (verdict.kind, verdict.refused, verdict.free) == ("exhausted", False, False)
    assert (verdict.bucket, verdict.project, verdict.until) == ("search_list", "123", next_reset(NOW))
    assert verdict.message == str(quota_exceeded())


def test_no_verdict_repeats_an_address_or_its_key():
    """Addresses may hold API keys."""
    secret = "https://www.googleapis.com/youtube/v3/videos?key=SECRET"
    for error in (
        http_error(404, b""),
        OSError(secret),
        requests.ConnectionError(secret),
        RuntimeError(secret),
    ):
        assert "SECRET" not in repr(classify_error(error))


class Hostile(Exception):  # noqa: N818 - no name would do it justice
    """An exception that raises whatever it is asked."""

    def __getattribute__(self, name):
        if name in {"resp", "response", "status", "status_code", "content", "code"}:
            raise RuntimeError(name)
        return super().__getattribute__(name)


@given(st.lists(st.none() | st.text() | st.binary() | st.dictionaries(st.text(), st.text()), max_size=3))
def test_no_exception_whatever_breaks_the_judge(arguments):
    """It is called where a call has failed already; it must not fail too."""
    for kind in (Exception, OSError, ValueError, google.auth.exceptions.RefreshError, Hostile):
        verdict = classify_error(kind(*arguments))

        json.dumps([verdict.reason, verdict.message])


def test_judging_loads_no_google_client():
    """A bot on another HTTP library does not pay for googleapiclient."""
    code = (
        "import sys; from ytquota.errors import classify, classify_error; "
        "classify(403, b'{}'); classify_error(OSError()); "
        "print([name for name in ('googleapiclient', 'google', 'httplib2', 'httpx') if name in sys.modules])"
    )

    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "[]\n"
    )
