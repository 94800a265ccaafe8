"""From laps to figures: latencies, throughput, fairness and exactness of one heat, and medians of rounds."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.race import Lap


@dataclass(frozen=True, slots=True)
class Heat:
    """One heat, or the medians of several.

    p50, p99 and worst are microseconds per granted pair over all processes; rate is granted pairs a second;
    slowest is the share of a fair part that the slowest process got; refused is the share of attempts.
    """

    p50: float
    p99: float
    worst: float
    rate: float
    slowest: float
    refused: float


def heat_of(laps: Sequence[Lap]) -> Heat:
    """The figures of one heat."""
    taken = sorted(ns for lap in laps for ns in lap.taken)
    refused = sum(lap.refused for lap in laps)
    if not taken:
        return Heat(0.0, 0.0, 0.0, 0.0, 0.0, 1.0)
    seconds = (max(lap.ended for lap in laps) - min(lap.began for lap in laps)) / 1e9
    fair = len(taken) / len(laps)
    return Heat(
        p50=taken[len(taken) // 2] / 1e3,
        p99=taken[len(taken) * 99 // 100] / 1e3,
        worst=taken[-1] / 1e3,
        rate=len(taken) / seconds,
        slowest=min(len(lap.taken) for lap in laps) / fair,
        refused=refused / (refused + len(taken)),
    )


def median_of(heats: Sequence[Heat]) -> Heat:
    """Every figure's median over the rounds."""
    return Heat(*(statistics.median(getattr(heat, field.name) for heat in heats) for field in fields(Heat)))


def ratio(mine: Sequence[Heat], other: Sequence[Heat], figure: str) -> float:
    """Median over the rounds of my figure divided by the other's of the same round."""
    pairs = [(getattr(a, figure), getattr(b, figure)) for a, b in zip(mine, other, strict=True)]
    return statistics.median(a / b if b else 0.0 for a, b in pairs)


@dataclass(frozen=True, slots=True)
class Exactness:
    """Units granted of a budget that runs out, and how many attempts were refused while there was room."""

    budget: int
    granted: int
    too_early: int

    @property
    def holds(self) -> bool:
        """Whether the budget was given out to the last unit, none over, and nobody was refused too early."""
        return self.granted == self.budget and not self.too_early

    def __str__(self) -> str:
        if self.holds:
            return "exact"
        if self.granted > self.budget:
            return f"over by {self.granted - self.budget:,}"
        if self.too_early:
            return f"{self.too_early:,} refused too early"
        return f"{self.budget - self.granted:,} never granted"


def exactness_of(laps: Sequence[Lap], budget: int) -> Exactness:
    """Judge a heat by its attempts alone.

    A refusal came too early for certain when it would have fitted beside every grant that had begun before
    the refusal came back.
    """
    attempts = [attempt for lap in laps for attempt in lap.attempts]
    grants = sorted((began, units) for began, _, units, granted in attempts if granted)
    refusals = sorted((ended, units) for _, ended, units, granted in attempts if not granted)
    spent = too_early = position = 0
    for ended, units in refusals:
        while position < len(grants) and grants[position][0] < ended:
            spent += grants[position][1]
            position += 1
        too_early += spent + units <= budget
    return Exactness(budget, sum(units for _, units in grants), too_early)
