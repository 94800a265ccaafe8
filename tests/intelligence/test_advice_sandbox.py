"""Each rule on the sandbox: a bot as it was, the bot corrected, and the units between their two bills."""

from __future__ import annotations

import ast
import itertools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from google.oauth2.credentials import Credentials
from googleapiclient.errors import HttpError

from ytquota.clock import ManualClock
from ytquota.errors import QuotaExceeded
from ytquota.intelligence import QuotaIntelligence
from ytquota.monitor import Journal, QuotaMonitor
from ytquota.sandbox import Sandbox
from ytquota.service import monitored

PROJECT = "111111111111"
MONDAY = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)  # midnight, Pacific
LIMITS = {"default": 2_000, "search_list": 100}


@dataclass
class Played:
    advice: list
    billed: dict

    def units(self, bucket="default"):
        return sum(self.billed.get(bucket, {}).values())


class Stage:
    """Lets bots play, each with a ledger of its own, on a sandbox whose clock is theirs."""

    def __init__(self, folder):
        self.clock = ManualClock(MONDAY + timedelta(hours=12))
        self.limits = dict(LIMITS)
        self._folders = (folder / str(number) for number in itertools.count())

    def play(self, bot):
        folder = next(self._folders)
        with Sandbox(seed=7, clock=self.clock) as self.sandbox:
            self.sandbox.add_project(PROJECT)
            journal = Journal(folder / "calls", clock=self.clock, limits=lambda _, b: self.limits.get(b))
            monitor = QuotaMonitor(journal, folder=folder, clock=self.clock)
            youtube = monitored(self._credentials(), endpoint=self.sandbox.url, monitor=monitor, tag="bot")
            try:
                bot(youtube, self)
                advice = QuotaIntelligence(monitor).advise()
            finally:
                youtube.close()
                monitor.close()
            return Played(advice, self.sandbox.billed().get(PROJECT, {}))

    def wait(self, seconds):
        self.clock.advance(seconds)

    def _credentials(self):
        info = self.sandbox.issue_token(PROJECT, expires_in=10_000_000)
        names = ("token", "refresh_token", "token_uri", "client_id", "client_secret")
        return Credentials(**{name: info[name] for name in names})


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path)


@pytest.fixture
def proved(stage):
    """Play both bots: the one rule must find what the correction saves, and then be silent."""

    def proved(rule, before, after, *, bucket="default", costs=None, days=1, within=0.1):
        began = stage.clock.time()
        wasteful = stage.play(before)
        stage.clock.set(began)
        corrected = stage.play(after)
        assert [advice.rule for advice in wasteful.advice] == [rule]
        assert corrected.advice == []
        (advice,) = wasteful.advice
        saved = wasteful.units(bucket) - corrected.units(bucket)
        assert advice.bucket == bucket
        assert advice.saving * days == pytest.approx(saved, rel=within)
        for other, units in advice.cost.items():
            extra = corrected.units(other) - wasteful.units(other)
            assert units * days == pytest.approx(extra, rel=within)
        assert set(advice.cost) == set(costs or ())
        return advice

    return proved


def channels(count):
    return [f"UC{number:022d}" for number in range(count)]


def videos(count):
    return [f"v{number:010d}" for number in range(count)]


def by_fifty(ids):
    return [",".join(ids[start : start + 50]) for start in range(0, len(ids), 50)]


def test_lookups_one_by_one_could_be_by_fifty(proved):
    """Sixty channels: sixty calls, or two."""

    def before(youtube, stage):
        for channel in channels(60):
            youtube.channels().list(part="snippet", id=channel).execute()
            stage.wait(1.5)

    def after(youtube, stage):
        for some in by_fifty(channels(60)):
            youtube.channels().list(part="snippet", id=some).execute()
            stage.wait(1.5)

    advice = proved("ids-per-call", before, after)

    assert (advice.calls, advice.spared, advice.certainty) == (60, 58, "estimated")


@pytest.mark.parametrize(
    ("resource", "named", "most"), [("commentThreads", "videoId", 100), ("playlistItems", "playlistId", 50)]
)
def test_pages_of_the_default_size_could_be_larger(proved, resource, named, most):
    """Lists of whatever length, read to their end."""

    def reader(**size):
        def read(youtube, stage):
            for name in videos(9 if resource == "commentThreads" else 3):
                lists = getattr(youtube, resource)()
                request = lists.list(part="snippet", **{named: name}, **size)
                while request is not None:
                    request = lists.list_next(request, request.execute())
                    stage.wait(1)

        return read

    advice = proved("page-size", reader(), reader(maxResults=most))

    assert f"maxResults={most}" in advice.code


