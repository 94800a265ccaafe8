"""What one `execute()` knows and the wire does not show: its tag, its priority, and which attempt this is."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


class Attempts:
    """The attempts of one execute().

    Attributes:
        owner: whose they are.
        tag: the tag that was in force when the request was made.
        sent: how many went out.
        answered: how many had gone out when the last answer came.
        last: that answer, as (response, content).
        place: where a write went out that was not refused: its further attempts go there too.
    """

    __slots__ = ("answered", "last", "owner", "place", "sent", "tag")

    def __init__(self, owner: object = None, tag: str = "") -> None:
        self.owner, self.tag = owner, tag
        self.sent = self.answered = 0
        self.last: tuple[Any, bytes] | None = None
        self.place: object = None


class _Running(threading.local):
    attempts: Attempts | None = None


_running = _Running()


def current_attempts() -> Attempts:
    """Return those of the execute() this thread is in; outside of one, a fresh count."""
    return _running.attempts or Attempts()


@contextmanager
def attempts_of(owner: object, tag: str = "") -> Iterator[None]:
    """Count the attempts of `owner`; inside of itself (execute calls next_chunk) the count goes on."""
    outer = _running.attempts
    if outer is None or outer.owner is not owner:
        _running.attempts = Attempts(owner, tag)
    try:
        yield
    finally:
        _running.attempts = outer


@contextmanager
def running_attempts() -> Iterator[Attempts]:
    """Give the attempts of the execute() this thread is in; outside of one, those of this block."""
    outer = _running.attempts
    if outer is None:
        _running.attempts = Attempts()
    try:
        yield current_attempts()
    finally:
        _running.attempts = outer
