"""The ledger that several hosts share: pools in a Redis or Valkey, call lines on each host.

The rules run on the server as functions (redis_ledger.lua): one round trip a hold, one a settlement. The time
is the server's; the client sends the bounds of the day it believes in, and a day that has passed is refused,
so that a host with a wrong clock cannot move the day.

Every request carries the last step that this host knows it has made. A server that knows less has lost data:
it was restarted empty or from an old copy, or a replica that lagged took over. Then the host first brings
back its share from its own lines, with a warning and an `adjust` line; it never counts on from nothing.
"""

from __future__ import annotations

import logging
import os
import random
import threading
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ytquota import clock as clocks
from ytquota.errors import LedgerUnavailable, QuotaExceeded
from ytquota.monitor import lines, pools
from ytquota.monitor.forks import in_child
from ytquota.monitor.host_page import balances_in
from ytquota.monitor.ledger import Balance, CallRecord, Hold, Items, LimitSource, MarkSource, check_items
from ytquota.monitor.places import days_in, project_name
from ytquota.monitor.redis_books import PROJECTS, Answer, Book, Books, DayClosed
from ytquota.monitor.redis_minutes import minutes_in
from ytquota.monitor.redis_store import RedisStore, Unanswered
from ytquota.monitor.refusals import Refusals, Refused
from ytquota.monitor.tail import read_state
from ytquota.prices import DEFAULT_LIMITS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from ytquota.monitor.redis_minutes import Minutes

logger = logging.getLogger("ytquota")

_DOUBTS = 1000


