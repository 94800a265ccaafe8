"""The watch: one per ledger, told once over real channels, ended by a signal."""

from __future__ import annotations

import json
import logging
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psutil
import pytest

from ytquota.auth.state import StateFile
from ytquota.operations import watch
from ytquota.operations.alerts import Book
from ytquota.operations.alerts.delivery import TRIES
from ytquota.settings import Settings

ONE = "111111111111"
MAIN = [sys.executable, "-c", "from ytquota.cli import main; main()"]


class Receiver:
    """A webhook on loopback that keeps what it is sent; `status` is what it answers."""

    def __init__(self):
        self.received, self.status, self.arrived = [], 200, threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.received.append((self.path, self.headers["Content-Type"], json.loads(body)))
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()
                receiver.arrived.set()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/secret-path"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def spawn(bot_folder):
    """Start the command as a process of its own; killed at the end if it is still there."""
    started = []

    def spawn(*arguments):
        environment = os.environ | {"no_proxy": "127.0.0.1"}
        process = subprocess.Popen(
            [*MAIN, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        started.append(process)
        return process

    yield spawn
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def look(bot):
    """Look once at noon, with settings and clock as they are now."""

    def look():
        monitor = bot.open()
        try:
            return watch.Watch(bot.settings, monitor).look()
        finally:
            monitor.close()

    return look


def test_an_alert_reaches_webhook_command_and_log_once(bot, receiver, look, tmp_path, caplog):
    """The same JSON to both; nothing the second time, not even by another watch."""
    out = tmp_path / "heard"
    script = tmp_path / "tell.sh"
    script.write_text(f"#!/bin/sh\ncat >> {out}\n")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    bot.setting("YTQUOTA_ALERT_WEBHOOK", receiver.url)
    bot.setting("YTQUOTA_ALERT_COMMAND", str(script))
    bot.at_noon()
    bot.count("liveChatBans.insert", 41)

    with caplog.at_level(logging.INFO, "ytquota.alerts"):
        first, second = look(), look()

    assert {one.rule for one in first} >= {"share"}
    assert second == []
    sent = [body for _, _, body in receiver.received]
    assert [body["id"] for body in sent] == [one.id for one in first]
    assert receiver.received[0][:2] == ("/secret-path", "application/json")
    assert [json.loads(line) for line in out.read_text().splitlines()] == sent
    assert sent[0]["text"] in caplog.text
    assert "secret-path" not in caplog.text


def test_a_channel_that_is_down_gets_it_later_and_not_twice(bot, receiver, look, caplog):
    """A 500 is tried again at the next look; what it answers is logged, its address is not."""
    bot.setting("YTQUOTA_ALERT_WEBHOOK", receiver.url)
    bot.at_noon()
    bot.count("liveChatBans.insert", 41)
    receiver.status = 500

    told = look()
    receiver.status = 200
    look()
    look()

    assert [body["id"] for _, _, body in receiver.received].count(told[0].id) == 2
    assert "the webhook answered 500" in caplog.text
    assert "secret-path" not in caplog.text
    assert not any(entry.waiting for entry in Book(bot.memory).read().history)


def test_a_channel_that_stays_down_is_given_up(bot, look):
    """After half an hour of looks; the history says so, and the others were told."""
    bot.setting("YTQUOTA_ALERT_COMMAND", "/nowhere/to/be/found")
    bot.at_noon()
    bot.count("liveChatBans.insert", 41)

    for _ in range(TRIES + 1):
        look()

    entry = Book(bot.memory).read().history[0]
    assert (entry.tries, entry.waiting, entry.given_up) == (TRIES, [], ["command"])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of its many plugins
def test_apprise_addresses_are_told(bot, receiver, look):
    """Its own json:// plugin, over real HTTP."""
    bot.setting("YTQUOTA_ALERT_URLS", receiver.url.replace("http://", "json://"))
    bot.at_noon()
    bot.count("liveChatBans.insert", 41)

    told = look()

    assert [body["message"] for _, _, body in receiver.received] == [one.text for one in told]


def test_a_command_that_hangs_is_ended_with_all_it_started(bot, look, tmp_path, monkeypatch):
    """No process of it is left."""
    monkeypatch.setattr("ytquota.operations.alerts.delivery.PATIENCE", 0.5)
    script = tmp_path / "hang.sh"
    script.write_text(f"#!/bin/sh\nsleep 987 & echo $! > {tmp_path}/pid\nwait\n")
    script.chmod(0o755)
    bot.setting("YTQUOTA_ALERT_COMMAND", str(script))
    bot.at_noon()
    bot.count("liveChatBans.insert", 41)

    look()

    pid = int((tmp_path / "pid").read_text())
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_quarantined_set_is_told_and_its_recovery(bot, receiver, look):
    """Both by the webhook."""
    bot.setting("YTQUOTA_ALERT_WEBHOOK", receiver.url)
    bot.at_noon()
    bot.count()
    state = StateFile(bot.memory)

    state.quarantine(10, "Google refuses the login.")
    look()
    state.clear_quarantine(10)
    look()

    told = [(body["kind"], body["credential_set"]) for _, _, body in receiver.received]
    assert told == [("alert", 10), ("recovery", 10)]


def test_trouble_that_passes_is_told_only_when_it_does_not(bot, receiver, look):
    """A set that is quarantined for the moment rings after five minutes, not for a blip."""
    bot.setting("YTQUOTA_ALERT_WEBHOOK", receiver.url)
    bot.at_noon()
    bot.count()
    state = StateFile(bot.memory, clock=bot.clock)

    state.stumble(10, "The token address is out of reach.")
    look()
    told_at_once = len(receiver.received)
    bot.clock.advance(301)
    state.stumble(10, "The token address is out of reach.")
    look()

    assert told_at_once == 0
    assert [body["rule"] for _, _, body in receiver.received] == ["quarantined"]


def test_a_token_file_that_went_bad_is_told_once_until_it_is_mended(bot, receiver, look):
    """Garbled, then gone: one alert, though a watch is started anew each time; its content is not shown."""
    bot.setting("YTQUOTA_ALERT_WEBHOOK", receiver.url)
    bot.at_noon()
    bot.count()
    path = bot.settings.sets[1].token_file
    whole = path.read_text()
    look()
    path.write_text('{"token": "ya29.secret"')
    look()
    path.unlink()
    look()
    path.write_text(whole)
    path.chmod(0o600)
    look()

    told = [(body["kind"], body["rule"], body["credential_set"]) for _, _, body in receiver.received]
    texts = " ".join(body["text"] for _, _, body in receiver.received)
    assert told == [("alert", "broken", 1), ("recovery", "broken", 1)]
    assert "Credential set 1 cannot be used" in texts
    assert "ytquota login 1" in texts
    assert "secret" not in texts


def test_the_forecast_is_published(bot, look):
    """Bots keep what more important work will need."""
    bot.at_noon()
    bot.count()
    look()
    assert (bot.memory / "forecast.json").exists()


def test_settings_show_no_address(bot):
    """Neither repr nor error."""
    bot.setting("YTQUOTA_ALERT_URLS", "mailto://me:hush@example.org")
    bot.setting("YTQUOTA_ALERT_COMMAND", "tell --token hush")
    assert "hush" not in repr(bot.settings)

    bot.setting("YTQUOTA_ALERT_WEBHOOK", "hush")
    with pytest.raises(Exception, match="YTQUOTA_ALERT_WEBHOOK: it must") as caught:
        _ = bot.settings
    assert "hush" not in str(caught.value)


# -- the process


def test_the_daemon_fires_and_ends_at_sigterm(bot, receiver, spawn):
    """A real process: tells over HTTP, is the only one, ends with 0 and leaves nothing running."""
    bot.setting("YTQUOTA_ALERT_WEBHOOK", receiver.url)
    bot.count("liveChatBans.insert", 41)
    daemon = spawn("watch", "--every", "1")
    assert receiver.arrived.wait(60)

    second = spawn("watch", "--once")
    _, said = second.communicate(timeout=60)
    started = psutil.Process(daemon.pid).children(recursive=True)
    daemon.send_signal(signal.SIGTERM)
    out, error = daemon.communicate(timeout=60)

    assert second.returncode == 1
    assert "Another `ytquota watch` keeps watch" in said
    assert daemon.returncode == 0, error
    assert "is at 82%" in out
    assert "secret-path" not in out + error
    assert started == []


def test_in_process_it_stands_by_and_takes_over(bot, receiver):
    """While another watches it waits; when that has gone it tells."""
    bot.setting("YTQUOTA_ALERT_WEBHOOK", receiver.url)
    bot.count("liveChatBans.insert", 41)

    with watch.only_one(bot.memory):
        watching = watch.start(bot.settings, every=0.1)
        assert not receiver.arrived.wait(0.5)
    assert receiver.arrived.wait(30)
    assert watching.is_alive
    watching.stop()
    assert not watching.is_alive
    with watch.only_one(bot.memory):
        pass


def test_an_unreadable_ledger_is_said_once_and_the_watch_goes_on(bot, caplog):
    """It looks again, and complains no more than once about the same."""
    journal = bot.count()
    journal.write_bytes(journal.read_bytes() + b"garbled\n")
    stop, monitor = threading.Event(), bot.open()
    thread = threading.Thread(
        target=watch.Watch(bot.settings, monitor).run, args=(stop,), kwargs={"every": 0.02}
    )
    thread.start()
    deadline = time.monotonic() + 20
    while "could not look" not in caplog.text and time.monotonic() < deadline:
        time.sleep(0.02)
    stop.set()
    thread.join(20)
    assert not thread.is_alive()
    assert caplog.text.count("could not look") == 1
    assert Settings.load({}, start=bot.folder).memory_dir == bot.memory
