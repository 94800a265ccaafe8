"""The addresses where programs, not people, talk OAuth: `/token` and `/revoke`."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from ytquota.sandbox.access_log import Line
from ytquota.sandbox.faults import Kind
from ytquota.sandbox.oauth_error import OAuthError
from ytquota.sandbox.wire import Answer, Request

if TYPE_CHECKING:
    from ytquota.sandbox.oauth import OAuth
    from ytquota.sandbox.state import State

ADDRESSES = frozenset({"/token", "/revoke"})


class TokenAddress:
    """Answers token calls; they cost nothing, and are noted in the access log under the method `token`."""

    def __init__(self, state: State, oauth: OAuth) -> None:
        self._state = state
        self._oauth = oauth

    def answer(self, request: Request) -> Answer:
        """Answer one request."""
        with self._state.lock:
            fault = self._state.faults.take("token", (Kind.ERROR, Kind.DROP_UNHANDLED))
            if fault is None:
                result, reason = self._work(request)
            elif fault.kind is Kind.ERROR:
                result, reason = Answer(fault.status, fault.body), ""
            else:
                result, reason = Answer(0, drop=True), ""
            if self._state.faults.take("token", (Kind.DROP_HANDLED,)):
                result.drop = True
            slow = self._state.faults.take("token", (Kind.SLOW,))
            result.delay = slow.seconds if slow else 0.0
            self._note(request, result, reason)
            return result

    def _work(self, request: Request) -> tuple[Answer, str]:
        form = dict(parse_qsl(request.body.decode("latin-1"), keep_blank_values=True))
        try:
            if request.path == "/revoke":
                self._oauth.revoke(form.get("token") or request.one("token"))
                return Answer.json(200, {}), ""
            document = self._oauth.token(form, request.headers.get("authorization", ""))
        except OAuthError as error:
            return Answer.json(error.status, error.document()), error.error
        return Answer.json(200, document), ""

    def _note(self, request: Request, result: Answer, reason: str) -> None:
        now = self._state.clock.time()
        self._state.log.add(
            Line(
                at=now,
                kind="token",
                method="token",
                project=None,
                status=0 if result.drop else result.status,
                units=0,
                bucket=None,
                verb=request.verb,
                path=request.path,
                reason=reason,
                attempt=1,
                day=self._state.billing.day(now).date,
            )
        )
