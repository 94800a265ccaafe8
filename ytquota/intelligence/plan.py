"""What fits beside the usual load: today, and if not, how it spreads over the coming quota days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

CONFIDENCE = 0.8
"""How sure a day of a plan should be, unless somebody says otherwise."""

NO_HISTORY = "no finished day yet, so no usual load is reckoned with"


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """Calls of one method: how many, what they cost, and in which bucket."""

    method: str
    count: int
    bucket: str
    units: int
    priority: str


@dataclass(frozen=True, slots=True)
class PlannedDay:
    """One quota day of a plan: the calls by method, and how likely they fit beside the usual load."""

    day: date
    calls: Mapping[str, int]
    probability: float


@dataclass(frozen=True, slots=True)
class PlannedPool:
    """What a plan needs of one pool, and has. All in quota units of its bucket.

    Attributes:
        bucket: the daily allowance.
        limit: units a day, those of a what-if included.
        used: charged today.
        needed: by the whole plan.
        usual: what the usual load will still take today, at the plan's confidence.
        room: what the plan may take today.
        probability: how likely all of it fits today.
        basis: what the usual load was estimated from.
    """

    bucket: str
    limit: int
    used: int
    needed: int
    usual: int
    room: int
    probability: float
    basis: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Whether work fits, and when.

    Attributes:
        project: whose quota.
        work: what was asked for.
        fits_today: whether all of it fits today at the plan's confidence.
        probability: how likely all of it fits today. Pools are taken as independent of one another.
        binding: the bucket that sets how long it takes; empty where all fits today.
        pools: what is needed of each pool.
        days: the schedule, days without a call left out.
        unplanned: calls for which there is no room in the days looked at.
        finished_on: the quota day on which all is done; None if some of it never is.
        deadline: the last quota day that was allowed, if any.
        confidence: how sure each day is to be, from 0 to 1.
    """

    project: str
    work: tuple[PlannedCall, ...]
    fits_today: bool
    probability: float
    binding: str
    pools: tuple[PlannedPool, ...]
    days: tuple[PlannedDay, ...]
    unplanned: Mapping[str, int]
    finished_on: date | None
    deadline: date | None
    confidence: float

    @property
    def meets_deadline(self) -> bool:
        """Whether all is done in time; without a deadline, whether it is ever done."""
        if self.finished_on is None:
            return False
        return self.deadline is None or self.finished_on <= self.deadline

    @property
    def done_in_time(self) -> dict[str, int]:
        """Calls by method that the schedule has up to the deadline."""
        done = {call.method: 0 for call in self.work}
        for day in self.days:
            if self.deadline is None or day.day <= self.deadline:
                for method, count in day.calls.items():
                    done[method] += count
        return done

    def sentences(self) -> list[str]:
        """The plan for people, in a few sentences."""
        return [self._today(), *self._later(), *self._in_time(), *self._unsure()]

    def __str__(self) -> str:
        return " ".join(self.sentences())

    def as_dict(self) -> dict[str, Any]:
        """All of it, ready for JSON; days as ISO dates."""
        return {
            "project": self.project,
            "work": [{name: getattr(call, name) for name in PlannedCall.__slots__} for call in self.work],
            "fits_today": self.fits_today,
            "probability": round(self.probability, 4),
            "binding": self.binding,
            "pools": [
                {name: getattr(pool, name) for name in PlannedPool.__slots__}
                | {"probability": round(pool.probability, 4)}
                for pool in self.pools
            ],
            "days": [
                {
                    "day": one.day.isoformat(),
                    "calls": dict(one.calls),
                    "probability": round(one.probability, 4),
                }
                for one in self.days
            ],
            "unplanned": dict(self.unplanned),
            "finished_on": None if self.finished_on is None else self.finished_on.isoformat(),
            "deadline": None if self.deadline is None else self.deadline.isoformat(),
            "meets_deadline": self.meets_deadline,
            "confidence": self.confidence,
            "sentences": self.sentences(),
        }

    def _today(self) -> str:
        what = " and ".join(f"{call.count:,} x {call.method}" for call in self.work)
        if self.fits_today:
            return f"{what}: all of it fits today ({self.probability:.0%} sure)."
        tight = next(pool for pool in self.pools if pool.bucket == self.binding)
        return (
            f"{what}: not today. It needs {tight.needed:,} of {tight.bucket}; beside the usual load "
            f"{tight.room:,} of {tight.limit:,} are to be had today ({self.probability:.0%} likely to fit)."
        )

    def _later(self) -> list[str]:
        if self.fits_today:
            return []
        if self.finished_on is None:
            never = " and ".join(f"{count:,} x {method}" for method, count in self.unplanned.items())
            return [f"For {never} there is no room in the coming days at {self.confidence:.0%} confidence."]
        over = f"Spread over {len(self.days)} days it" if len(self.days) > 1 else "It"
        return [f"{over} is done on {self.finished_on:%a %d %b %Y}."]

    def _unsure(self) -> list[str]:
        new = [pool.bucket for pool in self.pools if pool.basis == NO_HISTORY]
        return [f"For {' and '.join(new)} there is {NO_HISTORY}."] if new else []

    def _in_time(self) -> list[str]:
        if self.deadline is None or self.fits_today:
            return []
        if self.meets_deadline:
            return [f"That is in time for {self.deadline:%a %d %b %Y}."]
        asked = {call.method: call.count for call in self.work}
        done = ", ".join(
            f"{count:,} of {asked[method]:,} x {method}" for method, count in self.done_in_time.items()
        )
        return [f"By {self.deadline:%a %d %b %Y} only {done} would be done."]
