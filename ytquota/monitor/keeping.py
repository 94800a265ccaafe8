"""What requests leave for others: admission is asked of each, and the ledger where admission needs it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ytquota.monitor.demand import Admission
    from ytquota.monitor.flight import Priced
    from ytquota.monitor.ledger import Balance

    BalancesOf = Callable[[str], Mapping[str, Balance]]


def units_kept(admission: Admission, group: Sequence[Priced], balances_of: BalancesOf) -> dict[str, int]:
    """Units of each bucket that a request must leave.

    Args:
        admission: the rule.
        group: the demands of the request, all of one project.
        balances_of: a project's balances by bucket; not called where nothing can be kept.
    """
    held_back = [one for one in group if admission.may_keep(*one)]
    if not held_back:
        return {}
    balances = balances_of(held_back[0][0].project)
    keep: dict[str, int] = {}
    for demand, price in held_back:
        kept = admission.decide(demand, price, balances).keep
        keep[price.bucket] = max(keep.get(price.bucket, 0), kept)
    return keep


def with_shadow(admission: Admission, priced: Sequence[Priced], balances_of: BalancesOf) -> list[Priced]:
    """The same, and in the facts of a call that would be denied, why: the log will show it."""
    noted = []
    for demand, price in priced:
        why = ""
        if admission.may_keep(demand, price):
            why = admission.decide(demand, price, balances_of(demand.project)).shadow
        noted.append((replace(demand, facts={**demand.facts, "shadow": why}) if why else demand, price))
    return noted
