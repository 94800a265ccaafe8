"""The three bots to copy do what they say, at the cost they say, and end with a sentence."""

from __future__ import annotations

import ast
import json
import time
from pathlib import Path

import httpx
import pytest

ONE, CHANNEL = "111111111111", "UCk3v9wQ2rTnXb5LhYf0aMdg"
EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.py"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_short_and_says_what_it_costs(path):
    """Under 60 lines; what it does, how it is called, what it costs."""
    text = path.read_text()
    told = ast.get_docstring(ast.parse(text))

    assert len(text.splitlines()) < 60
    assert f"python examples/{path.name}" in told
    assert "Cost" in told
    assert "from ytquota import" in text


class _Viewer:
    """The same channel through somebody else's program: what it calls is neither counted nor billed here."""

    def __init__(self, sandbox):
        sandbox.add_project("999999999999")
        token = sandbox.issue_token("999999999999", channel=CHANNEL)["token"]
        self._address, self._headers = f"{sandbox.url}/youtube/v3/", {"Authorization": f"Bearer {token}"}
        ask = {"part": "snippet", "broadcastStatus": "active"}
        found = httpx.get(f"{self._address}liveBroadcasts", params=ask, headers=self._headers).json()
        self.chat = found["items"][0]["snippet"]["liveChatId"]

    def say(self, text):
        message = {"messageText": text}
        snippet = {"liveChatId": self.chat, "type": "textMessageEvent", "textMessageDetails": message}
        answer = httpx.post(
            f"{self._address}liveChat/messages?part=snippet", json={"snippet": snippet}, headers=self._headers
        )
        assert answer.status_code == 200


def _await(bot, sandbox, *methods):
    """Wait until a running bot's calls of these methods have arrived."""
    deadline = time.monotonic() + 60
    while not set(methods) <= {row["method"] for row in sandbox.access_log() if row["project"] == ONE}:
        assert time.monotonic() < deadline
        assert bot.poll() is None, bot.stderr.read()
        time.sleep(0.05)


def test_the_chat_bot_answers_and_removes_until_the_chat_ends(start, sandbox, agreed, log):
    """A hello is answered, spam is removed; looks cost 5, the rest 20, under a tag of its own."""
    bot = start("chat_bot.py", "--every", "0.1", "--minutes", "5")
    viewer = _Viewer(sandbox)
    _await(bot, sandbox, "liveChatMessages.list")
    viewer.say("!hello from the back row")
    viewer.say("Get FREE FOLLOWERS here")
    _await(bot, sandbox, "liveChatMessages.insert", "liveChatMessages.delete")
    sandbox.fail("liveChatMessages.list", status=403, reason="liveChatEnded")
    said, error = bot.communicate(timeout=60)

    assert (bot.returncode, said) == (1, "")
    assert error.startswith("YouTube said: ")
    units = agreed()
    assert units["liveChatMessages.insert"] == 20
    assert units["liveChatMessages.delete"] == 20
    assert units["liveChatMessages.list"] >= 10
    assert units["liveBroadcasts.list"] == 1
    tags = {row["method"]: row["tag"] for row in log()}
    assert tags["liveChatMessages.list"] == "chat-bot"
    assert tags["liveChatMessages.insert"] == "chat-bot replies"


def test_the_chat_bot_leaves_with_a_sentence(start, sandbox, agreed):
    """When the units are gone: pool, reset, exit 1; nothing was sent that did not fit."""
    bot = start("chat_bot.py", "--every", "0.1", "--minutes", "1", YTQUOTA_LIMIT_DEFAULT="8")
    _, error = bot.communicate(timeout=60)

    assert bot.returncode == 1
    assert "default of project 111111111111" in error
    assert "Traceback" not in error
    assert agreed() == {"liveBroadcasts.list": 1, "liveChatMessages.list": 5}


@pytest.fixture
def films(tmp_path):
    """Two films, one of them with a thumbnail."""
    folder = tmp_path / "films"
    folder.mkdir()
    for name in ("a.mp4", "b.mp4"):
        (folder / name).write_bytes(b"film" * 1000)
    (folder / "a.png").write_bytes(b"picture")
    return folder


def test_the_uploader_uploads_each_film_once(start, films, agreed):
    """Addresses are printed, films renamed; 50 for the thumbnail, 50 for each playlist entry."""
    bot = start("uploader.py", films, "--playlist", "PL1234567890")
    said, error = bot.communicate(timeout=60)

    assert bot.returncode == 0, error
    assert said.count("https://youtu.be/") == 2
    assert {path.name for path in films.iterdir()} == {"a.mp4.done", "a.png", "b.mp4.done"}
    assert agreed() == {"videos.insert": 2, "thumbnails.set": 50, "playlistItems.insert": 100}


def test_the_uploader_says_where_it_stopped(start, films, agreed):
    """With one upload a day the second film waits; --once ends instead of sleeping."""
    bot = start("uploader.py", films, "--once", YTQUOTA_LIMIT_VIDEO_INSERT="1")
    _, error = bot.communicate(timeout=60)

    assert bot.returncode == 1
    assert "video_insert" in error
    assert "Next: b.mp4" in error
    assert "Traceback" not in error
    assert (films / "b.mp4").exists()
    assert agreed() == {"videos.insert": 1, "thumbnails.set": 50}


def test_the_crawler_asks_for_fifty_at_a_time(start, agreed, log):
    """One search and one unit for each page of fifty videos, a JSON line for each."""
    bot = start("crawler.py", "tide pools", "night train", "--pages", "2")
    said, error = bot.communicate(timeout=60)

    assert bot.returncode == 0, error
    found = [json.loads(line) for line in said.splitlines()]
    assert len(found) > 150
    assert {"id", "title", "viewCount"} <= found[0].keys()
    assert agreed() == {"search.list": 4, "videos.list": 4}
    assert {row["tag"] for row in log()} == {"crawler: tide pools", "crawler: night train"}
    assert max(row["facts"]["ids"] for row in log() if row["method"] == "videos.list") == 50


def test_the_crawler_says_what_is_still_to_do(start, agreed):
    """With two searches a day the second term is left."""
    bot = start("crawler.py", "tide pools", "night train", "--pages", "2", YTQUOTA_LIMIT_SEARCH_LIST="2")
    said, error = bot.communicate(timeout=60)

    assert bot.returncode == 1
    assert len(said.splitlines()) > 50
    assert "Still to do: night train" in error
    assert "Traceback" not in error
    assert agreed() == {"search.list": 2, "videos.list": 2}
