"""A bot on httpx gets the same rules: charged before, settled after, stopped when the pool is empty."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest

from ytquota.errors import QuotaExceeded, SettingsError
from ytquota.service.httpx_transport import AsyncMonitoredTransport, MonitoredTransport

PROJECT = "111111111111"


def used(monitor, bucket="default"):
    return monitor.ledger.usage(PROJECT)[PROJECT][bucket].used


@pytest.fixture
def bearer(credentials):
    return {"Authorization": f"Bearer {credentials().token}"}


@pytest.fixture
def client(monitor, sandbox, bearer):
    transport = MonitoredTransport(monitor, project=PROJECT, endpoint=sandbox.url, tag="by httpx")
    with httpx.Client(transport=transport, base_url=sandbox.url, headers=bearer) as client:
        yield client


def test_requests_are_charged_what_the_server_bills(client, monitor, sandbox):
    """Reads, searches, writes and mistakes: the ledger and the bill agree."""
    client.get("/youtube/v3/videos", params={"part": "id", "id": "a,b"}).raise_for_status()
    client.get("/youtube/v3/search", params={"part": "snippet", "q": "x"}).raise_for_status()
    assert client.get("/youtube/v3/videos").status_code == 400
    body = {"snippet": {"playlistId": "PL1", "resourceId": {"kind": "youtube#video", "videoId": "a"}}}
    client.post("/youtube/v3/playlistItems", params={"part": "snippet"}, json=body).raise_for_status()

    assert (used(monitor), used(monitor, "search_list")) == (52, 1)
    assert sandbox.used(PROJECT) == 52
    assert {row["tag"] for row in monitor.log()} == {"by httpx"}
    assert next(monitor.log())["facts"]["ids"] == 2


def test_an_empty_pool_stops_the_next_request_before_it_goes(client, monitor, sandbox):
    """The server's refusal marks the pool; the next search is not sent."""
    sandbox.set_limit(PROJECT, "search_list", 1)
    search = {"part": "snippet", "q": "x"}
    client.get("/youtube/v3/search", params=search).raise_for_status()
    assert client.get("/youtube/v3/search", params=search).status_code == 429
    sent = len(sandbox.access_log())

    with pytest.raises(QuotaExceeded):
        client.get("/youtube/v3/search", params=search)

    assert len(sandbox.access_log()) == sent
    client.get("/youtube/v3/videos", params={"part": "id", "id": "a"}).raise_for_status()


def test_a_request_that_cannot_connect_is_given_back(monitor, free_tcp_port):
    """Nothing left this machine."""
    address = f"http://127.0.0.1:{free_tcp_port}"
    with (
        httpx.Client(transport=MonitoredTransport(monitor, project=PROJECT, endpoint=address)) as client,
        pytest.raises(httpx.ConnectError),
    ):
        client.get(f"{address}/youtube/v3/videos")

    assert used(monitor) == 0
    assert [row["outcome"] for row in monitor.log()] == ["not_sent"]


def test_a_request_that_was_dropped_stays_charged(client, monitor, sandbox):
    """The server may have run it, and in this case it did."""
    sandbox.drop("videos.list")
    with pytest.raises(httpx.TransportError):
        client.get("/youtube/v3/videos", params={"part": "id", "id": "a"})

    assert used(monitor) == sandbox.used(PROJECT) == 1


def test_how_long_a_poll_is_asked_to_wait_is_noted(client, monitor):
    """Read whole by the bot as ever, also where it asked for a stream."""
    poll = {"liveChatId": "chat", "part": "id"}
    answer = client.get("/youtube/v3/liveChat/messages", params=poll).json()
    with client.stream("GET", "/youtube/v3/liveChat/messages", params=poll) as streamed:
        assert json.loads(b"".join(streamed.iter_bytes()))["kind"] == answer["kind"]

    asked = [row["facts"]["pollingIntervalMillis"] for row in monitor.log()]
    assert asked == [answer["pollingIntervalMillis"]] * 2


def test_other_hosts_pass_untouched(monitor, sandbox):
    """A token call, or a download from elsewhere, is nobody's quota."""
    with httpx.Client(transport=MonitoredTransport(monitor, project=PROJECT)) as client:
        client.get(f"{sandbox.url}/youtube/v3/videos")

    assert list(monitor.log()) == []


def test_the_async_transport_counts_alike(monitor, sandbox, bearer):
    """Twenty at once, each counted once."""

    async def work():
        transport = AsyncMonitoredTransport(monitor, project=PROJECT, endpoint=sandbox.url)
        async with httpx.AsyncClient(transport=transport, base_url=sandbox.url, headers=bearer) as client:
            calls = [client.get("/youtube/v3/videos", params={"part": "id", "id": str(n)}) for n in range(20)]
            assert {answer.status_code for answer in await asyncio.gather(*calls)} == {200}

    asyncio.run(work())

    assert used(monitor) == sandbox.used(PROJECT) == 20


def test_an_unknown_project_is_asked_for(monitor):
    """Before the first request, not at it."""
    with pytest.raises(SettingsError, match="project="):
        MonitoredTransport(monitor, credential_set=7)
