"""Answers that googleapiclient repeats, although another try would end the same and be charged again."""

from __future__ import annotations

import io
import pickle

import pytest
from googleapiclient.errors import HttpError
from googleapiclient.http import MediaIoBaseUpload

from ytquota.errors import QuotaExceeded, classify_error
from ytquota.service import FinalAnswer, monitored

PROJECT = "111111111111"
CAP = "uploadRateLimitExceeded"


@pytest.fixture
def set_thumbnail(service, no_waiting):
    """Ask for a new thumbnail, 50 units, with five retries; in one piece or as a resumable upload."""

    def ask(*, resumable=False):
        image = MediaIoBaseUpload(io.BytesIO(b"\x89PNG"), "image/png", resumable=resumable)
        request = service.thumbnails().set(videoId="v", media_body=image)
        return no_waiting(request).execute(num_retries=5)

    return ask


@pytest.mark.parametrize("resumable", [False, True])
def test_a_channels_own_cap_is_met_and_charged_once(sandbox, set_thumbnail, rows, spent, resumable):
    """A 429 that no wait of a minute cures: one attempt instead of six, 50 units instead of 300."""
    sandbox.fail("thumbnails.set", status=429, reason=CAP, times=6)

    with pytest.raises(FinalAnswer):
        set_thumbnail(resumable=resumable)

    assert rows() == [("thumbnails.set", "error", 429, 50, 0, 1)]
    assert spent() == sandbox.billed() == {PROJECT: {"default": {"thumbnails.set": 50}}}


def test_it_is_caught_and_read_as_any_http_error(sandbox, set_thumbnail):
    """An existing handler finds all it knows; a new one finds the verdict."""
    sandbox.fail("thumbnails.set", status=429, reason=CAP)

    with pytest.raises(HttpError) as caught:
        set_thumbnail()

    error = caught.value
    assert not isinstance(error, QuotaExceeded)
    assert (error.status_code, error.resp.status) == (429, 429)
    assert error.error_details[0]["reason"] == CAP
    assert error.reason
    assert error.verdict.kind == classify_error(error).kind == "channel_cap"
    assert "too many thumbnails" in str(error)
    assert CAP in str(error)


def test_the_next_call_may_go(sandbox, set_thumbnail, monitor):
    """The cap is the channel's: no pool is marked for it."""
    sandbox.fail("thumbnails.set", status=429, reason=CAP)
    with pytest.raises(FinalAnswer):
        set_thumbnail()

    assert set_thumbnail()["items"]
    assert monitor.ledger.usage()[PROJECT]["default"].exhausted_until is None


@pytest.mark.parametrize(
    ("status", "reason"), [(429, "uploadLimitExceeded"), (503, "liveChatEnded"), (500, "SERVICE_DISABLED")]
)
def test_other_reasons_that_no_repetition_helps_end_the_retries_too(
    service, sandbox, no_waiting, sends, status, reason
):
    """Whatever the status, the reason says that there is nothing to wait for."""
    sandbox.fail("videos.list", status=status, reason=reason, times=6)

    with pytest.raises(FinalAnswer) as caught:
        no_waiting(service.videos().list(part="id", id="a")).execute(num_retries=5)

    assert caught.value.status_code == status
    assert sends("videos.list") == 1


def test_a_403_that_the_client_repeats_by_its_reason_is_judged_by_the_detail(
    service, sandbox, no_waiting, sends
):
    """googleapiclient reads errors[0].reason only, where the detail beside it says that the API is off."""
    detail = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "SERVICE_DISABLED"}
    error = {"code": 403, "message": "no", "errors": [{"reason": "rateLimitExceeded"}], "details": [detail]}
    sandbox.fail("videos.list", status=403, body={"error": error}, times=6)

    with pytest.raises(FinalAnswer):
        no_waiting(service.videos().list(part="id", id="a")).execute(num_retries=5)

    assert sends("videos.list") == 1


@pytest.mark.parametrize(
    ("status", "reason", "attempts"),
    [(503, "backendError", 3), (429, "rateLimitExceeded", 3), (400, "uploadLimitExceeded", 1)],
)
def test_what_may_pass_is_repeated_as_ever_and_plain_refusals_stay_plain(
    service, sandbox, no_waiting, sends, status, reason, attempts
):
    """Trouble and "too fast" are worth a try; a 400 was never repeated, so its error is Google's own."""
    sandbox.fail("videos.list", status=status, reason=reason, times=3)

    with pytest.raises(HttpError) as caught:
        no_waiting(service.videos().list(part="id", id="a")).execute(num_retries=2)

    assert type(caught.value) is HttpError
    assert sends("videos.list") == attempts


def test_the_error_survives_a_trip_to_another_process(sandbox, set_thumbnail):
    """Workers of a pool send their exceptions home by pickle."""
    sandbox.fail("thumbnails.set", status=429, reason=CAP)
    with pytest.raises(FinalAnswer) as caught:
        set_thumbnail()

    twin = pickle.loads(pickle.dumps(caught.value))

    assert (str(twin), twin.status_code, twin.verdict) == (str(caught.value), 429, caught.value.verdict)


def test_no_key_shows_in_the_error(sandbox, monitor, closing):
    """HttpError's own text shows the address, and an API key may be part of it."""
    key = sandbox.add_api_key(PROJECT)
    by_key = closing(monitored(developerKey=key, project=PROJECT, monitor=monitor, endpoint=sandbox.url))
    sandbox.fail("videos.list", status=429, reason=CAP)

    with pytest.raises(FinalAnswer) as caught:
        by_key.videos().list(part="id", id="a").execute()

    assert key not in str(caught.value) + repr(caught.value)
