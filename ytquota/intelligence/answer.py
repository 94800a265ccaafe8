"""May this operation run now? Asked before anything is sent; nothing is charged by asking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ytquota import clock as clocks
from ytquota.monitor.demand import Demand

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ytquota.intelligence.payer import Payer
    from ytquota.monitor.demand import Decision
    from ytquota.monitor.ledger import Balance
    from ytquota.monitor.metering import QuotaMonitor
    from ytquota.prices import Price


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether an operation fits into what is left, and why; true in an `if` when it does.

    Attributes:
        allowed: whether all of it fits now.
        why: one sentence for people.
        remedy: what would make it fit; empty when it does.
        method: canonical name of the operation.
        project: the project it would be charged to.
        bucket: the pool's daily allowance it would be taken from.
        units: what all of it costs, in quota units.
        left_after: units left in the pool afterwards; of a denied operation, units left now.
        fits: how many of the operations fit now, at most the number asked about.
        resets_at: when the pool is full again (aware, Pacific).
    """

    allowed: bool
    why: str
    remedy: str
    method: str
    project: str
    bucket: str
    units: int
    left_after: int
    fits: int
    resets_at: datetime

    def __bool__(self) -> bool:
        return self.allowed


INSTEAD: Mapping[str, str] = {
    "search.list": "a channel's uploads come for 1 unit of default from playlistItems.list",
}
"""What another bucket may do instead."""


def ask(payer: Payer, operation: str, count: int, priority: str) -> Answer:
    """Answer for `count` times `operation` at the cost of `payer`; see `can_perform_operation`."""
    monitor, project = payer.monitor, payer.project
    now = monitor.clock.time()
    price = monitor.prices.price_of(operation, on=clocks.bounds_at(now).day)
    importance = monitor.priorities.of(price.method, payer.tag, priority or payer.priority)
    demand = Demand(price.method, project, payer.credential_set, payer.tag, importance)
    balances = monitor.ledger.usage(project)[project]
    balance = balances[price.bucket]
    decision = monitor.admission.decide(demand, price, balances)
    spare = 0 if balance.is_exhausted(now) else max(0, balance.left - decision.keep)
    units = price.units * count
    allowed = units <= spare
    fits = count if allowed else spare // price.units
    resets_at = _resets_at(balance, now)
    return Answer(
        allowed=allowed,
        why=_why(price, count, balance, decision, allowed=allowed, now=now) + _note(monitor),
        remedy=""
        if allowed
        else (
            _unmarking(balance, payer.credential_set, now) or _remedy(fits, count, balance, units, resets_at)
        )
        + _released(monitor, demand, price.bucket, balance.left - units, is_gone=balance.is_exhausted(now))
        + (f" Or: {INSTEAD[price.method]}." if price.method in INSTEAD else ""),
        method=price.method,
        project=project,
        bucket=price.bucket,
        units=units,
        left_after=balance.left - units if allowed else balance.left,
        fits=fits,
        resets_at=resets_at,
    )


def _resets_at(balance: Balance, now: float) -> datetime:
    until = balance.exhausted_until if balance.is_marked(now) else None
    return clocks.next_reset(now) if until is None else clocks.utc(until).astimezone(clocks.PACIFIC)


def _why(price: Price, count: int, balance: Balance, decision: Decision, *, allowed: bool, now: float) -> str:
    asked = f"{count:,} x {price.method} costs {price.units * count:,} of {price.bucket}"
    doubt = (
        ""
        if price.provenance in {"documented", "override"} and not price.flag
        else f" ({price.provenance} price)"
    )
    if balance.is_marked(now):
        if balance.marked_by == "operator":
            left = f"{balance.left:,} of {balance.limit:,} are left"
            return f"{asked}{doubt}; {left}, and an operator has marked this pool as exhausted."
        return f"{asked}{doubt}, and Google says that this pool is exhausted."
    kept = f", of which {decision.reason}" if decision.keep else ""
    verdict = "it fits" if allowed else "it does not fit"
    return f"{asked}{doubt}; {balance.left:,} of {balance.limit:,} are left{kept}: {verdict}."


def _note(monitor: QuotaMonitor) -> str:
    """That no forecast is at hand, where admission would use one."""
    note = monitor.admission.note
    return f" Only the fixed reserve applies: {note}." if note else ""


def _released(monitor: QuotaMonitor, demand: Demand, bucket: str, spare: int, *, is_gone: bool) -> str:
    """When what is kept for others will have shrunk enough, if it will before the reset."""
    at = None if is_gone else monitor.admission.fits_at(demand, bucket, spare)
    if at is None:
        return ""
    return f" Enough of what is kept should be released by {clocks.both_zones(clocks.utc(at))}."


def _unmarking(balance: Balance, credential_set: str, now: float) -> str:
    """What helps where an operator's mark is all that stands in the way."""
    until = balance.exhausted_until if balance.is_marked(now) else None
    if balance.marked_by != "operator" or until is None or not balance.left:
        return ""
    ends = clocks.both_zones(clocks.utc(until))
    number = credential_set if credential_set.isdecimal() else "N"
    return f"Wait until the mark ends at {ends}, or clear it by `ytquota reset {number}`."


def _remedy(fits: int, count: int, balance: Balance, units: int, resets_at: datetime) -> str:
    reset = f"the reset at {resets_at:%Y-%m-%d %H:%M %Z}"
    if units > balance.limit:
        days = -(-units // balance.limit) if balance.limit else 0
        spread = f"Spread it over {days} days" if days else "This pool has no allowance at all"
        return f"{spread}: it is more than the {balance.limit:,} of a whole day."
    if fits:
        return f"Do {fits:,} of {count:,} now and the rest after {reset}."
    return f"Wait for {reset}. {spare_or_ask()}"


def spare_or_ask() -> str:
    """Return what anybody may do about an empty pool, besides waiting, that needs no other project."""
    return (
        "`ytquota advise` shows what could be spared, and `ytquota request` prepares asking Google for more."
    )
