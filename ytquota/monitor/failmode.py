"""Fail mode "open": calls go out while the ledger is out of reach, up to a budget, and are counted later.

What goes out meanwhile is kept in a journal of its own, the spool, whose limit is the budget. So it is exact
across this host's processes and outlives them, and its call lines can be read like any. When the ledger is
back, the units are added to it by `adjust`, before anything else is asked of it. Where this host's disk fails
too, the budget is counted in memory, for each process.
"""

from __future__ import annotations

import logging
import math
import random
import threading
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from ytquota import clock as clocks
from ytquota.errors import BY_OPERATOR, MARKED, LedgerUnavailable, QuotaExceeded
from ytquota.monitor.files import locked
from ytquota.monitor.forks import in_child
from ytquota.monitor.journal import Journal
from ytquota.monitor.ledger import (
    Balance,
    CallRecord,
    Hold,
    Items,
    Ledger,
    LimitSource,
    MarkSource,
    check_items,
)
from ytquota.monitor.places import days_in
from ytquota.monitor.redis_minutes import minutes_of
from ytquota.prices import BUCKETS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from ytquota.monitor.redis_minutes import Minutes

logger = logging.getLogger("ytquota")

_OPEN, _IN_MEMORY = "open:", "open:memory:"
_COUNTED = "counted:"
"""Before a bucket's name in the spool: units of it that the ledger has been told of."""
_REST = 10.0
"""Seconds before a ledger that was out of reach is asked again."""
_REPLAYED = 47 * 3600.0
"""Seconds after its end for which a day is still added to the ledger; Redis lets go of it after 48 hours."""

Pools = dict[str, dict[str, Balance]]
_Pool = tuple[str, "date", str]
Result = TypeVar("Result")


