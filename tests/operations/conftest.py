"""A healthy bot on a sandbox: two OAuth sets of one channel in two projects, and a key."""

from __future__ import annotations

import html
import json
import os
import re
import sys
from datetime import UTC, datetime, timedelta

import httplib2
import httpx
import pytest
from google_auth_httplib2 import Request
from typer.testing import CliRunner

from ytquota.auth.credentials import StoredCredentials
from ytquota.auth.health import Health
from ytquota.auth.login import start_login
from ytquota.auth.tokens import load_token
from ytquota.cli import app
from ytquota.clock import ManualClock
from ytquota.monitor import Demand, QuotaMonitor
from ytquota.operations.doctor import examine
from ytquota.settings import Settings

ONE, TEN = "111111111111", "222222222222"
NOON = datetime(2026, 11, 10, 20, 0, tzinfo=UTC)  # 12:00 PST
_OURS = ("YTQUOTA_", "GOOGLE_CLIENT_SECRETS_FILE_", "OAUTH_TOKEN_FILE_", "YOUTUBE_")


class Bot:
    """A bot's folder, with what tests do to it."""

    def __init__(self, folder, sandbox):
        self.folder, self.sandbox = folder, sandbox
        self.clock = None

    @property
    def settings(self):
        return Settings.load({}, start=self.folder)

    @property
    def memory(self):
        return self.folder / "memory"

    def secrets(self, number=1):
        return self.folder / "credentials" / f"client_secret_{number}.json"

    def token(self, number=1, **change):
        """The path of a token file; with `change`, after writing that into it."""
        path = self.folder / "credentials" / f"oauth_token_{number}.json"
        if change:
            path.write_text(json.dumps(json.loads(path.read_text()) | change))
        return path

    def setting(self, name, value=None):
        """Replace a line of the `.env`; without a value, remove it."""
        path = self.folder / ".env"
        lines = [line for line in path.read_text().splitlines() if not line.startswith(f"{name}=")]
        path.write_text("\n".join(lines + ([f"{name}={value}"] if value is not None else [])) + "\n")

    def at_noon(self):
        """Stand still far from midnight; against the sandbox's, this clock is wrong."""
        self.clock = ManualClock(NOON)
        return self.clock

    def open(self):
        return QuotaMonitor.open(self.settings, **({"clock": self.clock} if self.clock else {}))

    def count(self, method="videos.list", times=1, *, project=ONE, status=200, body=None):
        """Write answered calls into the ledger, as a bot does; its journal."""
        monitor = self.open()
        try:
            for _ in range(times):
                monitor.begin([Demand(method, project, "1", "bot")]).answered([(status, body)], latency=0.05)
        finally:
            monitor.close()
        return self.journal(project)

    def journal(self, project=ONE):
        return max((self.memory / "calls").glob(f"*/{project}.jsonl"))

    def log_in(self, number=1):
        """Consent on the sandbox's page, as `ytquota login N` lets a person do."""
        monitor = self.open()
        try:
            attempt = start_login(self.settings, number, monitor=monitor)
            page = httpx.get(attempt.url).text
            form = {"decision": "allow"}
            for kind, name, value in re.findall(r'<input type="(\w+)" name="(\w+)" value="([^"]*)"', page):
                if kind == "radio":
                    form.setdefault("account", value)
                else:
                    form.setdefault(name, []).append(html.unescape(value))
            sent = httpx.post(attempt.url.partition("?")[0], data=form)
            httpx.get(sent.headers["location"])
            return attempt.result()
        finally:
            monitor.close()

    def grow_old(self, days):
        """Let logins grow older on the sandbox, whose time of day stays right."""
        self.sandbox.advance(days * 86_400)
        self.sandbox.set_clock(None)

    def renew(self, number=1):
        """Have the access token of a set renewed, as a bot does when it is over."""
        http, monitor = httplib2.Http(), self.open()
        try:
            health = Health(self.settings, monitor, number)
            token = load_token(number, self.token(number))
            StoredCredentials.from_token(token, health=health).refresh(Request(http))
        finally:
            monitor.close()
            http.close()

    def look(self, check=None, **options):
        """What the doctor finds: all of it, or by one check."""
        found = examine(self.settings, **({"clock": self.clock} if self.clock else {}) | options)
        return [finding for finding in found if check in {None, finding.check}]


@pytest.fixture(autouse=True)
def bot_folder(tmp_path, monkeypatch):
    """The working folder and the home folder: empty, without anybody's settings."""
    folder = tmp_path / "home" / "bot"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(folder.parent))
    monkeypatch.delattr(sys.modules["__main__"], "__file__", raising=False)
    for name in [name for name in os.environ if name.startswith(_OURS)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "80")
    return folder


@pytest.fixture
def bot(bot_folder, sandbox):
    """A healthy bot."""
    sandbox.add_project(ONE)
    sandbox.add_project(TEN)
    channel = sandbox.add_channel(title="Bot's channel")
    sandbox.write_env(
        bot_folder, {1: ONE, 10: TEN}, api_keys={3: ONE}, channels={1: channel, 10: channel},
        extra={"YTQUOTA_ROTATION": "1"},
    )  # fmt: skip
    bot = Bot(bot_folder, sandbox)
    for number in (1, 10):
        granted = datetime.now(UTC) - timedelta(days=1)
        bot.token(number, channel_id=channel, channel_title="Bot's channel", granted_at=granted.isoformat())
    return bot


@pytest.fixture
def run():
    """Run the command in this process; it must end orderly, never with a traceback."""

    def run(*arguments):
        result = CliRunner().invoke(app, list(map(str, arguments)), prog_name="ytquota")
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return run
