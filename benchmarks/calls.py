"""The call that every contestant counts: what a crawler's `videos.list` of 50 ids leaves in the log."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from ytquota.monitor.ledger import CallRecord

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ytquota.monitor.ledger import Items

PROJECT = "111111111111"
BUCKET = "default"
NO_END = 1_000_000_000
"""A budget that no race can use up."""

METHODS = {1: "videos.list", 50: "comments.insert", 100: "search.list"}
_SHARES = {1: 0.80, 50: 0.15, 100: 0.05}


def record(units: int) -> CallRecord:
    """How a call of this price ended: fine, with the facts that advice needs."""
    return CallRecord(
        method=METHODS[units],
        bucket=BUCKET,
        price=units,
        units=units,
        credential_set="1",
        tag="nightly-crawler",
        status=200,
        latency=0.081234,
        facts={"ids": 50, "parts": ["snippet", "statistics"], "hash": "0a1b2c3d4e5f6071"},
    )


RECORDS = {units: [record(units)] for units in METHODS}
ITEMS: dict[int, Items] = {units: ((BUCKET, units),) for units in METHODS}


def mixed_prices(count: int, seed: int) -> Iterator[int]:
    """Prices as they come in a bot's day: many reads, some writes, a few searches of the old price."""
    chance = random.Random(seed)
    yield from chance.choices(list(_SHARES), list(_SHARES.values()), k=count)
