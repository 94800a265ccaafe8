"""A journal and a monitor on a clock that stands still at noon Pacific."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ytquota.clock import ManualClock
from ytquota.monitor import CallRecord, Journal, QuotaMonitor, page

NOON = datetime(2026, 11, 10, 20, 0, tzinfo=UTC)
PROJECT = "123456789012"


@pytest.fixture
def clock():
    return ManualClock(NOON)


@pytest.fixture
def open_journal(tmp_path, clock):
    opened = []

    def open_(**options):
        journal = Journal(tmp_path / "calls", **{"clock": clock, **options})
        opened.append(journal)
        return journal

    yield open_
    for journal in opened:
        journal.close()


@pytest.fixture
def journal(open_journal):
    return open_journal()


@pytest.fixture
def monitor(tmp_path, clock, journal):
    monitor = QuotaMonitor(journal, folder=tmp_path, clock=clock)
    yield monitor
    monitor.close()


@pytest.fixture
def a_call():
    def record(units=1, *, released=0, bucket="default", method="videos.list", **more):
        return CallRecord(method, bucket, units or released, units, released, **{"tag": "test", **more})

    return record


@pytest.fixture
def looks_at_once(monkeypatch):
    """The journal asks before every call whether its file was deleted."""
    monkeypatch.setattr(page, "LOOK_EVERY", 0.0)
