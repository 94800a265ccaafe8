"""What the lines say was charged in the last hours, call by call: what Google's counters must show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ytquota.monitor.settled import epoch_of, rows_since

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_BEFORE = 900.0  # seconds: a hold is settled or reported by then
_GOOD = range(200, 300)


@dataclass(frozen=True, slots=True)
class Sent:
    """A call that stayed charged.

    Attributes:
        since: when its request was begun (epoch seconds): Google got it no earlier.
        until: when its answer was there: Google got it no later.
        bucket: the daily allowance.
        method: as `videos.list`.
        units: quota units; of a call that went well, those of the answer that came.
        is_sure: whether it went well. How Google counts what failed, nobody has published.
    """

    since: float
    until: float
    bucket: str
    method: str
    units: int
    is_sure: bool


def sent_between(path: Path, since: float, until: float) -> Iterator[Sent]:
    """Yield the charged calls in a day's journal that were begun and answered between two instants.

    Args:
        path: the journal; one that does not exist has none.
        since: epoch seconds.
        until: likewise.

    Raises:
        LedgerUnavailable: the journal cannot be read.
    """
    begun: dict[str, float] = {}
    for row in rows_since(path, since - _BEFORE):
        at = epoch_of(row)
        if row["kind"] == "hold":
            begun[row["id"]] = at
        elif row["kind"] == "settle" and row.get("units") and "method" in row:
            start = begun.get(row["id"], at - (row.get("latency") or 0.0))
            if start >= since and at < until:
                yield _sent(row, start, at)


def _sent(row: Mapping[str, Any], since: float, until: float) -> Sent:
    is_sure = row.get("outcome") == "ok" and row.get("status") in _GOOD
    units = min(row["units"], row.get("price") or row["units"]) if is_sure else row["units"]
    return Sent(since, until, row["bucket"], row["method"], units, is_sure)
