"""Rounds: who asks for the same kind of thing within a few milliseconds shares one call of 50 ids.

There is no thread behind this. The ids of all who ask gather in an open round; when it is full, or its window
is over, one of those who wait for it takes it and makes the call for all. A round that everybody has left is
never called.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ytquota.clock import Clock

MOST = 50
"""Ids that a list method takes in one call, for the price of one."""

_REMEMBERED = 10_000

Answers = dict[str, bytes]
"""Id -> the item as JSON; empty for an id that YouTube does not have."""


class Question(NamedTuple):
    """What calls must have in common to be made as one.

    Attributes:
        method: as in the discovery document, "videos.list".
        options: every parameter but the ids, sorted.
        tag: that of `with ytquota.tag(...)`, so that nobody's call is logged, or denied, as another's.
    """

    method: str
    options: tuple[tuple[str, str], ...]
    tag: str


class Round:
    """Ids that go together in one call. Its fields belong to `Rounds` and its lock."""

    def __init__(self, question: Question, deadline: float) -> None:
        self.question, self.deadline = question, deadline
        self.ids: dict[str, None] = {}
        self.waiters = 0
        self.is_taken = False
        self.has_job = False
        self.closed = threading.Event()
        self.answers: Future[Answers] = Future()
        self.answers.set_running_or_notify_cancel()  # one asker's cancellation is not everybody's

    def wait_until_due(self) -> None:
        """Wait until it is full, taken, or its window is over."""
        self.closed.wait(max(0.0, self.deadline - time.monotonic()))


class Joined(NamedTuple):
    """What is known of the ids asked, and the rounds that will tell the rest."""

    known: Answers
    rounds: list[Round]


class Rounds:
    """The open rounds, those on their way, and answers kept for a while. Safe for threads.

    Args:
        keep: seconds an answer stays good; 0 for none.
        window: seconds a round that is not full waits for company.
        clock: the time by which answers grow old.
    """

    def __init__(self, *, keep: float, window: float, clock: Clock) -> None:
        self._keep, self._window, self._clock = keep, window, clock
        self._lock = threading.Lock()
        self._open: dict[Question, Round] = {}
        self._pending: dict[tuple[Question, str], Round] = {}
        self._kept: dict[tuple[Question, str], tuple[float, bytes]] = {}

    def join(self, question: Question, ids: Iterable[str]) -> Joined:
        """Ask for ids. Every round returned must be left again, whatever happens."""
        known: Answers = {}
        rounds: dict[Round, None] = {}
        with self._lock:
            for id_ in ids:
                kept = self._recall((question, id_))
                if kept is None:
                    rounds[self._pending.get((question, id_)) or self._add(question, id_)] = None
                else:
                    known[id_] = kept
            for one in rounds:
                one.waiters += 1
        return Joined(known, list(rounds))

    def take(self, one: Round) -> bool:
        """Whether the caller is to make the call: true for one of the waiters."""
        with self._lock:
            if one.is_taken or not one.waiters:
                return False
            one.is_taken = True
            self._close(one)
            if not self._keep:  # who asks from now on wants what is true from now on
                self._forget(one)
            return True

    def needs_job(self, one: Round) -> bool:
        """Whether somebody must still see to it that the round is called; true once."""
        with self._lock:
            first, one.has_job = not one.has_job, True
            return first

    def finish(self, one: Round, found: Mapping[str, bytes]) -> None:
        """Hand out, and keep, what the call brought."""
        answers = {id_: found.get(id_, b"") for id_ in one.ids}
        with self._lock:
            self._forget(one)
            if self._keep:
                self._remember(one.question, answers)
        one.answers.set_result(answers)

    def fail(self, one: Round, error: BaseException) -> None:
        """Tell everybody who waits; nothing is kept of an error."""
        with self._lock:
            self._forget(one)
        one.answers.set_exception(error)

    def leave(self, one: Round) -> None:
        """Wait for it no longer; the last to leave a round that nobody took drops it."""
        with self._lock:
            one.waiters -= 1
            if not one.waiters and not one.is_taken:
                one.is_taken = True
                self._close(one)
                self._forget(one)

    # -- inside, under the lock

    def _add(self, question: Question, id_: str) -> Round:
        one = self._open.get(question)
        if one is None:
            one = self._open[question] = Round(question, time.monotonic() + self._window)
        one.ids[id_] = None
        self._pending[question, id_] = one
        if len(one.ids) == MOST:
            self._close(one)
        return one

    def _close(self, one: Round) -> None:
        if self._open.get(one.question) is one:
            del self._open[one.question]
        one.closed.set()

    def _forget(self, one: Round) -> None:
        for id_ in one.ids:
            if self._pending.get((one.question, id_)) is one:
                del self._pending[one.question, id_]

    def _recall(self, key: tuple[Question, str]) -> bytes | None:
        at, answer = self._kept.get(key, (0.0, b""))
        if key not in self._kept:
            return None
        if 0 <= self._clock.time() - at < self._keep:
            return answer
        del self._kept[key]
        return None

    def _remember(self, question: Question, answers: Answers) -> None:
        now = self._clock.time()
        for id_, answer in answers.items():
            self._kept.pop((question, id_), None)  # the newest stands last
            self._kept[question, id_] = now, answer
        while len(self._kept) > _REMEMBERED:
            del self._kept[next(iter(self._kept))]
