"""A real ledger and real state files in a temporary folder, and widgets without a browser."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

import pytest

from ytquota.clock import ManualClock
from ytquota.dashboard import confirm
from ytquota.dashboard.console import Console
from ytquota.dashboard.panel import Dashboard
from ytquota.monitor import Demand, QuotaMonitor
from ytquota.settings import Settings

NOON = datetime(2026, 11, 10, 20, 0, tzinfo=UTC)
"""A Tuesday, 12:00 Pacific."""

PROJECTS = {1: "111111111111", 3: "111111111111", 10: "222222222222"}


@pytest.fixture(autouse=True)
def no_swallowed_exception(caplog):
    """A widget logs what its callback raised and goes on; here that is a failure."""
    yield
    swallowed = [
        r.getMessage()
        for r in caplog.get_records("call")
        if r.name == "traitlets" and r.levelno >= logging.WARNING
    ]
    assert not swallowed, swallowed


@pytest.fixture(autouse=True)
def no_double_clicks(monkeypatch):
    """Tests click faster than people."""
    monkeypatch.setattr(confirm, "_DOUBLE_CLICK", 0.0)


@pytest.fixture
def clock():
    return ManualClock(NOON)


@pytest.fixture
def settings(tmp_path, request):
    """Three sets in two projects: 1 and 3 share one; further lines of the `.env` as a parameter."""
    lines = [getattr(request, "param", "")]
    for number, project in PROJECTS.items():
        client = {"client_id": f"{project}-abc.apps.googleusercontent.com", "client_secret": "s"}
        google = {
            "auth_uri": "https://accounts.google.com/o/oauth2/auth",
            "token_uri": "https://oauth2.googleapis.com/token",
        }
        channel = {"channel_id": f"UC{number}", "channel_title": f"Channel <{number}>"}
        write(tmp_path / f"secret_{number}.json", {"installed": client | google})
        write(tmp_path / f"token_{number}.json", {"token": "t", "refresh_token": "r"} | client | channel)
        lines.append(f"GOOGLE_CLIENT_SECRETS_FILE_{number}=secret_{number}.json")
        lines.append(f"OAUTH_TOKEN_FILE_{number}=token_{number}.json")
    write(tmp_path / ".env", "\n".join(lines))
    return Settings.load({}, start=tmp_path)


def write(path, content):
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    path.chmod(0o600)


@pytest.fixture
def monitor(settings, clock):
    opened = QuotaMonitor.open(settings, clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def spend(monitor, clock):
    """Make a call that is answered with `status` at once, `at` an aware datetime if given."""

    def spend_(
        method="videos.list", *, number=1, tag="bot", at=None, status=200, body=None, times=1, **facts
    ):
        if at is not None:
            clock.set(at)
        for _ in range(times):
            flight = monitor.begin([Demand(method, PROJECTS[number], str(number), tag, facts=facts)])
            flight.answered([(status, body)], latency=0.5)

    return spend_


@pytest.fixture
def open_dashboard(settings, monitor):
    """Open dashboards on the ledger, and close them after the test."""
    opened = []

    def open_(**options):
        opened.append(Dashboard(settings, options.pop("monitor", monitor), **{"redraw": 0.0, **options}))
        return opened[-1]

    yield open_
    for dashboard in opened:
        dashboard.close()


@pytest.fixture
def open_console(settings, monitor):
    """Open consoles on the ledger, and close them after the test."""
    opened = []

    def open_(own=None, **options):
        opened.append(Console(own or settings, options.pop("monitor", monitor), **options))
        return opened[-1]

    yield open_
    for console in opened:
        console.close()
