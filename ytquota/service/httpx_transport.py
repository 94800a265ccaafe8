"""Metering for bots that speak to YouTube through httpx instead of the google client.

    client = httpx.Client(transport=MonitoredTransport(monitor, credential_set=1))

Requests to other hosts pass through untouched.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx

from ytquota.errors import SettingsError
from ytquota.monitor.in_thread import begin_in_thread, end_in_thread
from ytquota.monitor.polled import POLLED
from ytquota.service.account import API_HOSTS, Account, Trip
from ytquota.service.attempts import Attempts
from ytquota.service.fingerprint import key_of
from ytquota.service.identity import Identity
from ytquota.service.multipart import read_answers

if TYPE_CHECKING:
    from ytquota.monitor import Flight, QuotaMonitor

_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_ERROR = 400


class _Meter:
    """What the two transports share: from a request to a flight, and from its end to a settlement."""

    def __init__(self, monitor: QuotaMonitor, options: dict[str, Any]) -> None:
        number, project = options.get("credential_set"), options.get("project")
        project = project or (monitor.project_of(int(number)) if number is not None else None)
        if project is None:
            raise SettingsError(
                f"Whose quota is it? The project of credential set {number} is not known. Pass project=, or "
                "name the set's files in .env."
            )
        endpoint = options.get("endpoint")
        hosts = API_HOSTS | ({httpx.URL(endpoint).host} if endpoint else set())
        identity = Identity(project, "" if number is None else str(number))
        self.account = Account(
            monitor,
            identity,
            hosts=hosts,
            tag=options.get("tag", ""),
            priority=options.get("priority") or "",
            hash_key=key_of(monitor.folder),
        )

    def begin(self, request: httpx.Request, body: bytes) -> tuple[Trip, Flight] | None:
        """Charge a request for the API; None for any other."""
        trip = self.account.trip(str(request.url), request.method, body, dict(request.headers), Attempts())
        return None if trip is None else (trip, self.account.monitor.begin(trip.demands))

    @staticmethod
    def failed(flight: Flight, error: BaseException, latency: float) -> None:
        """Settle a request that got no answer."""
        if isinstance(error, _NEVER_LEFT):
            flight.not_sent(type(error).__name__)
        else:
            flight.lost(type(error).__name__, latency=latency)

    @staticmethod
    def answered(trip: Trip, flight: Flight, response: httpx.Response, latency: float) -> None:
        """Settle a request by its answer, whose body has been read where that matters."""
        status = response.status_code
        if trip.is_answered_whole(status):
            body = response.content if _is_body_needed(trip, response) else None
            flight.answered([(status, body)] * len(trip.demands), latency=latency)
            return
        answers = read_answers(response.content, response.headers.get("content-type", ""))
        pairs = [
            (answers[id_].status, answers[id_].body) if id_ in answers else (None, None) for id_ in trip.parts
        ]
        flight.answered(pairs, latency=latency)


def _is_body_needed(trip: Trip, response: httpx.Response) -> bool:
    is_poll = any(demand.method == POLLED for demand in trip.demands)
    return response.status_code >= _ERROR or bool(trip.parts) or is_poll


def _give_back(begun: tuple[Trip, Flight] | None) -> None:
    if begun is not None:
        begun[1].not_sent("cancelled")


class MonitoredTransport(httpx.BaseTransport):
    """A transport that meters every request for the YouTube Data API.

    Args:
        monitor: holds and settles.
        transport: what sends; httpx's own by default.
        options: credential_set or project (whose quota it is), tag, priority, and endpoint for an API address
            of one's own, such as a sandbox's.

    Raises:
        SettingsError: the project is not known.
        QuotaExceeded: on sending, where the request does not fit; nothing was sent.
    """

    def __init__(
        self, monitor: QuotaMonitor, *, transport: httpx.BaseTransport | None = None, **options: Any
    ) -> None:
        self._meter = _Meter(monitor, options)
        self._inner = transport or httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request, metered."""
        begun = self._meter.begin(request, request.read())
        if begun is None:
            return self._inner.handle_request(request)
        trip, flight = begun
        started = time.perf_counter()
        try:
            response = self._inner.handle_request(request)
            if _is_body_needed(trip, response):
                response.read()
        except BaseException as error:
            self._meter.failed(flight, error, time.perf_counter() - started)
            raise
        self._meter.answered(trip, flight, response, time.perf_counter() - started)
        return response

    def close(self) -> None:
        """Close what sends."""
        self._inner.close()


class AsyncMonitoredTransport(httpx.AsyncBaseTransport):
    """The same for `httpx.AsyncClient`; the ledger is asked in a thread, so the loop waits for no lock."""

    def __init__(
        self, monitor: QuotaMonitor, *, transport: httpx.AsyncBaseTransport | None = None, **options: Any
    ) -> None:
        self._meter = _Meter(monitor, options)
        self._inner = transport or httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request, metered."""
        body = await request.aread()
        begun = await begin_in_thread(partial(self._meter.begin, request, body), _give_back)
        if begun is None:
            return await self._inner.handle_async_request(request)
        trip, flight = begun
        started = time.perf_counter()
        try:
            response = await self._inner.handle_async_request(request)
            if _is_body_needed(trip, response):
                await response.aread()
        except BaseException as error:
            # not in a thread: a cancelled task may not await
            self._meter.failed(flight, error, time.perf_counter() - started)
            raise
        await end_in_thread(self._meter.answered, trip, flight, response, time.perf_counter() - started)
        return response

    async def aclose(self) -> None:
        """Close what sends."""
        await self._inner.aclose()
