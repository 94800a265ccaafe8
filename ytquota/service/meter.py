"""The meter: an http object that asks the ledger before every request for the API and reports how it ended.

It stands inside AuthorizedHttp, so it sees each send on its own: retries, pages, batches, media downloads,
the second send after a refreshed token. Token calls and the chunks of an upload pass through it uncounted.
"""

from __future__ import annotations

import logging
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import httplib2
from googleapiclient.errors import HttpError

from ytquota.errors import QuotaExceeded
from ytquota.service.attempts import current_attempts
from ytquota.service.connection import Exchange, on_wire, watched_connection
from ytquota.service.multipart import PartAnswer, compose, read_answers
from ytquota.service.refused import FinalAnswer, is_final

if TYPE_CHECKING:
    from collections.abc import Callable

    from ytquota.errors import Verdict
    from ytquota.monitor.flight import Flight
    from ytquota.service.account import Account, Trip
    from ytquota.service.attempts import Attempts

_log = logging.getLogger("ytquota.service")

Answer = tuple[httplib2.Response, bytes]

_NEVER_LEFT = (ConnectionRefusedError, httplib2.ServerNotFoundError, httplib2.ProxiesUnavailableError)
_UNAUTHORISED = 401
_OWN_ATTRIBUTES = frozenset(("account", "http", "request", "_unauthorised"))


class MeteredHttp:
    """An http object around another one; not for several threads at once, just as httplib2's own.

    Args:
        http: what sends: an `httplib2.Http`, or anything with its `request`.
        account: on whose account the requests go.
    """

    def __init__(self, http: Any, account: Account) -> None:
        self.http, self.account = http, account
        self._unauthorised: dict[str, PartAnswer] = {}

    def __getattr__(self, name: str) -> Any:
        if name in _OWN_ATTRIBUTES:  # while copying, before `http` is there
            raise AttributeError(name)
        return getattr(self.http, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _OWN_ATTRIBUTES:
            object.__setattr__(self, name, value)
        else:
            setattr(self.http, name, value)  # timeout, redirect_codes: settings of the one that sends

    def request(  # noqa: PLR0917 - httplib2's own signature
        self,
        uri: str,
        method: str = "GET",
        body: Any = None,
        headers: Any = None,
        redirections: int = httplib2.DEFAULT_MAX_REDIRECTS,
        connection_type: Any = None,
        **options: Any,
    ) -> Answer:
        """Send a request as `httplib2.Http.request` does, metered if it is for the API.

        Raises:
            QuotaExceeded: it was not sent; for a batch, `fits` says how many parts would fit.
            ServerQuotaExceeded: the server refused it until the reset.
            FinalAnswer: the google client would repeat what the server answered, and in vain.
            HttpError: this was a further attempt, it was not sent, and this is what the server said to the
                last one.
            LedgerUnavailable: the ledger cannot be read or written; nothing was sent.
        """
        attempts = current_attempts()
        trip = self.account.trip(uri, method, body, headers, attempts)
        if connection_type is None and isinstance(self.http, httplib2.Http):
            connection_type = watched_connection(self.http, uri)
        options |= {"body": body, "headers": headers, "redirections": redirections}
        send = partial(self.http.request, uri, method, connection_type=connection_type, **options)
        return send() if trip is None else self._metered(trip, send, attempts)

    def close(self) -> None:
        """Close the connections of the one that sends, if it has any to close."""
        close = getattr(self.http, "close", None)
        if close is not None:
            close()

    def _metered(self, trip: Trip, send: Callable[[], Answer], attempts: Attempts) -> Answer:
        try:
            flight = self.account.monitor.begin(trip.demands)
        except QuotaExceeded as denied:
            return self._earlier_answer(trip, attempts, denied)
        attempts.sent += 1
        exchange = Exchange(flight, is_write=trip.is_write, hosts=self.account.hosts)
        started = time.perf_counter()
        try:
            with on_wire(exchange):
                response, content = send()
        except BaseException as error:
            self._no_answer(flight, exchange, error, time.perf_counter() - started)
            raise
        if getattr(response, "fromcache", False) and not exchange.sends:
            flight.not_sent("answered from the http cache")
            return response, content
        attempts.last, attempts.answered = (response, content), attempts.sent
        verdicts = flight.answered(
            self._answers(trip, response, content), latency=time.perf_counter() - started
        )
        if verdicts[0].kind != "ok" and trip.is_answered_whole(response.status):
            self._raise_if_in_vain(trip, response, content, verdicts[0])
        return response, content

    def _raise_if_in_vain(
        self, trip: Trip, response: httplib2.Response, content: bytes, verdict: Verdict
    ) -> None:
        """End the google client's retries where they would only spend quota: it repeats any 429 and 5xx."""
        if verdict.kind == "exhausted":
            raise self.account.refusal(response, content, trip, verdict)
        if is_final(response.status, verdict):
            raise FinalAnswer(response, content, trip.uri, verdict=verdict)

    def _answers(
        self, trip: Trip, response: httplib2.Response, content: bytes
    ) -> list[tuple[int | None, bytes | None]]:
        """(status, body) for every demand; a part whose answer is missing stays charged."""
        if trip.is_answered_whole(response.status):
            return [(response.status, content)] * len(trip.demands)
        answers = read_answers(content, response.get("content-type", ""))
        self._unauthorised = {id_: part for id_, part in answers.items() if part.status == _UNAUTHORISED}
        return [
            (answers[id_].status, answers[id_].body) if id_ in answers else (None, None) for id_ in trip.parts
        ]

    def _earlier_answer(self, trip: Trip, attempts: Attempts, denied: QuotaExceeded) -> Answer:
        """Return or raise what the server said last where a further attempt was denied; else the denial."""
        if trip.parts and all(id_ in self._unauthorised for id_ in trip.parts):
            _log.warning("%s parts answered 401 are not sent again: %s", len(trip.parts), denied)
            return compose({id_: self._unauthorised[id_] for id_ in trip.parts})
        if attempts.last is None or attempts.last[0].status == _UNAUTHORISED:
            raise denied  # a 401 was cured by the fresh token; the quota is what is missing now
        raise HttpError(*attempts.last, uri=trip.uri) from denied

    def _no_answer(self, flight: Flight, exchange: Exchange, error: BaseException, latency: float) -> None:
        is_watched = isinstance(self.http, httplib2.Http) and "request" not in vars(self.http)
        left = exchange.sends > 0 or not (is_watched or isinstance(error, _NEVER_LEFT))
        reason = type(error).__name__
        if left:
            flight.lost(reason, latency=latency)
        else:
            flight.not_sent(reason)


def is_metered(http: Any) -> bool:
    """Whether requests through this http object are metered already."""
    return isinstance(http, MeteredHttp) or isinstance(getattr(http, "http", None), MeteredHttp)