def test_a_channels_uploads_need_no_search(proved):
    """Twenty searches, or one look at the channels and a list for each; the units are of other buckets."""

    def before(youtube, stage):
        for channel in channels(20):
            youtube.search().list(
                part="id", channelId=channel, order="date", type="video", maxResults=50
            ).execute()
            stage.wait(2)

    def after(youtube, stage):
        answer = youtube.channels().list(part="contentDetails", id=",".join(channels(20))).execute()
        for channel in answer["items"]:
            uploads = channel["contentDetails"]["relatedPlaylists"]["uploads"]
            youtube.playlistItems().list(part="snippet", playlistId=uploads, maxResults=50).execute()
            stage.wait(2)

    advice = proved("search-for-uploads", before, after, bucket="search_list", costs=["default"])

    assert (advice.saving, advice.share) == (20, 0.2)


def test_a_live_stream_needs_no_search(proved):
    """Two units of the default bucket in the place of each search."""

    def before(youtube, stage):
        for channel in channels(12):
            youtube.search().list(part="id", channelId=channel, eventType="live", type="video").execute()
            stage.wait(60)

    def after(youtube, stage):
        for channel in channels(12):
            uploads = f"UU{channel[2:]}"  # learned once, kept
            items = youtube.playlistItems().list(
                part="contentDetails", playlistId=uploads, maxResults=50
            ).execute()  # fmt: skip
            ids = ",".join(item["contentDetails"]["videoId"] for item in items["items"])
            youtube.videos().list(part="snippet,liveStreamingDetails", id=ids).execute()
            stage.wait(60)

    proved("search-for-live", before, after, bucket="search_list", costs=["default"])


def test_statistics_alone_have_a_bucket_of_their_own(proved):
    """Eighty videos one by one from the main pool, or two calls from the other."""

    def before(youtube, stage):
        for video in videos(80):
            youtube.videos().list(part="statistics", id=video).execute()
            stage.wait(0.5)

    def after(youtube, stage):
        for some in by_fifty(videos(80)):
            youtube.videos().batchGetStats(part="id,statistics", id=some).execute()
            stage.wait(0.5)

    advice = proved("statistics-only", before, after, costs=["video_batch_get_stats"])

    assert dict(advice.cost) == {"video_batch_get_stats": 2}


def test_an_answer_may_be_kept_while_it_holds(proved):
    """Is it public yet? Asked every three seconds, or once a minute."""

    def waiting(seconds):
        def wait(youtube, stage):
            for _ in range(round(600 / seconds)):
                youtube.videos().list(part="status", id="abc").execute()
                stage.wait(seconds)

        return wait

    advice = proved("repeated-read", waiting(3), waiting(60))

    assert advice.certainty == "measured"


def test_a_final_no_is_final(proved):
    """Videos that are not there are not there on the fifth try either."""

    def asking(tries):
        def ask(youtube, stage):
            for video in videos(8):
                for _ in range(tries):
                    request = youtube.commentThreads().list(part="id", videoId="missing" + video)
                    with pytest.raises(HttpError):
                        request.execute()
                    stage.wait(30)

        return ask

    def before(youtube, stage):
        stage.sandbox.fail("commentThreads.list", 404, 40, "videoNotFound")
        asking(5)(youtube, stage)

    def after(youtube, stage):
        stage.sandbox.fail("commentThreads.list", 404, 8, "videoNotFound")
        asking(1)(youtube, stage)

    proved("permanent-error", before, after)


def test_polls_that_come_too_soon_are_charged_for_nothing(proved):
    """Every other poll of a hasty bot is refused as too soon, and costs its five units."""

    def polling(is_hasty):
        def poll(youtube, stage):
            page = None
            for turn in range(60):
                if is_hasty and turn % 2:
                    stage.sandbox.fail("liveChatMessages.list", 403, 1, "rateLimitExceeded")
                    with pytest.raises(HttpError):
                        youtube.liveChatMessages().list(liveChatId="x", part="id", pageToken=page).execute()
                    stage.wait(1)
                elif not turn % 2:
                    answer = (
                        youtube.liveChatMessages().list(liveChatId="x", part="id", pageToken=page).execute()
                    )
                    page = answer["nextPageToken"]
                    stage.wait(answer["pollingIntervalMillis"] / 1000)

        return poll

    proved("poll-too-soon", polling(True), polling(False))


