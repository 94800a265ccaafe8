"""The live bots: separate processes that call the sandbox through the real google client.

``python -m ytquota.demo.bots chat-bot`` runs one in a folder with a ``.env``. It ends when its stdin closes,
so that no bot outlives the demonstration that started it, however that ended. What `examples/` shows in full
is here in the hurry of a demonstration: a broadcast is always on, a night's uploads come minutes apart.
"""
# ruff: noqa: PLR2004 - the figures are the story

from __future__ import annotations

import logging
import random
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from googleapiclient.errors import HttpError
from googleapiclient.http import MediaInMemoryUpload

from ytquota import CredentialError, LedgerUnavailable, QuotaExceeded, get_authenticated_service
from ytquota.demo.story import CHAT_BOT, CRAWLER, UPLOADER, Bot

_log = logging.getLogger("ytquota.demo")
_TERMS = (
    "aurora",
    "sourdough",
    "synthesizer",
    "night train",
    "tide pool",
    "letterpress",
    "bouldering",
    "kite",
)
_LONGEST_PAUSE = 15.0

Habit = Callable[[Any, random.Random], Iterator[float]]
"""Makes calls on a service; yields the seconds to wait before it goes on."""


def chat_bot(service: Any, rng: random.Random) -> Iterator[float]:
    """Find the broadcast, then poll its chat, answer some messages and remove others."""
    found = service.liveBroadcasts().list(part="id,snippet,status", mine=True).execute()
    chat = found["items"][0]["snippet"]["liveChatId"]
    page: dict[str, str] = {}
    for turn in range(200):
        messages = service.liveChatMessages().list(liveChatId=chat, part="id,snippet,authorDetails", **page)
        answer = messages.execute()
        page = {"pageToken": answer["nextPageToken"]} if "nextPageToken" in answer else {}
        yield max(4.0, answer.get("pollingIntervalMillis", 0) / 1000)
        if rng.random() < 0.08:
            yield from _moderate(service, chat, answer["items"], rng)
        if turn % 12 == 0:
            service.videos().list(part="liveStreamingDetails", id=found["items"][0]["id"]).execute()


def _moderate(service: Any, chat: str, messages: list[dict[str, Any]], rng: random.Random) -> Iterator[float]:
    if messages and rng.random() < 0.5:
        service.liveChatMessages().delete(id=rng.choice(messages)["id"]).execute()
    else:
        text = {
            "liveChatId": chat,
            "type": "textMessageEvent",
            "textMessageDetails": {"messageText": "Welcome!"},
        }
        service.liveChatMessages().insert(part="snippet", body={"snippet": text}).execute()
    yield 1.0


def uploader(service: Any, rng: random.Random) -> Iterator[float]:
    """Upload a small video in chunks, with thumbnail and playlist."""
    yield rng.uniform(5, 15)
    title = f"Evening at the harbour, part {rng.randrange(1, 100)}"
    body = {"snippet": {"title": title, "categoryId": "22"}, "status": {"privacyStatus": "private"}}
    film = MediaInMemoryUpload(
        rng.randbytes(600_000), mimetype="video/mp4", chunksize=262_144, resumable=True
    )
    video = service.videos().insert(part="snippet,status", body=body, media_body=film).execute()
    for _ in range(3):
        yield 5.0
        service.videos().list(part="processingDetails", id=video["id"]).execute()
    picture = MediaInMemoryUpload(rng.randbytes(2000), mimetype="image/png")
    service.thumbnails().set(videoId=video["id"], media_body=picture).execute()
    entry = {
        "playlistId": "PL" + "evenings" * 4,
        "resourceId": {"kind": "youtube#video", "videoId": video["id"]},
    }
    service.playlistItems().insert(part="snippet", body={"snippet": entry}).execute()
    yield 150.0


def crawler(service: Any, rng: random.Random) -> Iterator[float]:
    """Search a term, then look at its videos five at a time and at their comments."""
    videos = _search(service, rng)
    yield 2.0
    for start in range(0, len(videos), 5):
        service.videos().list(part="snippet,statistics", id=",".join(videos[start : start + 5])).execute()
        yield rng.uniform(1, 3)
        threads = service.commentThreads()
        request = threads.list(part="snippet", videoId=rng.choice(videos))
        for _ in range(3):
            request = threads.list_next(request, request.execute())
            if request is None:
                break
            yield rng.uniform(1, 2)


def _search(service: Any, rng: random.Random) -> list[str]:
    """Return the ids of the videos found; when the searches of the day are gone, of the popular ones."""
    try:
        request = service.search().list(part="snippet", q=rng.choice(_TERMS), type="video", maxResults=25)
        return [item["id"]["videoId"] for item in request.execute()["items"]]
    except QuotaExceeded as gone:
        _log.warning("%s", gone)
        popular = service.videos().list(part="id", chart="mostPopular", maxResults=25).execute()
        return [item["id"] for item in popular["items"]]


HABITS: Mapping[str, tuple[Bot, Habit]] = {
    CHAT_BOT.tag: (CHAT_BOT, chat_bot),
    UPLOADER.tag: (UPLOADER, uploader),
    CRAWLER.tag: (CRAWLER, crawler),
}


def live(tag: str, stop: threading.Event, *, seed: int | None = None) -> None:
    """Let a bot do what it does, again and again, until it is told to stop."""
    bot, habit = HABITS[tag]
    rng = random.Random(seed)  # noqa: S311 - a story, not a secret
    while not stop.is_set():
        try:
            with get_authenticated_service(bot.credential_set, tag=bot.tag, priority=bot.priority) as service:
                while not stop.is_set():
                    for seconds in habit(service, rng):
                        if stop.wait(seconds):
                            return
        except (QuotaExceeded, CredentialError, LedgerUnavailable) as error:
            _log.warning("%s", error)
            stop.wait(_until(error))
        except (HttpError, OSError) as error:
            _log.warning("%s", error)
            stop.wait(5.0)


def _until(error: Exception) -> float:
    """Seconds to wait; an operator may reset a pool before its time, so never long."""
    retry_at = getattr(error, "retry_at", None)
    wait = _LONGEST_PAUSE if retry_at is None else (retry_at - datetime.now(UTC)).total_seconds()
    return min(_LONGEST_PAUSE, max(1.0, wait))


def _until_alone(stop: threading.Event) -> None:
    sys.stdin.read()
    stop.set()


def main() -> None:
    """Run the bot named on the command line until stdin closes."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("googleapiclient.discovery_cache").setLevel(logging.ERROR)
    stop = threading.Event()
    threading.Thread(target=_until_alone, args=(stop,), daemon=True).start()
    live(sys.argv[1], stop)


if __name__ == "__main__":
    main()
