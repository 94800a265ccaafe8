"""What the ledger promises of its speed, held against what was measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.contest import Contest
    from benchmarks.fleet import Fleet
    from benchmarks.history import History
    from benchmarks.opening import Opening


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise: what must hold, the figure, its bound, and whether more is better."""

    what: str
    measured: float
    bound: float
    unit: str = ""
    at_least: bool = False

    @property
    def kept(self) -> bool:
        """Whether the figure keeps within the bound."""
        return self.measured >= self.bound if self.at_least else self.measured <= self.bound


def check(
    contest: Contest, opening: Opening | None, history: History | None, fleet: Fleet | None = None
) -> list[Promise]:
    """Every promise whose figures were measured."""
    return [*_of_contest(contest), *_of_opening(opening), *_of_history(history), *_of_fleet(fleet)]


def _of_contest(contest: Contest) -> Iterator[Promise]:
    alone, crowd = contest.row("journal", 1), contest.row("journal", 8)
    if alone is not None and not alone.failure:
        for name, label, bound in (
            ("statement", "SQLite keeping the same promises", 1 / 3),
            ("floor", "the floor", 5.0),
        ):
            for figure in ("p50", "p99"):
                share = alone.against(contest.row(name, 1), figure)
                if share is not None:
                    yield Promise(f"journal, 1 process: {figure} against {label}", share, bound, "x")
    if crowd is not None and not crowd.failure:
        yield Promise("journal, 8 processes: p99", crowd.median.p99 / 1e3, 5.0, " ms")
        share = crowd.median.slowest
        yield Promise("journal, 8 processes: part that the slowest gets", share, 0.5, at_least=True)


def _of_opening(opening: Opening | None) -> Iterator[Promise]:
    if opening is not None:
        what = f"opening a day of {opening.calls:,} calls: more than an empty one"
        yield Promise(what, opening.more, 5.0, " ms")


def _of_history(history: History | None) -> Iterator[Promise]:
    if history is None:
        return
    yield Promise(f"archive of {history.calls:,} calls: bytes a call", history.bytes_per_call, 12.0)
    for name, reading in history.readings.items():
        if reading.is_ours:
            yield Promise(f"{name} in a fresh process: over importing pandas", reading.seconds, 1.0, " s")
            yield Promise(f"{name} in a fresh process: peak memory", reading.megabytes, 250.0, " MB")


def _of_fleet(fleet: Fleet | None) -> Iterator[Promise]:
    if fleet is not None:
        others = sum(way.digest != fleet.ways[0].digest for way in fleet.ways)
        yield Promise(f"ways to roll up {fleet.calls:,} calls that differ in anything", others, 0)
