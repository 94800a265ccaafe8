"""Google Cloud's own APIs, as far as a project's quota goes: what was used (Monitoring)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ytquota.sandbox import cloud_errors, monitoring
from ytquota.sandbox.api_errors import ApiError
from ytquota.sandbox.faults import Kind
from ytquota.sandbox.gate import Gate, number_of
from ytquota.sandbox.wire import Answer, Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from ytquota.sandbox.state import State

_TIME_SERIES = re.compile(r"/v3/projects/([^/]+)/timeSeries")


class GoogleApis:
    """Answers their requests. They cost no quota of YouTube's, and are not in the access log."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._gate = Gate(state)

    def answer(self, request: Request) -> Answer:
        """Answer one request."""
        match = _TIME_SERIES.fullmatch(request.path) if request.verb == "GET" else None
        if match is None:
            return _nowhere(request)
        with self._state.lock:
            return self._behaved("monitoring", lambda: self._time_series(match[1], request))

    def _time_series(self, project: str, request: Request) -> dict[str, Any]:
        principal = self._gate.admit(request, monitoring.LIST)
        number = number_of(project)
        if not principal.may("monitoring.timeSeries.list", number):
            raise cloud_errors.no_permission("monitoring.timeSeries.list")
        return monitoring.time_series(self._state, number, request)

    def _behaved(self, name: str, work: Callable[[], dict[str, Any]]) -> Answer:
        """The answer of `work`, unless misbehaviour is on order for the API of that name."""
        faults = self._state.faults
        fault = faults.take(name, (Kind.ERROR, Kind.DROP_UNHANDLED))
        if fault is None:
            result = _answered(work)
        elif fault.kind is Kind.ERROR:
            result = Answer(fault.status, fault.body)
        else:
            result = Answer(0, drop=True)
        slow = faults.take(name, (Kind.SLOW,))
        result.delay = slow.seconds if slow else 0.0
        return result


def _answered(work: Callable[[], dict[str, Any]]) -> Answer:
    try:
        return Answer.json(200, work())
    except ApiError as error:
        return Answer.json(error.status, error.document(), reason=error.reason)


def _nowhere(request: Request) -> Answer:
    error = cloud_errors.not_found(f"The requested URL {request.path} was not found on this server.")
    return Answer.json(error.status, error.document(), reason=error.reason)
