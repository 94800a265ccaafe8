"""A bot whose project Google counts, too: the real client on a sandbox, a ledger, an account to compare."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ytquota import clock as clocks
from ytquota.clock import ManualClock
from ytquota.cloud import connect
from ytquota.monitor import QuotaMonitor
from ytquota.operations import reconcile
from ytquota.sandbox import Sandbox
from ytquota.service import monitored
from ytquota.settings import Settings

ONE = "111111111111"
NOON = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
"""A Friday, 12:00 Pacific."""


class ReconciledBot:
    """Calls, time, and the comparison. `sandbox` and the ledger share one clock."""

    def __init__(self, folder, sandbox, clock, *, cloud=None, **extra):
        self.sandbox, self.clock, self.folder = sandbox, clock, folder
        sandbox.add_project(ONE)
        sandbox.write_env(folder, {1: ONE}, cloud=cloud is None, extra=extra)
        self.settings = Settings.load({}, start=folder)
        self.monitor = QuotaMonitor.open(self.settings, clock=clock)
        self.cloud = cloud or connect(self.settings, clock=clock)
        key = sandbox.add_api_key(ONE)
        self.service = monitored(
            developerKey=key, project=ONE, monitor=self.monitor, endpoint=sandbox.url, tag="crawler"
        )

    def call(self, times=1, every=20.0):
        """Calls of `videos.list` by the google client, some seconds apart."""
        for _ in range(times):
            self.service.videos().list(part="id", id="x").execute(num_retries=0)
            self.clock.advance(every)

    def settle(self):
        """Let so much time pass that all of it is in Google's counters."""
        self.clock.advance(timedelta(minutes=15).total_seconds())

    def compare(self, **options):
        options.setdefault("causes", False)
        return reconcile.compare_project(self.settings, self.monitor, self.cloud, ONE, **options)

    def apply(self, compared):
        return reconcile.apply(self.monitor, reconcile.to_correct([compared]), who="anna@studio")

    def used(self, bucket="default"):
        return self.monitor.ledger.usage(ONE)[ONE][bucket].used

    def history(self, days=42, units=4_000):
        """So many days, and today's morning, on which others used the project, most in the afternoon."""
        now = self.clock.time()
        calls = []
        for ago in range(days + 1):
            start = clocks.bounds_of(clocks.quota_day(now) - timedelta(days=ago)).start
            moments = [start + 3600 * hour + 61 * n for hour in (9, 14, 15, 16, 17) for n in range(40)]
            calls += [(at, "videos.list", units // 200) for at in moments if at < now]
        self.sandbox.furnish(ONE, calls, foreign=True)

    def close(self):
        self.service.close()
        self.monitor.close()


@pytest.fixture
def clock():
    return ManualClock(NOON)


@pytest.fixture
def sandbox(clock):
    with Sandbox(clock=clock) as running:
        yield running


@pytest.fixture
def new_bot(sandbox, clock):
    """Make a bot in a folder; all of them are closed in the end."""
    opened = []

    def new_bot(folder, **options):
        opened.append(ReconciledBot(folder, sandbox, clock, **options))
        return opened[-1]

    yield new_bot
    for bot in opened:
        bot.close()


@pytest.fixture
def bot(bot_folder, new_bot):
    return new_bot(bot_folder)
