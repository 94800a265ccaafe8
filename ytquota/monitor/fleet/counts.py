"""What a look at one ledger brings back: plain facts, before anything is added up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from ytquota.monitor.fleet.listed import Listed
    from ytquota.monitor.ledger import Balance

Source = Literal["journal", "redis", "host"]
"""Who says so: a journal that counts by itself, a Redis, or the lines of one host that counts in a Redis."""

Units = dict[str, int]
"""Units by bucket."""


@dataclass(frozen=True, slots=True)
class Count:
    """One project on one quota day, as one ledger has it.

    Attributes:
        listed: the ledger's entry in the list.
        project: the number.
        source: who counted.
        pools: balances by bucket.
        owners: units by owner and bucket, as far as this ledger can tell them.
        origin: what a copy of the same journal would have, too; empty where no call was made.
        size: bytes of the journal; 0 where nothing was written that day.
        seq: the step of the Redis that `pools` stand after.
        writer: the host, as a Redis knows it, whose lines these are.
        writers: the hosts that a Redis knows, with the units each charged.
        steps: the last step of each of these hosts.
        is_whole: whether what nobody listed has charged is this ledger's own.
    """

    listed: Listed
    project: str
    source: Source
    pools: Mapping[str, Balance]
    owners: Mapping[str, Units] = field(default_factory=dict)
    origin: bytes = b""
    size: int = 0
    seq: int = 0
    writer: str = ""
    writers: Mapping[str, Units] = field(default_factory=dict)
    steps: Mapping[str, int] = field(default_factory=dict)
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class Archived:
    """What an archive holds: its first and last day, how many days, and which hosts wrote the last one."""

    first: date
    last: date
    days: int
    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at one ledger brought, or why it brought nothing.

    Attributes:
        listed: the ledger's entry in the list.
        kind: what is there: "journal", "redis", "archive", or "" where nobody can tell.
        counts: today's, a `Count` for each project and source.
        hosts: who counts in it, as far as its lines tell.
        last_at: when its last line of today was written.
        last_host: by which host, where a line tells.
        archived: what its archive holds.
        problem: why it cannot be looked at; empty where it can.
        remedy: what to do about it.
        note: what is not as it should be, though it can be looked at.
    """

    listed: Listed
    kind: str = ""
    counts: tuple[Count, ...] = ()
    hosts: tuple[str, ...] = ()
    last_at: datetime | None = None
    last_host: str = ""
    archived: Archived | None = None
    problem: str = ""
    remedy: str = ""
    note: str = ""
