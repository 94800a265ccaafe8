"""Simulated months of one pool each, lived through the real ledger and the real lookout.

As a program it lives through months of one kind and prints their score as JSON:
`python tests/operations/alert_months.py FOLDER KIND DAYS SEED [WEBHOOK]`.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from math import pi, sin
from pathlib import Path
from random import Random

from ytquota.clock import ManualClock, bounds_of
from ytquota.errors import QuotaExceeded
from ytquota.monitor import Demand, Journal, QuotaMonitor
from ytquota.operations.alerts import Book, Lookout
from ytquota.operations.alerts.delivery import channels
from ytquota.settings import AlertSettings, Secret, Settings

START = date(2026, 3, 2)  # a Monday before the change of clocks
LIMIT = 10_000
UNITS = 50
LOOK = 300.0
SOON = 1800.0
KINDS = ("steady", "streams", "rounds", "runaway", "growing")
"""A daily cycle; evenings of streams; rounds of a crawler; a loop gone wild; growing demand."""


@dataclass
class Score:
    """What came of it."""

    days: int = 0
    run_outs: int = 0
    slow_run_outs: int = 0  # their last half took over an hour
    announced: int = 0  # of these by run-out or burn, half an hour ahead or more
    told_when: int = 0  # of the others, by a share alert that said when nothing is left at this pace
    false_alarms: int = 0
    worst_week: int = 0  # most false alarms from a Monday to the Sunday after
    repeated: int = 0
    alerts: Counter = field(default_factory=Counter)
    ahead: list = field(default_factory=list)  # minutes

    @classmethod
    def from_json(cls, text):
        """What the program has printed."""
        found = json.loads(text)
        return cls(**found | {"alerts": Counter(found["alerts"])})

    def __add__(self, other):
        mine, theirs = vars(self), vars(other)
        added = {name: mine[name] + theirs[name] for name in mine}
        return Score(**added | {"worst_week": max(self.worst_week, other.worst_week)})


class Recorder(QuotaMonitor):
    """Writes no view: by a simulated clock every call comes a minute after the last."""

    def _refresh_view(self, *, at_once=False):
        pass


def _cycle(day, level, rng):
    """Calls spread over the day, most of them at 15 o'clock."""
    start, end = bounds_of(day)[1:]
    calls = []
    for step in range(int((end - start) / 900)):
        rate = level / 96 * (1 + 0.9 * sin((step / 4 - 9) / 24 * 2 * pi)) / UNITS
        count = int(rate) + (rng.random() < rate % 1)
        calls += [start + 900 * step + rng.uniform(0, 900) for _ in range(count)]
    return calls


def _evenly(first, hours, units, end, rng):
    count = int(units / UNITS)
    return [at for at in (first + rng.uniform(0, 3600 * hours) for _ in range(count)) if at < end - 60]


def calls_of(kind, day, number, days, rng):
    """When the bots of a pool want to call on a day; each call costs 50 units."""
    start, end = bounds_of(day)[1:]
    noise = rng.lognormvariate(0, 0.22)
    if kind == "steady":
        return _cycle(day, 9_000 * noise, rng)
    if kind == "growing":
        weekend = 0.75 if day.weekday() >= 5 else 1.0
        return _cycle(day, (6_000 + 6_500 * number / days) * weekend * noise, rng)
    if kind == "streams":
        calls = _cycle(day, 2_500 * noise, rng)
        if rng.random() < (0.85 if day.weekday() in {2, 4, 5, 6} else 0.15):
            units = 6_500 * rng.lognormvariate(0, 0.3)
            calls += _evenly(start + 3600 * rng.gauss(18, 0.7), rng.uniform(2.5, 5), units, end, rng)
        return calls
    if kind == "rounds":
        calls = []
        for hour in (1, 6, 9, 13, 18):
            units = 1_750 * noise * rng.lognormvariate(0, 0.3)
            calls += _evenly(start + 3600 * (hour + rng.uniform(0, 0.5)), 0.6, units, end, rng)
        return calls
    calls = _cycle(day, 4_500 * noise, rng)
    if rng.random() < 0.12:
        begins, hours = start + 3600 * rng.uniform(2, 20), rng.uniform(2, 8)
        calls += _evenly(begins, hours, rng.uniform(800, 5_000) * hours, end, rng)
    return calls


def live(folder, kind, *, days, seed, deliver=None):
    """Live through the days, look every five minutes, and score what was told."""
    settings = Settings.load({"YTQUOTA_MEMORY_DIR": str(folder)}, start=folder)
    clock, rng, score = ManualClock(bounds_of(START).start), Random(f"{kind} {seed}"), Score()
    monitor = Recorder(Journal(folder / "calls", clock=clock), clock=clock, folder=folder)
    lookout, book = Lookout(settings, monitor, forecast_every=1800.0, publishes=False), Book(folder)
    in_vain: Counter = Counter()
    for number in range(days):
        day = START + timedelta(days=number)
        calls = sorted(calls_of(kind, day, number, days, rng))
        half, gone, told = _day(monitor, clock, day, calls, lookout, book, deliver)
        in_vain[number // 7] += _judge(score, half, gone, told)
    score.worst_week = max(in_vain.values())
    monitor.close()
    return score


def _day(monitor, clock, day, calls, lookout, book, deliver):
    start, end = bounds_of(day)[1:]
    waiting, used, half, gone, told, look_at = calls[::-1], 0, None, None, [], start + 1
    while True:
        at = min(look_at, waiting[-1] if waiting else end)
        if at >= end:
            return half, gone, told
        clock.set(at)
        if at == look_at:
            with book.change(at) as page:
                new = page.edges.step(lookout.look(page.edges), at)
            told += new
            if deliver is not None:
                for one in new:
                    deliver(one)
            look_at += LOOK
            continue
        waiting.pop()
        try:
            flight = monitor.begin([Demand("captions.list", "111", "1", "bot", "normal")])
        except QuotaExceeded:
            gone = gone or at
            while waiting and waiting[-1] < at + 900:  # it asks again a quarter of an hour later
                waiting.pop()
            continue
        flight.answered([(200, None)], latency=0.1)
        used += UNITS
        half = half or (at if used >= LIMIT / 2 else None)


def _judge(score, half, gone, told):
    """Add a day to the score, and return how many false alarms it had."""
    alerts = [one for one in told if one.kind == "alert"]
    score.days += 1
    score.alerts.update(one.rule for one in alerts)
    topics = ["ahead" if one.rule in {"run-out", "burn"} else one.rule for one in alerts]
    score.repeated += len(topics) - len(set(topics))
    warned = [one.at.timestamp() for one in alerts if one.rule in {"run-out", "burn"}]
    if gone is None:
        score.false_alarms += len(warned)
        return len(warned)
    score.run_outs += 1
    if gone - half > 3600:
        when = [
            one.at.timestamp() for one in alerts if one.rule == "share" and "nothing is left at" in one.text
        ]
        score.slow_run_outs += 1
        in_time = any(at <= gone - SOON for at in warned)
        score.announced += in_time
        score.told_when += not in_time and any(at <= gone - SOON for at in when)
        score.ahead += [(gone - warned[0]) / 60] if warned else [0.0]
    return 0


def _main(folder, kind, days, seed, webhook=None):
    deliver = channels(AlertSettings(webhook=Secret(webhook)))["webhook"] if webhook else None
    Path(folder).mkdir(parents=True, exist_ok=True)
    score = live(Path(folder), kind, days=int(days), seed=int(seed), deliver=deliver)
    sys.stdout.write(json.dumps(vars(score)) + "\n")


if __name__ == "__main__":
    _main(*sys.argv[1:])
