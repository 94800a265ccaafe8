"""The demands of one request, sorted by who pays for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ytquota.monitor.flight import Priced
    from ytquota.monitor.ledger import Items


def by_project(priced: Sequence[Priced]) -> dict[str, list[Priced]]:
    """Sort the demands of a request by the project that pays for them."""
    if len(priced) == 1:
        return {priced[0][0].project: [priced[0]]}
    groups: dict[str, list[Priced]] = {}
    for pair in priced:
        groups.setdefault(pair[0].project, []).append(pair)
    return groups


def items_of(group: Sequence[Priced]) -> Items:
    """Add up what one project is asked for, by bucket, as a ledger wants it."""
    if len(group) == 1:
        price = group[0][1]
        return ((price.bucket, price.units),)
    totals: dict[str, int] = {}
    for _, price in group:
        totals[price.bucket] = totals.get(price.bucket, 0) + price.units
    return tuple(totals.items())
