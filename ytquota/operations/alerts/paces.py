"""How fast each pool is spent: the calls of the last hour, in two windows."""

from __future__ import annotations

from collections import deque
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FAST, SLOW = 600.0, 3600.0
"""Seconds of the two windows."""

_NOT_GIVEN = {"refused", "denied"}


class Pace(NamedTuple):
    """Units an hour in both windows, and the calls that got nothing."""

    fast: float
    slow: float
    refused: int
    refused_lately: int


class Paces:
    """Keeps the rows of the last hour by pool."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], deque[tuple[float, int, int]]] = {}

    def add(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Take in rows of the log, oldest first."""
        for row in rows:
            at = datetime.fromisoformat(row["at"]).timestamp()
            failed = int(row.get("calls", 1)) if row.get("outcome") in _NOT_GIVEN else 0
            kept = self._rows.setdefault((row["project"], row.get("bucket", "")), deque())
            kept.append((at, int(row.get("units", 0)), failed))

    def of(self, project: str, bucket: str, now: float, *, since: float) -> Pace:
        """The pace of a pool now; refusals before `since`, the beginning of the quota day, are over."""
        rows = self._rows.get((project, bucket))
        if rows is None:
            return Pace(0.0, 0.0, 0, 0)
        while rows and rows[0][0] <= now - SLOW:
            rows.popleft()
        fast = [row for row in rows if row[0] > now - FAST]
        return Pace(
            sum(units for _, units, _ in fast) * 3600 / FAST,
            sum(units for _, units, _ in rows) * 3600 / SLOW,
            sum(failed for at, _, failed in fast if at >= since),
            sum(failed for at, _, failed in rows if at >= since),
        )
