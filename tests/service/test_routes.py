"""Which method a request calls, told from verb and path alone."""

from __future__ import annotations

import json

import pytest

from ytquota.prices import canonical
from ytquota.service.routes import find_call, is_batch, read_wire, shipped_document

ROOT = "https://youtube.googleapis.com/"


def described():
    pending, found = [shipped_document()], []
    while pending:
        resource = pending.pop()
        pending += resource.get("resources", {}).values()
        found += resource.get("methods", {}).values()
    return found


def call(uri, verb="GET", body=None, headers=None):
    return find_call(read_wire(uri, verb, body, headers))


@pytest.mark.parametrize("method", described(), ids=lambda method: method["id"])
def test_every_method_of_the_discovery_document_is_found_by_its_route(method):
    """All methods: verb and path, with any value in place of a path parameter, lead back to the method."""
    path = method["path"].replace("{id}", "AbC-12_3")

    found = call(f"{ROOT}{path}?part=id", method["httpMethod"])

    assert found.method == canonical(method["id"])


@pytest.mark.parametrize(
    "method", [m for m in described() if "mediaUpload" in m], ids=lambda method: method["id"]
)
@pytest.mark.parametrize("prefix", ["upload/", "resumable/upload/", "proxy/upload/"])
def test_uploads_are_found_behind_their_prefix(method, prefix):
    """The start of an upload is a call of its method, behind whatever prefix."""
    found = call(f"{ROOT}{prefix}{method['path']}?uploadType=resumable", method["httpMethod"])

    assert found.method == canonical(method["id"])


def test_the_streaming_method_goes_by_its_documented_name():
    """The discovery document's odd id becomes the name that prices and people use."""
    assert call(f"{ROOT}youtube/v3/liveChat/messages/stream").method == "liveChatMessages.streamList"


def test_a_quoted_colon_is_still_the_batch_of_statistics():
    """videos%3AbatchGetStats has a bucket of its own and must not fall into videos.list."""
    assert call(f"{ROOT}youtube/v3/videos%3AbatchGetStats?id=a").method == "videos.batchGetStats"


def test_a_long_get_sent_as_a_post_is_the_get():
    """googleapiclient moves the query of a long GET into the body of a POST."""
    found = call(
        f"{ROOT}youtube/v3/videos",
        "POST",
        "id=a%2Cb%2Cc&part=snippet&maxResults=50&pageToken=CAUQAA",
        {"X-HTTP-Method-Override": "GET", "content-type": "application/x-www-form-urlencoded"},
    )

    assert found.method == "videos.list"
    assert {k: v for k, v in found.facts.items() if k != "hash"} == {
        "ids": 3,
        "maxResults": 50,
        "page": True,
        "parts": ["snippet"],
    }


@pytest.mark.parametrize(
    ("uri", "verb", "headers"),
    [
        (f"{ROOT}token", "POST", {}),
        (f"{ROOT}$discovery/rest?version=v3", "GET", {}),
        (
            f"{ROOT}upload/youtube/v3/videos?uploadType=resumable&upload_id=x",
            "PUT",
            {"Content-Range": "bytes 0-9/20"},
        ),
        (
            f"{ROOT}upload/youtube/v3/videos?uploadType=resumable&upload_id=x",
            "PUT",
            {"Content-Range": "bytes */20"},
        ),
        (f"{ROOT}upload/youtube/v3/captions?upload_id=x", "PUT", {}),
    ],
)
def test_what_spends_no_quota_is_no_call(uri, verb, headers):
    """Token calls, discovery, upload chunks and questions about an upload pass uncounted."""
    assert call(uri, verb, None, headers) is None


def test_a_method_newer_than_the_document_keeps_a_name_without_ids():
    """An unknown path still is a call, and nothing of it but its resource gets into the log."""
    assert call(f"{ROOT}youtube/v3/playlistShelves/PLabcdef123?id=x").method == "playlistShelves.list"
    assert call(f"{ROOT}youtube/v3/videos:newThing", "POST").method == "videos.newThing"
    assert call(f"{ROOT}youtube/v3/12345", "DELETE").method == "unknown.delete"


@pytest.mark.parametrize("path", ["/batch", "/batch/youtube/v3", "/proxy/batch", "/batch/"])
def test_batch_addresses_are_known(path):
    """Both spellings of the batch address."""
    assert is_batch(path)


def test_facts_hold_numbers_and_part_names_but_no_ids_titles_or_keys():
    """The log may be shown to anybody."""
    secret = "dQw4w9WgXcQ"
    facts = call(
        f"{ROOT}youtube/v3/search?q={secret}&key=AIza{secret}&part=snippet%2C{secret}%21&channelId={secret}"
    ).facts

    assert secret not in json.dumps(facts)
    assert facts["parts"] == ["snippet"]


def test_the_hash_tells_repeated_calls_from_different_ones():
    """Same method and parameters: same hash, whatever the order, the key or the layout asked for."""

    def fingerprint(query, path="videos"):
        return call(f"{ROOT}youtube/v3/{path}?{query}").facts["hash"]

    assert fingerprint("id=a&part=id&key=1&alt=json") == fingerprint("part=id&id=a&key=2")
    assert fingerprint("id=a&part=id") != fingerprint("id=b&part=id")
    assert fingerprint("id=a&part=id") != fingerprint("id=a&part=id", "channels")


def test_the_hash_of_a_poll_tells_the_chat():
    """Each poll has a page token of its own; of other lists a further page is another call."""

    def fingerprint(query, path="liveChat/messages"):
        return call(f"{ROOT}youtube/v3/{path}?{query}").facts["hash"]

    assert fingerprint("liveChatId=a&part=id") == fingerprint("liveChatId=a&part=id&pageToken=x")
    assert fingerprint("liveChatId=a&part=id") != fingerprint("liveChatId=b&part=id")
    assert fingerprint("playlistId=a&pageToken=x", "playlistItems") != fingerprint(
        "playlistId=a&pageToken=y", "playlistItems"
    )


def test_the_filters_of_a_search_are_kept_by_name_and_by_the_words_of_the_api():
    """Advice must tell a search for uploads from one for a word; neither word nor channel is kept."""
    uploads = call(
        f"{ROOT}youtube/v3/search?part=id&channelId=UCsecret&order=date&type=video&maxResults=50&pageToken=x"
    ).facts
    live = call(
        f"{ROOT}youtube/v3/search?part=id&channelId=UCsecret&eventType=live&type=Secret&foo=bar"
    ).facts

    assert uploads["filters"] == ["channelId", "order=date", "type=video"]
    assert live["filters"] == ["channelId", "eventType=live", "type"]
    assert call(f"{ROOT}youtube/v3/search?part=id&q=secret").facts["filters"] == ["q"]
    assert "secret" not in json.dumps([uploads, live]).lower()


def test_only_searches_have_filters():
    """Every other line stays as short as it was."""
    assert "filters" not in call(f"{ROOT}youtube/v3/playlistItems?part=id&playlistId=PLx").facts


@pytest.mark.parametrize("value", ["100000", "1" + "0" * 20, "9" * 5000])
def test_numbers_are_kept_within_what_the_archive_holds(value):
    """The server refuses such a request; the log must not choke on it for ever."""
    ids = ",".join(["a"] * 40_000)

    assert call(f"{ROOT}youtube/v3/videos?id={ids}&maxResults={value}").facts["maxResults"] == 32_767
    assert call(f"{ROOT}youtube/v3/videos?id={ids}&maxResults={value}").facts["ids"] == 32_767
