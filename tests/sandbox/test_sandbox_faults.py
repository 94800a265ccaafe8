"""Misbehaviour on order, and what it costs."""

from __future__ import annotations

import time

import httpx
import pytest

from ytquota.sandbox.failures import body

PROJECT = "111111111111"
VIDEOS = "/youtube/v3/videos?part=id&id=a"


@pytest.fixture
def http(sandbox):
    """An HTTP client with a token of the project."""
    token = sandbox.issue_token(PROJECT)["token"]
    with httpx.Client(
        verify=False, base_url=sandbox.url, headers={"Authorization": f"Bearer {token}"}
    ) as client:
        yield client


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_dropped_call_was_received_so_it_is_charged(sandbox, http, when):
    """The connection is reset without an answer; only `after` did the work."""
    sandbox.drop("playlists.insert", when=when)
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        http.post("/youtube/v3/playlists?part=snippet", json={"snippet": {"title": "x"}})
    again = http.post("/youtube/v3/playlists?part=snippet", json={"snippet": {"title": "x"}})

    assert again.status_code == 200
    assert sandbox.billed() == {PROJECT: {"default": {"playlists.insert": 100}}}
    assert [(row["status"], row["units"], row["attempt"]) for row in sandbox.access_log()] == [
        (0, 50, 1),
        (200, 50, 2),
    ]


def test_a_refused_connection_is_not_charged(sandbox, http, web):
    """A stopped sandbox refuses; started again it knows everything it knew, at the same address."""
    http.get(VIDEOS)
    url = sandbox.url
    sandbox.stop()
    with pytest.raises(httpx.ConnectError):
        web.get(url + VIDEOS)
    sandbox.start()

    assert sandbox.url == url
    assert http.get(VIDEOS).status_code == 200
    assert sandbox.used(PROJECT) == 2


def test_faults_hit_the_method_they_are_meant_for(sandbox, http):
    """So many times, and nobody else."""
    sandbox.fail("search.list", 500, times=2)
    sandbox.fail("videos.list", 403, reason="forbidden")

    assert [http.get("/youtube/v3/search?part=id&q=x").status_code for _ in range(3)] == [500, 500, 200]
    assert [http.get(VIDEOS).status_code for _ in range(2)] == [403, 200]
    assert sandbox.billed(PROJECT)[PROJECT] == {
        "default": {"videos.list": 2},
        "search_list": {"search.list": 3},
    }


def test_orders_can_be_cancelled(sandbox, http):
    """`behave` forgets what was still to come."""
    sandbox.fail(times=100)
    sandbox.behave()

    assert http.get(VIDEOS).status_code == 200


_DAILY = {"error": {"errors": [{"domain": "youtube.quota", "reason": "quotaExceeded"}]}}
_LEGACY = {"error": {"errors": [{"domain": "usageLimits", "reason": "userRateLimitExceeded"}]}}
_MINUTE = {"error": {"errors": [{}], "details": [{"metadata": {"quota_unit": "1/min/{project}"}}]}}
_TOO_SOON = {"error": {"errors": [{"domain": "youtube.liveChat", "reason": "rateLimitExceeded"}]}}


@pytest.mark.parametrize(
    ("status", "document", "units"),
    [
        (403, _DAILY, 0),
        (403, _LEGACY, 0),
        (429, _MINUTE, 0),
        (401, body(None, 401, None), 0),
        (400, body(None, 400, "keyInvalid"), 0),
        (403, _TOO_SOON, 1),
        (429, {}, 1),
        (404, "plain text", 1),
        (503, b"<html>", 1),
    ],
)
def test_a_made_up_answer_is_charged_by_what_it_says(sandbox, http, status, document, units):
    """A refusal for want of quota and a 401 are free, everything else costs its price."""
    sandbox.fail("videos.list", status, body=document)

    assert http.get(VIDEOS).status_code == status
    assert sandbox.used(PROJECT) == units


def test_slow_answers_are_held_back(sandbox, http):
    """The call is charged when it comes in, not when it is answered."""
    sandbox.slow(0.2, "videos.list")
    began = time.monotonic()
    answer = http.get(VIDEOS)

    assert answer.status_code == 200
    assert time.monotonic() - began >= 0.2


@pytest.mark.parametrize(("status", "units"), [(503, 51), (401, 0)])
def test_a_batch_that_fails_as_a_whole_is_charged_as_a_whole(sandbox, http, status, units):
    """Its parts were received, but not done; a 401 is free for them all."""
    sandbox.fail("batch", status)
    answer = _send_batch(http, "POST /youtube/v3/playlists?part=snippet", "GET " + VIDEOS)

    assert (answer.status_code, sandbox.used(PROJECT)) == (status, units)
    assert [(row["kind"], row["status"]) for row in sandbox.access_log()] == [("part", status)] * 2


def test_a_dropped_part_takes_the_batch_with_it(sandbox, http):
    """All parts are charged, none is answered."""
    sandbox.drop("search.list")
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        _send_batch(http, "GET " + VIDEOS, "GET /youtube/v3/search?part=id&q=x")

    assert sandbox.billed() == {PROJECT: {"default": {"videos.list": 1}, "search_list": {"search.list": 1}}}


def _send_batch(http, *requests):
    head = "--b\r\nContent-Type: application/http\r\n\r\n"
    parts = "".join(f"{head}{request} HTTP/1.1\r\n\r\n\r\n" for request in requests)
    content_type = "multipart/mixed; boundary=b"
    return http.post("/batch", content=parts + "--b--", headers={"content-type": content_type})


def test_a_body_that_is_no_batch_is_refused(sandbox, http):
    """400, nothing charged."""
    assert http.post("/batch", content=b"x").status_code == 400
    assert sandbox.billed() == {}