class RedisLedger:
    """The ledger on a server, with this host's lines in `<folder>/<day>/<project>.jsonl`.

    Connects when it is first used.

    Args:
        url: the server's address, as `redis://user:password@host:6379/0`, `rediss://` or `unix://`.
        folder: where this host's lines are kept; made when the first call is counted.
        clock: what this host believes the time to be.
        limits: what the operator says the limit of (project, bucket) is, or None.
            Without it, what was said before stays.
        server_time: count by the server's time; False counts by the clock, for tests and simulations.

    Raises:
        SettingsError: the address is wrong, or the redis package is not installed.
    """

    def __init__(
        self,
        url: str,
        folder: Path,
        *,
        clock: clocks.Clock | None = None,
        limits: Callable[[str, str], int | None] | None = None,
        server_time: bool = True,
    ) -> None:
        self.folder = folder
        self._clock = clock or clocks.SystemClock()
        self._store = RedisStore(url)
        self._books = Books(self._store, folder, self._clock, limits, server_time=server_time)
        self._refusals = Refusals()
        self._due: deque[tuple[Refused, str]] = deque()
        self._doubts: deque[tuple[str, clocks.DayBounds, str, Items]] = deque(maxlen=_DOUBTS)
        self._unfinished: dict[str, str] = {}
        self._mutex = threading.RLock()
        self._pid = os.getpid()
        in_child(self, RedisLedger._after_fork)

    @property
    def location(self) -> str:
        """The server's address without user and password."""
        return self._store.location

    # -- the life of a request

    def hold(
        self, project: str, items: Items, *, keep: Mapping[str, int] | None = None, note: str = ""
    ) -> Hold:
        """Charge all items or none; see `Ledger.hold`."""
        check_items(items)
        self._clear_doubts()
        book, id_, answer = self._books.on_today(lambda bounds: self._take(project, bounds, items, keep))
        self._raise_if_denied(book, answer)
        try:
            self._books.note(book, answer, id_, ("hold", {"items": items, "pid": self._pid, "note": note}))
        except LedgerUnavailable:
            self._doubts.append((project, book.bounds, id_, items))
            raise
        return Hold(id_, project, book.bounds.day, items, float(answer["at"]))

    def extend(self, hold: Hold, items: Items, *, keep: Mapping[str, int] | None = None) -> Hold:
        """Charge more to an open hold, on the day the hold was taken."""
        check_items(items)
        book = self._books.book(hold.project, clocks.bounds_of(hold.day))
        request = _identity(hold) | {"items": items, "keep": keep or {}}
        answer = self._books.ask(book, "extend", request, once=_word())
        if answer["code"] == "ended" or not hold.is_open:
            raise ValueError(f"The hold {hold.id} was settled before; nothing can be added to it.")
        self._raise_if_denied(book, answer)
        hold.items = (*hold.items, *items)
        self._books.note(book, answer, hold.id, ("extend", {"items": items, "pid": self._pid}))
        return hold

    def settle(self, hold: Hold, records: Sequence[CallRecord]) -> bool:
        """Log how the request ended; what its records release is given back."""
        if not records:
            return self._end(hold, (), ("settle", {"items": hold.items, "pid": self._pid}))
        released = tuple((one.bucket, one.released, one.outcome) for one in records)
        entries = []
        for part, one in enumerate(records):
            fields = lines.call_fields(one, self._pid) | ({"part": part} if len(records) > 1 else {})
            entries.append(("settle" if one.units or not one.released else "release", fields))
        return self._end(hold, released, *entries)

    def release(self, hold: Hold, records: Sequence[CallRecord] = ()) -> bool:
        """Give all units back; without records a bare line says so."""
        if records:
            return self.settle(hold, records)
        return self._end(hold, None, ("release", {"items": hold.items, "pid": self._pid}))

    def refuse(self, project: str, record: CallRecord) -> None:
        """Add denied demand to what is summed, and write what is due; what Redis does not take now waits."""
        with self._mutex:
            self._refusals.add(project, self._books.bounds().day, record)
        try:
            self._write_refusals()
        except LedgerUnavailable as error:
            logger.debug("Denied demand waits to be written: %s", error)

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
        """Mark a pool, or clear its mark; a second provisional mark in a row is a firm one."""
        request = {
            "bucket": bucket,
            "exhausted": until or False,
            "provisional": provisional,
            "by_operator": source == "operator",
        }
        book, answer = self._step(project, day, "exhaust", request)
        stands = balances_in(answer)[bucket][3]
        fields = {"bucket": bucket, "until": stands, "reason": reason, "pid": self._pid}
        self._books.note(book, answer, "", ("exhaust", fields))

    def limit(self, project: str, bucket: str, value: int | None, *, source: LimitSource) -> None:
        """Note a limit, unless that is what the ledger knows already."""
        said = (bucket, source, False if value is None else value)
        request = {"limits": (said,), "defaults": {bucket: DEFAULT_LIMITS.get(bucket, 0)}}
        book, answer = self._step(project, None, "limit", request)
        if answer["code"] == "ok":
            fields = {"bucket": bucket, "limit": value, "source": source, "pid": self._pid}
            self._books.note(book, answer, "", ("limit", fields))

    def adjust(
        self, project: str, bucket: str, units: int, *, reason: str, who: str, day: date | None = None
    ) -> Balance:
        """Correct a count by a line that says who did it and why."""
        book, answer = self._step(project, day, "adjust", {"bucket": bucket, "units": units})
        fields = {"bucket": bucket, "units": units, "reason": reason, "who": who, "pid": self._pid}
        self._books.note(book, answer, "", ("adjust", fields))
        return _balances(answer)[bucket]

    def usage(self, project: str | None = None, day: date | None = None) -> dict[str, dict[str, Balance]]:
        """Balances of the day, as Redis has them; of days before its memory, as this host saw them last.

        Projects are those that were counted that day or on the newest day before it, by any host.
        """
        self._write_refusals()
        if day is not None and day != self._books.bounds().day:
            return self._usage(project, clocks.bounds_of(day), today=False)
        pools_of = self._books.on_today(lambda bounds: self._usage(project, bounds, today=True))
        today = self._books.bounds().day
        with self._mutex:
            return {name: self._refusals.added_to(name, today, pools) for name, pools in pools_of.items()}

    def minutes(self, project: str, day: date) -> Minutes:
        """How the count of a day stood minute by minute in the last hours; see `Minutes`."""
        book = self._books.unopened(project, clocks.bounds_of(day))
        return minutes_in(self._books.ask(book, "history", {}, read=True), book.host)

    def flush(self) -> None:
        """Write the demand that is still summed up, and give back what was held in doubt."""
        self._clear_doubts()
        self._write_refusals(everything=True)

    def close(self) -> None:
        """Flush, and let go of files and connections."""
        try:
            self.flush()
        except LedgerUnavailable as error:
            logger.warning("%s Denied demand that was still summed up could not be written.", error)
        self._books.close()
        self._store.close()

    # -- steps

    def _step(
        self, project: str, day: date | None, function: str, request: Mapping[str, Any], once: str = ""
    ) -> tuple[Book, Answer]:
        """One step on a day, or on the current one."""
        once = once or _word()

        def on(bounds: clocks.DayBounds) -> tuple[Book, Answer]:
            book = self._books.book(project, bounds, today=day is None)
            return book, self._books.ask(book, function, request, today=day is None, once=once)

        return self._books.on_today(on) if day is None else on(clocks.bounds_of(day))

    def _take(
        self, project: str, bounds: clocks.DayBounds, items: Items, keep: Mapping[str, int] | None
    ) -> tuple[Book, str, Answer]:
        book = self._books.book(project, bounds, today=True)
        id_ = f"{bounds.day:%Y%m%d}-0-{_word()}"
        request = {"id": id_, "items": items, "keep": keep or {}}
        try:
            return book, id_, self._books.ask(book, "hold", request, today=True)
        except Unanswered:
            self._doubts.append((project, bounds, id_, items))
            raise

    def _end(
        self,
        hold: Hold,
        released: Sequence[tuple[str, int, str]] | None,
        *entries: tuple[str, Mapping[str, Any]],
    ) -> bool:
        """End a hold once; a settlement that failed half way is the same one when it is tried again."""
        with self._mutex:
            if not hold.is_open:
                return False
            hold.is_open = False
            once = self._unfinished.setdefault(hold.id, _word())
        request = _identity(hold) | ({} if released is None else {"records": released})
        try:
            book = self._books.book(hold.project, clocks.bounds_of(hold.day))
            answer = self._books.ask(book, "settle", request, once=once)
        except DayClosed:
            answer = {"code": "ended"}
        if answer["code"] == "ok":
            self._books.note(book, answer, hold.id, *entries)
        self._unfinished.pop(hold.id, None)
        return bool(answer["code"] == "ok")

    def _clear_doubts(self) -> None:
        """Give back what was held without an answer: nobody has sent anything on it."""
        while self._doubts:
            doubt = self._doubts.popleft()
            project, bounds, id_, items = doubt
            try:
                self._end(
                    Hold(id_, project, bounds.day, items, 0.0, is_shared=True),
                    None,
                    ("release", {"items": items}),
                )
            except LedgerUnavailable:
                self._doubts.appendleft(doubt)
                raise

    def _write_refusals(self, *, everything: bool = False) -> None:
        with self._mutex:
            self._refusals.write(self._queue, self._clock.time(), everything=everything)
            while self._due:
                with suppress(DayClosed):  # nobody counts that day any more
                    self._write_refusal(*self._due[0])
                self._due.popleft()

    def _queue(self, one: Refused) -> None:
        self._due.append((one, _word()))

    def _write_refusal(self, one: Refused, once: str) -> None:
        request = {"bucket": one.record.bucket, "units": one.record.released}
        book, answer = self._step(one.project, one.day, "refuse", request, once)
        fields = lines.call_fields(one.record, self._pid) | {"calls": one.calls}
        at = one.instant(float(answer["at"]))
        self._books.note(book, answer | {"at": at}, "", ("refuse", fields))

    # -- reading

    def _usage(
        self, project: str | None, bounds: clocks.DayBounds, *, today: bool
    ) -> dict[str, dict[str, Balance]]:
        names = [project] if project is not None else self._projects(bounds.day)
        return {name: self._pools(name, bounds, today=today) for name in names}

    def _pools(self, project: str, bounds: clocks.DayBounds, *, today: bool) -> dict[str, Balance]:
        book = self._books.unopened(project, bounds)
        try:
            answer = self._books.ask(book, "usage", {}, today=today, read=True)
        except DayClosed:
            state, _ = read_state(book.path)
            return _balances_of(state["bal"], state) if state else self._untouched(project, {})
        if answer["counted"]:
            return _balances(answer)
        return self._untouched(project, lines.decode(answer["lim"]))

    def _untouched(self, project: str, said: dict[str, dict[str, int]]) -> dict[str, Balance]:
        """The pools of a day on which nothing was counted yet."""
        balances, said = lines.empty_balances(), self._books.with_operator(project, said)
        for bucket, balance in balances.items():
            balance[2] = lines.effective_limit(bucket, said.get(bucket))[0]
        return _balances_of(balances, {"lim": said})

    def _projects(self, day: date) -> list[str]:
        last = self._store.remembered(PROJECTS)
        newest = max((n for n in last.values() if n < day.toordinal()), default=None)
        shared = {name for name, n in last.items() if n >= day.toordinal() or n == newest}
        here = [folder for folder in days_in(self.folder) if folder <= day]
        mine = (path for folder in here[-2:] for path in (self.folder / folder.isoformat()).glob("*.jsonl"))
        return sorted(shared.union(project_name(path.stem) for path in mine))

    def _raise_if_denied(self, book: Book, answer: Answer) -> None:
        if answer["code"] != "denied":
            return
        bucket, marked = answer["bucket"], answer["marked"]
        until = float(marked) if marked else book.bounds.end
        raise QuotaExceeded(
            "",
            project=book.project,
            bucket=bucket,
            asked=int(answer["asked"]),
            left=int(answer["left"]),
            resets_at=clocks.utc(until).astimezone(clocks.PACIFIC),
            reason=pools.why_denied(marked=bool(marked), by_operator=answer["by_operator"]),
            limit=int(answer["limit"]),
            now=clocks.utc(float(answer["at"])),
        )

    def _after_fork(self) -> None:
        self._mutex = threading.RLock()
        self._refusals, self._due = Refusals(), deque()
        self._doubts, self._unfinished = deque(maxlen=_DOUBTS), {}
        self._pid = os.getpid()
        self._books.after_fork()


def _word() -> str:
    """A word that nobody else says today."""
    return f"{random.getrandbits(64):016x}"


def _identity(hold: Hold) -> dict[str, Any]:
    return {"id": hold.id, "held": hold.items, "held_at": hold.at, "is_mine": not hold.is_shared}


def _balances(answer: Answer) -> dict[str, Balance]:
    said = lines.decode(answer["lim"])
    return _balances_of(balances_in(answer), {"lim": said, "by_operator": answer["by_operator"]})


def _balances_of(balances: Mapping[str, list[Any]], state: Mapping[str, Any]) -> dict[str, Balance]:
    """The protocol's values of balances, given what a line says of their limits and marks."""
    said, by_operator = state.get("lim", {}), state.get("by_operator", ())
    return {
        bucket: pools.balance_of(bucket, balance, said, by_operator) for bucket, balance in balances.items()
    }
