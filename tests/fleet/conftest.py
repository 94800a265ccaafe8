"""Ledgers of several hosts in folders of their own, and a list that names them."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime

import pytest

from benchmarks.redis_server import redis_server
from ytquota.clock import ManualClock
from ytquota.monitor import Demand, Journal, QuotaMonitor, lines
from ytquota.monitor.archive import Archive
from ytquota.monitor.fleet import FleetList, FleetView
from ytquota.monitor.redis_ledger import RedisLedger

NOON = datetime(2026, 11, 10, 20, 0, tzinfo=UTC)
"""A Tuesday, 12:00 Pacific."""
SHOWS, RESEARCH = "482913375516", "730155829347"


@pytest.fixture
def clock():
    return ManualClock(NOON)


class Host:
    """One machine with a memory folder, on which a bot calls."""

    def __init__(self, name, folder, ledger, clock, monkeypatch):
        self.name, self.folder, self.clock = name, folder, clock
        self.monitor = QuotaMonitor(ledger, folder=folder, clock=clock)
        self._monkeypatch = monkeypatch

    def spend(self, times=1, method="videos.list", *, project=SHOWS, number="1", tag="bot", status=200):
        """Make calls that are answered at once."""
        with self._monkeypatch.context() as patch:
            patch.setattr(lines, "HOST", self.name)
            for _ in range(times):
                flight = self.monitor.begin([Demand(method, project, number, tag)])
                flight.answered([(status, None)], latency=0.25)

    def archive(self, address, now):
        """Archive the closed days under this host's name."""
        self.monitor.ledger.flush()
        return Archive(address, self.name).take_in(self.folder / "calls", now=now)


@pytest.fixture
def host(tmp_path, clock, monkeypatch):
    """Set up a host with a journal, or one that counts in a Redis."""
    hosts = []

    def host_(name, *, redis=None, limits=None):
        folder = tmp_path / name
        if redis is None:
            ledger = Journal(folder / "calls", clock=clock, limits=limits)
        else:
            ledger = RedisLedger(redis, folder / "calls", clock=clock, limits=limits, server_time=False)
        hosts.append(Host(name, folder, ledger, clock, monkeypatch))
        return hosts[-1]

    yield host_
    for one in hosts:
        one.monitor.close()


def _entry(name, address, owner):
    text = f'[[ledger]]\nname = "{name}"\naddress = "{address}"\n'
    return text + (f'owner = "{owner}"\n' if owner else "")


@pytest.fixture
def write_list(tmp_path):
    """Write a list of ledgers: TOML, or (name, address, owner) each."""

    def write(*entries, more=""):
        text = "".join(entry if isinstance(entry, str) else _entry(*entry) for entry in entries)
        path = tmp_path / "fleet.toml"
        path.write_text(text + more, encoding="utf-8")
        return path

    return write


@pytest.fixture
def view(write_list, clock):
    """Look at a list of ledgers; arguments as for `write_list`."""
    views = []

    def view_(*entries, more="", **options):
        views.append(FleetView(FleetList.load(write_list(*entries, more=more)), clock=clock, **options))
        return views[-1]

    yield view_
    for one in views:
        one.close()


@pytest.fixture
def start_redis(tmp_path_factory):
    """Start a Redis of this test's own; returns its address."""
    if not shutil.which("redis-server"):
        pytest.fail("These tests need a real redis-server: sudo apt-get install redis-server")
    running = []

    def start():
        manager = redis_server(tmp_path_factory.mktemp("r"))
        running.append(manager)
        return f"unix://{manager.__enter__().socket}"

    yield start
    for manager in running:
        manager.__exit__(None, None, None)


def parts(pool, what):
    """Who spent what of a pool, as a dictionary."""
    return {part[what]: part["units"] for part in pool[f"{what}s"]}
