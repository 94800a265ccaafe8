"""What each bot of the story does on a day: the calls it makes, when, and how they end."""
# ruff: noqa: PLR2004 - the figures are the story

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from hashlib import blake2s
from random import Random
from typing import Any, Literal, NamedTuple

from ytquota.clock import bounds_of
from ytquota.demo.story import CHAT_BOT, CRAWLER, UPLOADER, Bot, Kind

_HOUR = 3600.0
_CHAT_PARTS = ["id", "snippet", "authorDetails"]
_TERMS = 32
_Rounds = tuple[tuple[float, ...], int]
_WORKING_DAY: _Rounds = (0.1, 6.0, 9.0, 13.0, 18.0), 7
_WEEKEND: _Rounds = (0.1, 10.0), 4
_STUDY: _Rounds = (0.1, 6.0, 8.0, 10.0, 11.8, 15.0, 20.0), 10
"""When the crawler goes out (hours; first of all when the quota is fresh), and with how many search terms."""


class Ask(NamedTuple):
    """One call of a bot: when (epoch seconds), what, and how it ended.

    ``reason`` is Google's machine reason of an answer that is an error; a call that was ``lost`` got no
    answer, one that was ``not_sent`` never left.
    """

    at: float
    method: str
    facts: Mapping[str, Any]
    status: int = 200
    reason: str = ""
    retry: int = 0
    ending: Literal["answered", "lost", "not_sent"] = "answered"


def facts(
    question: str, parts: list[str], *, ids: int = 0, max_results: int | None = None, page: bool = False
) -> dict[str, Any]:
    """Return what the ledger keeps of a request; ``question`` stands for its parameters, kept as a hash."""
    digest = blake2s(question.encode(), digest_size=8).hexdigest()
    return {"ids": ids, "maxResults": max_results, "page": page, "parts": parts, "hash": digest}


def clock_time(day: date, hours: float) -> float:
    """Return the epoch seconds of a wall clock time of a quota day, also on the days of 23 and 25 hours."""
    bounds = bounds_of(day)
    return bounds.end - (24 - hours) * _HOUR if hours >= 3 else bounds.start + hours * _HOUR


def chat_bot(day: date, kind: Kind, rng: Random) -> Iterator[Ask]:
    """Look for a broadcast every five minutes; while one is on, read and moderate its chat."""
    first, last = _stream(day, kind, rng)
    at = clock_time(day, 0.02)
    while at < clock_time(day, 23.9):
        yield Ask(at, "liveBroadcasts.list", facts("mine", ["id", "snippet", "status"], max_results=5))
        if first <= at < last:
            yield from _streaming(at, last, kind, rng)
            at = last
        at += 300 + rng.uniform(0, 2)


def _stream(day: date, kind: Kind, rng: Random) -> tuple[float, float]:
    """When the day's broadcast begins and ends: evenings of Wednesday, Friday and the weekend."""
    usual = {2: (19.0, 3.0), 4: (19.0, 3.0), 5: (17.0, 4.5), 6: (18.0, 3.0)}
    begin, hours = (9.6, 6.0) if kind == "marathon" else usual.get(day.weekday(), (0.0, 0.0))
    late = 0.0 if kind == "marathon" else rng.uniform(-0.3, 0.3)
    return clock_time(day, begin + late), clock_time(day, begin + late + hours)


def _streaming(at: float, last: float, kind: Kind, rng: Random) -> Iterator[Ask]:
    """Poll the chat every 5 to 30 s, as lively as it is; answer, remove, ban, and count the viewers."""
    slow = 7.5 if kind == "marathon" else 26.0
    viewers_at, mood_at, mood = at, at, 1.0
    while at < last:
        if at >= mood_at:
            mood, mood_at = rng.uniform(0.75, 1.35), mood_at + 900
        yield from _poll(at, rng)
        if rng.random() < 0.012 / mood:
            yield _moderation(at + 1.0, rng)
        if at >= viewers_at:
            yield Ask(at + 2.0, "videos.list", facts(f"viewers {last}", ["liveStreamingDetails"], ids=1))
            viewers_at += 60
        at += max(5.0, rng.triangular(5.0, slow, 6.0) * mood)
    yield Ask(last, "liveChatMessages.list", _chat(True), 403, "liveChatEnded")


def _chat(page: bool) -> dict[str, Any]:
    return facts("chat", _CHAT_PARTS, max_results=200, page=page)


def _poll(at: float, rng: Random) -> Iterator[Ask]:
    luck = rng.random()
    if luck < 0.002:
        yield Ask(at, "liveChatMessages.list", _chat(True), 503, "backendError")
        yield Ask(at + 1.5, "liveChatMessages.list", _chat(True), retry=1)
    elif luck < 0.005:
        yield Ask(at, "liveChatMessages.list", _chat(True), 403, "rateLimitExceeded")
    elif luck < 0.0055:
        yield Ask(at, "liveChatMessages.list", _chat(True), 0, "timed out", ending="lost")
    else:
        yield Ask(at, "liveChatMessages.list", _chat(True))


def _moderation(at: float, rng: Random) -> Ask:
    method = rng.choices(
        ["liveChatMessages.insert", "liveChatMessages.delete", "liveChatBans.insert"], [8, 5, 1]
    )[0]
    return Ask(at, method, facts(f"{at}", ["snippet"], ids=int(method.endswith("delete"))))


