"""Denied demand, summed: at most one line a second per pool, method and tag.

What a bot wanted and did not get is what a forecast lacks most, but a bot that hammers on an empty pool
must not fill a disk.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from ytquota import clock as clocks
from ytquota.errors import LedgerUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from ytquota.monitor.ledger import Balance, CallRecord

_EVERY = 1.0

_Kind = tuple[str, str, str, str, str]


class Refused(NamedTuple):
    """Denied calls of one kind on one quota day.

    Attributes:
        project: whose calls.
        day: the quota day they were denied on.
        record: the last of them, with the units of all.
        calls: how many.
    """

    project: str
    day: date
    record: CallRecord
    calls: int

    @property
    def kind(self) -> _Kind:
        """What calls have in common that are summed."""
        one = self.record
        return self.project, one.bucket, one.method, one.tag, one.credential_set

    def instant(self, now: float) -> float:
        """When its line says that it was: now or, where its day is over, at the end of that."""
        return min(now, clocks.bounds_of(self.day).end - 0.001)


class Refusals:
    """Sums records of one kind until a second has passed since the last line of that kind."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[date, _Kind], Refused] = {}
        self._tried: dict[_Kind, float] = {}

    def add(self, project: str, day: date, record: CallRecord) -> None:
        """Count one denied call."""
        one = Refused(project, day, record, 1)
        before = self._waiting.get((day, one.kind))
        if before is not None:
            record = replace(record, released=before.record.released + record.released)
            one = Refused(project, day, record, before.calls + 1)
        self._waiting[day, one.kind] = one

    def added_to(self, project: str, day: date, balances: dict[str, Balance]) -> dict[str, Balance]:
        """A project's balances of a day with the demand that waits to be written counted in."""
        for one in self._waiting.values():
            bucket = one.record.bucket
            if (one.project, one.day) == (project, day) and bucket in balances:
                known = balances[bucket]
                balances[bucket] = replace(known, refused=known.refused + one.record.released)
        return balances

    def write(self, step: Callable[[Refused], None], at: float, *, everything: bool = False) -> None:
        """Hand every sum that may be written now to a step that writes it; one that fails holds up no other.

        Raises:
            LedgerUnavailable: some could not be written; they go on waiting.
        """
        failed: LedgerUnavailable | None = None
        for key, one in list(self._waiting.items()):
            if not everything and not self._is_due(one.kind, at):
                continue
            self._tried[one.kind] = at
            try:
                step(one)
            except LedgerUnavailable as error:
                failed = error
            else:
                del self._waiting[key]
        if failed is not None:
            raise failed

    def _is_due(self, kind: _Kind, at: float) -> bool:
        # a clock that stepped back must not hold a sum back for ever
        return not 0 <= at - self._tried.get(kind, -_EVERY) < _EVERY
