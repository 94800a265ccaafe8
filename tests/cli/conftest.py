"""A folder of one's own with credential sets of a sandbox, a ledger, and the command to run there."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from ytquota.cli import app
from ytquota.monitor import Demand, QuotaMonitor
from ytquota.settings import Settings

ONE, TEN = "111111111111", "222222222222"
_OURS = ("YTQUOTA_", "GOOGLE_CLIENT_SECRETS_FILE_", "OAUTH_TOKEN_FILE_", "YOUTUBE_")


@pytest.fixture(autouse=True)
def bot_folder(tmp_path, monkeypatch):
    """The working folder: empty, without anybody's settings, on an 80-column terminal in Berlin."""
    folder = tmp_path / "bot"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.delattr(sys.modules["__main__"], "__file__", raising=False)
    for name in [name for name in os.environ if name.startswith(_OURS)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield folder
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def furnished(bot_folder, sandbox):
    """The folder with sets 1 and 10 in two projects, key 3 in the first, and a rotation list."""
    sandbox.add_project(ONE)
    sandbox.add_project(TEN)
    sandbox.write_env(bot_folder, {1: ONE, 10: TEN}, api_keys={3: ONE}, extra={"YTQUOTA_ROTATION": "1,10"})
    return bot_folder


@pytest.fixture
def counted(bot_folder):
    """Write answered calls into the folder's ledger, as a bot does."""

    def counted(method, times=1, *, project=ONE, credential_set="1", tag="bot", status=200, body=None):
        monitor = QuotaMonitor.open(Settings.load({}, start=bot_folder))
        try:
            for _ in range(times):
                flight = monitor.begin([Demand(method, project, credential_set, tag)])
                flight.answered([(status, body)], latency=0.05)
        finally:
            monitor.close()

    return counted


@pytest.fixture
def run():
    """Run the command in this process; it must end orderly, never with a traceback."""

    def run(*arguments, answer=None):
        result = CliRunner().invoke(app, list(map(str, arguments)), input=answer, prog_name="ytquota")
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return run


@pytest.fixture
def spawn(bot_folder):
    """Start the command as a process of its own; ended at the end if need be."""
    started = []

    def spawn(*arguments, **options):
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        process = subprocess.Popen(
            [sys.executable, "-c", "from ytquota.cli import main; main()", *map(str, arguments)],
            **pipes | {"text": True} | options,
        )
        started.append(process)
        return process

    yield spawn
    for process in started:
        process.kill()
        process.communicate()
