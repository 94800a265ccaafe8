"""A daily refusal that does not say of which pool, met by a call that is not charged to the general one."""

from __future__ import annotations

import io

import pytest
from googleapiclient.errors import HttpError
from googleapiclient.http import MediaIoBaseUpload

from ytquota.errors import QuotaExceeded
from ytquota.service import ServerQuotaExceeded

PROJECT = "111111111111"
BARE = {
    "error": {
        "code": 403,
        "message": "quota used up",
        "errors": [{"message": "quota used up", "domain": "youtube.quota", "reason": "quotaExceeded"}],
    }
}
OLD = {
    "error": {
        "code": 403,
        "message": "quota used up",
        "errors": [
            {
                "domain": "youtube.quota",
                "reason": "quotaExceeded",
                "debugInfo": "metric: youtube.googleapis.com/default, limit: defaultPerDayPerProject",
            }
        ],
    }
}


@pytest.fixture
def call(service):
    """One call of a method."""

    def call(method):
        if method == "videos.insert":
            media = MediaIoBaseUpload(io.BytesIO(b"film"), "video/mp4")
            body = {"snippet": {"title": "a"}}
            return service.videos().insert(part="snippet", body=body, media_body=media).execute()
        requests = {
            "search.list": lambda: service.search().list(part="id", q="x"),
            "videos.list": lambda: service.videos().list(part="id", id="a"),
        }
        return requests[method]().execute()

    return call


@pytest.fixture
def marks(monitor):
    """The buckets that are marked."""

    def marks():
        pools = monitor.ledger.usage()[PROJECT]
        return {bucket for bucket, balance in pools.items() if balance.exhausted_until is not None}

    return marks


@pytest.mark.parametrize(
    ("method", "bucket"), [("search.list", "search_list"), ("videos.insert", "video_insert")]
)
def test_the_pool_that_the_call_is_charged_to_is_left_alone(call, sandbox, sends, marks, method, bucket):
    """Three calls used to be sent, each refused, while the general pool was closed for nothing."""
    sandbox.fail(method, status=403, body=BARE, times=3)

    with pytest.raises(ServerQuotaExceeded) as caught:
        call(method)
    for _ in range(2):
        with pytest.raises(QuotaExceeded) as denied:
            call(method)
        assert not isinstance(denied.value, HttpError)

    assert sends(method) == 1
    assert caught.value.bucket == bucket
    assert "not which" in str(caught.value)
    assert marks() == {bucket}
    assert call("videos.list")["items"]


def test_a_wrong_guess_heals_after_five_minutes(call, sandbox, clock, marks):
    """One call probes; when it is answered, the pool is open to all."""
    sandbox.fail("search.list", status=403, body=BARE)
    with pytest.raises(ServerQuotaExceeded):
        call("search.list")

    clock.advance(299)
    with pytest.raises(QuotaExceeded):
        call("search.list")
    clock.advance(1)
    call("search.list")

    assert marks() == set()
    call("search.list")


def test_a_probe_that_is_refused_makes_the_mark_firm(call, sandbox, clock, sends):
    """Two refusals five minutes apart are no mistake: the rest of the day is left alone."""
    sandbox.fail("search.list", status=403, body=BARE, times=2)
    for _ in range(2):
        with pytest.raises(ServerQuotaExceeded):
            call("search.list")
        clock.advance(300)

    clock.advance(3600)
    with pytest.raises(QuotaExceeded) as denied:
        call("search.list")

    assert sends("search.list") == 2
    assert (denied.value.retry_at - denied.value.now).total_seconds() > 3600


def test_parts_of_one_batch_are_one_guess(service, sandbox, marks, clock, call):
    """Ten refused parts are one refusal, not a second one that makes the first firm."""
    sandbox.fail("search.list", status=403, body=BARE, times=10)
    told = []
    batch = service.new_batch_http_request(callback=lambda _id, _answer, error: told.append(error))
    for _ in range(10):
        batch.add(service.search().list(part="id", q="x"))
    batch.execute()

    assert [type(error) for error in told] == [ServerQuotaExceeded] * 10
    assert marks() == {"search_list"}
    clock.advance(300)
    assert call("search.list")


def test_a_body_that_names_the_general_pool_closes_it_and_for_the_moment_the_calls_own(
    call, sandbox, sends, clock, marks
):
    """Google's word on the general pool is firm; that this search was refused for it is not for ever."""
    sandbox.fail("search.list", status=403, body=OLD, times=2)
    with pytest.raises(ServerQuotaExceeded) as caught:
        call("search.list")
    for method in ("search.list", "videos.list"):
        with pytest.raises(QuotaExceeded):
            call(method)

    assert caught.value.bucket == "default"
    assert sends("search.list") == 1
    assert marks() == {"default", "search_list"}
    clock.advance(300)
    sandbox.behave()
    call("search.list")
    assert marks() == {"default"}


def test_a_named_bucket_that_is_not_ours_does_not_close_the_general_one(call, sandbox, marks):
    """A method that Google has moved to a pool of its own must not stop all the others."""
    detail = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "RATE_LIMIT_EXCEEDED",
        "metadata": {"quota_metric": "youtube.googleapis.com/caption_insert", "quota_unit": "1/d/{project}"},
    }
    sandbox.fail(
        "videos.list", status=429, body={"error": {"code": 429, "message": "no", "details": [detail]}}
    )

    with pytest.raises(ServerQuotaExceeded) as caught:
        call("videos.list")

    assert caught.value.bucket == "caption_insert"
    assert marks() == {"caption_insert"}
    assert call("videos.list")["items"]
