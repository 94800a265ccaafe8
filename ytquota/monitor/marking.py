"""Which pools an "exhausted" of the server's closes, on which day, and how firmly."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ytquota import clock as clocks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from ytquota.errors import Verdict
    from ytquota.monitor.demand import Demand
    from ytquota.monitor.flight import Priced
    from ytquota.monitor.ledger import Hold, Ledger
    from ytquota.prices import Price

_EARLY = 600.0
"""Within 10 minutes after a reset an "exhausted" may still speak of yesterday, so its mark is provisional."""
_GENERAL = "default"


@dataclass(frozen=True, slots=True)
class Mark:
    """One pool to be closed on a quota day.

    Attributes:
        project: whose pool.
        bucket: which of the project's allowances.
        day: the quota day on which it is used up.
        reason: the server's machine word.
        limit: the limit it named, in units of the bucket.
        provisional: whether a call may soon try whether it is true.
    """

    project: str
    bucket: str
    day: date
    reason: str
    limit: int | None = None
    provisional: bool = False

    def put(self, ledger: Ledger) -> None:
        """Write it into the ledger, and the limit that came with it.

        Raises:
            LedgerUnavailable: the ledger cannot be written.
        """
        if self.limit is not None:
            ledger.limit(self.project, self.bucket, self.limit, source="server")
        ledger.exhaust(
            self.project,
            self.bucket,
            clocks.bounds_of(self.day).end,
            reason=self.reason,
            day=self.day,
            provisional=self.provisional,
        )


def marks_of(priced: Sequence[Priced], verdicts: Sequence[Verdict], holds: Mapping[str, Hold]) -> list[Mark]:
    """Return the marks that the answers to one request call for, each pool once.

    A second provisional mark in a row is a firm one, so the parts of a batch must not make one each.
    """
    marks: dict[tuple[str, str, date], Mark] = {}
    for (demand, price), verdict in zip(priced, verdicts, strict=True):
        if verdict.kind != "exhausted":
            continue
        for mark in _marks(demand, price, verdict, holds[demand.project]):
            key = (mark.project, mark.bucket, mark.day)
            if key not in marks or marks[key].provisional:
                marks[key] = mark
    return list(marks.values())


def _marks(demand: Demand, price: Price, verdict: Verdict, hold: Hold) -> Iterator[Mark]:
    """A mark belongs to the day of the hold that met it, or to the window that the server named.

    It closes the pool that was charged and, where the answer says that Google counts the call in another
    project, that one's too: other credentials may know it by its number.
    """
    day = clocks.quota_day(verdict.window_start) if verdict.window_start else hold.day
    is_early = verdict.window_start is None and hold.at - clocks.bounds_of(day).start < _EARLY
    bucket = verdict.bucket or price.bucket
    for project in dict.fromkeys((demand.project, verdict.project or demand.project)):
        mark = Mark(project, bucket, day, verdict.reason, verdict.limit, is_early or verdict.guessed)
        yield mark
        if bucket == _GENERAL != price.bucket:
            # said of the general pool, met by a call that is not charged there: it will be refused again
            yield replace(mark, bucket=price.bucket, limit=None, provisional=True)
