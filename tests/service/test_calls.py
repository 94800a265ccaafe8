"""What each kind of call is charged, beside what the sandbox billed for it."""

from __future__ import annotations

import io

import pytest
from google_auth_httplib2 import AuthorizedHttp
from googleapiclient.errors import HttpError
from googleapiclient.http import BatchHttpRequest, MediaInMemoryUpload, MediaIoBaseDownload, build_http

from ytquota.errors import QuotaExceeded

PROJECT, OTHER = "111111111111", "222222222222"


@pytest.fixture(autouse=True)
def equal_bills(sandbox, spent):
    """Whatever a test does: the ledger's units per project, bucket and method are what the sandbox billed."""
    yield
    assert spent() == sandbox.billed()


@pytest.fixture
def total(spent):
    return lambda project=PROJECT: {
        method: units for methods in spent().get(project, {}).values() for method, units in methods.items()
    }


def test_a_read_a_search_and_a_write_cost_their_prices(service, total):
    """One of each, into their buckets."""
    service.videos().list(part="id", id="a,b").execute()
    service.search().list(part="id", q="cats").execute()
    service.comments().insert(
        part="snippet", body={"snippet": {"textOriginal": "hi", "parentId": "x"}}
    ).execute()

    assert total() == {"videos.list": 1, "search.list": 1, "comments.insert": 50}


def test_every_page_is_charged(service, total, sends):
    """list_next copies the request; each page pays for itself and brings other items."""
    request, pages = service.search().list(part="id", q="cats", maxResults=5), []
    while request is not None and len(pages) < 4:
        answer = request.execute()
        pages.append([item["id"] for item in answer["items"]])
        request = service.search().list_next(request, answer)

    assert len(pages) == 4
    assert pages[0] != pages[1]
    assert total() == {"search.list": 4}
    assert sends("search.list") == 4


def test_each_retry_of_a_503_is_charged(service, sandbox, rows, no_waiting):
    """503, 503, 200: three sends, three prices, and the log tells which attempt was which."""
    sandbox.fail("videos.list", status=503, times=2)

    no_waiting(service.videos().list(part="id", id="a")).execute(num_retries=5)

    assert rows() == [
        ("videos.list", "error", 503, 1, 0, 1),
        ("videos.list", "error", 503, 1, 1, 1),
        ("videos.list", "ok", 200, 1, 2, 1),
    ]


def test_the_next_page_counts_its_attempts_from_the_start(service, rows):
    """What list_next copies carries no count along."""
    request = service.search().list(part="id", q="cats", maxResults=5)
    service.search().list_next(request, request.execute()).execute()

    assert [row[4] for row in rows()] == [0, 0]


def test_a_stale_token_costs_nothing_and_the_second_send_its_price(service, sandbox, rows, sends):
    """401, a refresh on the token address, 200: one price."""
    service.videos().list(part="id", id="a").execute()
    sandbox.expire_tokens()

    service.videos().list(part="id", id="b").execute()

    assert [row[1:4] for row in rows()] == [("ok", 200, 1), ("free", 401, 0), ("ok", 200, 1)]
    assert sends("token") == 1


def test_a_call_that_google_rejects_stays_charged(service, total):
    """A 4xx of a known method costs its price."""
    with pytest.raises(HttpError):
        service.videos().list(part="id").execute()

    assert total() == {"videos.list": 1}


def test_a_refusal_by_the_minute_is_given_back(service, sandbox, rows, no_waiting):
    """Slow down is no error of ours: units come back, and the retry of the google client pays."""
    sandbox.per_minute(PROJECT, "default", 1)
    service.videos().list(part="id", id="a").execute()

    with pytest.raises(HttpError) as caught:
        service.videos().list(part="id", id="b").execute()

    assert not isinstance(caught.value, QuotaExceeded)
    assert [row[1:4] for row in rows()] == [("ok", 200, 1), ("refused", caught.value.status_code, 0)]


def test_a_long_get_is_charged_as_what_it_is(service, total):
    """Sent as a POST, priced as the read it is, its second page too."""
    ids = ",".join(f"{n:050d}" for n in range(50))

    answer = service.videos().list(part="id,snippet", id=ids).execute()

    assert answer["items"]
    assert total() == {"videos.list": 1}


