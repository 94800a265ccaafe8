"""The batch object of a service that may move."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httplib2
from google_auth_httplib2 import Request
from googleapiclient.errors import HttpError

from ytquota.errors import CredentialError
from ytquota.service.attempts import current_attempts
from ytquota.service.batch import MonitoredBatch
from ytquota.service.errands import errand_of
from ytquota.service.refused import ServerQuotaExceeded
from ytquota.service.routes import read_wire

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ytquota.service.account import Account
    from ytquota.service.batch import Callback
    from ytquota.service.failover import FailoverHttp
    from ytquota.service.routes import Wire
    from ytquota.service.search import Search
    from ytquota.service.seats import Seat


class _Unsigned:
    """Stands for the batch's http while googleapiclient prepares it: the set is chosen when it is sent."""

    is_facade = True

    def __init__(self, http: FailoverHttp) -> None:
        self._http = http

    def request(self, uri: str, method: str = "GET", *more: Any, **options: Any) -> Any:
        return self._http.request(uri, method, *more, **options)


class FailoverBatch(MonitoredBatch):
    """A batch that goes whole to the first set that has room for all of it.

    A part that the server then refuses for want of quota was not run; it is sent again, in a batch of such
    parts, with the next set. Parts of other services go with their own credentials, and never move.
    """

    def __init__(self, callback: Callback | None, batch_uri: str, http: FailoverHttp) -> None:
        super().__init__(callback, batch_uri, http.account)
        self._failover = http
        self._answered_by: dict[str, Account] = {}
        self._last: Seat | None = None

    def execute(self, http: Any = None) -> None:
        """Send all requests as one; with an http of your own it does not move.

        Raises:
            NoSetLeft: no permitted set has room for the whole batch; `fits` says how many of its parts would
                go with the first.
        """
        super().execute(http=_Unsigned(self._failover) if http is None else http)

    def account_of(self, request_id: str, request: Any) -> Account:
        """Return the account on which a part was answered."""
        return self._answered_by.get(request_id) or super().account_of(request_id, request)

    def _execute(self, http: Any, order: list[str], requests: dict[str, Any]) -> None:
        if not isinstance(http, _Unsigned):
            super()._execute(http, order, requests)
            return
        pairs = self._calls(order, requests)
        if not pairs:
            super()._execute(self._failover, order, requests)
            return
        search = self._failover.search_for([(wire, demand) for _, wire, demand in pairs])
        pending = order
        while pending:
            pending = self._send(search, pending, requests)
            refused = [(wire, demand) for id_, wire, demand in pairs if id_ in pending]
            if not refused:
                return
            search = search.narrowed(errand_of(refused), self._failover.roster.seats())

    def _send(self, search: Search, order: list[str], requests: dict[str, Any]) -> list[str]:
        """Send with the next set; return what is to be sent again with another one."""
        seat = self._failover.next_seat(search)
        if seat is None:
            if all(id_ in self._responses for id_ in order):
                return []  # the callbacks are told what the server said
            raise self._failover.failed(search)
        sent_before = current_attempts().sent
        try:
            with self._failover.seated(seat):
                super()._execute(self._failover, order, requests)
        except Exception as error:
            if not self._failover.may_move(error, search.errand, sent_before):
                raise
            search.refused(seat, error)
            self._failover.forget(error)
            return order
        self._last, current_attempts().last = seat, None
        return self._refused_parts(search, seat, order, requests)

    def _refused_parts(
        self, search: Search, seat: Seat, order: list[str], requests: dict[str, Any]
    ) -> list[str]:
        """Return the parts that the server refused for the day."""
        account, refused = self._failover.roster.http(seat).account, []
        for id_ in order:
            if requests[id_].http is not self._failover:
                continue
            self._answered_by[id_] = account
            response, content = self._responses[id_]
            error = HttpError(response, content, uri=requests[id_].uri)
            told = account.told_to_callback(error, requests[id_].method) if response.status >= 400 else error  # noqa: PLR2004
            if isinstance(told, ServerQuotaExceeded):
                refused.append(id_)
                search.refused(seat, told)
        return refused if self._failover.for_quota else []

    def _refresh_and_apply_credentials(self, request: Any, http: Any) -> None:
        """Renew the token that parts were refused with; one that is dead is met again when they are sent."""
        if self._last is None or request.http is not self._failover:
            super()._refresh_and_apply_credentials(request, http)
            return
        credentials = self._failover.roster.http(self._last).credentials
        if id(credentials) in self._refreshed_credentials:
            return
        self._refreshed_credentials[id(credentials)] = 1
        sender = httplib2.Http()
        try:
            credentials.refresh(Request(sender))
        except CredentialError:
            return
        finally:
            sender.close()

    def _calls(self, order: Sequence[str], requests: dict[str, Any]) -> list[tuple[str, Wire, Any]]:
        """Return (id, wire, demand) of each part that is this service's own."""
        found = []
        account, attempts = self._failover.account, current_attempts()
        for id_ in order:
            one = requests[id_]
            if one.http is not self._failover:
                continue
            wire = read_wire(one.uri, one.method, one.body, one.headers)
            demand = account.demand(wire, attempts)
            if demand is not None:
                found.append((id_, wire, demand))
        return found
