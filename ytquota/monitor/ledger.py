"""What every ledger promises: the protocol, and the facts that pass through it.

A ledger counts units per *pool* (project, bucket) and quota day. Units are charged when a hold is taken and
given back only by a release, so a process killed in between has simply been charged: its request may have
gone out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

Items = tuple[tuple[str, int], ...]
"""((bucket, units), ...): what one request costs, bucket by bucket."""

Outcome = Literal["ok", "error", "refused", "denied", "lost", "not_sent", "free"]
"""How a request ended.

ok, error: answered, stays charged; refused: the server had no quota; denied: we did not send it; lost: sent,
no answer, stays charged; not_sent: never left; free: answered without being billed (401, a bad key).
"""

LimitSource = Literal["operator", "server", "default"]
MarkSource = Literal["operator", "server"]


def check_items(items: Items) -> None:
    """Make sure that something is asked for, and nothing less than nothing.

    Raises:
        ValueError: the items are empty, or one has negative units.
    """
    if not items:
        raise ValueError("A hold needs at least one (bucket, units).")
    for bucket, units in items:
        if units < 0:
            raise ValueError(f"Units cannot be negative: {bucket} {units}")


class PoolKey(NamedTuple):
    """What runs out: a project's daily allowance of one kind."""

    project: str
    bucket: str


@dataclass(slots=True)
class Hold:
    """Units set aside for one request; `id` is opaque and names the day it was taken on."""

    id: str
    project: str
    day: date
    items: Items
    at: float
    is_open: bool = True
    is_shared: bool = False

    def __getstate__(self) -> tuple[object, ...]:
        """Pack it for another process, which may settle it: now neither side trusts its own memory."""
        self.is_shared = True
        return (self.id, self.project, self.day, self.items, self.at, self.is_open)

    def __setstate__(self, state: tuple[str, str, date, Items, float, bool]) -> None:
        """Rebuild a hold that came from another process."""
        self.id, self.project, self.day, self.items, self.at, self.is_open = state
        self.is_shared = True


@dataclass(frozen=True, slots=True)
class Balance:
    """One pool on one quota day. All counts are quota units; `exhausted_until` is in epoch seconds.

    `marked_by` is who set that mark, and means nothing without one.
    """

    used: int
    refused: int
    limit: int
    exhausted_until: float | None = None
    limit_source: LimitSource = "default"
    marked_by: MarkSource = "server"

    @property
    def left(self) -> int:
        """Units that may still be spent, never negative."""
        return max(0, self.limit - self.used)

    def is_marked(self, now: float) -> bool:
        """Whether a mark still holds."""
        return self.exhausted_until is not None and now < self.exhausted_until

    def is_exhausted(self, now: float) -> bool:
        """Whether a mark says so and still holds, or nothing is left."""
        return self.left == 0 or self.is_marked(now)


@dataclass(slots=True)
class CallRecord:
    """One request as the log keeps it.

    `units` stay charged, `released` are given back; latency is in seconds.
    """

    method: str
    bucket: str
    price: int
    units: int
    released: int = 0
    credential_set: str = ""
    tag: str = ""
    priority: str = "normal"
    provenance: str = "documented"
    outcome: Outcome = "ok"
    status: int | None = None
    reason: str = ""
    attempts: int = 1
    retry: int = 0
    latency: float = 0.0
    facts: Mapping[str, object] = field(default_factory=dict)


class Ledger(Protocol):
    """Units, limits and exhausted marks of every pool, exact across processes."""

    @property
    def location(self) -> str:
        """Where the ledger lives, for people: an absolute path or an address without its password."""

    def hold(
        self, project: str, items: Items, *, keep: Mapping[str, int] | None = None, note: str = ""
    ) -> Hold:
        """Charge all `items` or none: used + units <= limit - keep, for every bucket.

        Raises:
            QuotaExceeded: a pool has too little left, or is marked exhausted.
            ValueError: no items, or negative units.
            LedgerUnavailable: the ledger could not be read or written; nothing was charged.
        """

    def extend(self, hold: Hold, items: Items, *, keep: Mapping[str, int] | None = None) -> Hold:
        """Charge more units to an open hold, for a further attempt of the same request.

        Raises:
            QuotaExceeded: it does not fit; nothing more was charged.
            ValueError: the hold was settled before.
        """

    def settle(self, hold: Hold, records: Sequence[CallRecord]) -> bool:
        """Log how the request ended and give back what the records release.

        False if it had been settled before.
        """

    def release(self, hold: Hold, records: Sequence[CallRecord] = ()) -> bool:
        """Give all units of a hold back; False if it had been settled or released before."""

    def refuse(self, project: str, record: CallRecord) -> None:
        """Log demand that was denied; summed, at most one line per second, pool, method and tag."""

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
        """Mark a pool as exhausted until an instant (epoch seconds), or clear its mark with None.

        `source` is whose word that is; the last one's stands.
        """

    def limit(self, project: str, bucket: str, value: int | None, *, source: LimitSource) -> None:
        """Note what the operator or the server says the limit is; None forgets it."""

    def adjust(
        self, project: str, bucket: str, units: int, *, reason: str, who: str, day: date | None = None
    ) -> Balance:
        """Correct the count by `units` (may be negative; the count never falls below zero)."""

    def usage(self, project: str | None = None, day: date | None = None) -> dict[str, dict[str, Balance]]:
        """Balances by project and bucket; every bucket is present for every known project."""

    def flush(self) -> None:
        """Write what is still summed up in memory."""

    def close(self) -> None:
        """Flush, and let go of files and connections."""
