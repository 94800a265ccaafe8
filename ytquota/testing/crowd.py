"""Many at once: threads and processes that race for the same pools."""

# ruff: noqa: PLR2004 - the figures of a test are its own
from __future__ import annotations

import multiprocessing
import os
import pickle
import random
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from ytquota.clock import ManualClock
from ytquota.errors import QuotaExceeded
from ytquota.prices import PriceBook
from ytquota.testing.case import PROJECT, LedgerCase, Opener, a_record, pool, take

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ytquota.monitor.ledger import Items, Ledger

PROCESSES = 8
_TOGETHER: dict[str, Any] = {}

Result = TypeVar("Result")


class Denial(NamedTuple):
    """What a ledger said when it denied a hold."""

    bucket: str
    asked: int
    left: int
    kept: int


@dataclass
class Tally:
    """What one worker was given and gave back, by bucket, and how it was denied."""

    held: dict[str, int] = field(default_factory=dict)
    returned: dict[str, int] = field(default_factory=dict)
    denials: list[Denial] = field(default_factory=list)

    def spent(self, bucket: str) -> int:
        """Units that stayed charged."""
        return self.held.get(bucket, 0) - self.returned.get(bucket, 0)


class CrowdConformance(LedgerCase):
    """Never a unit too many, and none lost."""

    race = 500
    """Holds until a race is over: as many as the backend makes in some tenths of a second, lest the first
    process is done before the second has begun."""

    def test_threads_get_exactly_what_fits(self) -> None:
        """Eight threads of one program share one ledger object."""
        ledger = self.make_ledger(limits={"default": self.race})

        def grab_all(_: int) -> int:
            return _count(ledger, "default", 1)

        with ThreadPoolExecutor(8) as threads:
            assert sum(threads.map(grab_all, range(8))) == self.race
        assert pool(ledger).used == self.race

    def test_processes_get_exactly_what_fits(self) -> None:
        """Eight programs race for the last units: together they get all of them and not one more."""
        limits = {"default": self.race * 7 + 6}
        got = self._race(grab, limits, [(("default", 7, 0),)] * PROCESSES)
        assert sum(got) == self.race * 7
        assert pool(self.make_ledger(limits=limits)).used == sum(got)

    def test_lower_priorities_never_dig_into_what_is_kept(self) -> None:
        """Six programs that must keep units for others leave them, beside two that need not keep any."""
        limits, keep = {"default": self.race * 5}, self.race
        jobs = [(("default", 5, keep),)] * 6 + [(("default", 5, 0),)] * 2
        got = self._race(grab, limits, jobs)
        assert sum(got[:6]) <= limits["default"] - keep
        assert sum(got) == limits["default"]

    def test_what_is_kept_stays_when_only_lower_priorities_ask(self) -> None:
        """Eight programs of low priority stop exactly at the reserve."""
        limits = {"default": self.race * 4 + 120}
        assert sum(self._race(grab, limits, [(("default", 4, 120),)] * PROCESSES)) == self.race * 4
        assert _count(self.make_ledger(limits=limits), "default", 1) == 120

    def test_all_prices_mixed_add_up(self) -> None:
        """Eight programs hold, extend, settle and release at every price: the count is what they kept."""
        calls = self.race // PROCESSES
        limits = {"default": 45 * calls, "search_list": calls // 4, "video_insert": calls // 6}
        limits["video_batch_get_stats"] = calls // 2
        tallies = self._race(spend, limits, [(seed, calls) for seed in range(PROCESSES)])
        pools = self.make_ledger(limits=limits).usage(PROJECT)[PROJECT]
        for bucket, limit in limits.items():
            assert pools[bucket].used == sum(tally.spent(bucket) for tally in tallies)
            assert pools[bucket].used <= limit
        denials = [denial for tally in tallies for denial in tally.denials]
        assert denials
        assert all(denial.left - denial.kept < denial.asked for denial in denials)

    def test_a_hold_is_settled_by_one_process_only(self) -> None:
        """Eight programs have a copy of the same holds: each is given back once."""
        ledger = self.make_ledger()
        packed = pickle.dumps([take(ledger, 1) for _ in range(100)])
        assert sum(self._race(release_all, {}, [(packed,)] * PROCESSES)) == 100
        assert pool(ledger).used == 0

    def test_a_hold_copied_by_a_fork_ends_once(self) -> None:
        """Parent and child have the same hold, and neither knows of the other's settlement."""
        if not hasattr(os, "fork"):
            return
        ledger = self.make_ledger()
        hold = take(ledger, 50)
        child = os.fork()
        if child == 0:
            status = 1
            try:
                status = 0 if ledger.release(hold) else 2
            finally:
                os._exit(status)
        assert os.waitpid(child, 0)[1] == 0
        assert not ledger.release(hold)
        assert pool(ledger).used == 0

    def _race(
        self, job: Callable[..., Result], limits: Mapping[str, int], jobs: Sequence[tuple[Any, ...]]
    ) -> list[Result]:
        return in_processes(job, [(self.opener(), self.clock.time(), limits, *rest) for rest in jobs])


def grab(opener: Opener, at: float, limits: Mapping[str, int], wish: tuple[str, int, int]) -> int:
    """Take holds of (bucket, units, keep) until one is denied; the units that were given."""
    bucket, units, keep = wish
    ledger = opener(ManualClock(at), limits)
    try:
        return _count(ledger, bucket, units, keep)
    finally:
        ledger.close()


def release_all(opener: Opener, at: float, limits: Mapping[str, int], packed: bytes) -> int:
    """Release holds that another process took; how many of them this one ended."""
    ledger = opener(ManualClock(at), limits)
    try:
        return sum(ledger.release(hold) for hold in pickle.loads(packed))  # noqa: S301 - our own bytes
    finally:
        ledger.close()


def spend(opener: Opener, at: float, limits: Mapping[str, int], seed: int, calls: int) -> Tally:
    """Make calls at random prices, with random reserves and endings; what became of them."""
    chance, tally = random.Random(seed), Tally()  # noqa: S311 - a repeatable race
    prices = sorted({(price.bucket, price.units) for price in PriceBook.load().rows()})
    ledger = opener(ManualClock(at), limits)
    try:
        for _ in range(calls):
            count = 1 if chance.random() < 0.8 else 3  # a batch now and then
            _one_call(ledger, tuple(chance.choices(prices, k=count)), chance, tally)
    finally:
        ledger.close()
    return tally


def _one_call(ledger: Ledger, items: Items, chance: random.Random, tally: Tally) -> None:
    keep = {bucket: chance.choice((0, 0, 5, 300)) for bucket, _ in items}
    hold = None
    try:
        hold = ledger.hold(PROJECT, items, keep=keep)
        _add(tally.held, items)
        if chance.random() < 0.2:  # a second send now and then
            ledger.extend(hold, items[:1], keep=keep)
            _add(tally.held, items[:1])
    except QuotaExceeded as error:
        tally.denials.append(Denial(error.bucket, error.asked, error.left, keep[error.bucket]))
    if hold is None:
        return
    end = chance.choice(("ok", "ok", "refused", "release"))
    if end == "release":
        ledger.release(hold)
        _add(tally.returned, hold.items)
    elif end == "refused":
        ledger.settle(
            hold, [a_record(0, bucket, released=units, outcome="refused") for bucket, units in items]
        )
        _add(tally.returned, items)
    else:
        ledger.settle(hold, [a_record(units, bucket) for bucket, units in items])


def _add(sums: dict[str, int], items: Items) -> None:
    for bucket, units in items:
        sums[bucket] = sums.get(bucket, 0) + units


def _count(ledger: Ledger, bucket: str, units: int, keep: int = 0) -> int:
    """Units given in holds of `units`, until the first denial."""
    got = 0
    while True:
        try:
            take(ledger, units, bucket, keep={bucket: keep})
        except QuotaExceeded:
            return got
        got += units


def in_processes(job: Callable[..., Result], arguments: Sequence[tuple[Any, ...]]) -> list[Result]:
    """Run `job(*arguments[n])` in a process of its own for each n, all let go at the same moment.

    The job must be a function of an importable module, its arguments and results picklable.
    """
    ways = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if "forkserver" in ways else "spawn")
    if "forkserver" in ways:
        # loaded once and forked from there; a test runner that is the main program would be loaded by each
        context.set_forkserver_preload([__name__, *({"pytest"} & sys.modules.keys())])
    together = context.Barrier(len(arguments))
    with ProcessPoolExecutor(
        len(arguments), mp_context=context, initializer=_join, initargs=(together,)
    ) as processes:
        futures = [processes.submit(_let_go, job, one_of) for one_of in arguments]
        return [future.result(timeout=100) for future in futures]


def _join(together: Any) -> None:
    _TOGETHER["go"] = together


def _let_go(job: Callable[..., Result], arguments: tuple[Any, ...]) -> Result:
    _TOGETHER["go"].wait(timeout=60)
    return job(*arguments)
