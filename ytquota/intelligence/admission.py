"""Who may spend the last units: what is kept in a pool for calls that matter more.

Two reserves. The fixed one, `YTQUOTA_RESERVE`, is touched by critical and high priority only. The forecast
reserve is what more important work of others is still expected to need until the reset, as last published in
``memory/forecast.json``: it shrinks as the day goes on, and is nothing where nothing is more important.

This runs inside every metered call, so it imports nothing heavy and decides in about a microsecond. It never
asks whether the units are there: the ledger does that under its lock, with the `keep` that this rule hands.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from ytquota.clock import SystemClock
from ytquota.intelligence.published import PublishedForecast
from ytquota.monitor.demand import Decision

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ytquota.clock import Clock
    from ytquota.monitor.demand import Demand
    from ytquota.monitor.ledger import Balance
    from ytquota.prices import Price
    from ytquota.settings import Settings

MAY_USE_RESERVE = frozenset(("critical", "high"))

_KNOWN = frozenset(("high", "normal", "low"))
_ALL_OF_IT = Decision()


class Admission:
    """The larger of the two reserves is kept. Critical calls may spend everything.

    A priority nobody knows counts as normal. Without a valid published forecast the fixed reserve alone
    applies; `note` says so.

    Args:
        settings: their reserve is a number of units of the default bucket, or a share of each pool's limit;
            0, the default, lets a lone bot spend its last unit.
        clock: the time, injected.
    """

    def __init__(self, settings: Settings, *, clock: Clock | None = None) -> None:
        self._reserve = settings.reserve
        self._clock = clock or SystemClock()
        self._forecast = PublishedForecast(settings.memory_dir)
        self.is_shadow = settings.admission == "shadow"

    def may_keep(self, demand: Demand, price: Price) -> bool:
        """Whether anything may be kept from a call; if not, nobody need look how its pool stands."""
        if demand.priority == "critical":
            return False
        is_reserved = self._reserve.amount > 0 and demand.priority not in MAY_USE_RESERVE
        return is_reserved or self._needed(demand, price.bucket) > 0

    def decide(self, demand: Demand, price: Price, balances: Mapping[str, Balance]) -> Decision:
        """Say how many units of its pool the call must leave.

        Args:
            demand: the call that wants to be made.
            price: what it costs, and in which bucket.
            balances: its project's pools, by bucket.
        """
        if demand.priority == "critical":
            return _ALL_OF_IT
        balance = balances[price.bucket]
        fixed = self.fixed_reserve(demand.priority, price.bucket, balance.limit)
        needed = self._needed(demand, price.bucket)
        if not fixed and not needed:
            return _ALL_OF_IT
        keep = max(fixed, ceil(needed))
        reason = f"{keep:,} units are kept for " + (
            "critical and high priority" if keep == fixed else "more important work expected until the reset"
        )
        if self.is_shadow:
            is_denied = price.units <= balance.left < price.units + keep
            return Decision(shadow=reason) if is_denied else _ALL_OF_IT
        return Decision(keep=keep, reason=reason)

    def fixed_reserve(self, priority: str, bucket: str, limit: int) -> int:
        """Units of a limit that calls of a priority may not touch, whatever is forecast."""
        return 0 if priority in MAY_USE_RESERVE else self._reserve.units(limit, bucket)

    def fits_at(self, demand: Demand, bucket: str, spare: int) -> float | None:
        """From when on (epoch seconds) no more than `spare` units will be kept, if a forecast tells."""
        now = self._clock.time()
        curve = self._forecast.curve(demand.project, bucket, demand.priority, demand.tag, now)
        return curve.falls_to(spare) if curve is not None and spare >= 0 else None

    def _needed(self, demand: Demand, bucket: str) -> float:
        """Units that more important work is still expected to need."""
        priority = demand.priority if demand.priority in _KNOWN else "normal"
        return self._forecast.kept(demand.project, bucket, priority, demand.tag, self._clock.time())

    @property
    def note(self) -> str:
        """Why the fixed reserve alone applies now; empty while a published forecast is in force."""
        return self._forecast.problem(self._clock.time())
