"""The real google client against the sandbox."""

from __future__ import annotations

import io
import json

import pytest
from googleapiclient.errors import HttpError
from googleapiclient.http import BatchHttpRequest, MediaIoBaseDownload, MediaIoBaseUpload

PROJECT = "111111111111"


def test_a_lookup_by_id_answers_the_ids_asked_for(youtube):
    """The items carry the ids of the call, and an id that begins `missing` is absent."""
    answer = youtube.videos().list(part="snippet,statistics", id="a,missing1,b").execute()

    assert [item["id"] for item in answer["items"]] == ["a", "b"]
    assert {"kind", "etag", "id", "snippet", "statistics"} == set(answer["items"][0])


def test_pages_lead_to_the_end_and_each_is_charged(sandbox, youtube):
    """`list_next` walks through as many items as totalResults promised."""
    playlist_items = youtube.playlistItems()
    request = playlist_items.list(part="contentDetails", playlistId="PL1", maxResults=50)
    seen, pages, total = [], 0, 0
    while request is not None:
        answer = request.execute()
        seen += [item["contentDetails"]["videoId"] for item in answer["items"]]
        total, pages = answer["pageInfo"]["totalResults"], pages + 1
        request = playlist_items.list_next(request, answer)

    assert total == len(set(seen)) == len(seen)
    assert pages == -(-total // 50) == sandbox.used(PROJECT)


def test_a_long_get_is_understood(sandbox, youtube):
    """A query over 2,000 characters comes as a POST with a form, and is still a list."""
    ids = [f"video{n:03}{'x' * 60}" for n in range(50)]
    answer = youtube.videos().list(part="id", id=",".join(ids)).execute()

    assert ids == [item["id"] for item in answer["items"]]
    assert [(c["method"], c["verb"], c["units"]) for c in sandbox.access_log()] == [("videos.list", "GET", 1)]


def test_a_batch_is_charged_part_by_part(sandbox, connect, youtube):
    """Each part has its own price, and its own project where it brings its own token."""
    sandbox.add_project("222222222222")
    other = connect(project="222222222222")
    answers, errors = {}, {}

    def collect(request_id, response, exception):
        (answers if exception is None else errors)[request_id] = response or exception

    batch = youtube.new_batch_http_request(callback=collect)
    batch.add(youtube.videos().list(part="id", id="a"), request_id="one")
    batch.add(youtube.search().list(part="id", q="x"), request_id="two")
    batch.add(youtube.videos().list(part="id"), request_id="bad")
    batch.execute()
    by_hand = BatchHttpRequest(callback=collect, batch_uri=sandbox.url + "/batch/youtube/v3")
    by_hand.add(other.channels().list(part="id", mine=True), request_id="three")
    by_hand.execute()

    assert {"one", "two", "three"} == set(answers)
    assert {"bad"} == set(errors)
    assert errors["bad"].status_code == 400
    assert sandbox.billed() == {
        PROJECT: {"default": {"videos.list": 2}, "search_list": {"search.list": 1}},
        "222222222222": {"default": {"channels.list": 1}},
    }


@pytest.mark.parametrize("size", [0, 10, 3 * 256 * 1024 + 5])
def test_a_resumable_upload_has_one_price(sandbox, youtube, size):
    """Chunks are free, whatever their number; the video can be found afterwards."""
    media = MediaIoBaseUpload(
        io.BytesIO(b"v" * size), mimetype="video/mp4", chunksize=256 * 1024, resumable=True
    )
    body = {"snippet": {"title": "A day out"}, "status": {"privacyStatus": "private"}}
    video = youtube.videos().insert(part="snippet,status", body=body, media_body=media).execute()

    assert sandbox.billed() == {PROJECT: {"video_insert": {"videos.insert": 1}}}
    found = youtube.videos().list(part="snippet", id=video["id"]).execute()["items"][0]
    assert found["snippet"]["title"] == "A day out"


def test_a_resumable_upload_goes_on_after_an_error(sandbox, youtube):
    """A chunk that failed is asked about and sent again, without further charge."""
    sandbox.fail("upload.chunk", 503, times=2)
    media = MediaIoBaseUpload(
        io.BytesIO(b"v" * 700_000), mimetype="video/mp4", chunksize=256 * 1024, resumable=True
    )
    request = youtube.videos().insert(part="snippet", body={}, media_body=media)
    for _ in range(2):
        with pytest.raises(HttpError, match="503"):
            request.next_chunk()
    request.execute()

    assert "status-query" in {call["kind"] for call in sandbox.access_log()}
    assert sandbox.billed() == {PROJECT: {"video_insert": {"videos.insert": 1}}}


def test_uploaded_captions_download_again_in_ranges(sandbox, youtube):
    """A multipart upload keeps its bytes; every range that is fetched costs a download."""
    text = "1\r\n00:00:01,000 --> 00:00:02,000\nHällo\n\n".encode() * 100
    media = MediaIoBaseUpload(io.BytesIO(text), mimetype="application/octet-stream")
    body = {"snippet": {"videoId": "v", "language": "de", "name": "x"}}
    track = youtube.captions().insert(part="snippet", body=body, media_body=media).execute()
    got = io.BytesIO()
    download = MediaIoBaseDownload(got, youtube.captions().download_media(id=track["id"]), chunksize=1024)
    done = False
    while not done:
        _, done = download.next_chunk()

    assert text == got.getvalue()
    ranges = -(-len(text) // 1024)
    assert {"captions.insert": 400, "captions.download": 200 * ranges} == sandbox.billed()[PROJECT]["default"]


def test_retries_are_charged_each(sandbox, youtube):
    """503, 503, 200: three calls, three prices, and the log counts the attempts."""
    sandbox.fail("videos.list", 503, times=2)
    request = youtube.videos().list(part="id", id="a")
    request._sleep = lambda _: None
    request.execute(num_retries=3)

    assert sandbox.used(PROJECT) == 3
    assert [(c["status"], c["attempt"]) for c in sandbox.access_log()] == [(503, 1), (503, 2), (200, 3)]


def test_an_expired_token_is_refreshed(sandbox, youtube):
    """The 401 costs nothing, the token call is no call of the API."""
    sandbox.expire_tokens()
    youtube.videos().list(part="id", id="a").execute()

    assert [call["status"] for call in sandbox.access_log()] == [401, 200, 200]
    assert sandbox.billed() == {PROJECT: {"default": {"videos.list": 1}}}


def test_a_write_shows_what_was_written_and_a_delete_removes_it(youtube):
    """insert, update, list, delete and again delete behave like a place that remembers."""
    body = {"snippet": {"title": "Mix"}, "status": {"privacyStatus": "private"}}
    playlist = youtube.playlists().insert(part="snippet,status", body=body).execute()
    youtube.playlists().update(
        part="snippet", body={"id": playlist["id"], "snippet": {"title": "New"}}
    ).execute()
    found = youtube.playlists().list(part="snippet,status", id=playlist["id"]).execute()["items"][0]

    assert (found["snippet"]["title"], found["status"]["privacyStatus"]) == ("New", "private")
    assert youtube.playlists().delete(id=playlist["id"]).execute() == ""
    assert youtube.playlists().list(part="id", id=playlist["id"]).execute()["items"] == []
    with pytest.raises(HttpError) as caught:
        youtube.playlists().delete(id=playlist["id"]).execute()
    assert json.loads(caught.value.content)["error"]["errors"][0]["reason"] == "playlistNotFound"


def test_a_new_playlist_holds_what_was_put_into_it(youtube):
    """It starts empty, lists what was inserted, and is the first of the caller's playlists."""
    playlist = youtube.playlists().insert(part="snippet", body={"snippet": {"title": "Mine"}}).execute()

    def items():
        listing = youtube.playlistItems().list(part="snippet", playlistId=playlist["id"], maxResults=50)
        return listing.execute()["items"]

    assert items() == []
    video = {"kind": "youtube#video", "videoId": "v1"}
    body = {"snippet": {"playlistId": playlist["id"], "resourceId": video}}
    item = youtube.playlistItems().insert(part="snippet", body=body).execute()
    assert [found["snippet"]["resourceId"] for found in items()] == [video]
    youtube.playlistItems().delete(id=item["id"]).execute()
    assert items() == []
    mine = youtube.playlists().list(part="snippet", mine=True).execute()["items"]
    assert (mine[0]["id"], len(mine)) == (playlist["id"], 5)