def test_a_connection_nobody_answered_costs_nothing(service, sandbox, rows):
    """Nothing was sent, so the hold is released."""
    service.videos().list(part="id", id="a").execute()
    sandbox.stop()

    with pytest.raises(ConnectionError):
        service.videos().list(part="id", id="b").execute()
    sandbox.start()
    service.videos().list(part="id", id="c").execute()

    assert [row[1] for row in rows()] == ["ok", "not_sent", "ok"]


def test_a_reset_connection_stays_charged(service, sandbox, rows, no_waiting):
    """The server may have run it: lost, then the google client's own retry as a further attempt."""
    sandbox.drop("videos.list", when="after")

    no_waiting(service.videos().list(part="id", id="a")).execute(num_retries=1)

    assert [(row[1], row[3], row[4]) for row in rows()] == [("lost", 1, 0), ("ok", 1, 1)]


def test_a_time_out_stays_charged(service, sandbox, rows):
    """No answer in time is no proof that it did not run."""
    sandbox.slow(4.0, "videos.list")
    service._http.timeout = 1.0

    with pytest.raises(TimeoutError):
        service.videos().list(part="id", id="a").execute()

    assert [row[1:4] for row in rows()] == [("lost", None, 1)]


def test_a_read_that_httplib2_silently_sends_again_is_charged_twice(service, relay, rows, sends):
    """The answer was lost, httplib2 repeated the read by itself: the server saw two."""
    through = service(endpoint=relay.url)

    through.videos().list(part="id", id="a", quotaUser="lost1").execute()

    assert sends("videos.list") == 2
    assert rows() == [("videos.list", "ok", 200, 2, 0, 2)]


def test_a_second_send_that_no_longer_fits_is_not_made(service, relay, limits, rows, sends):
    """httplib2 would repeat the read; there is no quota for it, and the first send stays charged."""
    limits["default"] = 1
    through = service(endpoint=relay.url)

    with pytest.raises(QuotaExceeded):
        through.videos().list(part="id", id="a", quotaUser="lost4").execute(num_retries=3)

    assert sends("videos.list") == 1
    assert sorted(row[1] for row in rows()) == ["denied", "lost"]


def test_an_answer_that_nothing_changed_stays_charged(service, sandbox, rows):
    """304: an ETag saves bandwidth, not units."""
    first = service.videos().list(part="id", id="a").execute()
    request = service.videos().list(part="id", id="a")
    request.headers["if-none-match"] = first["etag"]

    with pytest.raises(HttpError) as caught:
        request.execute()

    assert caught.value.status_code == 304
    assert [row[1:4] for row in rows()] == [("ok", 200, 1), ("ok", 304, 1)]


def test_a_write_whose_answer_was_lost_is_sent_once(service, relay, rows, sends):
    """No comment appears twice; the caller sees the lost connection."""
    through = service(endpoint=relay.url)
    request = through.playlists().insert(
        part="snippet", quotaUser="lost2", body={"snippet": {"title": "mine"}}
    )

    with pytest.raises(ConnectionError, match="not sent again"):
        request.execute()

    assert sends("playlists.insert") == 1
    assert rows() == [("playlists.insert", "lost", None, 50, 0, 1)]


def test_an_upload_in_chunks_is_one_price(service, total, sandbox):
    """Its chunks and status questions are free."""
    media = MediaInMemoryUpload(b"x" * 700_000, "video/mp4", chunksize=262_144, resumable=True)
    request = service.videos().insert(part="snippet", body={"snippet": {"title": "t"}}, media_body=media)

    assert request.execute()["id"]

    assert total() == {"videos.insert": 1}
    assert sum(row["kind"] == "chunk" for row in sandbox.access_log()) == 3


def test_an_upload_that_breaks_off_goes_on_without_a_second_price(service, sandbox, total):
    """After a lost chunk the client asks how far it came, and goes on."""
    media = MediaInMemoryUpload(b"x" * 700_000, "video/mp4", chunksize=262_144, resumable=True)
    request = service.videos().insert(part="snippet", body={"snippet": {"title": "t"}}, media_body=media)
    request.next_chunk()
    sandbox.drop("upload.chunk", when="after")
    with pytest.raises(ConnectionError):
        request.next_chunk()

    body = None
    while body is None:
        _, body = request.next_chunk()

    assert body["id"]
    assert total() == {"videos.insert": 1}


