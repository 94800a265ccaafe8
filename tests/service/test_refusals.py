"""Calls that may not go, and calls that the server refuses."""

from __future__ import annotations

import io
import pickle

import pytest
from googleapiclient.errors import HttpError
from googleapiclient.http import MediaIoBaseDownload

from ytquota.errors import QuotaExceeded
from ytquota.service import ServerQuotaExceeded, monitored

PROJECT = "111111111111"


def test_a_denied_call_is_not_sent(service, limits, sandbox, rows):
    """QuotaExceeded names pool, asked, left and reset; the demand is logged."""
    limits["default"] = 60
    service.playlists().insert(part="snippet", body={"snippet": {"title": "a"}}).execute()

    with pytest.raises(QuotaExceeded) as caught:
        service.playlists().insert(part="snippet", body={"snippet": {"title": "b"}}).execute(num_retries=5)

    error = caught.value
    assert not isinstance(error, HttpError)
    assert (error.project, error.bucket, error.asked, error.left) == (PROJECT, "default", 50, 10)
    assert error.retry_at is not None
    assert len(sandbox.access_log()) == 1
    assert [row[1] for row in rows()] == ["ok", "denied"]


@pytest.mark.parametrize(("bucket", "status"), [("default", 403), ("search_list", 429)])
def test_a_call_that_the_server_refuses_for_the_day_is_sent_once(service, sandbox, bucket, status, spent):
    """num_retries=5 sends a daily refusal six times; here the loop ends at once."""
    sandbox.set_limit(PROJECT, bucket, 0)
    request = (
        service.videos().list(part="id", id="a") if bucket == "default" else service.search().list(part="id")
    )

    with pytest.raises(ServerQuotaExceeded) as caught:
        request.execute(num_retries=5)

    error = caught.value
    assert isinstance(error, QuotaExceeded)
    assert isinstance(error, HttpError)
    assert (error.project, error.bucket, error.status_code, error.left) == (PROJECT, bucket, status, 0)
    assert error.content
    assert error.error_details
    assert len(sandbox.access_log()) == 1
    assert spent() == {}


def test_the_error_survives_a_trip_to_another_process(service, sandbox):
    """Workers of a pool send their exceptions home by pickle."""
    sandbox.set_limit(PROJECT, "default", 0)
    with pytest.raises(ServerQuotaExceeded) as caught:
        service.videos().list(part="id", id="a").execute()

    twin = pickle.loads(pickle.dumps(caught.value))

    assert (str(twin), twin.status_code, twin.bucket) == (str(caught.value), 403, "default")
    assert twin.content == caught.value.content


def test_neither_key_nor_token_shows_in_the_error(service, sandbox, monitor, closing):
    """HttpError's own text shows the address, and an API key is part of it."""
    key = sandbox.add_api_key(PROJECT)
    sandbox.set_limit(PROJECT, "default", 0)
    by_key = closing(monitored(developerKey=key, project=PROJECT, monitor=monitor, endpoint=sandbox.url))

    with pytest.raises(ServerQuotaExceeded) as caught:
        by_key.videos().list(part="id", id="a").execute()

    assert key not in str(caught.value)
    assert key not in repr(caught.value)


def test_a_retry_that_no_longer_fits_raises_what_the_server_said(service, sandbox, limits, no_waiting, rows):
    """The second attempt is not sent; the 503 is what the caller learns, the denial is its cause."""
    limits["default"] = 1
    sandbox.fail("videos.list", status=503, times=5)

    with pytest.raises(HttpError) as caught:
        no_waiting(service.videos().list(part="id", id="a")).execute(num_retries=5)

    assert caught.value.status_code == 503
    assert isinstance(caught.value.__cause__, QuotaExceeded)
    assert [row[1] for row in rows()] == ["error", "denied"]


def test_after_a_refreshed_token_the_missing_quota_is_what_counts(service, sandbox, limits, monitor):
    """A 401 that a fresh token has cured must not send anybody to log in again."""
    limits["default"] = 1
    sandbox.fail("videos.list", status=401)

    def spend_what_came_free(_demand, _verdict):
        monitor.on_verdict = None
        service().videos().list(part="id", id="z").execute()

    monitor.on_verdict = spend_what_came_free

    with pytest.raises(QuotaExceeded):
        service.videos().list(part="id", id="b").execute()


def test_only_the_bucket_that_is_gone_is_closed(service, sandbox):
    """Search gone is not everything gone."""
    sandbox.set_limit(PROJECT, "search_list", 0)
    with pytest.raises(ServerQuotaExceeded):
        service.search().list(part="id", q="x").execute()
    with pytest.raises(QuotaExceeded):
        service.search().list(part="id", q="x").execute()

    assert service.videos().list(part="id", id="a").execute()["items"]


def test_a_download_that_may_not_go_says_so(service, limits):
    """Media downloads never call the request object, and are stopped all the same."""
    limits["default"] = 199
    download = MediaIoBaseDownload(io.BytesIO(), service.captions().download_media(id="x"))

    with pytest.raises(QuotaExceeded):
        download.next_chunk(num_retries=3)


def test_a_bot_hammering_an_empty_pool_does_not_fill_the_disk(service, limits, tmp_path, clock, sandbox):
    """Refused demand is summed: a line per second, whatever the bot does; and nothing reaches the server."""
    limits["search_list"] = 0
    request = service.search().list(part="id", q="x")
    for _ in range(3000):
        with pytest.raises(QuotaExceeded):
            request.execute()
        clock.advance(0.001)

    written = sum(path.stat().st_size for path in (tmp_path / "memory" / "calls").rglob("*.jsonl"))
    assert written < 10_000
    assert not sandbox.access_log()
