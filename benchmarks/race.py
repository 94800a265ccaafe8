"""Heats: several processes use one store at once, and each notes how long every pair took.

The processes live through the whole benchmark and open a fresh store for every heat. Rounds go through all
contestants in turn (A B C A B C ...), so that a machine that grows slower is slower for all of them.
"""

from __future__ import annotations

import multiprocessing as mp
import shutil
import tempfile
import time
import traceback
from array import array
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from benchmarks.calls import NO_END
from benchmarks.contestant import Contestant, Pair, Place
from benchmarks.contestants import CONTESTANTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from multiprocessing.connection import Connection

    from benchmarks.redis_server import RedisServer

_WARM_UP = 20
_READY = None
_LONGEST = 120.0
_LEAD = 0.03
"""Seconds between the last process being ready and the common start."""


class HeatFailedError(Exception):
    """A contestant raised an error in one of its processes."""


@dataclass(frozen=True, slots=True)
class Order:
    """What one process does in a heat: pairs of one unit for so long, or one attempt for each price."""

    contestant: str
    place: Place
    seconds: float = 0.0
    pairs: int = 0
    prices: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Lap:
    """What one process did: latencies of granted pairs in ns, attempts, and when it began and ended (ns)."""

    taken: array[int]
    refused: int
    began: int
    ended: int
    attempts: tuple[tuple[int, int, int, bool], ...] = ()


class Stable:
    """Worker processes that wait for heats; use it as a context.

    Args:
        size: how many processes the largest heat has.
    """

    def __init__(self, size: int) -> None:
        spawn = mp.get_context("spawn")
        self._workers: list[tuple[Any, Connection]] = []
        for _ in range(size):
            here, there = spawn.Pipe()
            process = spawn.Process(target=_work, args=(there,), daemon=True)
            process.start()
            there.close()
            self._workers.append((process, here))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process, pipe in self._workers:
            pipe.send(None)
            process.join(timeout=10)
            pipe.close()

    def race(self, orders: Sequence[Order]) -> list[Lap]:
        """One heat with as many processes as there are orders, started together.

        Raises:
            HeatFailedError: with the error of the process that failed.
        """
        pipes = [pipe for _, pipe in self._workers[: len(orders)]]
        for pipe, order in zip(pipes, orders, strict=True):
            pipe.send(order)
        failures = [answer for answer in _answers(pipes) if isinstance(answer, str)]
        start = None if failures else time.monotonic_ns() + int(_LEAD * 1e9)
        for pipe in pipes:
            pipe.send(start)
        laps = _answers(pipes)
        failures += [lap for lap in laps if isinstance(lap, str)]
        if failures:
            raise HeatFailedError(failures[0])
        return [lap for lap in laps if isinstance(lap, Lap)]


def _answers(pipes: Sequence[Connection]) -> list[Any]:
    for pipe in pipes:
        if not pipe.poll(_LONGEST):
            raise HeatFailedError(f"A process gave no answer for {_LONGEST:.0f} seconds.")
    return [pipe.recv() for pipe in pipes]


@contextmanager
def fresh_place(
    contestant: Contestant, folder: Path, server: RedisServer | None, budget: int
) -> Iterator[Place]:
    """An empty folder and an empty Redis, prepared for the contestant."""
    inside = Path(tempfile.mkdtemp(prefix=f"{contestant.name}-", dir=folder))
    if contestant.needs_redis and server is not None:
        server.empty()
    place = Place(inside, server.socket if server is not None else "", budget)
    try:
        contestant.prepare(place)
        yield place
    finally:
        shutil.rmtree(inside)


def timed_heat(
    stable: Stable,
    contestant: Contestant,
    processes: int,
    *,
    folder: Path,
    server: RedisServer | None,
    seconds: float,
    pairs: int = 0,
) -> list[Lap]:
    """Pairs of one unit for so many seconds, or until each process has made so many."""
    with fresh_place(contestant, folder, server, NO_END) as place:
        order = Order(contestant.name, place, seconds=seconds, pairs=pairs)
        return stable.race([order] * processes)


def exact_heat(
    stable: Stable,
    contestant: Contestant,
    prices: Sequence[tuple[int, ...]],
    *,
    folder: Path,
    server: RedisServer | None,
    budget: int,
) -> list[Lap]:
    """One attempt for every price, a tuple of prices for each process, on a budget that runs out."""
    with fresh_place(contestant, folder, server, budget) as place:
        order = Order(contestant.name, place)
        return stable.race([replace(order, prices=mine) for mine in prices])


# -- in the worker


def _work(pipe: Connection) -> None:
    while (order := pipe.recv()) is not None:
        try:
            lap: Lap | str = _heat(order, pipe)
        except Exception:  # noqa: BLE001  (whatever a contestant raises is its result)
            lap = traceback.format_exc()
        pipe.send(lap)


def _heat(order: Order, pipe: Connection) -> Lap:
    """Open, warm up, say ready, wait for the start, run; always answers the first of two messages itself."""
    try:
        opened = CONTESTANTS[order.contestant].open(order.place)
        for _ in range(0 if order.prices else _WARM_UP):
            opened.pair(1)
    except Exception:
        pipe.send(traceback.format_exc())
        pipe.recv()
        raise
    try:
        pipe.send(_READY)
        start = pipe.recv()
        if start is None:
            return Lap(array("q"), 0, 0, 0)
        time.sleep(max(0.0, (start - time.monotonic_ns()) / 1e9))
        return _spend(opened.pair, order.prices) if order.prices else _run(opened.pair, order)
    finally:
        opened.close()


def _run(pair: Pair, order: Order) -> Lap:
    clock, taken, refused = time.monotonic_ns, array("q"), 0
    note, most = taken.append, order.pairs or NO_END
    began = before = clock()
    end = began + int(order.seconds * 1e9)
    while before < end and len(taken) < most:
        granted = pair(1)
        now = clock()
        if granted:
            note(now - before)
        else:
            refused += 1
        before = now
    return Lap(taken, refused, began, before)


def _spend(pair: Pair, prices: Sequence[int]) -> Lap:
    clock, attempts = time.monotonic_ns, []
    for units in prices:
        before = clock()
        granted = pair(units)
        attempts.append((before, clock(), units, granted))
    refused = sum(not granted for *_, granted in attempts)
    return Lap(array("q"), refused, attempts[0][0], attempts[-1][1], tuple(attempts))
