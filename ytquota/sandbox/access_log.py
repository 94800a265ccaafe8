"""What came in and what it cost: one line per call, and sums that stay exact when old lines are dropped."""

from __future__ import annotations

from collections import Counter, deque
from itertools import repeat
from typing import TYPE_CHECKING, Any, NamedTuple

from ytquota.sandbox.clock import rfc3339

if TYPE_CHECKING:
    from datetime import date

_KEEP_LINES = 500_000
_UNANSWERED = 0


class Line(NamedTuple):
    """One call as the sandbox saw it.

    `units` is what was charged (0: refused or free); `status` 0 says that the connection was reset instead of
    an answer; `kind` is one of call, part (of a batch), chunk, status-query, token, other (somebody else's
    program); `attempt` 2 says that the same request came before and got an answer worth a retry.
    """

    at: float
    kind: str
    method: str
    project: str | None
    status: int
    units: int
    bucket: str | None
    verb: str
    path: str
    reason: str
    attempt: int
    day: date


class AccessLog:
    """Collects lines."""

    def __init__(self) -> None:
        self._lines: deque[Line] = deque(maxlen=_KEEP_LINES)
        self._sums: Counter[tuple[date, str, str, str, bool]] = Counter()
        self._failed: dict[int, int] = {}

    def add(self, line: Line, times: int = 1) -> None:
        """Record one call, or several that are alike."""
        self._lines.extend(repeat(line, times))
        if line.units and line.project and line.bucket:
            foreign = line.kind == "other"
            self._sums[line.day, line.project, line.bucket, line.method, foreign] += line.units * times

    def attempt(self, fingerprint: int) -> int:
        """The number of this attempt: one more than the failures of the same request just before."""
        return self._failed.get(fingerprint, 0) + 1 if self._failed else 1

    def settle(self, fingerprint: int, status: int, attempt: int) -> None:
        """Remember whether the request is worth another attempt."""
        if status >= 500 or status in (_UNANSWERED, 401, 429):  # noqa: PLR2004 statuses that clients retry
            self._failed[fingerprint] = attempt
        elif self._failed:
            self._failed.pop(fingerprint, None)

    def rows(self) -> list[dict[str, Any]]:
        """All lines, oldest first, as dictionaries with `time` in RFC 3339 beside `at` (epoch seconds)."""
        return [
            {**line._asdict(), "day": line.day.isoformat(), "time": rfc3339(line.at)}
            for line in list(self._lines)
        ]

    def billed(
        self, project: str | None = None, *, day: date | None = None, foreign: bool = True
    ) -> dict[str, dict[str, dict[str, int]]]:
        """Units charged as {project: {bucket: {method: units}}}.

        Args:
            project: only this one; None: all.
            day: only this quota day; None: all.
            foreign: count what other people's programs spent, too.
        """
        result: dict[str, dict[str, dict[str, int]]] = {}
        for (on, number, bucket, method, is_foreign), units in sorted(self._sums.items()):
            if (project and number != project) or (day and on != day) or (is_foreign and not foreign):
                continue
            methods = result.setdefault(number, {}).setdefault(bucket, {})
            methods[method] = methods.get(method, 0) + units
        return result

    def clear(self) -> None:
        """Forget all lines and their sums."""
        self._lines.clear()
        self._sums.clear()
        self._failed.clear()
