"""The sandbox's time: real, shifted, or standing still."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class TimeSource(Protocol):
    """Anything that tells epoch seconds."""

    def time(self) -> float:
        """Epoch seconds, UTC."""
        ...


class SandboxClock:
    """Follows `source` (default: the real clock), moved by what `set` and `advance` ask for."""

    def __init__(self, source: TimeSource | None = None) -> None:
        self._source: TimeSource = source or _RealTime()
        self._shift = 0.0
        self._passed = 0.0
        self._frozen: float | None = None

    def time(self) -> float:
        """Epoch seconds, UTC, as the sandbox sees them."""
        return self._source.time() + self._shift if self._frozen is None else self._frozen

    def age(self) -> float:
        """Seconds that only grow by time passing: with the source, and by `advance`, but not by `set`."""
        return self._source.time() + self._passed

    def set(self, at: datetime | None, *, frozen: bool = False) -> None:
        """Make it `at` (aware), going on from there or, `frozen`, standing still; None: the source's."""
        if at is None:
            self._shift, self._frozen = 0.0, None
            return
        if at.tzinfo is None:
            raise ValueError(
                "The sandbox's clock takes an aware datetime; add tzinfo, for example datetime.UTC."
            )
        self._shift = at.timestamp() - self._source.time()
        self._frozen = at.timestamp() if frozen else None

    def advance(self, seconds: float) -> None:
        """Move on by `seconds`."""
        self._shift += seconds
        self._passed += seconds
        if self._frozen is not None:
            self._frozen += seconds


class _RealTime:
    def time(self) -> float:
        return time.time()


def rfc3339(moment: float) -> str:
    """Epoch seconds as the API writes instants: 2026-11-23T15:04:05Z."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
