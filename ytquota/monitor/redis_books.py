"""The days of a ledger in Redis: which it is, what this host knows of it, and what if Redis knows less."""

from __future__ import annotations

import logging
import os
import threading
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from ytquota import clock as clocks
from ytquota.errors import LedgerUnavailable
from ytquota.monitor import pools
from ytquota.monitor.host_page import AUTHORITY, HostPage, host_id, last_step
from ytquota.monitor.places import journal_path, refuse_unsafe_places
from ytquota.monitor.tail import read_state
from ytquota.prices import DEFAULT_LIMITS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from ytquota.monitor.redis_store import RedisStore

logger = logging.getLogger("ytquota")

PROJECTS = "ytquota:projects"
"""Sorted set: project -> ordinal of the last day on which it was counted."""
_REMEMBERED = 60 * 86400
_CLOCK_SLIP = 3600.0
_OPEN_BOOKS = 64

Answer = dict[str, Any]
Result = TypeVar("Result")


class DayClosed(LedgerUnavailable):
    """The day ended more than 48 hours ago, and Redis has let go of it."""


class _Stale(Exception):  # noqa: N818 - an answer of the server, not an error
    """By the server's time it is another day."""

    def __init__(self, at: float) -> None:
        super().__init__(at)
        self.at = at


class Book:
    """One project on one quota day: its keys in Redis and its page on this host."""

    def __init__(
        self, project: str, bounds: clocks.DayBounds, path: Path, clock: clocks.Clock, host: str
    ) -> None:
        self.project, self.bounds, self.path, self.host = project, bounds, path, host
        self._clock = clock
        tag = f"ytquota:{{{project}}}"
        pools = f"{tag}:{bounds.day.isoformat()}"
        self._keys = (pools, f"{pools}:holds", f"{pools}:hosts", f"{tag}:limits")
        self._once, self._minutes = f"{tag}:once:", f"{pools}:minutes"
        self._page: HostPage | None = None

    def keys(self, once: str = "") -> tuple[str, ...]:
        """The keys of the day, and that of one request, as redis_ledger.lua names them."""
        return (*self._keys, self._once + once, self._minutes)

    @property
    def page(self) -> HostPage:
        """This host's lines of the day."""
        if self._page is None:
            self._page = HostPage(self.path, self.project, self.bounds.day, self._clock, self.host)
        return self._page

    @property
    def seq(self) -> int:
        """The last step that this host is known to have made."""
        if self._page is not None:
            return self._page.seq
        state, _ = read_state(self.path)
        if state is None or state.get("authority") == AUTHORITY:
            return last_step(state, self.host)
        with self.page as page:  # a journal counted here: its units are to be brought to Redis
            seq = page.seq
        self.close()
        return seq

    def close(self) -> None:
        """Let go of the page; it opens again when it is needed."""
        if self._page is not None:
            self._page.close()
            self._page = None


