"""What the sandbox shows: plausible, stable, and refused where the API would refuse."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest

from ytquota.sandbox import Sandbox
from ytquota.sandbox.checks import _ONE_OF
from ytquota.sandbox.router import methods

PROJECT = "111111111111"


@pytest.fixture
def get(sandbox):
    """GET with a fresh token of the project."""
    token = sandbox.issue_token(PROJECT)["token"]
    with httpx.Client(
        verify=False, base_url=sandbox.url, headers={"Authorization": f"Bearer {token}"}
    ) as http:
        yield lambda path, headers=None, **params: http.get(
            f"/youtube/v3/{path}", params=params, headers=headers
        )


def test_a_resource_is_the_same_under_the_same_seed(web):
    """Another sandbox with the seed shows it alike, another seed does not, and parts come one by one."""
    shown = []
    for seed in (1, 1, 2):
        with Sandbox(seed=seed) as sandbox:
            key = {"x-goog-api-key": sandbox.add_api_key(PROJECT)}
            url = f"{sandbox.url}/youtube/v3/videos?id=a&part="
            both = web.get(url + "statistics,snippet", headers=key).json()["items"][0]
            one = web.get(url + "snippet", headers=key).json()["items"][0]
            assert one == {name: value for name, value in both.items() if name != "statistics"}
            shown.append(both)

    assert shown[0] == shown[1] != shown[2]


def test_pages_can_be_walked_back(get):
    """prevPageToken leads to the page before; no token leads out of the list."""
    first = get("search", part="id", q="x", maxResults=10).json()
    second = get("search", part="id", q="x", maxResults=10, pageToken=first["nextPageToken"]).json()
    again = get("search", part="id", q="x", maxResults=10, pageToken=second["prevPageToken"]).json()

    assert first == again
    assert {"kind", "videoId"} == set(first["items"][0]["id"])
    assert first["items"] != second["items"]
    assert "prevPageToken" not in first
    assert first["pageInfo"]["resultsPerPage"] == 10


def test_what_a_search_finds_is_there(get):
    """The video of a hit has the title of the hit, and the channel that was searched."""
    hits = get("search", part="snippet", channelId="UCx", type="video", maxResults=2).json()["items"]
    ids = ",".join(hit["id"]["videoId"] for hit in hits)
    videos = get("videos", part="snippet", id=ids).json()["items"]

    assert [v["snippet"]["title"] for v in videos] == [hit["snippet"]["title"] for hit in hits]
    assert {v["snippet"]["channelId"] for v in videos} == {"UCx"}


@pytest.mark.parametrize(
    ("path", "params", "reason"),
    [
        ("videos", {"id": "a"}, "missingRequiredParameter"),
        ("videos", {"part": "id"}, "missingRequiredParameter"),
        ("videos", {"part": "nonsense", "id": "a"}, "unknownPart"),
        ("search", {"part": "id", "maxResults": "51"}, "invalidParameter"),
        ("search", {"part": "id", "maxResults": "many"}, "invalidParameter"),
        ("search", {"part": "id", "order": "best"}, "invalidParameter"),
        ("search", {"part": "id", "pageToken": "nonsense"}, "invalidPageToken"),
        ("videos", {"part": "id", "id": ",".join(map(str, range(51)))}, "invalidFilters"),
    ],
)
def test_a_wrong_call_is_refused_and_charged(sandbox, get, path, params, reason):
    """400 with the reason, at the price of the method."""
    answer = get(path, **params)

    assert (answer.status_code, answer.json()["error"]["errors"][0]["reason"]) == (400, reason)
    assert sandbox.billed()[PROJECT] in ({"default": {"videos.list": 1}}, {"search_list": {"search.list": 1}})


def test_an_unchanged_answer_is_304_and_charged(sandbox, get):
    """By If-None-Match with the ETag of the answer, which a change makes another."""
    etag = get("videos", part="snippet", id="a").headers["etag"]
    answer = get("videos", {"If-None-Match": etag}, part="snippet", id="a")

    assert (answer.status_code, answer.content) == (304, b"")
    assert get("videos", {"If-None-Match": etag}, part="snippet", id="b").status_code == 200
    assert sandbox.used(PROJECT) == 3


def test_the_filters_checked_are_parameters_of_their_methods():
    """A filter that was renamed in the discovery document would be noticed here."""
    for name, filters in _ONE_OF.items():
        assert set(filters) <= set(methods()[name].parameters)


def test_a_chat_grows_with_the_clock(sandbox, get, web):
    """A look right away shows nothing new; a minute later there is more, and what the caller said."""
    sandbox.set_clock(datetime(2026, 11, 23, 20, tzinfo=UTC), frozen=True)
    chat = {"liveChatId": "chat", "part": "id,snippet,authorDetails"}
    first = get("liveChat/messages", **chat).json()
    still = get("liveChat/messages", **chat, pageToken=first["nextPageToken"]).json()
    token = sandbox.issue_token(PROJECT, channel="UCme")["token"]
    body = {"snippet": {"liveChatId": "chat", "textMessageDetails": {"messageText": "Hello"}}}
    sandbox.advance(30)
    web.post(
        f"{sandbox.url}/youtube/v3/liveChat/messages?part=snippet",
        json=body,
        headers={"Authorization": f"Bearer {token}"},
    )
    sandbox.advance(30)
    later = get("liveChat/messages", **chat, pageToken=still["nextPageToken"]).json()

    assert (len(first["items"]), still["items"]) == (75, [])
    assert first["pollingIntervalMillis"] > 0
    said = {item["snippet"]["displayMessage"]: item for item in later["items"]}
    assert said["Hello"]["authorDetails"]["channelId"] == "UCme"
    times = [item["snippet"]["publishedAt"] for item in later["items"]]
    assert times == sorted(times)
    assert not {item["id"] for item in first["items"]} & {item["id"] for item in later["items"]}


@pytest.mark.parametrize(
    ("chat", "status", "reason"),
    [
        ("ended1", 403, "liveChatEnded"),
        ("disabled1", 403, "liveChatDisabled"),
        ("missing1", 404, "liveChatNotFound"),
    ],
)
def test_a_chat_that_is_over_says_so(get, chat, status, reason):
    """By the beginning of its id."""
    answer = get("liveChat/messages", part="id", liveChatId=chat)

    assert (answer.status_code, answer.json()["error"]["errors"][0]["reason"]) == (status, reason)


def test_the_stream_is_an_array_of_answers(get):
    """liveChatMessages.streamList, by its REST address."""
    answer = get("liveChat/messages/stream", part="id", liveChatId="chat").json()

    assert answer[0]["kind"] == "youtube#liveChatMessageListResponse"


def test_a_range_past_the_end_is_refused(get):
    """416, as a media server answers."""
    assert get("captions/abc", {"Range": "bytes=99999999-"}, alt="media").status_code == 416
