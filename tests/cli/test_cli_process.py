"""The command as a real process: signals, pipes, a login."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import signal
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

ONE = "111111111111"


def test_watching_ends_with_ctrl_c_quietly(spawn, counted):
    """130, and the page was shown on the terminal; nothing on stderr."""
    counted("videos.list")
    here, terminal = pty.openpty()
    process = spawn("status", "--watch", "--every", "0.2", stdout=terminal)
    os.close(terminal)

    drawn = b""
    while b"default" not in drawn:
        drawn += os.read(here, 4096)
    process.send_signal(signal.SIGINT)
    with contextlib.suppress(OSError):  # it has closed the terminal
        while os.read(here, 4096):
            pass
    os.close(here)

    assert process.wait(30) == 130
    assert process.stderr.read() == ""


def test_a_reader_that_goes_away_is_no_traceback(spawn, furnished, counted):
    """`ytquota log --json | head -1`."""
    counted("videos.list", 3000)
    process = spawn("log", "--json")

    assert json.loads(process.stdout.readline())["method"] == "videos.list"
    process.stdout.close()
    process.wait(30)

    assert process.stderr.read() == ""


def test_an_ascii_terminal_gets_an_ascii_page(spawn, furnished, counted, monkeypatch):
    """No character that it cannot show, no crash."""
    counted("liveChatMessages.list", 1000)
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    monkeypatch.setenv("PYTHONUTF8", "0")

    said, error = spawn("status").communicate(timeout=30)

    assert error == ""
    assert "50% ########........" in said


def _consent(url):
    """Do what a person does in a browser elsewhere: click Allow, and take the address it ends at."""
    asked = dict(parse_qsl(urlsplit(url).query))
    with httpx.Client(follow_redirects=False) as browser:
        page = browser.get(url)
        assert page.status_code == 200
        answer = {"decision": "allow", "scope_granted": asked["scope"].split()}
        channel = page.text.partition('name="account" value="')[2].partition('"')[0]
        return browser.post(url.partition("?")[0], data=asked | answer | {"account": channel}).headers[
            "location"
        ]


def test_a_login_on_a_machine_without_a_browser(spawn, run, sandbox, bot_folder):
    """The printed address, opened elsewhere, and the pasted answer lead to a set that is ready."""
    sandbox.write_env(bot_folder, {1: ONE}, tokens=False)
    assert json.loads(run("sets", "--json").stdout)["sets"][0]["state"] == "missing"
    process = spawn("login", "1", "--headless")
    lines = iter(process.stdout.readline, "")
    url = next(line.strip() for line in lines if line.startswith("http"))

    said, error = process.communicate(_consent(url) + "\n", timeout=60)

    assert process.returncode == 0, error
    assert "Set 1 is logged in" in said
    found = json.loads(run("sets", "--json").stdout)["sets"][0]
    assert (found["state"], found["project"]) == ("ready", ONE)
    assert found["channel_title"]
    assert (
        sandbox.used(ONE)
        == json.loads(run("status", "--json").stdout)["projects"][ONE]["default"]["used"]
        == 1
    )


@pytest.mark.parametrize("arguments", [("login", "9"), ("login", "3")])
def test_a_login_that_cannot_be_is_one_sentence(run, furnished, arguments):
    """A set that is not there, and an API key, need no browser to be refused."""
    result = run(*arguments)

    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
