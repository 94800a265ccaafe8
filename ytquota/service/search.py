"""The search for a set that can make one call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ytquota.errors import QuotaExceeded
from ytquota.monitor.revealed import adds_nothing_to, may_share_pools

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ytquota.monitor.metering import QuotaMonitor
    from ytquota.service.errands import Errand
    from ytquota.service.seats import Seat


def is_for_quota(error: Exception) -> bool:
    """Whether a call ended so for want of quota; of a read that was answered before, its further attempt."""
    return isinstance(error, QuotaExceeded) or isinstance(error.__cause__, QuotaExceeded)


class Search:
    """What was tried for one call, and what came of it.

    Args:
        errand: the call.
        seats: the sets it may go with, the first choice first.
        is_bound: whether they are fewer than all, for the call's own sake.
        for_quota: whether a used-up pool is a reason to go with another set; else only a dead login is.

    Attributes:
        home: the first choice for such a call.
        open: the sets that are still to be tried.
        refusals: set number -> why it did not make the call, in the order of trying.
    """

    def __init__(
        self, errand: Errand, seats: Sequence[Seat], *, is_bound: bool = False, for_quota: bool = True
    ) -> None:
        self.errand, self.is_bound, self.for_quota = errand, is_bound, for_quota
        self._suitable = [seat for seat in seats if errand.suits(seat)] or list(seats[:1])
        self.home = self._suitable[0]
        usable = (seat for seat in self._suitable if not seat.trouble)
        self.open = sorted(usable, key=lambda seat: seat.is_last)
        self.refusals: dict[int, Exception] = {}

    def next(self, monitor: QuotaMonitor) -> Seat | None:
        """Return the next set to try: the first whose pools have room; if none has, the first, once.

        A set that may be of the same project as one without room would add nothing, so it is passed over.
        """
        if not self.for_quota:
            return next(iter(self.open), None)
        full: list[str] = []
        for seat in self.open:
            if adds_nothing_to(seat.project, full):
                continue
            if monitor.has_room(self.errand.charged_to(seat)):
                return seat
            full.append(seat.project)
        return self.open[0] if self.open and not self.refusals else None

    def refused(self, seat: Seat, error: Exception) -> None:
        """Note that a set did not make it; an empty pool speaks for all sets that may share it."""
        self.refusals[seat.number] = error
        is_quota = is_for_quota(error)
        self.open = [
            one
            for one in self.open
            if one.number != seat.number and not (is_quota and may_share_pools(one.project, seat.project))
        ]

    def passed(self, seat: Seat) -> list[Seat]:
        """Return the sets before this one in the order of choice, which were not taken."""
        numbers = [one.number for one in self._suitable]
        before = self._suitable[: numbers.index(seat.number)] if seat.number in numbers else []
        return before or [self.home]

    def narrowed(self, errand: Errand, seats: Sequence[Seat]) -> Search:
        """Return the search for what is left of a batch: with the sets that were not tried for it yet."""
        rest = Search(errand, seats, is_bound=self.is_bound, for_quota=self.for_quota)
        numbers = {one.number for one in self.open}
        rest.open = [one for one in rest.open if one.number in numbers]
        rest.refusals = self.refusals
        return rest