class Books:
    """Asks Redis about days, in its own time, and keeps this host's lines of what it answered.

    Args:
        store: the server.
        folder: where this host's lines are kept.
        clock: what this host believes the time to be.
        limits: what the operator says the limit of (project, bucket) is, or None.
        server_time: whether the server's time counts; else the clock's, for tests and simulations.
    """

    def __init__(
        self,
        store: RedisStore,
        folder: Path,
        clock: clocks.Clock,
        limits: Callable[[str, str], int | None] | None,
        *,
        server_time: bool,
    ) -> None:
        self._store, self._folder, self._clock = store, folder, clock
        self._operator_limit, self._server_time = limits, server_time
        self._skew = 0.0
        self._bounds = clocks.DayBounds(date.min, 0.0, 0.0)
        self._open: dict[tuple[str, date], Book] = {}
        self._mutex = threading.RLock()
        self._host = ""

    def bounds(self) -> clocks.DayBounds:
        """The current day; a clock that slips back over midnight stays in the newer one."""
        now, bounds = self._clock.time() + self._skew, self._bounds
        if bounds.start <= now < bounds.end or 0 < bounds.start - now < _CLOCK_SLIP:
            return bounds
        self._bounds = clocks.bounds_at(now)
        return self._bounds

    def on_today(self, step: Callable[[clocks.DayBounds], Result]) -> Result:
        """Do a step on the current day; where Redis says that it is another one by now, do it on that one."""
        try:
            return step(self.bounds())
        except _Stale as stale:
            self._skew = stale.at - self._clock.time()
            self._bounds = clocks.bounds_at(stale.at)
        try:
            return step(self._bounds)
        except _Stale:
            raise LedgerUnavailable(
                f"The ledger {self._store.location} and this machine do not agree which quota day it is. "
                "Nothing was counted. Set both clocks by a time server, and update the package tzdata."
            ) from None

    def book(self, project: str, bounds: clocks.DayBounds, *, today: bool = False) -> Book:
        """The book of a day, opened: limits are carried over to it, and the operator's are noted."""
        known = self._open.get((project, bounds.day))
        if known is not None:
            return known
        with self._mutex:
            return self._open.get((project, bounds.day)) or self._begin(project, bounds, today=today)

    def unopened(self, project: str, bounds: clocks.DayBounds) -> Book:
        """A book to read in only; nothing is written for it."""
        return self._open.get((project, bounds.day)) or self._book(project, bounds, write=False)

    def ask(
        self,
        book: Book,
        function: str,
        request: Mapping[str, Any],
        *,
        today: bool = False,
        read: bool = False,
        once: str = "",
    ) -> Answer:
        """One step on the server.

        Args:
            book: project and day.
            function: the step's name.
            request: what it needs.
            today: refuse the step if the book's day is not the current one.
            read: whether the step writes nothing.
            once: a word of its own for a step that must count once, however often it is sent.

        Raises:
            DayClosed: the book's day ended more than 48 hours ago.
            LedgerUnavailable: the server cannot be used.
        """
        answer: Answer = {}
        for _ in range(2):
            header = self._header(book, today=today, once=once)
            answer = self._store.call(function, book.keys(once), {**header, **request}, read=read)
            if answer["code"] != "lost":
                break
            self._restore(book)
        match answer["code"]:
            case "stale":
                raise _Stale(float(answer["at"]))
            case "closed":
                raise DayClosed(
                    f"The quota day {book.bounds.day} of project {book.project} ended over 48 hours ago; the "
                    f"ledger {self._store.location} has let go of it, and it can no longer be changed."
                )
            case "lost":
                raise LedgerUnavailable(
                    f"The ledger {self._store.location} loses what is written to it, so the units used today "
                    "are unknown. Nothing was counted. Check its restarts, maxmemory-policy, replicas."
                )
        return answer

    def note(self, book: Book, answer: Answer, id_: str, *entries: tuple[str, Mapping[str, Any]]) -> None:
        """Write this host's lines of a step."""
        with self._mutex:
            with book.page as page:
                page.note(answer, id_, *entries)
            if self._open.get((book.project, book.bounds.day)) is not book:
                book.close()

    def close(self) -> None:
        """Let go of every page."""
        with self._mutex:
            for book in self._open.values():
                book.close()
            self._open.clear()

    def after_fork(self) -> None:
        """A child opens its files anew: a lock belongs to the open file, which a fork shares."""
        self._mutex = threading.RLock()
        self.close()

    def operator_limits(self, project: str) -> dict[str, int]:
        """What the settings say of a project's limits, by bucket."""
        limit = self._operator_limit
        known = {bucket: limit(project, bucket) for bucket in DEFAULT_LIMITS} if limit else {}
        return {bucket: value for bucket, value in known.items() if value is not None}

    def with_operator(self, project: str, said: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
        """What was carried over of limits, with the operator's part as the settings have it now."""
        if self._operator_limit is None:
            return said
        return pools.with_operator(said, partial(self._operator_limit, project))

    def _begin(self, project: str, bounds: clocks.DayBounds, *, today: bool) -> Book:
        refuse_unsafe_places(self._folder)
        book = self._book(project, bounds)
        said = self.operator_limits(project)
        request = {
            "limits": [(bucket, "operator", limit) for bucket, limit in said.items()],
            "defaults": DEFAULT_LIMITS,
            "by_settings": self._operator_limit is not None,
        }
        answer = self.ask(book, "open", request, today=today)
        for bucket, limit in (answer.get("differs") or {}).items():
            logger.warning(
                "The operator's limit of pool %s of project %s was %s today, by an earlier setting or "
                "another host's; it is %s now. Set the same on every host.",
                bucket,
                project,
                limit,
                said[bucket],
            )
        self._store.remember(PROJECTS, {project: bounds.day.toordinal()}, seconds=_REMEMBERED)
        for key in list(self._open)[: max(0, len(self._open) - _OPEN_BOOKS + 1)]:
            self._open.pop(key).close()
        self._open[project, bounds.day] = book
        self.note(book, answer, "", ("open", {"pid": os.getpid()}))
        return book

    def _book(self, project: str, bounds: clocks.DayBounds, *, write: bool = True) -> Book:
        self._host = self._host or host_id(self._folder, make=write)
        path = journal_path(self._folder, bounds.day, project)
        return Book(project, bounds, path, self._clock, self._host)

    def _header(self, book: Book, *, today: bool, once: str) -> dict[str, Any]:
        return {
            "now": 0 if self._server_time else self._clock.time(),
            "start": book.bounds.start,
            "end": book.bounds.end,
            "today": today,
            "host": book.host,
            "seq": book.seq,
            "once": bool(once),
        }

    def _restore(self, book: Book) -> None:
        """Bring this host's share back to a server that has lost it, and say so."""
        with self._mutex, book.page as page:
            known = page.known()
        defaults = {bucket: DEFAULT_LIMITS.get(bucket, 0) for bucket in known["bal"]}
        header = self._header(book, today=False, once="")
        request = {"known": known, "limits": (), "defaults": defaults}
        answer = self._store.call("restore", book.keys(), header | request)
        if answer["code"] != "ok":  # another program of this host was quicker, or the day is closed
            return
        back = {bucket: units for bucket, units in answer["back"].items() if units}
        why = "Redis had lost what this host counted: restarted empty, or from an old copy"
        fields = [
            {"bucket": bucket, "units": units, "reason": why, "who": "ytquota", "pid": os.getpid()}
            for bucket, units in (back or {"default": 0}).items()
        ]
        self.note(book, answer, "", *(("adjust", one) for one in fields))
        logger.warning(
            "The ledger %s had lost counts of project %s on %s; this host brought back its own and what it "
            "had seen: %s. Other hosts do so with their next call. Turn on appendonly there, and compare "
            "with Google's console; `ytquota correct` puts a count right.",
            self._store.location,
            book.project,
            book.bounds.day,
            ", ".join(f"{bucket} {units:+,}" for bucket, units in back.items())
            or "no units, only limits and marks",
        )
