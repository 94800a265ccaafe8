"""Made-up projects whose every call is known: what we logged of it, and what Google would have counted.

Bots work with a daily cycle, calls fail one by one and in outages, Google's counters come with a smear of a
minute or two and may lose minutes. What is wrong (another price, failures for nothing, somebody else's
program) is chosen by the test, which therefore knows the right answer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import pandas as pd

from ytquota import clock as clocks
from ytquota.intelligence.drift import compare
from ytquota.intelligence.official import OFFICIAL
from ytquota.intelligence.sends import SENDS
from ytquota.prices import PriceBook

FIRST = date(2026, 11, 3)
BOOK = PriceBook.load()
UNIT = -1.0
"""In place of a share of the price: one unit."""
HABITS = {
    "videos.list": 900,
    "playlistItems.list": 400,
    "channels.list": 150,
    "liveChatMessages.list": 600,
    "liveChatMessages.insert": 30,
    "commentThreads.insert": 12,
    "search.list": 60,
    "videos.insert": 5,
}
"""Calls on a usual day."""
ENDINGS = {
    "ok": 0.935,
    "unchanged": 0.01,
    "4xx": 0.02,
    "5xx": 0.02,
    "lost": 0.005,
    "not_sent": 0.005,
    "free": 0.005,
}


@dataclass
class World:
    """What is true of a project, where it is not as the price table says."""

    days: int = 1
    seed: int = 0
    prices: dict[str, int] = field(default_factory=dict)  # method -> what Google really charges
    shares: dict[str, float] = field(default_factory=dict)  # ending -> share of the price that Google charges
    habits: dict[str, int] = field(default_factory=lambda: dict(HABITS))
    foreign: dict[str, str] = field(default_factory=dict)  # method -> poll, even, burst or shadow
    gaps: int = 0  # stretches that the counters lose, over all days
    smear: float = 120.0  # seconds by which a call may be counted late
    every: int | tuple[int, ...] = 60  # seconds of a reading, of all days or of each
    endings: dict[str, float] = field(default_factory=lambda: dict(ENDINGS))
    first: date = FIRST
    hours: float = 24.0  # how much of the last day is there

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.dates = [self.first + timedelta(days=day) for day in range(self.days)]
        self.since = clocks.day_start(self.first)
        start, end = clocks.bounds_of(self.dates[-1])[1:]
        self.until = clocks.utc(min(end, start + self.hours * 3600))
        calls = pd.concat([self._day(day) for day in self.dates], ignore_index=True)
        self.foreign_calls = [self._foreign(day) for day in self.dates]
        self.calls = calls[calls["at"] < self.until.timestamp()]
        others = pd.concat(self.foreign_calls, ignore_index=True)
        self.others = others[others["at"] < self.until.timestamp()]
        self.official = self.count()
        self.ours = sends(self.calls)

    # -- what was called

    def _day(self, day: date) -> pd.DataFrame:
        bounds = clocks.bounds_of(day)
        parts = []
        outages = bounds.start + self.rng.uniform(0, 86_000, self.rng.poisson(1.0))
        level = np.exp(self.rng.normal(0, 0.2))
        for method, mean in self.habits.items():
            count = self.rng.poisson(mean * level)
            at = bounds.start + cycle(self.rng, count, bounds.end - bounds.start)
            ending = self.rng.choice(list(self.endings), size=count, p=list(self.endings.values()))
            for outage in outages:
                hit = (at > outage) & (at < outage + 1200) & (self.rng.random(count) < 0.6)
                ending[hit] = "5xx"
            parts.append(pd.DataFrame({"at": at, "method": method, "ending": ending}))
        frame = pd.concat(parts, ignore_index=True).sort_values("at", ignore_index=True)
        return frame.assign(day=day)

    def _foreign(self, day: date) -> pd.DataFrame:
        bounds = clocks.bounds_of(day)
        parts = [pd.DataFrame({"at": np.zeros(0), "method": "", "ending": ""})]
        for method, kind in self.foreign.items():
            if kind == "poll":
                begin, length = self.rng.uniform(0, 12 * 3600), self.rng.uniform(4, 11) * 3600
                at = np.arange(begin, begin + length, self.rng.choice([15.0, 30.0, 60.0]))
            elif kind == "even":
                at = np.arange(0.0, 86_400.0, 45.0)
            elif kind == "burst":
                begin = self.rng.uniform(0, 80_000, self.rng.integers(1, 4))
                at = np.concatenate([one + np.arange(self.rng.integers(30, 250)) * 1.5 for one in begin])
            else:  # the same daily cycle as ours
                at = cycle(self.rng, self.rng.poisson(0.5 * self.habits.get(method, 400)), 86_400)
            parts.append(pd.DataFrame({"at": bounds.start + at, "method": method, "ending": "ok"}))
        return pd.concat(parts, ignore_index=True).astype({"at": "float64"})

    # -- what was counted

    def charge(self, calls: pd.DataFrame) -> np.ndarray:
        """Units that Google charges for each call."""
        prices = [self.prices.get(method, table(method)) for method in calls["method"]]
        price = np.array(prices, dtype="float64")
        shares = {"not_sent": 0.0, "free": 0.0, "refused": 0.0} | self.shares
        share = calls["ending"].map(lambda ending: shares.get(ending, 1.0)).to_numpy(dtype="float64")
        return np.where(share == UNIT, np.minimum(price, 1), price * share).round()

    def count(self) -> pd.DataFrame:
        """What Google's counters say of all calls, smeared, and with minutes lost."""
        every = pd.concat([self.calls[["at", "method", "ending"]], self.others], ignore_index=True)
        units = self.charge(every)
        at = every["at"].to_numpy() + self.rng.uniform(0, self.smear, len(every))
        length = self._length(at)
        midnight = self.since.timestamp()
        start = (midnight + (at - midnight) // length * length).astype("int64")
        keep = units > 0
        self.lost_stretches = []
        for _ in range(self.gaps):
            low = self.since.timestamp() + self.rng.uniform(0, self.days * 86_400)
            low = low // 60 * 60
            high = low + self.rng.uniform(300, 3600) // 60 * 60
            self.lost_stretches.append((low, high))
            keep &= ~((at >= low) & (at < high))
        keep &= start + length <= self.until.timestamp()
        columns = {
            "start": start,
            "length": length,
            "method": every["method"],
            "units": units.astype("int64"),
        }
        frame = pd.DataFrame(columns)[keep]
        frame = frame.groupby(["start", "length", "method"], observed=True)["units"].sum().reset_index()
        return pd.DataFrame(
            {
                "start": pd.to_datetime(frame["start"], unit="s", utc=True),
                "end": pd.to_datetime(frame["start"] + frame["length"], unit="s", utc=True),
                "bucket": frame["method"].map(bucket),
                "method": frame["method"],
                "units": frame["units"],
            }
        ).astype(OFFICIAL)

    def _length(self, at: np.ndarray) -> np.ndarray:
        """Seconds of the reading that an instant falls into."""
        if isinstance(self.every, int):
            return np.full(len(at), self.every)
        starts = [clocks.bounds_of(day).start for day in self.dates]
        return np.array(self.every)[np.clip(np.searchsorted(starts, at, side="right") - 1, 0, self.days - 1)]

    def compare(self, **options):
        """The comparison of this world."""
        options = {"prices": BOOK, "since": self.since, "until": self.until} | options
        return compare(self.official, self.ours, **options)

    def elsewhere(self, day: date, method: str) -> int:
        """Units that somebody else spent on a day with a method."""
        frame = self.foreign_calls[self.dates.index(day)]
        return int(self.charge(frame[frame["method"] == method]).sum())

    def failed(self, day: date, ending: str) -> int:
        """Our sends of a day that ended so."""
        return int(((self.calls["day"] == day) & (self.calls["ending"] == ending)).sum())


def even_world(seed: int = 34) -> World:
    """A day of one call every 30 s of ours, at two units where the table has one; a stranger calls, too."""
    dearer = {"videos.list": 2}
    world = World(seed=seed, habits={"videos.list": 0}, foreign={"videos.list": "even"}, prices=dearer)
    at = world.since.timestamp() + np.arange(0, 86_400, 30.0)
    world.calls = pd.DataFrame({"at": at, "method": "videos.list", "ending": "ok", "day": world.dates[0]})
    world.official, world.ours = world.count(), sends(world.calls)
    return world


def cycle(rng: np.random.Generator, count: int, length: float) -> np.ndarray:
    """Instants of so many calls, in seconds into the day: more at noon, and in clumps."""
    base = np.mod(rng.normal(0.55, 0.2, count), 1.0) * length
    clumps = rng.random(count) < 0.5
    centres = np.mod(rng.normal(0.55, 0.2, max(1, count // 15)), 1.0) * length
    base[clumps] = rng.choice(centres, clumps.sum()) + rng.exponential(90, clumps.sum())
    return np.clip(base, 0, length - 1)


def table(method: str, day: date = FIRST) -> int:
    return BOOK.price_of(method, on=day).units


def bucket(method: str) -> str:
    return BOOK.price_of(method, on=FIRST).bucket


def sends(calls: pd.DataFrame, host: str = "studio") -> pd.DataFrame:
    """The calls as our log would count them."""
    minute = pd.to_datetime(calls["at"] // 60 * 60, unit="s", utc=True)
    price = calls["method"].map(table).astype("int64")
    charged = ~calls["ending"].isin(["not_sent", "free", "refused"])
    frame = pd.DataFrame(
        {
            "minute": minute,
            "bucket": calls["method"].map(bucket),
            "method": calls["method"],
            "ending": calls["ending"],
            "host": host,
            "price": price,
            "sends": 1,
            "units": price * charged,
        }
    )
    keys = ["minute", "bucket", "method", "ending", "host", "price"]
    return frame.groupby(keys)[["sends", "units"]].sum().reset_index().astype(SENDS)[list(SENDS)]
