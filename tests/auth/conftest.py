"""A sandbox with credential sets, the settings that name them, and monitors that are closed at the end."""

from __future__ import annotations

import html
import json
import logging
import re
import subprocess
import sys

import httpx
import pytest

from ytquota.auth import get_authenticated_service
from ytquota.auth.session import wire
from ytquota.monitor import QuotaMonitor
from ytquota.settings import Settings

ONE, TWO = "111111111111", "222222222222"


@pytest.fixture
def furnish(sandbox, tmp_path):
    """Write a `.env` with credential sets of the sandbox and return the settings that it makes."""

    def furnish(sets=None, **options):
        folder = tmp_path / "bot"
        sandbox.write_env(folder, sets, **options)
        return Settings.load({}, start=folder)

    return furnish


@pytest.fixture
def open_monitor():
    """Open the monitor of some settings, with the clock that is given, wired as a bot's is."""
    opened = []

    def open_(settings, **options):
        opened.append(wire(settings, QuotaMonitor.open(settings, **options)))
        return opened[-1]

    yield open_
    for monitor in opened:
        monitor.close()


@pytest.fixture
def service_of(open_monitor):
    """Open a service as a bot does; closed at the end."""
    opened = []

    def service_of(settings, monitor=None, *arguments, **options):
        monitor = monitor or open_monitor(settings)
        opened.append(get_authenticated_service(*arguments, settings=settings, monitor=monitor, **options))
        return opened[-1]

    yield service_of
    for service in opened:
        service.close()


@pytest.fixture
def token_calls(sandbox):
    """The statuses of the calls that the token address has answered."""

    def token_calls():
        return [row["status"] for row in sandbox.access_log() if row["kind"] == "token"]

    return token_calls


@pytest.fixture
def token_of():
    """What the token file of a set holds, as JSON; with `change`, after writing that into it."""

    def token_of(settings, number=1, **change):
        path = settings.sets[number].token_file
        content = json.loads(path.read_text())
        if change:
            content |= change
            path.write_text(json.dumps(content))
        return content

    return token_of


@pytest.fixture
def secrets_of(token_of):
    """Every secret text of a set: tokens, the client's secret, the API key."""

    def secrets_of(settings, number=1):
        chosen = settings.sets[number]
        if chosen.api_key:
            return [chosen.api_key.reveal()]
        content = token_of(settings, number)
        return [content[name] for name in ("token", "refresh_token", "client_secret")]

    return secrets_of


@pytest.fixture
def everything_logged(caplog):
    """The text of all that any library logs, down to DEBUG."""
    caplog.set_level(logging.DEBUG)
    return lambda: "\n".join(record.getMessage() for record in caplog.records)


@pytest.fixture
def start_python():
    """Start another Python process that runs a program with arguments; killed at the end if need be."""
    started = []

    def start(program, *arguments):
        process = subprocess.Popen(
            [sys.executable, "-c", program, *map(str, arguments)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def person():
    """A person with a browser, by plain HTTP: answers a consent page; returns where the browser is sent."""

    def answer(url, decision="allow", *, untick=(), channel=None):
        page = httpx.get(url)
        assert page.status_code == 200, page.text
        inputs = re.findall(r'<input type="(\w+)" name="(\w+)" value="([^"]*)"', page.text)
        accounts = [value for kind, _, value in inputs if kind == "radio"]
        form = {"account": channel or accounts[0], "decision": decision}
        for kind, name, value in inputs:
            if kind != "radio" and value not in untick:
                form.setdefault(name, []).append(html.unescape(value))
        sent = httpx.post(url.partition("?")[0], data=form)
        assert sent.status_code == 302, sent.text
        return sent.headers["location"]

    return answer
