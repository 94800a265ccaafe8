"""Google Cloud's own APIs about a project's quota: what was used (Monitoring), and its limits (Quotas)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson

from ytquota.sandbox import cloud_errors, monitoring
from ytquota.sandbox.api_errors import SERVICE, ApiError
from ytquota.sandbox.cloud_errors import Service
from ytquota.sandbox.faults import Kind
from ytquota.sandbox.gate import Door, Gate, number_of
from ytquota.sandbox.wire import Answer, Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from ytquota.sandbox.billing import Project
    from ytquota.sandbox.state import State

QUOTAS = Service("cloudquotas.googleapis.com", "Cloud Quotas API")

_TIME_SERIES = re.compile(r"/v3/projects/([^/]+)/timeSeries")
_QUOTAS = re.compile(
    r"/v1/projects/([^/]+)/locations/global/"
    rf"(?:services/{re.escape(SERVICE)}/(quotaInfos)|(quotaPreferences))(?:/([^/]+))?"
)
_SCOPES = frozenset({"cloud-platform"})
_READ, _CHANGE = "cloudquotas.quotas.get", "cloudquotas.quotas.update"


class GoogleApis:
    """Answers their requests. They cost no quota of YouTube's, and are not in the access log."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._gate = Gate(state)

    def answer(self, request: Request) -> Answer:
        """Answer one request."""
        match = _TIME_SERIES.fullmatch(request.path) if request.verb == "GET" else None
        with self._state.lock:
            if match:
                return self._behaved("monitoring", lambda: self._time_series(match[1], request))
            return self._behaved("cloudquotas", lambda: self._quotas(request))

    def _time_series(self, project: str, request: Request) -> dict[str, Any]:
        principal = self._gate.admit(request, monitoring.LIST)
        number = number_of(project)
        if not principal.may("monitoring.timeSeries.list", number):
            raise cloud_errors.no_permission("monitoring.timeSeries.list")
        return monitoring.time_series(self._state, number, request)

    def _quotas(self, request: Request) -> dict[str, Any]:
        match = _QUOTAS.fullmatch(request.path)
        if match is None:
            raise cloud_errors.not_found(f"The requested URL {request.path} was not found on this server.")
        permission = _READ if request.verb == "GET" else _CHANGE
        project = self._let_in(request, match[1], permission)
        if match[2]:
            return self._infos(request, project, match[4])
        return self._preferences(request, project, match[4])

    def _let_in(self, request: Request, named: str, permission: str) -> Project:
        rpc = "google.api.cloudquotas.v1.CloudQuotas"
        principal = self._gate.admit(request, Door(QUOTAS, rpc, _SCOPES))
        number = number_of(named)
        if not principal.may(permission, number):
            resource = f"projects/{named}/locations/global"
            raise cloud_errors.no_permission_on(permission, QUOTAS, resource)
        return self._state.accounts.project(number)

    def _infos(self, request: Request, project: Project, quota_id: str | None) -> dict[str, Any]:
        desk = self._state.quotas
        desk.settle()
        if request.verb != "GET":
            raise cloud_errors.invalid("A limit is read here, not changed.")
        return (
            desk.info(project, quota_id)
            if quota_id
            else _page("quotaInfos", list(desk.infos(project)), request)
        )

    def _preferences(self, request: Request, project: Project, ident: str | None) -> dict[str, Any]:
        desk, parent = self._state.quotas, f"projects/{project.number}/locations/global/quotaPreferences"
        desk.settle()
        if request.verb == "GET":
            if ident:
                return desk.one(f"{parent}/{ident}")
            return _page("quotaPreferences", desk.listed(project), request)
        document = _document(request)
        if request.verb == "PATCH" and ident:
            return self._changed(project, f"{parent}/{ident}", document, request)
        taken = desk.of_quota(project, str(document.get("quotaId", "")))
        ident = request.one("quotaPreferenceId") or self._state.access.word(20).lower()
        if taken or f"{parent}/{ident}" in desk.preferences:
            raise cloud_errors.exists(f"Resource '{taken or f'{parent}/{ident}'}' already exists")
        return desk.ask(project, f"{parent}/{ident}", document)

    def _changed(
        self, project: Project, name: str, document: dict[str, Any], request: Request
    ) -> dict[str, Any]:
        desk = self._state.quotas
        if request.one("allowMissing") != "true":
            desk.one(name)  # or say that there is none
        return desk.ask(project, name, document)

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


def _document(request: Request) -> dict[str, Any]:
    try:
        document = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        document = None
    if not isinstance(document, dict):
        raise cloud_errors.invalid("Invalid JSON payload received.")
    return document


def _page(name: str, entries: list[dict[str, Any]], request: Request) -> dict[str, Any]:
    size, start = request.one("pageSize", "0"), request.one("pageToken", "0")
    if not size.isdecimal() or not start.isdecimal():
        raise cloud_errors.invalid("Invalid page size or page token.")
    end = int(start) + (int(size) or len(entries) or 1)
    page: dict[str, Any] = {name: entries[int(start) : end]}
    return page | ({"nextPageToken": str(end)} if end < len(entries) else {})
