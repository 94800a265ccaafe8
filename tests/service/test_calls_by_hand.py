"""`monitor.call()` around real requests of other clients, and what their errors tell of the answer."""

from __future__ import annotations

import httpx
import pytest
import requests

from ytquota.errors import QuotaExceeded

PROJECT = "111111111111"
SEARCH = {"part": "snippet", "q": "x"}


@pytest.fixture
def address(sandbox):
    return f"{sandbox.url}/youtube/v3/search"


@pytest.fixture
def bearer(credentials):
    return {"Authorization": f"Bearer {credentials().token}"}


def used_up(sandbox):
    sandbox.set_limit(PROJECT, "search_list", 0)


def searches(monitor):
    return monitor.ledger.usage(PROJECT)[PROJECT]["search_list"]


def test_a_refusal_inside_an_error_of_requests_marks_the_pool(monitor, sandbox, address, bearer, rows):
    """An answer of 4xx is false to Python as requests has it, and an answer all the same."""
    used_up(sandbox)
    with pytest.raises(requests.HTTPError), monitor.call("search.list", project=PROJECT):
        requests.get(address, params=SEARCH, headers=bearer, timeout=10).raise_for_status()

    assert rows() == [("search.list", "refused", 429, 0, 0, 1)]
    assert (searches(monitor).used, searches(monitor).exhausted_until is None) == (0, False)


def test_an_error_of_httpx_whose_body_was_not_read_comes_out_as_it_is(
    monitor, sandbox, address, bearer, rows
):
    """Settling must not hide the bot's own error; what an unread body says is not known, so it is charged."""
    used_up(sandbox)
    with (
        httpx.Client(headers=bearer) as client,
        pytest.raises(httpx.HTTPStatusError, match="429"),
        monitor.call("search.list", project=PROJECT),
        client.stream("GET", address, params=SEARCH) as response,
    ):
        response.raise_for_status()

    assert rows() == [("search.list", "error", 429, 1, 0, 1)]


def test_a_denied_second_send_leaves_the_first_one_charged(monitor, limits, sandbox, address, bearer, rows):
    """The first went out and was billed; that there is no room for another does not undo it."""
    limits["search_list"] = 1

    def ask_twice():
        with monitor.call("search.list", project=PROJECT) as call:
            requests.get(address, params=SEARCH, headers=bearer, timeout=10)
            call.resent()

    with pytest.raises(QuotaExceeded):
        ask_twice()

    assert ("search.list", "lost", None, 1, 0, 1) in rows()
    assert searches(monitor).used == sandbox.used(PROJECT, "search_list") == 1


def test_a_denied_call_inside_another_one_leaves_that_charged(monitor, limits, rows):
    """The denial speaks of the inner call only."""
    limits["search_list"] = 0
    with (
        pytest.raises(QuotaExceeded),
        monitor.call("videos.list", project=PROJECT),
        monitor.call("search.list", project=PROJECT),
    ):
        pass

    assert ("videos.list", "lost", None, 1, 0, 1) in rows()
