"""A critical chat bot and a greedy crawler on one project, for simulated months through the real ledger."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

import pytest

from ytquota.clock import ManualClock, bounds_of
from ytquota.errors import QuotaExceeded
from ytquota.intelligence import Admission
from ytquota.intelligence.forecaster import Forecaster
from ytquota.intelligence.publisher import Publisher
from ytquota.monitor import Demand, Journal, QuotaMonitor
from ytquota.settings import Settings

START = date(2026, 10, 5)
LIMIT = 10_000
WARM_UP = 7
POST, LOOK, CRAWL = "liveChatMessages.insert", "liveBroadcasts.list", "captions.list"
EVERY = 1500.0


@dataclass
class Score:
    """What came of the days on which the chat bot's own demand fits."""

    days: int = 0
    chat_calls: int = 0
    chat_refused: int = 0
    crawled: int = 0
    crawlable: int = 0
    per_day: list = field(default_factory=list)

    @property
    def refused(self):
        return self.chat_refused / self.chat_calls

    @property
    def share(self):
        return self.crawled / self.crawlable

    def __add__(self, other):
        names = ("days", "chat_calls", "chat_refused", "crawled", "crawlable", "per_day")
        return Score(*(getattr(self, name) + getattr(other, name) for name in names))


class Recorder(QuotaMonitor):
    """Writes no view: by a simulated clock every call comes a second after the last."""

    def _refresh_view(self, *, at_once=False):
        pass


def chat_times(day, rng):
    """When the chat bot posts (20 units), and when it only looks whether a stream is on (1 unit)."""
    start = bounds_of(day).start
    looks = [(start + 600.0 * step, LOOK) for step in range(24 * 6)]
    usual = {2: 0.9, 4: 0.9, 5: 0.8, 6: 0.8}.get(day.weekday(), 0.25)
    if rng.random() > usual:
        return looks
    at = start + 3600 * rng.gauss(17.0 if day.weekday() >= 5 else 19.0, 0.5)
    end = min(at + 3600 * min(4.5, rng.lognormvariate(1.0, 0.3)), bounds_of(day).end - 60)
    liveliness, posts = rng.lognormvariate(0.0, 0.25), []
    while at < end:
        posts.append((at, POST))
        at += rng.expovariate(liveliness / 30.0)
    return sorted(looks + posts)


def simulate(folder, seed, *, days, rule):
    """Live through the days; `rule` is "forecast", or what YTQUOTA_RESERVE says."""
    environ = {"YTQUOTA_MEMORY_DIR": str(folder)} | ({} if rule == "forecast" else {"YTQUOTA_RESERVE": rule})
    clock = ManualClock(bounds_of(START).start)
    admission = Admission(Settings.load(environ, start=folder), clock=clock)
    monitor = Recorder(
        Journal(folder / "calls", clock=clock), clock=clock, folder=folder, admission=admission
    )
    publisher = Publisher(monitor, Forecaster(monitor)) if rule == "forecast" else None
    rng, score = Random(seed), Score()
    for number in range(days):
        day = START + timedelta(days=number)
        live(monitor, clock, publisher, day, chat_times(day, rng), score, number >= WARM_UP)
    monitor.close()
    return score


def call(monitor, method, tag, priority):
    try:
        monitor.begin([Demand(method, "111", "1", tag, priority)]).answered([(200, None)], latency=0.1)
    except QuotaExceeded:
        return False
    return True


def live(monitor, clock, publisher, day, chat, score, counts):
    """One day: the chat bot speaks when it must; the crawler asks every 20 s, and 5 minutes after a no."""
    bounds = bounds_of(day)
    crawl_at, publish_at, waiting = bounds.start + 1.0, bounds.start, list(reversed(chat))
    wanted = sum(20 if method == POST else 1 for _, method in chat)
    refused = crawled = 0
    while True:
        at = min(crawl_at, publish_at, waiting[-1][0] if waiting else bounds.end)
        if at >= bounds.end:
            break
        clock.set(at)
        if at == publish_at:
            if publisher is not None:
                publisher.publish_if_due(0.0)
            publish_at += EVERY
        elif waiting and at == waiting[-1][0]:
            refused += not call(monitor, waiting.pop()[1], "chat", "critical")
        else:
            is_fine = call(monitor, CRAWL, "crawler", "normal")
            crawled += 50 * is_fine
            crawl_at += 20.0 if is_fine else 300.0
    if counts and wanted <= LIMIT:
        score.days += 1
        score.chat_calls += len(chat)
        score.chat_refused += refused
        score.crawled += crawled
        score.crawlable += LIMIT - wanted
        score.per_day.append((day.isoformat(), wanted, refused, crawled))


def tell(what, score):
    """A line of the table for whoever runs it with -s."""
    told = (
        f"{score.days:4} days, refused {score.refused:8.4%} of the chat's calls, crawler {score.share:6.1%}"
    )
    sys.stdout.write(f"{what} {told}\n")
    sys.stdout.flush()


def side_by_side(tmp_path, seeds, days):
    """The same days under the forecast reserve and under a fixed one of 5 %."""
    totals = {}
    for rule in ("forecast", "5%"):
        total = Score()
        for seed in seeds:
            folder = tmp_path / f"{rule.strip('%')}-{seed}"
            folder.mkdir()
            score = simulate(folder, seed, days=days, rule=rule)
            tell(f"{rule:>8} seed {seed:2}", score)
            total += score
        totals[rule] = total
        tell(f"{rule:>8} all    ", total)
    return totals["forecast"], totals["5%"]


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_three_weeks_of_a_critical_bot_beside_a_greedy_one(tmp_path):
    """The chat bot is hardly ever refused, and the crawler gets nearly all that the chat leaves."""
    forecast, fixed = side_by_side(tmp_path, (1, 2), 21)

    assert forecast.refused <= 0.001
    assert forecast.share >= 0.9
    assert fixed.refused > 10 * max(forecast.refused, 0.001)


@pytest.mark.soak
def test_months_of_a_critical_bot_beside_a_greedy_one(tmp_path):
    """The same over twenty seeds and two months, one of them with the end of summer time."""
    forecast, fixed = side_by_side(tmp_path, range(20), 60)

    assert forecast.refused <= 0.001
    assert forecast.share >= 0.9
    assert fixed.refused > forecast.refused