def test_a_retried_start_of_an_upload_pays_for_each_attempt(service, sandbox, total, no_waiting):
    """The start is the call; the sandbox answered it twice."""
    sandbox.fail("videos.insert", status=503)
    media = MediaInMemoryUpload(b"x" * 10, "video/mp4", resumable=True)
    request = service.videos().insert(part="snippet", body={"snippet": {"title": "t"}}, media_body=media)

    no_waiting(request).execute(num_retries=1)

    assert total() == {"videos.insert": 2}


def test_an_upload_in_one_go_is_one_price(service, total):
    """A thumbnail, sent with its bytes."""
    service.thumbnails().set(videoId="abc", media_body=MediaInMemoryUpload(b"x" * 100, "image/png")).execute()

    assert total() == {"thumbnails.set": 50}


def test_every_range_of_a_download_is_charged(service, total, sends):
    """MediaIoBaseDownload never calls the request object; the wire sees it all the same."""
    media = MediaInMemoryUpload(b"1\n00:00 --> 00:01\nhello\n" * 20, "text/plain")
    body = {"snippet": {"videoId": "abc", "language": "en", "name": "x"}}
    caption = service.captions().insert(part="snippet", body=body, media_body=media).execute()
    target = io.BytesIO()
    download = MediaIoBaseDownload(target, service.captions().download_media(id=caption["id"]), chunksize=200)
    done = False
    while not done:
        _, done = download.next_chunk()

    assert sends("captions.download") > 1
    assert total() == {"captions.insert": 400, "captions.download": 200 * sends("captions.download")}


def test_an_http_of_ones_own_is_metered_too(service, credentials, sandbox, spent, rows):
    """execute(http=...) with other credentials is charged to the project of those."""
    own = AuthorizedHttp(credentials(OTHER), http=build_http())
    service.videos().list(part="id", id="a").execute(http=own)
    sandbox.expire_tokens()
    service.videos().list(part="id", id="a").execute(http=own)
    own.close()

    assert spent() == {OTHER: {"default": {"videos.list": 2}}}
    assert [row[1] for row in rows()] == ["ok", "free", "ok"]


def test_the_http_of_another_service_is_metered_once(service, spent):
    """A facade handed to execute() is a meter already, and charges its own project."""
    other = service(OTHER)

    service.videos().list(part="id", id="a").execute(http=other._http)

    assert spent() == {OTHER: {"default": {"videos.list": 1}}}


def test_a_cached_connection_of_ones_own_http_is_watched_from_then_on(
    service, credentials, relay, rows, closing
):
    """An http that was in use before it was handed over is metered as exactly as a fresh one."""
    own = closing(AuthorizedHttp(credentials(), http=build_http()))
    own.request(f"{relay.url}/health")
    through = service(endpoint=relay.url)

    through.videos().list(part="id", id="a", quotaUser="lost3").execute(http=own)

    assert rows() == [("videos.list", "ok", 200, 2, 0, 2)]


def test_a_hand_made_batch_is_charged_part_by_part(service, sandbox, total):
    """BatchHttpRequest asks its first request for an http: that is ours."""
    got = []
    batch = BatchHttpRequest(callback=lambda *told: got.append(told), batch_uri=f"{sandbox.url}/batch")
    batch.add(service.videos().list(part="id", id="a"))
    batch.add(service.search().list(part="id", q="x"))
    batch.add(service.playlists().insert(part="snippet", body={"snippet": {"title": "x"}}))
    batch.execute()

    assert [told[2] for told in got] == [None] * 3
    assert total() == {"videos.list": 1, "search.list": 1, "playlists.insert": 50}


def test_a_number_out_of_all_bounds_is_the_servers_to_refuse(service, rows):
    """The caller gets the server's answer, and the log its row."""
    with pytest.raises(HttpError) as refused:
        service.videos().list(part="id", id="a", maxResults=10**20).execute()

    assert refused.value.status_code == 400
    assert rows() == [("videos.list", "error", 400, 1, 0, 1)]
