"""Denied demand, summed: at most one line a second per pool, method and tag.

What a bot wanted and did not get is what a forecast lacks most, but a bot that hammers on an empty pool
must not fill a disk.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ytquota.monitor.ledger import Balance, CallRecord

_EVERY = 1.0

_Key = tuple[str, str, str, str, str]


class Refusals:
    """Sums records of one kind until a second has passed since the last line of that kind."""

    def __init__(self) -> None:
        self._waiting: dict[_Key, tuple[CallRecord, int]] = {}
        self._written: dict[_Key, float] = {}

    def add(self, project: str, record: CallRecord) -> None:
        """Count one denied call."""
        key = (project, record.bucket, record.method, record.tag, record.credential_set)
        if key in self._waiting:
            before, calls = self._waiting[key]
            self._waiting[key] = replace(record, released=before.released + record.released), calls + 1
        else:
            self._waiting[key] = record, 1

    def added_to(self, project: str, balances: dict[str, Balance]) -> dict[str, Balance]:
        """A project's balances with the demand that waits to be written counted in."""
        for (name, bucket, *_), (record, _) in self._waiting.items():
            if name == project and bucket in balances:
                known = balances[bucket]
                balances[bucket] = replace(known, refused=known.refused + record.released)
        return balances

    def due(self, at: float, *, everything: bool = False) -> Iterator[tuple[str, CallRecord, int]]:
        """(project, record with the summed units, calls) of every sum that may be written now."""
        if not self._waiting:
            return
        for key in list(self._waiting):
            # a clock that stepped back must not hold a sum back for ever
            if everything or not 0 <= at - self._written.get(key, -_EVERY) < _EVERY:
                self._written[key] = at
                yield key[0], *self._waiting.pop(key)
