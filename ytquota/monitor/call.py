"""Metering a request of any client by hand.

`with monitor.call("videos.list", credential_set=1) as call: ...`.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

from ytquota.errors import SettingsError, answer_in
from ytquota.monitor.demand import Demand
from ytquota.monitor.facts import fitting
from ytquota.monitor.in_thread import begin_in_thread, end_in_thread
from ytquota.monitor.tagging import current_tag

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from ytquota.errors import Verdict
    from ytquota.monitor.flight import Flight
    from ytquota.monitor.metering import QuotaMonitor


class Call:
    """One request being metered; enter it before sending and leave it after the answer."""

    def __init__(
        self,
        monitor: QuotaMonitor,
        method: str,
        *,
        credential_set: int | str | None,
        project: str | None,
        tag: str | None,
        priority: str,
        facts: Mapping[str, object],
    ) -> None:
        self._monitor = monitor
        self._demand = Demand(
            method=method,
            project=project or _project(monitor, credential_set),
            credential_set="" if credential_set is None else str(credential_set),
            tag=tag or current_tag(),
            priority=priority,
            facts=fitting(facts) if facts else facts,
        )
        self._flight: Flight | None = None
        self._started = 0.0
        self.verdict: Verdict | None = None

    def answered(self, status: int, body: bytes | str | None = None) -> Verdict:
        """Say what the server answered; returns what that means (exhausted, slow down, ...)."""
        self.verdict = self._open_flight().answered([(status, body)], latency=self._elapsed())[0]
        return self.verdict

    def resent(self) -> None:
        """Say that the same request goes out once more, which costs its price again.

        Raises:
            QuotaExceeded: it does not fit and must not be sent.
        """
        self._open_flight().resent()

    def not_sent(self, reason: str = "") -> None:
        """Say that the request never left; its units are given back."""
        self._open_flight().not_sent(reason)

    def __enter__(self) -> Self:
        self._flight = self._monitor.begin([self._demand])
        self._started = time.perf_counter()
        return self

    def __exit__(
        self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None
    ) -> None:
        flight = self._open_flight()
        if not flight.is_open:
            return
        if error is None:
            flight.answered([(None, None)], latency=self._elapsed())
        elif (answer := answer_in(error)) is not None:
            flight.answered([answer], latency=self._elapsed())
        else:
            flight.lost(type(error).__name__, latency=self._elapsed())

    async def __aenter__(self) -> Self:
        return await begin_in_thread(self.__enter__, lambda call: call.not_sent("cancelled"))

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await end_in_thread(self.__exit__, kind, error, trace)

    def _open_flight(self) -> Flight:
        if self._flight is None:
            raise RuntimeError("A call is metered inside `with monitor.call(...)`; this one was not entered.")
        return self._flight

    def _elapsed(self) -> float:
        return time.perf_counter() - self._started


def _project(monitor: QuotaMonitor, credential_set: int | str | None) -> str:
    if credential_set is not None:
        found = monitor.project_of(int(credential_set))
        if found:
            return found
    raise SettingsError(
        f"Whose quota is it? The project of credential set {credential_set} is not known. Pass project=, or "
        f"set YTQUOTA_PROJECT_{credential_set or 'N'}, or name the set's files in .env."
    )
