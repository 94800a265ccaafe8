"""The bots to copy, run as a person runs them, in a folder of a sandbox."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ytquota.monitor import QuotaMonitor
from ytquota.settings import Settings

ONE, CHANNEL = "111111111111", "UCk3v9wQ2rTnXb5LhYf0aMdg"
EXAMPLES = Path(__file__).parents[2] / "examples"
_OURS = ("YTQUOTA_", "GOOGLE_CLIENT_SECRETS_FILE_", "OAUTH_TOKEN_FILE_", "YOUTUBE_", "http_proxy")


@pytest.fixture
def start(sandbox, tmp_path):
    """Start an example with credential set 1 of the sandbox and further lines in its `.env`."""
    started = []

    def start(name, *arguments, **extra):
        sandbox.add_project(ONE)
        sandbox.write_env(tmp_path, {1: ONE}, channels={1: CHANNEL}, extra=extra)
        process = subprocess.Popen(
            [sys.executable, EXAMPLES / name, *map(str, arguments)],
            cwd=tmp_path,
            env={name: value for name, value in os.environ.items() if not name.startswith(_OURS)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def log(tmp_path):
    """The rows of the example's ledger."""

    def log():
        monitor = QuotaMonitor.open(Settings.load({}, start=tmp_path))
        try:
            return list(monitor.log())
        finally:
            monitor.close()

    return log


@pytest.fixture
def agreed(sandbox, log):
    """The units per method, which the ledger counted and the sandbox billed alike."""

    def agreed():
        counted = {}
        for row in log():
            if row["units"]:
                counted[row["method"]] = counted.get(row["method"], 0) + row["units"]
        billed = {
            method: units
            for pool in sandbox.billed(ONE).get(ONE, {}).values()
            for method, units in pool.items()
        }
        assert counted == {method: units for method, units in billed.items() if units}
        return counted

    return agreed
