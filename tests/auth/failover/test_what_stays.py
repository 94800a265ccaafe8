"""Retries, threads, pages and uploads: what goes on elsewhere, and what stays with its set."""

from __future__ import annotations

import io
import threading
from datetime import UTC, datetime, timedelta

import pytest
from googleapiclient.errors import HttpError
from googleapiclient.http import MediaIoBaseUpload

from ytquota.auth import rotation
from ytquota.auth.none_left import NoSetLeft
from ytquota.errors import CredentialError, QuotaExceeded

ONE = "111111111111"


def test_retries_go_on_as_before_and_a_storm_is_no_reason_to_move(make_bot, no_waiting):
    """A 5xx is the API's trouble, not a set's."""
    bot = make_bot()
    bot.sandbox.fail("videos.list", status=503, times=2)

    bot.video(num_retries=3)

    assert [row["set"] for row in bot.monitor.log()] == ["1"] * 3
    assert bot.moves() == []
    assert bot.agrees()


def test_a_write_that_was_answered_by_an_error_stays_with_its_set(make_bot, no_waiting):
    """It may have happened: no further attempt in another name, and the error is the server's."""
    bot = make_bot(extra={"YTQUOTA_LIMIT_DEFAULT_111111111111": "60"})
    bot.sandbox.fail("commentThreads.insert", status=503)

    with pytest.raises(HttpError) as caught:
        bot.comment(num_retries=2)

    assert caught.value.status_code == 503
    assert not isinstance(caught.value, QuotaExceeded)
    assert {row["set"] for row in bot.monitor.log()} == {"1"}
    assert bot.agrees()


def test_a_write_whose_answer_was_lost_is_raised_as_ever(make_bot):
    """Nobody repeats it, with this set or with another."""
    bot = make_bot()
    bot.sandbox.drop("commentThreads.insert", when="after")

    with pytest.raises(OSError):
        bot.comment()

    assert [(row["set"], row["outcome"]) for row in bot.monitor.log()] == [("1", "lost")]
    assert bot.moves() == []
    assert bot.agrees()


def test_a_write_that_was_lost_after_a_fresh_token_is_lost_all_the_same(make_bot):
    """The first send was answered 401, the second not at all: that one may have happened."""
    bot = make_bot()
    bot.sandbox.expire_tokens(1)
    bot.sandbox.drop("commentThreads.insert", when="after")

    with pytest.raises(OSError):
        bot.comment()

    assert [(row["set"], row["outcome"]) for row in bot.monitor.log()] == [("1", "free"), ("1", "lost")]
    assert bot.agrees()


def test_the_network_is_no_reason_to_move(make_bot):
    """All sets share it."""
    bot = make_bot()
    bot.video()
    bot.sandbox.stop()
    try:
        with pytest.raises(OSError):
            bot.video()
    finally:
        bot.sandbox.start()

    assert bot.moves() == []


def test_many_threads_move_once(make_bot):
    """Every thread gets its answers, and the move is told once."""
    bot = make_bot(limits={ONE: {"search_list": 10}})
    failed = []

    def work():
        try:
            for _ in range(8):
                bot.search()
        except Exception as error:  # noqa: BLE001
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    assert sorted(bot.sets("search.list")) == [1] * 10 + [2] * 22
    assert len(bot.moves()) == 1
    assert bot.agrees()


def test_pages_of_a_public_list_go_on_with_another_set(make_bot):
    """A page of a search is the same page for whoever asks."""
    bot = make_bot(limits={ONE: {"search_list": 1}})
    request = bot.service.search().list(part="id", q="tides", maxResults=2)
    ids = []
    for _ in range(3):
        answer = request.execute()
        ids += [item["id"].get("videoId") or str(item["id"]) for item in answer["items"]]
        request = bot.service.search().list_next(request, answer)

    assert bot.sets("search.list") == [1, 2, 2]
    assert len(set(ids)) == len(ids)


def test_pages_of_a_list_of_ones_own_stay_with_its_channel(make_bot):
    """Page 2 of another channel's list is another list: it is refused, not mixed; a list begun anew moves."""
    bot = make_bot(extra={"YTQUOTA_LIMIT_DEFAULT_111111111111": "1"})
    request = bot.service.subscriptions().list(part="id", mine=True, maxResults=1)
    answer = request.execute()
    following = bot.service.subscriptions().list_next(request, answer)
    assert following is not None

    with pytest.raises(QuotaExceeded) as caught:
        following.execute()
    bot.service.subscriptions().list(part="id", mine=True, maxResults=1).execute()

    assert not isinstance(caught.value, NoSetLeft)
    assert bot.sets("subscriptions.list") == [1, 2]


def test_pages_of_ones_own_go_on_with_another_login_of_the_same_channel(make_bot, token_of):
    """Two logins, one channel: the list is the same."""
    same = {1: "UCsame", 2: "UCsame"}
    bot = make_bot(channels=same, extra={"YTQUOTA_LIMIT_DEFAULT_111111111111": "1"})
    for number, channel in same.items():
        token_of(bot.settings, number, channel_id=channel)

    request = bot.service.subscriptions().list(part="id", mine=True, maxResults=1)
    following = bot.service.subscriptions().list_next(request, request.execute())
    following.execute()

    assert bot.sets("subscriptions.list") == [1, 2]


def test_an_upload_ends_with_the_set_that_began_it(make_bot):
    """Its quota was spent with the start; chunks go where it began, also when the pool is gone meanwhile."""
    bot = make_bot(limits={ONE: {"video_insert": 1}})
    media = MediaIoBaseUpload(
        io.BytesIO(bytes(3 * 256 * 1024)), "video/mp4", chunksize=256 * 1024, resumable=True
    )
    body = {"snippet": {"title": "Harbour"}, "status": {"privacyStatus": "private"}}
    begun = bot.service.videos().insert(part="snippet,status", body=body, media_body=media)
    begun.next_chunk()
    rotation.exhaust(bot.settings, bot.monitor, 1, "video_insert")
    rotation.rotate(bot.settings, bot.monitor, 2)

    answer = None
    while answer is None:
        _, answer = begun.next_chunk()
    senders = [http.account.identity.credential_set for http in bot.service._http.roster.opened()]
    assert senders == ["1"]  # nothing has gone out with set 2
    again = MediaIoBaseUpload(io.BytesIO(b"x"), "video/mp4", resumable=True)
    bot.service.videos().insert(part="snippet,status", body=body, media_body=again).execute()

    assert bot.sets("videos.insert") == [1, 2]
    assert bot.agrees()


def test_a_login_that_dies_within_an_upload_ends_it(make_bot):
    """The session is the old set's: nothing is sent in another name."""
    bot = make_bot()
    media = MediaIoBaseUpload(
        io.BytesIO(bytes(512 * 1024)), "video/mp4", chunksize=256 * 1024, resumable=True
    )
    body = {"snippet": {"title": "Harbour"}, "status": {"privacyStatus": "private"}}
    begun = bot.service.videos().insert(part="snippet,status", body=body, media_body=media)
    begun.next_chunk()
    http = bot.service._http.roster.http(bot.service._http.roster.seats()[0])
    http.credentials.expiry = datetime.now(UTC).replace(tzinfo=None) - timedelta(minutes=1)
    http.credentials.token = "gone"
    bot.sandbox.revoke(1)

    with pytest.raises((CredentialError, HttpError)):
        begun.next_chunk()

    assert bot.moves() == []
    assert bot.sets("videos.insert") == [1]
