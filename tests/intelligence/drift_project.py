"""A made-up world on real parts: the journal's log, the sandbox's bill, and its counters over HTTP."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta

from ytquota import clock as clocks
from ytquota.clock import ManualClock
from ytquota.cloud import connect
from ytquota.intelligence.drift import compare
from ytquota.intelligence.official import official_frame
from ytquota.intelligence.real_prices import measure
from ytquota.intelligence.sends import read_sends
from ytquota.monitor import Demand, Journal, QuotaMonitor
from ytquota.sandbox import Sandbox
from ytquota.settings import Settings

PROJECT = "111111111111"
LATENCY = 0.3
STATUS = {"ok": 200, "unchanged": 304, "4xx": 404, "5xx": 503, "free": 401}
SETTLED = timedelta(minutes=11)
"""After so long the sandbox's counters are complete."""


class Project:
    """What a world would have left behind: a memory folder and a sandbox's bill. Close it.

    Args:
        world: of drift_worlds; its own smeared counters are not used.
        folder: for the journal and the account.
        every: how long a reading is.
    """

    def __init__(self, world, folder, *, every=timedelta(minutes=1)):
        self.world, self.every = world, every
        self.clock = ManualClock(world.since)
        self.sandbox = Sandbox(clock=self.clock).start()
        self.monitor = QuotaMonitor(
            Journal(folder / "calls", clock=self.clock, limits=lambda *_: 10**7),
            clock=self.clock,
            folder=folder,
        )
        self._bill()
        self._log()
        self.clock.set(world.until + SETTLED)
        key = folder / "account.json"
        key.write_text(json.dumps(self.sandbox.service_account(PROJECT)), encoding="utf-8")
        settings = Settings(root=folder, cloud_credentials=key, cloud_endpoint=self.sandbox.url)
        self.cloud = connect(settings, clock=self.clock)

    def frames(self):
        """Both sides, each as the product reads it."""
        world = self.world
        readings = self.cloud.usage(PROJECT, world.since, world.until, every=self.every)
        return official_frame(readings), read_sends(self.monitor, PROJECT, world.since, world.until)

    def compare(self):
        official, ours = self.frames()
        world = self.world
        return compare(official, ours, prices=self.monitor.prices, since=world.since, until=world.until)

    def measure(self):
        official, ours = self.frames()
        world = self.world
        return measure(official, ours, prices=self.monitor.prices, since=world.since, until=world.until)

    def close(self):
        self.monitor.close()
        self.sandbox.stop()

    def _bill(self):
        """What the sandbox charges for all this, by its own rules, and what its counters lose."""
        world, sandbox = self.world, self.sandbox
        for method, units in world.prices.items():
            sandbox.set_price(method, units)
        sandbox.server_errors_free(world.shares.get("5xx") == 0)
        for low, high in world.lost_stretches:
            sandbox.monitoring_gap(clocks.utc(low), clocks.utc(high), PROJECT)
        sent = world.calls[world.calls["ending"] != "not_sent"]
        calls = zip(sent["at"] + 0.1, sent["method"], sent["ending"], strict=True)
        sandbox.furnish(PROJECT, [(at, method, 1, STATUS.get(ending, 200)) for at, method, ending in calls])
        others = zip(world.others["at"], world.others["method"], strict=True)
        sandbox.furnish(PROJECT, [(at, method, 1, 200) for at, method in others], foreign=True)

    def _log(self):
        """What our programs wrote: each call held, sent and settled at its own time."""
        calls = self.world.calls.sort_values("at")
        for at, method, ending in zip(calls["at"], calls["method"], calls["ending"], strict=True):
            self.clock.set(at)
            flight = self.monitor.begin([Demand(method, PROJECT, "1", "bot")])
            self.clock.advance(LATENCY)
            if ending == "lost":
                flight.lost("timeout", latency=LATENCY)
            elif ending == "not_sent":
                flight.not_sent("refused connection")
            else:
                flight.answered([(STATUS[ending], b"{}")], latency=LATENCY)


class Tally:
    """On how many days each cause was rightly named, and which were named without reason."""

    def __init__(self):
        self.due, self.named, self.false = Counter(), Counter(), []

    def add(self, world, drift):
        """Judge the causes of every day of a world; a cause counts as named from a probability of 0.8 on."""
        for day in world.dates:
            due = expected(world, day)
            found = {(c.kind, c.method, c.detail) for c in drift.of(day) if c.probability >= 0.8}
            for cause in due:
                self.due[cause[0]] += 1
                self.named[cause[0]] += any(_is(cause, one) for one in found)
            self.false += [
                str(c)
                for c in drift.of(day)
                if c.kind != "source" and not any(_is(one, (c.kind, c.method, c.detail)) for one in due)
            ]

    def share(self):
        """The worst share of days on which a cause was named, 1 where none was due."""
        return min((self.named[kind] / due for kind, due in self.due.items()), default=1.0)

    def __str__(self):
        shares = ", ".join(f"{kind} {self.named[kind]} of {due}" for kind, due in self.due.items())
        return f"{shares or 'nothing to name'}; {len(self.false)} false {self.false[:4]}"


def expected(world, day):
    """What must be named on a day: kind, method ("" for any) and how the detail begins."""
    due = {("elsewhere", method, "") for method in world.foreign}
    due |= {("over_counted", "", ending) for ending in world.shares if world.failed(day, ending)}
    return due | {("price", method, f"{units} instead") for method, units in world.prices.items()}


def _is(due, found):
    return due[0] == found[0] and due[1] in {"", found[1]} and found[2].startswith(due[2])
