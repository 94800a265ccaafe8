"""Four weeks of the three bots, written through the real meter and ledger under a simulated clock.

Nothing goes over the network: every call of the past takes the path of a live one, from ``begin`` to
``answered``, with the answer Google would have sent. The same seed and instant give the same history.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from ytquota.clock import ManualClock, bounds_of, quota_day
from ytquota.demo.bodies import bucket_gone, error_body
from ytquota.demo.habits import HABITS, Ask, clock_time
from ytquota.demo.story import RESEARCH, STREAMING, Bot, Kind, days_until, kind_of
from ytquota.errors import QuotaExceeded
from ytquota.monitor import Demand, Flight, Journal, QuotaMonitor
from ytquota.monitor.files import locked
from ytquota.prices import DEFAULT_LIMITS, price_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import date, datetime
    from pathlib import Path

NOON = 12.0
_GONE_AT_NOON: dict[Kind, tuple[tuple[str, str], ...]] = {
    "study": ((RESEARCH, "search_list"), (RESEARCH, "default")),
    "marathon": ((STREAMING, "default"),),
}


@dataclass(slots=True)
class Written:
    """What a history came to: quota days, calls that were sent, calls that were denied."""

    days: list[date] = field(default_factory=list)
    calls: int = 0
    denied: int = 0


def write_history(
    folder: Path,
    *,
    until: datetime,
    days: int = 28,
    seed: int = 0,
    on_day: Callable[[date], None] | None = None,
) -> Written:
    """Write the calls of the last ``days`` quota days, up to ``until``, into the ledger in ``folder``.

    Args:
        folder: The memory folder (``Settings.memory_dir``).
        until: The present moment of the story (aware).
        days: How many quota days, the unfinished one included.
        seed: Another number gives other bots of the same habits.
        on_day: Called with each day when it is written.
    """
    today = quota_day(until)
    clock = ManualClock(bounds_of(days_until(today, days)[0]).start)
    monitor = QuotaMonitor(Journal(folder / "calls", clock=clock), clock=clock, folder=folder)
    written = Written()
    try:
        for day in days_until(today, days):
            _Scribe(monitor, clock, day, kind_of(day, today), seed).write(
                plan_day(day, until=until, seed=seed), written
            )
            written.days.append(day)
            if on_day is not None:
                on_day(day)
    finally:
        monitor.close()
    return written


def gone_at_noon(day: date, today: date) -> tuple[tuple[str, str], ...]:
    """Return the pools, as (project, bucket), that the server refused from noon on."""
    return _GONE_AT_NOON.get(kind_of(day, today), ())


def plan_day(day: date, *, until: datetime, seed: int = 0) -> list[tuple[Ask, Bot]]:
    """Return what the bots wanted to do on a day, oldest first, up to ``until``."""
    kind, end = kind_of(day, quota_day(until)), until.timestamp()
    return sorted(_planned(day, kind, seed, end), key=lambda planned: planned[0].at)


def _planned(day: date, kind: Kind, seed: int, end: float) -> Iterator[tuple[Ask, Bot]]:
    for bot, habit in HABITS.items():
        for ask in habit(day, kind, Random(f"{seed} {day} {bot.tag}")):  # noqa: S311 - a story, not a secret
            if ask.at < end:
                yield ask, bot


class _Scribe:
    """Writes one day: sets the clock to each call, asks the monitor, and gives it the server's answer."""

    def __init__(self, monitor: QuotaMonitor, clock: ManualClock, day: date, kind: Kind, seed: int) -> None:
        self._monitor, self._clock, self._day = monitor, clock, day
        self._gone, self._noon = _GONE_AT_NOON.get(kind, ()), clock_time(day, NOON)
        self._rng = Random(f"{seed} {day} wire")  # noqa: S311 - a story, not a secret

    def write(self, planned: Iterable[tuple[Ask, Bot]], written: Written) -> None:
        """Write the calls in their order, and count them."""
        for ask, bot in planned:
            self._clock.set(max(ask.at, self._clock.time()))
            number = str(bot.credential_set)
            demand = Demand(ask.method, bot.project, number, bot.tag, bot.priority, ask.facts, ask.retry)
            try:
                flight = self._monitor.begin([demand])
            except QuotaExceeded:
                written.denied += 1
                continue
            written.calls += 1
            self._end(flight, ask, bot)

    def _end(self, flight: Flight, ask: Ask, bot: Bot) -> None:
        latency = min(3.0, self._rng.lognormvariate(-2.2, 0.45))
        self._clock.advance(latency)
        if ask.ending == "lost":
            flight.lost(ask.reason, latency=latency)
        elif ask.ending == "not_sent":
            flight.not_sent(ask.reason)
        else:
            flight.answered([self._answer(ask, bot)], latency=latency)

    def _answer(self, ask: Ask, bot: Bot) -> tuple[int, bytes | None]:
        """Return status and body; after noon of a bad day the server knows of use the ledger never saw."""
        if self._gone and ask.at >= self._noon:
            bucket = price_of(ask.method, on=self._day).bucket
            if (bot.project, bucket) in self._gone:
                return self._refusal(bot.project, bucket)
        return ask.status, error_body(ask.status, ask.reason) if ask.reason else None

    def _refusal(self, project: str, bucket: str) -> tuple[int, bytes]:
        if bucket == "default":
            return 403, error_body(403, "quotaExceeded")
        start = bounds_of(self._day).start
        return 429, bucket_gone(project, bucket, limit=DEFAULT_LIMITS[bucket], window_start=start)


def copy_history(to: Path, *, cache: Path, until: datetime, days: int = 28, seed: int = 0) -> Path:
    """Copy a history into the folder ``to``, making it in ``cache`` first if it is not there yet.

    Several processes may ask at once: one makes it, the others wait.
    """
    made = cache / f"history-{until:%Y%m%dT%H%M%S%z}-{days}-{seed}"
    with locked(made):
        if not made.exists():
            partial = made.with_suffix(f".{os.getpid()}")
            shutil.rmtree(partial, ignore_errors=True)
            write_history(partial, until=until, days=days, seed=seed)
            partial.rename(made)
    shutil.copytree(made, to, dirs_exist_ok=True)
    return to
