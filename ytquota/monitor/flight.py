"""One request between its hold and its settlement."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ytquota import clock as clocks
from ytquota.errors import LedgerUnavailable
from ytquota.monitor.charging import judge, outcome_of, record_of
from ytquota.monitor.marking import marks_of
from ytquota.monitor.polled import noting_intervals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ytquota.errors import Verdict
    from ytquota.monitor.demand import Demand
    from ytquota.monitor.ledger import CallRecord, Hold, Outcome
    from ytquota.monitor.marking import Mark
    from ytquota.monitor.metering import QuotaMonitor
    from ytquota.prices import Price

logger = logging.getLogger("ytquota")

Priced = tuple["Demand", "Price"]


class Flight:
    """A request that was admitted and must end in exactly one of `answered`, `not_sent` or `lost`.

    Made by `QuotaMonitor.begin`. Several demands are the parts of one batch; they may belong to several
    projects.
    """

    def __init__(self, monitor: QuotaMonitor, priced: Sequence[Priced], holds: dict[str, Hold]) -> None:
        self._monitor, self._priced, self._holds = monitor, priced, holds
        self._sends = 1
        self._ahead: set[str] = set()

    @property
    def is_open(self) -> bool:
        """Whether the request has not been settled yet."""
        return any(hold.is_open for hold in self._holds.values())

    def resent(self) -> None:
        """Charge a second send of the same request.

        Raises:
            QuotaExceeded: it does not fit and must not be sent. Nothing more is charged; of several projects,
                what some were charged is given back at the end.
            LedgerUnavailable: the ledger cannot be read or written; likewise.
        """
        self._monitor.extend(self._priced, self._holds, self._ahead)
        self._ahead.clear()
        self._sends += 1

    def answered(
        self, answers: Sequence[tuple[int | None, bytes | str | None]], *, latency: float
    ) -> list[Verdict]:
        """Settle by the server's answers, one (status, body) per demand, and mark pools that ran out.

        Args:
            answers: statuses and bodies; a body is only looked at where the status is 400 or more, and that
                of a poll of a live chat for how long it asks to wait.
            latency: seconds from sending to answer.
        """
        now = clocks.utc(self._monitor.clock.time())
        self._priced = noting_intervals(self._priced, answers)
        verdicts = [
            judge(status, body, method=demand.method, now=now)
            for (demand, _), (status, body) in zip(self._priced, answers, strict=True)
        ]
        is_fine = all(verdict.kind == "ok" for verdict in verdicts)
        if not is_fine:
            for mark in marks_of(self._priced, verdicts, self._holds):
                self._try_to_put(mark)
        self._settle(
            [(outcome_of(v), status, v.reason) for v, (status, _) in zip(verdicts, answers, strict=True)],
            latency,
        )
        if not is_fine:
            self._monitor.report(self._priced, verdicts)
        return verdicts

    def not_sent(self, reason: str) -> None:
        """Give everything back: the request never left (no connection, no name)."""
        self._settle([("not_sent", None, reason)] * len(self._priced), 0.0)

    def lost(self, reason: str, *, latency: float) -> None:
        """The request went out and no answer came: it stays charged, as the server may have run it."""
        self._settle([("lost", None, reason)] * len(self._priced), latency)

    def _settle(self, ends: Sequence[tuple[Outcome, int | None, str]], latency: float) -> None:
        by_project: dict[str, list[CallRecord]] = {}
        for (demand, price), (outcome, status, reason) in zip(self._priced, ends, strict=True):
            record = record_of(
                demand, price, outcome, status=status, reason=reason, attempts=self._sends, latency=latency
            )
            if demand.project in self._ahead:
                record.released += price.units
            by_project.setdefault(demand.project, []).append(record)
        for project, records in by_project.items():
            self._monitor.settle(self._holds[project], records)

    def _try_to_put(self, mark: Mark) -> None:
        try:
            mark.put(self._monitor.ledger)
        except LedgerUnavailable as error:
            # the settlement still has to be kept, and the caller told of the refusal
            logger.warning("%s That the pool is exhausted could not be noted.", error)