@pytest.mark.parametrize("hasty", [0.5, 1.5])
def test_polls_sooner_than_the_answer_asked_need_not_be_made(proved, stage, hasty):
    """Every poll is answered, and charged: only that the bot was told to wait two seconds shows the waste."""
    stage.limits["default"] = 10_000

    def polling(obeys):
        def poll(youtube, stage):
            end, page = stage.clock.time() + 240, None
            while stage.clock.time() < end:
                answer = youtube.liveChatMessages().list(liveChatId="x", part="id", pageToken=page).execute()
                page = answer["nextPageToken"]
                stage.wait(answer["pollingIntervalMillis"] / 1000 if obeys else hasty)

        return poll

    advice = proved("poll-too-soon", polling(False), polling(True))

    assert advice.certainty == "measured"


def test_nobody_need_look_at_night_for_what_comes_in_the_evening(proved, stage):
    """A stream every evening at six; the bot looks for it every ten minutes all day."""
    days = 8
    stage.clock.set(MONDAY)

    def looking(night):
        def look(youtube, stage):
            end = stage.clock.time() + days * 86_400 - 1
            while stage.clock.time() < end:
                youtube.liveBroadcasts().list(part="snippet", mine=True).execute()
                hour = int((stage.clock.time() - MONDAY.timestamp()) % 86_400 // 3600)
                if 18 <= hour < 21:
                    chat = youtube.liveChatMessages().list(liveChatId="evening", part="id")
                    chat.execute()
                stage.wait(600 if 18 <= hour < 21 else night)

        return look

    advice = proved("quiet-hours", looking(600), looking(1800), days=days)

    assert "QUIET = {0, 1, 2" in advice.code
    ast.parse(advice.code)


def test_a_day_far_above_a_bots_own_is_pointed_out(proved, stage):
    """Twenty videos a day; on one day three hundred."""
    days = 10

    def working(most):
        def work(youtube, stage):
            for day in range(days):
                for number in range(min(most, 300 if day == 6 else 20)):
                    youtube.videos().list(part="snippet", id=f"d{day}n{number}").execute()
                    stage.wait(30)
                stage.wait(86_400 - 30 * min(most, 300 if day == 6 else 20))

        return work

    advice = proved("burn-break", working(300), working(20), days=days)

    assert "spent 300 on" in advice.title
    ast.parse(advice.code)


def test_who_asks_on_after_a_denial_is_told_that_it_costs_nothing(stage):
    """Both bots are billed alike; the saving is of time, and said to be so."""
    stage.limits["default"] = 20

    def asking(gives_up):
        def ask(youtube, stage):
            for number in range(150):
                try:
                    youtube.videos().list(part="snippet", id=f"n{number}").execute()
                except QuotaExceeded:
                    if gives_up:
                        return
                stage.wait(40)

        return ask

    hammering, waiting = stage.play(asking(False)), stage.play(asking(True))

    (advice,) = hammering.advice
    assert (advice.rule, advice.saving, advice.spared) == ("asking-on", 0, 129)
    assert hammering.billed == waiting.billed
    assert waiting.advice == []


def test_a_thrifty_bot_gets_silence(stage):
    """Fifty ids a call, full pages, polite polls, a search for a word, a write: nothing to advise."""

    def thrifty(youtube, stage):
        for term in ("aurora", "kite", "tide"):
            found = youtube.search().list(part="id", q=term, type="video", maxResults=50).execute()
            ids = ",".join(item["id"]["videoId"] for item in found["items"])
            youtube.videos().list(part="snippet,statistics", id=ids).execute()
            threads = youtube.commentThreads()
            request = threads.list(part="snippet", videoId=term, maxResults=100)
            while request is not None:
                request = threads.list_next(request, request.execute())
            stage.wait(5)
        page = None
        for _ in range(40):
            answer = youtube.liveChatMessages().list(liveChatId="x", part="id", pageToken=page).execute()
            page = answer["nextPageToken"]
            stage.wait(10)

    assert stage.play(thrifty).advice == []
