"""The live bots, on a sandbox."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from ytquota.demo.bots import live
from ytquota.demo.stage import forget_own_settings
from ytquota.demo.story import CHANNELS, RESEARCH, SETS, STREAMING
from ytquota.monitor import QuotaMonitor
from ytquota.settings import Settings


class _Hurry:
    """A stop signal that comes after so many waits, none of which takes time."""

    def __init__(self, waits):
        self.waits, self.waited = waits, []

    def is_set(self):
        return len(self.waited) >= self.waits

    def wait(self, seconds):
        self.waited.append(seconds)
        return self.is_set()


@pytest.fixture
def folder(tmp_path, sandbox, monkeypatch):
    """The working folder, with the two sets of the story."""
    for project in SETS.values():
        sandbox.add_project(project)
    sandbox.write_env(tmp_path, dict(SETS), channels=dict(CHANNELS))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def counted(folder):
    """Units that the ledger counted, as {project: {bucket: units}}, zeros left out."""

    def counted():
        monitor = QuotaMonitor.open(Settings.load({}, start=folder))
        try:
            usage = monitor.ledger.usage()
        finally:
            monitor.close()
        return {
            p: {b: balance.used for b, balance in pools.items() if balance.used} for p, pools in usage.items()
        }

    return counted


def _billed(sandbox):
    return {
        p: {b: sum(of.values()) for b, of in pools.items()} for p, pools in sandbox.billed().items() if pools
    }


@pytest.mark.parametrize(
    ("tag", "methods"),
    [
        (
            "chat-bot",
            {"liveBroadcasts.list", "liveChatMessages.list", "liveChatMessages.insert", "videos.list"},
        ),
        ("uploader", {"videos.insert", "videos.list", "thumbnails.set", "playlistItems.insert"}),
        ("crawler", {"search.list", "videos.list", "commentThreads.list"}),
    ],
)
def test_a_bot_does_its_work_and_is_billed_what_was_counted(folder, sandbox, counted, tag, methods):
    """Every method of its habit succeeds, and ledger and bill agree."""
    live(tag, _Hurry(60), seed=3)

    calls = [row for row in sandbox.access_log() if row["kind"] in {"call", "part"}]
    assert methods <= {row["method"] for row in calls}
    assert {row["status"] for row in calls} <= {200, 204}
    assert counted() == _billed(sandbox)


def test_the_crawler_goes_on_without_searches(folder, sandbox, counted):
    """When search is gone, not everything is gone."""
    sandbox.set_limit(RESEARCH, "search_list", 1)

    live("crawler", _Hurry(60), seed=1)

    methods = [row["method"] for row in sandbox.access_log() if row["kind"] == "call"]
    assert methods.count("search.list") == 2  # one answered, one refused; after that none is sent
    assert methods.count("videos.list") > 10
    assert counted() == _billed(sandbox)


def test_a_bot_whose_units_are_gone_waits_and_asks_nothing(folder, sandbox):
    """Short waits, for an operator may reset the pool, but no call."""
    sandbox.spend(STREAMING, "liveChatBans.insert", 50)
    hurry = _Hurry(5)

    live("chat-bot", hurry, seed=1)

    assert len([row for row in sandbox.access_log() if row["kind"] == "call" and row["status"]]) <= 2
    assert all(1 <= seconds <= 15 for seconds in hurry.waited)


@pytest.mark.slow
def test_bots_leave_when_the_demonstration_is_killed(folder, programs_in, eventually):
    """Even kill -9 leaves none behind: their pipe closes."""
    program = (
        "import time; from pathlib import Path; from ytquota.demo.troupe import Troupe\n"
        "with Troupe(Path('.').resolve()): print('on', flush=True); time.sleep(600)"
    )
    stage = subprocess.Popen([sys.executable, "-c", program], cwd=folder, stdout=subprocess.PIPE, text=True)
    try:
        assert stage.stdout.readline() == "on\n"
        assert eventually(lambda: len(programs_in(folder)) == 4)
    finally:
        stage.send_signal(signal.SIGKILL)
        stage.communicate()

    assert eventually(lambda: programs_in(folder) == [])


def test_a_persons_own_settings_are_forgotten(monkeypatch):
    """A demonstration never calls with credentials that were lying about in the environment."""
    for name in ("GOOGLE_CLIENT_SECRETS_FILE_1", "OAUTH_TOKEN_FILE_1", "YOUTUBE_API_KEY_2", "http_proxy"):
        monkeypatch.setenv(name, "mine")

    forget_own_settings()

    assert "mine" not in os.environ.values()
