"""Connections that tell the meter when a request really leaves, and when httplib2 sends it a second time.

httplib2 re-sends by itself a request whose connection broke before the answer came, writes included; no
wrapper around `Http.request` can see that, the connection can.
"""

from __future__ import annotations

import select
import threading
from contextlib import contextmanager
from http.client import RemoteDisconnected
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httplib2

if TYPE_CHECKING:
    from collections.abc import Iterator
    from http.client import HTTPResponse

    from ytquota.monitor.flight import Flight


class Exchange:
    """One metered request on its way: how often it was sent, and whether the server answered.

    Args:
        flight: what the ledger holds for it.
        is_write: whether a second send could do the same thing twice.
        hosts: where a send is charged; a redirect to another host is not.
    """

    def __init__(self, flight: Flight, *, is_write: bool, hosts: frozenset[str]) -> None:
        self._flight, self._is_write, self._hosts = flight, is_write, hosts
        self.sends = 0
        self._answers = 0

    def leaving(self, host: str) -> None:
        """Note that the request is about to be sent, or refuse the second send.

        Raises:
            RemoteDisconnected: it was sent before and its answer was lost; it changes something, so it stays
                unsent.
            QuotaExceeded: there is no quota for a second send.
        """
        if not self.sends:
            self.sends = 1
        elif host in self._hosts:
            if self._is_write and self._answers < self.sends:
                raise RemoteDisconnected(
                    "The connection broke after this request was sent, before its answer came. It may have "
                    "changed something on YouTube, so it was not sent again; look before you repeat it."
                )
            self._flight.resent()
            self.sends += 1

    def answered(self) -> None:
        """Note that an answer to the latest send arrived."""
        self._answers = self.sends


class _OnWire(threading.local):
    exchange: Exchange | None = None


_on_wire = _OnWire()


@contextmanager
def on_wire(exchange: Exchange) -> Iterator[None]:
    """Have this thread's connections report to `exchange`."""
    outer, _on_wire.exchange = _on_wire.exchange, exchange
    try:
        yield
    finally:
        _on_wire.exchange = outer


class _Watched:
    """What both kinds of connection add to httplib2's own."""

    sock: Any
    host: str
    _asked = False
    _response: HTTPResponse | None = None

    def connect(self) -> None:
        self._asked, self._response = False, None
        super().connect()  # type: ignore[misc]

    def request(self, method: str, url: str, body: Any = None, headers: Any = None, **options: Any) -> None:
        if self.sock is not None and not self._is_fit():
            self.close()  # type: ignore[attr-defined]
        if self.sock is None:
            self.connect()  # apart from sending: until here nothing has left
        if _on_wire.exchange is not None:
            _on_wire.exchange.leaving(self.host)
        self._asked, self._response = True, None
        super().request(method, url, body, headers or {}, **options)  # type: ignore[misc]

    def getresponse(self) -> HTTPResponse:
        response: HTTPResponse = super().getresponse()  # type: ignore[misc]
        self._response = response
        if _on_wire.exchange is not None:
            _on_wire.exchange.answered()
        return response

    def _is_fit(self) -> bool:
        """Whether a kept connection is at rest and still open, so that httplib2 need not send twice.

        It is not at rest after somebody interrupted the call before (Ctrl-C in a notebook).
        """
        if self._response is None:
            return not self._asked
        return self._response.isclosed() and not _has_been_closed(self.sock)


class WatchedConnection(_Watched, httplib2.HTTPConnectionWithTimeout):
    """httplib2's plain connection, watched."""


class WatchedTLSConnection(_Watched, httplib2.HTTPSConnectionWithTimeout):
    """httplib2's TLS connection, watched."""


def watched_connection(http: httplib2.Http, uri: str) -> type[_Watched]:
    """Return the watched kind of connection for an address; an unwatched one that `http` kept is dropped."""
    parts = urlsplit(uri)
    kept = http.connections.get(f"{parts.scheme}:{parts.netloc}")
    if kept is not None and not isinstance(kept, _Watched):
        http.connections.pop(f"{parts.scheme}:{parts.netloc}").close()
    return WatchedTLSConnection if parts.scheme == "https" else WatchedConnection


def _has_been_closed(sock: Any) -> bool:
    """Whether the server hung up on an idle connection: then even a write may safely go over a new one."""
    poll = select.poll()
    poll.register(sock, select.POLLIN | select.POLLPRI)
    return bool(poll.poll(0))
