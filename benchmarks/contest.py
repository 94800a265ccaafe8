"""The whole contest: rounds of timed heats and one exact heat, for each number of processes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks.calls import mixed_prices
from benchmarks.contestants import CONTESTANTS
from benchmarks.figures import Exactness, Heat, exactness_of, heat_of, median_of, ratio
from benchmarks.race import HeatFailedError, Stable, exact_heat, timed_heat

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from benchmarks.contestant import Contestant
    from benchmarks.redis_server import RedisServer

PROCESSES = (1, 4, 8)
BUDGET = 3_000
ATTEMPTS = 600
"""Of mixed prices, about 13 units each: the budget runs out after a third of them."""
_SEED = 20261123


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is run."""

    rounds: int = 5
    seconds: float = 0.4
    processes: tuple[int, ...] = PROCESSES
    contestants: tuple[str, ...] = tuple(CONTESTANTS)


@dataclass(slots=True)
class Row:
    """What one contestant did with one number of processes."""

    contestant: Contestant
    processes: int
    heats: list[Heat] = field(default_factory=list)
    exactness: Exactness | None = None
    failure: str = ""

    @property
    def median(self) -> Heat:
        """Medians over the rounds."""
        return median_of(self.heats)

    def against(self, other: Row | None, figure: str) -> float | None:
        """My figure divided by the other's of the same round, at the median; None where one did not run."""
        if other is None or self.failure or other.failure:
            return None
        return ratio(self.heats, other.heats, figure)


@dataclass(frozen=True, slots=True)
class Contest:
    """Every row of the table."""

    rows: list[Row]

    def row(self, name: str, processes: int) -> Row | None:
        """The row of one contestant, None where it did not take part."""
        found = [r for r in self.rows if r.contestant.name == name and r.processes == processes]
        return found[0] if found else None


def run(
    plan: Plan, folder: Path, server: RedisServer | None, *, on_heat: Callable[[str], None] = lambda _: None
) -> Contest:
    """Run the contest.

    Args:
        plan: how much.
        folder: an empty folder on the disk that is to be measured.
        server: a Redis; without one, who needs it only gets a row that says so.
        on_heat: told of each heat before it starts.
    """
    rows: list[Row] = []
    with Stable(max(plan.processes)) as stable:
        for processes in plan.processes:
            block = [Row(CONTESTANTS[name], processes) for name in plan.contestants]
            for row in block:
                if row.contestant.needs_redis and server is None:
                    row.failure = "no redis-server"
            for turn in range(plan.rounds + 1):
                for row in _rotated(block, turn):
                    on_heat(f"{processes} x {row.contestant.label}")
                    _heat(stable, row, plan, folder, server, exact=turn == plan.rounds)
            rows += block
    return Contest(rows)


def attempts_of(processes: int) -> list[tuple[int, ...]]:
    """The prices that each process tries in an exact heat."""
    each = ATTEMPTS // processes
    return [tuple(mixed_prices(each, _SEED + number)) for number in range(processes)]


def _rotated(block: Sequence[Row], turn: int) -> list[Row]:
    """Each round begins with another contestant, so that nobody always follows the same one."""
    first = turn % len(block)
    return [*block[first:], *block[:first]]


def _heat(
    stable: Stable, row: Row, plan: Plan, folder: Path, server: RedisServer | None, *, exact: bool
) -> None:
    if row.failure or (exact and not row.contestant.decides):
        return
    try:
        if exact:
            prices = attempts_of(row.processes)
            laps = exact_heat(stable, row.contestant, prices, folder=folder, server=server, budget=BUDGET)
            row.exactness = exactness_of(laps, BUDGET)
        else:
            laps = timed_heat(
                stable, row.contestant, row.processes, folder=folder, server=server, seconds=plan.seconds
            )
            row.heats.append(heat_of(laps))
    except HeatFailedError as error:
        row.failure = str(error).strip().splitlines()[-1]
