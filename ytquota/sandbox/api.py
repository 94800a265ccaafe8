"""One call from request to answer: who, which method, does it fit, what does it cost, what comes back.

The rule of charging, the sandbox's own: **what a known method received is charged its price**, whatever the
answer (2xx, 304, 4xx, 5xx, or a connection that is reset before or after the method ran). Three are not:

* a call refused for want of quota, by the day or by the minute;
* a call without good credentials: 401, an invalid API key, no key at all;
* chunks and status questions of a resumable upload, whose start was charged.

Whether Google bills a 5xx nobody knows; `Sandbox.server_errors_free` has it otherwise. A connection that was
never accepted has not been received. Each part of a batch, each page and each download
of a range is a call of its own. Tokens are not calls.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ytquota.sandbox import api_errors, batch, chat, checks, lists, media, writes
from ytquota.sandbox.access_log import Line
from ytquota.sandbox.api_errors import ApiError
from ytquota.sandbox.faults import Fault, Kind
from ytquota.sandbox.price_list import Price
from ytquota.sandbox.router import Method, Route, router
from ytquota.sandbox.state import Call, State
from ytquota.sandbox.uploads import Uploads, is_question
from ytquota.sandbox.wire import Answer, Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from ytquota.sandbox.accounts import Caller

_log = logging.getLogger(__name__)
_FREE = Price("", 0)
_INSTEAD = (Kind.DROP_UNHANDLED, Kind.ERROR)


@dataclass(slots=True)
class Visit:
    """What is known so far about a request, for the access log."""

    request: Request
    kind: str
    at: float
    method: str = ""
    caller: Caller | None = None
    price: Price = _FREE


class Api:
    """Answers requests to the API; nothing here waits, and one lock makes each call whole."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._router = router()
        made = writes.Writes(state.resources)
        self._handlers: dict[str, Callable[[Call], Answer]] = {
            **lists.handlers(state.resources),
            **writes.handlers(made),
            **media.handlers(state.resources, made),
            **chat.handlers(state.resources, state.clock),
        }
        self._uploads = Uploads(self._work)

    def answer(self, request: Request) -> Answer:
        """Answer one request, a batch included."""
        with self._state.lock:
            self._state.quotas.settle()
            if request.path.startswith("/batch"):
                return self._batch(request)
            return self._one(request, "call")

    def _batch(self, request: Request) -> Answer:
        faults = self._state.faults
        fault = faults.take("batch", _INSTEAD)
        instead = _misbehave(fault) if fault else None
        refuse = fault is not None and not fault.charged
        try:
            result = batch.answer(request, lambda part: self._one(part, "part", instead, refuse=refuse))
        except ApiError as error:
            result = _told(error)
        result = instead or result
        if faults.take("batch", (Kind.DROP_HANDLED,)):
            result = replace(result, drop=True)
        slow = faults.take("batch", (Kind.SLOW,))
        return replace(result, delay=slow.seconds) if slow else result

    def _one(
        self, request: Request, kind: str, instead: Answer | None = None, *, refuse: bool = False
    ) -> Answer:
        """Answer one call; with `instead`, charge it (unless `refuse`) but answer only that."""
        visit = Visit(request, kind, self._state.clock.time())
        if "upload_id" in request.params:
            return self._continue_upload(visit)
        route = self._router.find(request.verb, request.path)
        if route is None:
            return self._refused(visit, api_errors.unknown_address(request.path))
        visit.method = name = route.method.name
        try:
            visit.caller = caller = self._identify(route.method, request)
            if refuse and instead:
                return self._note(visit, instead)
            fault = self._state.faults.take(name, (Kind.ERROR,), charged=False)
            if fault:
                return self._note(visit, _misbehave(fault))
            visit.price = self._state.billing.admit(caller.project, name, visit.at)
        except ApiError as error:
            return self._refused(visit, error)
        return self._note(visit, self._refunded(visit, instead or self._charged(route, request, caller)))

    def _refunded(self, visit: Visit, result: Answer) -> Answer:
        billing = self._state.billing
        if billing.server_errors_free and result.status >= 500 and visit.caller:  # noqa: PLR2004
            billing.charge(visit.caller.project, visit.method, visit.price, visit.at, times=-1)
            visit.price = Price(visit.price.bucket, 0)
        return result

    def _identify(self, method: Method, request: Request) -> Caller:
        caller = self._state.accounts.identify(request.headers, request.one("key"))
        if caller.is_key and checks.needs_person(method, request):
            raise api_errors.login_required()
        return caller

    def _charged(self, route: Route, request: Request, caller: Caller) -> Answer:
        faults, name = self._state.faults, route.method.name
        fault = faults.take(name, _INSTEAD, charged=True)
        result = _misbehave(fault) if fault else self._safely(route, request, caller)
        if faults.take(name, (Kind.DROP_HANDLED,)):
            result = replace(result, drop=True)
        slow = faults.take(name, (Kind.SLOW,))
        return replace(result, delay=slow.seconds) if slow else result

    def _safely(self, route: Route, request: Request, caller: Caller) -> Answer:
        try:
            return self._handle(route, request, caller)
        except ApiError as error:
            return _told(error)
        except Exception:  # noqa: BLE001 a server answers 500 and lives on
            _log.exception("The sandbox could not answer %s.", route.method.name)
            return _told(api_errors.internal())

    def _handle(self, route: Route, request: Request, caller: Caller) -> Answer:
        if not caller.project.enabled:
            raise api_errors.api_disabled(caller.project.number)
        checks.scope(route.method, caller)
        call = Call(request, route.method, caller, dict(route.path_values), raw_document=request.body)
        checks.parameters(call)
        if route.upload:
            return self._uploads.begin(call)
        return _unchanged(request, self._work(call))

    def _work(self, call: Call) -> Answer:
        writes.check_media(call)
        method = call.method
        handler = self._handlers.get(method.name) or self._handlers[f"*.{method.action}"]
        return handler(call)

    def _continue_upload(self, visit: Visit) -> Answer:
        request = visit.request
        visit.kind = "status-query" if is_question(request) else "chunk"
        session = self._uploads.find(request)
        if session is None:
            return self._refused(visit, ApiError(404, "notFound", "There is no such upload.", charged=False))
        visit.caller, visit.method = session.call.caller, session.call.method.name
        faults = self._state.faults
        fault = faults.take("upload.chunk", _INSTEAD)
        try:
            result = _misbehave(fault) if fault else self._uploads.proceed(session, request)
        except ApiError as error:
            result = _told(error)
        if faults.take("upload.chunk", (Kind.DROP_HANDLED,)):
            result = replace(result, drop=True)
        return self._note(visit, result)

    def _refused(self, visit: Visit, error: ApiError) -> Answer:
        if visit.caller:
            bucket = self._state.billing.price(visit.method, visit.at).bucket
            visit.price = Price(bucket, 0)
        return self._note(visit, _told(error))

    def _note(self, visit: Visit, result: Answer) -> Answer:
        log, request = self._state.log, visit.request
        status = 0 if result.drop else result.status
        fingerprint = hash((request.verb, request.path, request.query_string, request.body))
        attempt = log.attempt(fingerprint)
        log.settle(fingerprint, status, attempt)
        log.add(
            Line(
                at=visit.at,
                kind=visit.kind,
                method=visit.method,
                project=visit.caller.project.number if visit.caller else None,
                status=status,
                units=visit.price.units,
                bucket=visit.price.bucket or None,
                verb=request.verb,
                path=request.path,
                reason=result.reason,
                attempt=attempt,
                day=self._state.billing.day(visit.at).date,
            )
        )
        return result


def _told(error: ApiError) -> Answer:
    return Answer.json(error.status, error.document(), reason=error.reason)


def _misbehave(fault: Fault) -> Answer:
    if fault.kind is Kind.DROP_UNHANDLED:
        return Answer(0, drop=True)
    return Answer(fault.status, fault.body, reason=fault.reason)


def _unchanged(request: Request, result: Answer) -> Answer:
    known = request.headers.get("if-none-match")
    if known and result.status == 200:  # noqa: PLR2004
        etag = dict(result.headers).get("etag")
        if etag and etag.strip('"') in known:
            return Answer(304, b"", result.content_type, (("etag", etag),))
    return result
