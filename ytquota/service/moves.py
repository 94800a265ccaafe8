"""Telling each move once, not with every call that follows it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from googleapiclient.errors import HttpError

from ytquota import clock as clocks
from ytquota.errors import CredentialError, YTQuotaError
from ytquota.service.errands import buckets_of
from ytquota.service.seats import Step

if TYPE_CHECKING:
    from datetime import date

    from ytquota.monitor.metering import QuotaMonitor
    from ytquota.prices import Price
    from ytquota.service.errands import Errand
    from ytquota.service.search import Search
    from ytquota.service.seats import Roster, Seat


def first_sentence(text: str) -> str:
    """Return the first sentence, which names the cause; the remedies behind it stand elsewhere."""
    return text.partition(". ")[0].partition("\n")[0].rstrip(".")


class Moves:
    """Which calls of a process are away from the set of their first choice, whatever service makes them.

    A pool that is used up, or a set in trouble, moves the calls of a bucket until that is over: one step
    there, one back. A call that is too large for what is left goes elsewhere alone, while smaller ones stay;
    so that the two do not take turns in the log, such a step is told once a day, and no way back before the
    next.
    """

    def __init__(self, monitor: QuotaMonitor) -> None:
        self._prices, self._ledger, self._clock = monitor.prices, monitor.ledger, monitor.clock
        self._away: dict[tuple[str, int, int], tuple[bool, date]] = {}
        self._lock = threading.Lock()

    def note(self, search: Search, seat: Seat, roster: Roster) -> None:
        """Tell the roster where a call goes, if that is news."""
        home, errand = search.home, search.errand
        if not self._away and seat.number == home.number:
            return
        bucket = buckets_of([self._price(one.method).bucket for one in errand.demands])
        today = self._today()
        if seat.number == home.number:
            if not home.is_last:  # half-open: whether it is back, this call will show
                self._came_home(bucket, home, today, errand, roster)
            return
        reasons = [self._reason(search, passed, bucket) for passed in search.passed(seat)]
        is_lasting = all(lasts for _, lasts in reasons)
        with self._lock:
            known = self._away.get((bucket, home.number, seat.number))
            if known is not None and (known[0] or (known[1] == today and not is_lasting)):
                return
            self._away[bucket, home.number, seat.number] = (is_lasting, today)
        why = "; ".join(why for why, _ in reasons)
        roster.moved(Step(bucket, home, seat, why, errand.demands[0].tag))

    def _came_home(self, bucket: str, home: Seat, today: date, errand: Errand, roster: Roster) -> None:
        with self._lock:
            over = [
                key
                for key, (is_lasting, day) in self._away.items()
                if key[:2] == (bucket, home.number) and (is_lasting or day != today)
            ]
            for key in over:
                del self._away[key]
        if over:
            why = f"{home.title} can be used again"
            roster.moved(Step(bucket, home, home, why, errand.demands[0].tag))

    def _reason(self, search: Search, seat: Seat, bucket: str) -> tuple[str, bool]:
        """Why a call does not go with a set, and whether that holds for other calls of the bucket too."""
        name, refusal = f"set {seat.number}", search.refusals.get(seat.number)
        if seat.trouble:
            return f"{name}: {seat.trouble}", True
        if isinstance(refusal, CredentialError):
            return f"{name}: {first_sentence(str(refusal))}", True
        if refusal is not None and not isinstance(refusal, YTQuotaError | HttpError):
            return f"{name}: its token could not be renewed ({type(refusal).__name__})", True
        if seat.is_last:
            return f"{name}: it is half-open, and tried last", True
        now, balances = self._clock.time(), self._ledger.usage(seat.project)[seat.project]
        gone = [one for one in bucket.split("+") if balances[one].is_exhausted(now)]
        if gone:
            return f"{name}: pool {' and '.join(gone)} of project {seat.project} is used up", True
        units = sum(self._price(one.method).units for one in search.errand.demands)
        left = min(balances[one].left for one in bucket.split("+"))
        what = f"{left:,} left in pool {bucket} of project {seat.project}, and {units:,} asked for"
        kept = ", which are kept for more important work" if left >= units else ""
        return f"{name}: {what}{kept}", False

    def _price(self, method: str) -> Price:
        return self._prices.price_of(method, on=self._today())

    def _today(self) -> date:
        return clocks.bounds_at(self._clock.time()).day


_known: WeakKeyDictionary[QuotaMonitor, Moves] = WeakKeyDictionary()
_making = threading.Lock()


def moves_of(monitor: QuotaMonitor) -> Moves:
    """Return what this process remembers of moves on a ledger: a new service does not tell them again."""
    with _making:
        return _known.setdefault(monitor, Moves(monitor))
