"""Who may spend the last units: a reserve that only critical and high priorities touch.

This runs inside every metered call, so it imports nothing heavy and decides in about a microsecond. It never
asks whether the units are there: the ledger does that under its lock, with the `keep` that this rule hands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ytquota.monitor.demand import Decision

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ytquota.monitor.demand import Demand
    from ytquota.monitor.ledger import Balance
    from ytquota.prices import Price
    from ytquota.settings import Settings

MAY_USE_RESERVE = frozenset(("critical", "high"))

_ALL_OF_IT = Decision()


class Admission:
    """The fixed rule: normal and low leave `YTQUOTA_RESERVE` of a pool alone.

    A priority nobody knows counts as normal.

    Args:
        settings: their reserve is a number of units of the default bucket, or a share of each pool's limit;
            0, the default, lets a lone bot spend its last unit.
    """

    def __init__(self, settings: Settings) -> None:
        self._reserve = settings.reserve

    def __call__(self, demand: Demand, price: Price, balances: Mapping[str, Balance]) -> Decision:
        """Admit the call, and say how many units of its pool it must leave.

        Args:
            demand: the call that wants to be made.
            price: what it costs, and in which bucket.
            balances: its project's pools, by bucket.
        """
        if demand.priority in MAY_USE_RESERVE:
            return _ALL_OF_IT
        keep = self._reserve.units(balances[price.bucket].limit, price.bucket)
        if not keep:
            return _ALL_OF_IT
        return Decision(keep=keep, reason=f"{keep:,} units are kept for critical and high priority")
