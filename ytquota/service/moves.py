"""Telling each move once, not with every call that follows it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ytquota import clock as clocks
from ytquota.errors import CredentialError, YTQuotaError
from ytquota.service.errands import buckets_of
from ytquota.service.seats import Step

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from ytquota.monitor.metering import QuotaMonitor
    from ytquota.service.errands import Errand
    from ytquota.service.seats import Roster, Seat


def first_sentence(text: str) -> str:
    """Return the first sentence, which names the cause; the remedies behind it stand elsewhere."""
    return text.partition(". ")[0].partition("\n")[0].rstrip(".")


class Moves:
    """Which calls of a service are away from the set of their first choice.

    A pool that is used up, or a set in trouble, moves the calls of a bucket until that is over: one step
    there, one back. A call that is too large for what is left goes elsewhere alone, while smaller ones stay;
    so that the two do not take turns in the log, such a step is told once a day, and no way back before the
    next.
    """

    def __init__(self, roster: Roster, monitor: QuotaMonitor) -> None:
        self._roster, self._monitor = roster, monitor
        self._away: dict[tuple[str, int, int], tuple[bool, date]] = {}
        self._lock = threading.Lock()

    def note(self, errand: Errand, home: Seat, seat: Seat, refusals: Sequence[Exception]) -> None:
        """Tell where a call goes, if that is news."""
        if not self._away and seat.number == home.number:
            return
        bucket = buckets_of([self._bucket(one.method) for one in errand.demands])
        today = clocks.bounds_at(self._monitor.clock.time()).day
        if seat.number == home.number:
            if not home.is_last:  # half-open: whether it is back, this call will show
                self._came_home(bucket, home, today, errand)
            return
        why, is_lasting = self._reason(errand, home, bucket, refusals)
        key = (bucket, home.number, seat.number)
        with self._lock:
            known = self._away.get(key)
            if known is not None and (known[0] or not is_lasting) and (known[0] or known[1] == today):
                return
            self._away[key] = (is_lasting, today)
        self._roster.moved(Step(bucket, home, seat, why, errand.demands[0].tag))

    def _came_home(self, bucket: str, home: Seat, today: date, errand: Errand) -> None:
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
            self._roster.moved(Step(bucket, home, home, why, errand.demands[0].tag))

    def _reason(
        self, errand: Errand, home: Seat, bucket: str, refusals: Sequence[Exception]
    ) -> tuple[str, bool]:
        """Why a call does not go with the set of its first choice, and whether that holds for others too."""
        if home.trouble:
            return home.trouble, True
        if refusals and isinstance(refusals[0], CredentialError):
            return first_sentence(str(refusals[0])), True
        if refusals and not isinstance(refusals[0], YTQuotaError):
            return f"its token could not be renewed ({type(refusals[0]).__name__})", True
        now, balances = self._monitor.clock.time(), self._monitor.ledger.usage(home.project)[home.project]
        gone = [name for name in bucket.split("+") if balances[name].is_exhausted(now)]
        if gone:
            names = " and ".join(gone)
            return f"pool {names} of project {home.project} is used up", True
        if refusals:
            return first_sentence(str(refusals[0])), False
        units = sum(self._units(one.method) for one in errand.demands)
        left = min(balances[name].left for name in bucket.split("+"))
        return (
            f"pool {bucket} of project {home.project} has {left:,} left, of which {units:,} could not be had",
            False,
        )

    def _bucket(self, method: str) -> str:
        return self._monitor.prices.price_of(method, on=self._today()).bucket

    def _units(self, method: str) -> int:
        return self._monitor.prices.price_of(method, on=self._today()).units

    def _today(self) -> date:
        return clocks.bounds_at(self._monitor.clock.time()).day