class FailOpen:
    """A ledger that stands before another one, and lets calls out while that is out of reach.

    Args:
        ledger: the one that counts.
        folder: of the spool.
        budget: units that may go out meanwhile, for each pool and quota day.
        clock: the time, injected.
    """

    def __init__(
        self, ledger: Ledger, folder: Path, *, budget: int, clock: clocks.Clock | None = None
    ) -> None:
        self._ledger, self._folder, self._budget = ledger, folder, budget
        self._clock = clock or clocks.SystemClock()
        self._spool = Journal(folder, clock=self._clock, limits=lambda _project, _bucket: budget)
        self._memory: dict[_Pool, int] = {}
        self._waiting: list[tuple[float, Callable[[], None]]] = []
        self._seen: dict[tuple[str, date], dict[str, Balance]] = {}
        self._has_news = folder.exists()  # an earlier process may have left some
        self._error: LedgerUnavailable | None = None
        self._rests_until = 0.0
        self._mutex = threading.RLock()
        in_child(self, FailOpen._leave_news_to_the_parent)

    @property
    def location(self) -> str:
        """Where the ledger behind this one is, and whether it is out of reach."""
        return self._ledger.location + (" (out of reach; fail mode open)" if self._error else "")

    # -- the life of a request

    def hold(
        self, project: str, items: Items, *, keep: Mapping[str, int] | None = None, note: str = ""
    ) -> Hold:
        """Charge the ledger or, while it is out of reach, the budget; `keep` is not known there."""
        try:
            return self._asked(lambda: self._ledger.hold(project, items, keep=keep, note=note))
        except LedgerUnavailable:
            return self._hold_open(project, items, note)

    def extend(self, hold: Hold, items: Items, *, keep: Mapping[str, int] | None = None) -> Hold:
        """Charge a further send to where there is something to charge."""
        if hold.id.startswith(_OPEN):
            self._hold_open(hold.project, items, "")  # also charged to the budget when the ledger is back
            return hold
        try:
            return self._asked(lambda: self._ledger.extend(hold, items, keep=keep))
        except LedgerUnavailable:
            self._hold_open(hold.project, items, "")
            return hold

    def settle(self, hold: Hold, records: Sequence[CallRecord]) -> bool:
        """Log how the request ended, in the ledger that was charged."""
        if hold.id.startswith(_OPEN):
            return self._end_open(hold, records, {one.bucket: one.released for one in records})
        return self._asked(lambda: self._ledger.settle(hold, records))

    def release(self, hold: Hold, records: Sequence[CallRecord] = ()) -> bool:
        """Give all units back, where they were charged."""
        if hold.id.startswith(_OPEN):
            return self._end_open(hold, records or None, dict(hold.items))
        return self._asked(lambda: self._ledger.release(hold, records))

    def refuse(self, project: str, record: CallRecord) -> None:
        """Log denied demand, in the spool where the ledger does not take it."""
        try:
            self._asked(lambda: self._ledger.refuse(project, record))
        except LedgerUnavailable:
            with suppress(LedgerUnavailable):
                self._spool.refuse(project, record)

    # -- what is known of a pool

    def exhaust(
        self,
        project: str,
        bucket: str,
        until: float | None,
        *,
        reason: str = "",
        day: date | None = None,
        provisional: bool = False,
        source: MarkSource = "server",
    ) -> None:
        """Mark a pool: now for this host, and in the ledger as soon as it is back."""
        day = day or clocks.bounds_at(self._clock.time()).day

        def mark(ledger: Ledger) -> None:
            ledger.exhaust(
                project, bucket, until, reason=reason, day=day, provisional=provisional, source=source
            )

        try:
            self._asked(lambda: mark(self._ledger))
        except LedgerUnavailable:
            self._waiting.append((clocks.bounds_of(day).end, lambda: mark(self._ledger)))
            with suppress(LedgerUnavailable):
                mark(self._spool)

    def limit(self, project: str, bucket: str, value: int | None, *, source: LimitSource) -> None:
        """Note a limit, as soon as the ledger is back."""

        def note() -> None:
            self._ledger.limit(project, bucket, value, source=source)

        try:
            self._asked(note)
        except LedgerUnavailable:
            self._waiting.append((math.inf, note))

    def adjust(
        self, project: str, bucket: str, units: int, *, reason: str, who: str, day: date | None = None
    ) -> Balance:
        """Correct the ledger's count; a correction is not made to a ledger that is out of reach."""
        return self._asked(
            lambda: self._ledger.adjust(project, bucket, units, reason=reason, who=who, day=day)
        )

    def usage(self, project: str | None = None, day: date | None = None) -> Pools:
        """The ledger's balances; while it is out of reach the last ones seen, and what went out since."""
        day_meant = day or clocks.bounds_at(self._clock.time()).day
        try:
            pools = self._asked(lambda: self._ledger.usage(project, day))
        except LedgerUnavailable:
            return self._last_known(project, day_meant)
        self._seen |= {(name, day_meant): balances for name, balances in pools.items()}
        return pools

    def minutes(self, project: str, day: date) -> Minutes | None:
        """What the ledger behind this one knows of the last hours; None where it keeps no minutes."""
        return minutes_of(self._ledger, project, day)

    def flush(self) -> None:
        """Write what is still summed up, and tell the ledger what it has missed."""
        with suppress(LedgerUnavailable):
            self._spool.flush()
        self._asked(self._ledger.flush)

    def close(self) -> None:
        """Flush, and let go of files and connections."""
        try:
            self.flush()
        except LedgerUnavailable as error:
            logger.warning("%s What it has missed is added at the next start.", error)
        with suppress(LedgerUnavailable):
            self._spool.close()
        self._ledger.close()

    # -- out of reach, and back

    def _asked(self, step: Callable[[], Result]) -> Result:
        """Ask the ledger, unless it has just been out of reach; first it is told what it has missed."""
        if self._error is not None and 0 < self._rests_until - self._clock.time() <= _REST:
            raise LedgerUnavailable(str(self._error))
        try:
            self._tell_news()
            result = step()
        except LedgerUnavailable as error:
            self._rests_until = self._clock.time() + _REST
            if self._error is None:
                logger.warning(
                    "%s Fail mode open: until it is back, up to %s units of each pool go out a day and are "
                    "added to it later.",
                    error,
                    f"{self._budget:,}",
                )
            self._error = error
            raise
        self._error = None
        return result

    def _tell_news(self) -> None:
        """Bring the ledger up to date; what a crash in between makes it hear twice is on the safe side."""
        if not self._has_news and not self._waiting:
            return
        with self._mutex, self._only_one_process():
            self._has_news = False
            try:
                for pool, units in self._uncounted().items():
                    self._tell(pool, units)
                self._redo_marks_and_limits()
            except LedgerUnavailable:
                self._has_news = True
                raise

    def _tell(self, pool: _Pool, units: int) -> None:
        project, day, bucket = pool
        why = "calls made while the ledger was out of reach (fail mode open)"
        self._ledger.adjust(project, bucket, units, reason=why, who="ytquota", day=day)
        in_spool = units - self._memory.pop(pool, 0)
        if in_spool:
            try:
                self._spool.adjust(project, _COUNTED + bucket, in_spool, reason=why, who="ytquota", day=day)
            except LedgerUnavailable:
                self._memory[pool] = -in_spool  # or the ledger would hear it again and again
        logger.warning(
            "The ledger %s is back: %+d units of pool %s of project %s on %s were added to it.",
            self._ledger.location,
            units,
            bucket,
            project,
            day,
        )

    def _leave_news_to_the_parent(self) -> None:
        """After a fork: what waits in memory would be told by both; what is in the spool is told once."""
        self._mutex = threading.RLock()
        self._memory, self._waiting = {}, []

    def _redo_marks_and_limits(self) -> None:
        while self._waiting:
            ends, redo = self._waiting[0]
            if self._clock.time() < ends:
                redo()
            self._waiting.pop(0)

    def _uncounted(self) -> dict[_Pool, int]:
        """Units that the ledger does not know of yet."""
        news, now = dict(self._memory), self._clock.time()
        for day in days_in(self._folder):
            if now < clocks.bounds_of(day).end + _REPLAYED:
                with suppress(LedgerUnavailable):
                    for project, pools in self._spool.usage(day=day).items():
                        for bucket, units in _spooled(pools).items():
                            news[project, day, bucket] = news.get((project, day, bucket), 0) + units
        return {pool: units for pool, units in news.items() if units}

    @contextmanager
    def _only_one_process(self) -> Iterator[None]:
        """Two processes must not both tell the ledger of the same units."""
        with ExitStack() as stack:
            with suppress(OSError):  # then there is no spool to read either, only this process's memory
                stack.enter_context(locked(self._folder / "told"))
            yield

    # -- the budget

    def _hold_open(self, project: str, items: Items, note: str) -> Hold:
        check_items(items)
        try:
            hold = self._spool.hold(project, items, note=note)
        except QuotaExceeded as error:
            if error.reason in {MARKED, BY_OPERATOR}:
                raise  # no budget lifts that
            raise self._spent(error.project, error.bucket, error.asked, error.left) from None
        except LedgerUnavailable:
            hold = self._hold_in_memory(project, items)
        self._has_news = True
        return Hold(_OPEN + hold.id, project, hold.day, hold.items, hold.at)

    def _hold_in_memory(self, project: str, items: Items) -> Hold:
        now = self._clock.time()
        day = clocks.bounds_at(now).day
        with self._mutex:
            after = dict(self._memory)
            for bucket, units in items:
                used = after.get((project, day, bucket), 0)
                if used + units > self._budget:
                    raise self._spent(project, bucket, units, self._budget - used)
                after[project, day, bucket] = used + units
            self._memory = after
        return Hold(f"memory:{random.getrandbits(64):016x}", project, day, items, now)

    def _end_open(
        self, hold: Hold, records: Sequence[CallRecord] | None, given_back: Mapping[str, int]
    ) -> bool:
        if not hold.is_open:
            return False
        hold.is_open = False
        self._has_news = True
        if hold.id.startswith(_IN_MEMORY):
            with self._mutex:
                for bucket, units in given_back.items():
                    key = (hold.project, hold.day, bucket)
                    self._memory[key] = self._memory.get(key, 0) - units
            return True
        spooled = Hold(hold.id.removeprefix(_OPEN), hold.project, hold.day, hold.items, hold.at)
        spooled.is_shared = True  # so that the spool looks into its file
        return self._spool.release(spooled) if records is None else self._spool.settle(spooled, records)

    def _spent(self, project: str, bucket: str, asked: int, left: int) -> QuotaExceeded:
        now = self._clock.time()
        return QuotaExceeded(
            "The ledger is out of reach, and this is what YTQUOTA_OPEN_BUDGET allows meanwhile.",
            project=project,
            bucket=bucket,
            asked=asked,
            left=max(0, left),
            limit=self._budget,
            resets_at=clocks.next_reset(now),
            now=clocks.utc(now),
            reason="open_budget",
        )

    def _last_known(self, project: str | None, day: date) -> Pools:
        spool: Pools = {}
        with suppress(LedgerUnavailable):
            spool = self._spool.usage(project, day)
        names = [project] if project else {*spool, *(name for name, when in self._seen if when == day)}
        return {name: self._estimate(name, day, spool.get(name, {})) for name in sorted(names)}

    def _estimate(self, project: str, day: date, spool: Mapping[str, Balance]) -> dict[str, Balance]:
        """The last balances seen with what went out since; never seen, the budget is what there is."""
        news = _spooled(spool)
        for (name, when, bucket), units in list(self._memory.items()):
            if (name, when) == (project, day):
                news[bucket] = news.get(bucket, 0) + units
        allowed = {bucket: Balance(0, 0, self._budget, None, "operator") for bucket in BUCKETS}
        seen = self._seen.get((project, day), allowed)
        return {
            name: replace(balance, used=balance.used + news.get(name, 0)) for name, balance in seen.items()
        }


def _spooled(pools: Mapping[str, Balance]) -> dict[str, int]:
    """Units by bucket that the ledger has not been told of; negative where it was told too many."""
    return {
        bucket: balance.used - (pools[_COUNTED + bucket].used if _COUNTED + bucket in pools else 0)
        for bucket, balance in pools.items()
        if not bucket.startswith(_COUNTED)
    }
