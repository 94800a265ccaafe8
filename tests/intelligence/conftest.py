"""A real ledger in a temporary folder under a clock that the test moves."""

from __future__ import annotations

import importlib.util
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ytquota.clock import ManualClock
from ytquota.monitor import Demand, Journal, QuotaMonitor

NOON = datetime(2026, 11, 10, 20, 0, tzinfo=UTC)
"""A Tuesday, 12:00 Pacific."""


@pytest.fixture
def clock():
    return ManualClock(NOON)


@pytest.fixture
def open_monitor(tmp_path, clock):
    """Open monitors on one folder; options as for QuotaMonitor."""
    opened = []

    def open_(**options):
        options.setdefault("project_of", {1: "111", 10: "222"}.get)
        monitor = QuotaMonitor(
            Journal(tmp_path / "calls", clock=clock), clock=clock, folder=tmp_path, **options
        )
        opened.append(monitor)
        return monitor

    yield open_
    for monitor in opened:
        monitor.close()


@pytest.fixture
def monitor(open_monitor):
    return open_monitor()


@pytest.fixture
def spend(monitor, clock):
    """Make a call that is answered with `status` at once, `at` an aware datetime if given."""

    def spend_(method="videos.list", *, project="111", number="1", tag="bot", at=None, status=200, body=None):
        if at is not None:
            clock.set(at)
        flight = monitor.begin([Demand(method, project, number, tag)])
        flight.answered([(status, body)], latency=0.5)

    return spend_


@pytest.fixture(scope="session")
def worlds():
    """The module drift_worlds: made-up projects whose every call is known."""
    spec = importlib.util.spec_from_file_location("drift_worlds", Path(__file__).with_name("drift_worlds.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
