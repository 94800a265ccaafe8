"""What a request asks of a credential set, before one is chosen for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from ytquota.prices import is_write
from ytquota.service.routes import described_methods

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ytquota.monitor.demand import Demand
    from ytquota.service.routes import Wire
    from ytquota.service.seats import Seat

_OWN_FILTERS = frozenset(
    "forContentOwner forDeveloper forMine home managedByMe mine myRating myRecentSubscribers mySubscribers".split()  # noqa: SIM905, E501
)
"""Filters that mean the channel which asks."""

_OWN_LISTS = frozenset((
    "liveBroadcasts.list", "liveStreams.list", "members.list", "membershipsLevels.list",
    "superChatEvents.list", "thirdPartyLinks.list",
))  # fmt: skip
"""Lists of the channel which asks, with or without such a filter."""

_PERSONAL = _OWN_LISTS | {"captions.download", "captions.list", "liveChatModerators.list", "videos.getRating"}
"""Reads that want a person's consent: an API key is not enough."""


@dataclass(frozen=True, slots=True)
class Errand:
    """One request that is to go out, with whatever set can make it.

    Attributes:
        demands: its calls, on the account of any of the sets.
        is_write: whether sending it twice could do something twice.
        needs_person: whether an API key is not enough.
        page: the page token, if it asks for a further page of a list that belongs to who asks: another
            channel's list is another list.
        is_own: whether it reads such a list.
    """

    demands: tuple[Demand, ...]
    is_write: bool
    needs_person: bool
    is_own: bool = False
    page: str = ""

    def suits(self, seat: Seat) -> bool:
        """Whether a set may make all of these calls, by its kind and its scopes."""
        if seat.is_read_only:
            return not self.needs_person
        return not seat.scopes or all(_allows(seat.scopes, demand.method) for demand in self.demands)

    def charged_to(self, seat: Seat) -> list[Demand]:
        """Return its demands on the account of a seat."""
        return [replace(one, project=seat.project, credential_set=str(seat.number)) for one in self.demands]


def errand_of(pairs: Iterable[tuple[Wire, Demand]]) -> Errand:
    """Return the errand of a request, or of the parts of a batch."""
    wires, demands = zip(*pairs, strict=True)
    own = [_is_own(wire, demand.method) for wire, demand in zip(wires, demands, strict=True)]
    writes = any(is_write(demand.method) for demand in demands)
    is_single_own = len(wires) == 1 and own[0]
    return Errand(
        demands,
        is_write=writes,
        needs_person=writes or any(own) or any(one.method in _PERSONAL for one in demands),
        is_own=is_single_own,
        page=_page(wires[0]) if is_single_own else "",
    )


def _is_own(wire: Wire, method: str) -> bool:
    query = parse_qs(wire.query)
    if method in _OWN_LISTS and "id" not in query:
        return True
    return any(query[name][-1] != "false" for name in _OWN_FILTERS.intersection(query))


def _page(wire: Wire) -> str:
    return parse_qs(wire.query).get("pageToken", [""])[-1]


def _allows(scopes: frozenset[str], method: str) -> bool:
    wanted = _scopes().get(method)
    return wanted is None or not wanted.isdisjoint(scopes)


@cache
def _scopes() -> dict[str, frozenset[str]]:
    """Return the scopes of every method in the shipped document, any of which is enough."""
    return {name: frozenset(method["scopes"]) for name, method in described_methods() if method.get("scopes")}


def buckets_of(buckets: Sequence[str]) -> str:
    """Name what a request spends: its bucket, or several joined by "+"."""
    return "+".join(dict.fromkeys(buckets))
