"""What a poller may still spend: its share of what its pool has free, read from the ledger each time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ytquota import clock as clocks
from ytquota.monitor.demand import Demand
from ytquota.monitor.tagging import current_tag, tag_in_force
from ytquota.prices import canonical

if TYPE_CHECKING:
    from datetime import date

    from ytquota.monitor.ledger import Balance
    from ytquota.prices import Price
    from ytquota.service.account import Account


class Look(NamedTuple):
    """What the ledger said at one instant.

    Attributes:
        units: what the poller may still spend before `end`.
        price: units of one poll.
        start: when the quota day began (epoch seconds).
        end: when these units may be gone: the poller's `until`, or the reset before it.
        is_exhausted: whether the pool cannot pay for one more poll of anybody.
    """

    units: int
    price: int
    start: float
    end: float
    is_exhausted: bool

    @property
    def polls(self) -> int:
        """How many polls the units pay for."""
        return self.units // max(1, self.price)

    def even(self, since: float) -> float:
        """Seconds between polls spread evenly from the last one, or from the reset after it, to the end."""
        return (self.end - max(since, self.start)) / self.polls if self.polls else float("inf")


@dataclass(slots=True)
class _Day:
    """What a quota day began with for this poller. All in units."""

    day: date
    free: int
    limit: int
    own: int = 0


class Budget:
    """A poller's share of one pool.

    *Free* is what the pool has left and admission does not keep for more important work. On each quota day
    the poller's part is `share` of what is free at its first look. It stays that while others spend theirs;
    where they spend more, what is free is the most it gets. It grows if more gets free (a raised limit, a
    reserve that was not needed) and falls with a limit that turns out lower.

    Args:
        account: who pays, by which monitor.
        method: what is called in each round.
        share: of what is free, above 0 and at most 1.
    """

    def __init__(self, account: Account, method: str, share: float) -> None:
        self._account, self._method, self._share = account, canonical(method), share
        self._today: _Day | None = None

    def look(self, now: float, until: float) -> Look:
        """Read the ledger.

        Raises:
            LedgerUnavailable: it cannot be read.
        """
        bounds, monitor = clocks.bounds_at(now), self._account.monitor
        price = monitor.prices.price_of(self._method, on=bounds.day)
        project = self._account.identity.project
        balances = monitor.ledger.usage(project)[project]
        balance = balances[price.bucket]
        kept = self._kept(price, balances)
        units = self._units(bounds.day, balance, max(0, balance.left - kept))
        is_exhausted = balance.is_exhausted(now) or balance.left < price.units
        return Look(units, price.units, bounds.start, min(until, bounds.end), is_exhausted)

    def spend(self, units: int, now: float) -> None:
        """Count a poll that is about to be made."""
        if self._today is not None and self._today.day == clocks.bounds_at(now).day:
            self._today.own += units

    def _units(self, day: date, balance: Balance, free: int) -> int:
        today = self._today
        if today is None or today.day != day:
            today = self._today = _Day(day, free, balance.limit)
        at_first = today.free + min(0, balance.limit - today.limit)
        part = self._share * max(at_first, free + today.own)
        return max(0, min(int(part) - today.own, free))

    def _kept(self, price: Price, balances: dict[str, Balance]) -> int:
        """Units that a poll has to leave to more important work: what admission would say of it now."""
        account, monitor = self._account, self._account.monitor
        tag = tag_in_force() or account.tag or current_tag()
        demand = Demand(
            method=price.method,
            project=account.identity.project,
            credential_set=account.identity.credential_set,
            tag=tag,
            priority=monitor.priorities.of(price.method, tag, account.priority),
        )
        return monitor.admission.decide(demand, price, balances).keep