def uploader(day: date, kind: Kind, rng: Random) -> Iterator[Ask]:
    """Upload two to five videos a night, each with thumbnail and playlist; captions for some."""
    del kind
    at = clock_time(day, 0.3 + rng.uniform(0, 0.3))
    yield Ask(at, "channels.list", facts("mine", ["contentDetails"], max_results=5))
    for page in range(rng.randint(9, 14)):  # five at a time, to see what is there already
        at += rng.uniform(0.4, 1.2)
        yield Ask(at, "playlistItems.list", facts(f"uploads {page}", ["snippet"], page=page > 0))
    for number in range(rng.randint(1, 3) if day.weekday() >= 5 else rng.randint(2, 5)):
        at += rng.uniform(120, 420)
        for ask in _upload(at, f"{day} {number}", rng):
            at = ask.at
            yield ask


def _upload(at: float, video: str, rng: Random) -> Iterator[Ask]:
    if rng.random() < 0.05:
        yield Ask(at, "videos.insert", facts(video, ["snippet", "status"]), 503, "backendError")
        at += 20
    yield Ask(at, "videos.insert", facts(video, ["snippet", "status"]))
    for _ in range(rng.randint(4, 9)):
        at += 30
        yield Ask(at, "videos.list", facts(f"processed {video}", ["processingDetails"], ids=1))
    if rng.random() < 0.04:
        yield Ask(at + 1, "thumbnails.set", facts(video, []), 429, "uploadRateLimitExceeded")
    else:
        yield Ask(at + 1, "thumbnails.set", facts(video, []))
    yield Ask(at + 2, "playlistItems.insert", facts(video, ["snippet"]))
    if rng.random() < 0.5:
        yield Ask(at + 3, "videos.update", facts(video, ["snippet"]))
    if rng.random() < 0.18:
        yield Ask(at + 5, "captions.insert", facts(video, ["snippet"]))


def crawler(day: date, kind: Kind, rng: Random) -> Iterator[Ask]:
    """Search, then look at what was found: five rounds on working days, two small ones on the weekend."""
    usual = _WORKING_DAY if day.weekday() < 5 or kind != "usual" else _WEEKEND
    rounds, terms = _STUDY if kind == "study" else usual
    for begin in rounds:
        at = clock_time(day, begin + rng.uniform(0, 0.3))
        for term in rng.sample(range(_TERMS), terms):
            for ask in _research(at, f"{day} {term}", kind, rng):
                at = ask.at
                yield ask
    if kind == "runaway":
        yield from _runaway(day, rng)


def _research(at: float, term: str, kind: Kind, rng: Random) -> Iterator[Ask]:
    """One search term: its pages, videos five at a time, channels one by one, comments twenty at a time."""
    for page in range(rng.randint(1, 3)):
        at += rng.uniform(1, 3)
        yield Ask(
            at, "search.list", facts(f"search {term} {page}", ["snippet"], max_results=25, page=page > 0)
        )
        for group in range(5):
            at += rng.uniform(1, 3)
            yield Ask(at, "videos.list", facts(f"{term} {page} {group}", ["snippet", "statistics"], ids=5))
        for _ in range(rng.randint(5, 10)):
            at += rng.uniform(1, 3)
            yield Ask(
                at, "channels.list", facts(f"channel {rng.randrange(400)}", ["snippet", "statistics"], ids=1)
            )
        for video in range(4):
            for ask in _comments(at, f"{term} {page} {video}", rng):
                at = ask.at
                yield ask
        if kind == "study":
            for video in range(rng.choices([1, 2, 3], [11, 8, 1])[0]):
                at += rng.uniform(1, 3)
                yield Ask(at, "captions.list", facts(f"captions {term} {page} {video}", ["snippet"]))


def _comments(at: float, video: str, rng: Random) -> Iterator[Ask]:
    at += rng.uniform(1, 3)
    luck = rng.random()
    if luck < 0.04:
        yield Ask(at, "commentThreads.list", facts(video, ["snippet"]), 403, "commentsDisabled")
    elif luck < 0.045:
        yield Ask(at, "commentThreads.list", facts(video, ["snippet"]), 404, "videoNotFound")
    elif luck < 0.047:
        yield Ask(
            at, "commentThreads.list", facts(video, ["snippet"]), 0, "connection refused", ending="not_sent"
        )
    else:
        for page in range(rng.randint(1, 8)):
            at += rng.uniform(0.5, 2)
            yield Ask(at, "commentThreads.list", facts(f"{video} {page}", ["snippet"], page=page > 0))


def _runaway(day: date, rng: Random) -> Iterator[Ask]:
    """Wait in a loop for a video that never becomes public: every three seconds, for three hours."""
    at = clock_time(day, 12.4)
    while at < clock_time(day, 15.4):
        yield Ask(at, "videos.list", facts("is it public yet", ["status"], ids=1))
        at += rng.uniform(2, 4)


Habit = Callable[[date, Kind, Random], Iterator[Ask]]
HABITS: Mapping[Bot, Habit] = {CHAT_BOT: chat_bot, UPLOADER: uploader, CRAWLER: crawler}
