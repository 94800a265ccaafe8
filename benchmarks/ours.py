"""Our ledgers: hold and settle, the real lines, nothing left out."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from benchmarks.calls import BUCKET, ITEMS, PROJECT, RECORDS
from benchmarks.contestant import Contestant, Opened, Place
from ytquota.errors import QuotaExceeded
from ytquota.monitor.journal import Durability, Journal

if TYPE_CHECKING:
    from collections.abc import Callable

    from ytquota.monitor.ledger import Ledger


def _opened(ledger: Ledger) -> Opened:
    hold, settle = ledger.hold, ledger.settle

    def pair(units: int) -> bool:
        try:
            held = hold(PROJECT, ITEMS[units])
        except QuotaExceeded:
            return False
        settle(held, RECORDS[units])
        return True

    return Opened(pair, ledger.close)


def limits(place: Place) -> Callable[[str, str], int | None]:
    """The budget as the operator's limit of the one bucket that is used."""
    return lambda _project, bucket: place.budget if bucket == BUCKET else None


def _journal(place: Place, *, durability: Durability) -> Opened:
    return _opened(Journal(place.folder / "calls", limits=limits(place), durability=durability))


def _redis(place: Place) -> Opened:
    from ytquota.monitor.redis_ledger import RedisLedger  # noqa: PLC0415  (an extra)

    return _opened(RedisLedger(f"unix://{place.redis}", place.folder / "calls", limits=limits(place)))


JOURNAL = Contestant(
    "journal", "ytquota journal", "hold + settle, two lines", partial(_journal, durability="process")
)
POWER = Contestant(
    "power",
    "ytquota journal, power",
    "the same with fdatasync after each step",
    partial(_journal, durability="power"),
)
REDIS = Contestant(
    "redis",
    "ytquota on Redis",
    "hold + settle by functions, and this host's two lines",
    _redis,
    needs_redis=True,
)
