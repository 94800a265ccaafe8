"""The Python face of the sandbox: start it, ask what it billed, make it misbehave, set its clock."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, Self

import orjson

from ytquota.sandbox import failures
from ytquota.sandbox.app import Front
from ytquota.sandbox.bookkeeping import Bookkeeping
from ytquota.sandbox.faults import OUTSIDE_THE_API, Fault, Kind
from ytquota.sandbox.quota_errors import says_no_quota
from ytquota.sandbox.router import methods
from ytquota.sandbox.server import LOOPBACK, Server

if TYPE_CHECKING:
    from types import TracebackType

    from ytquota.sandbox.clock import TimeSource

_KEY_TROUBLE = ("API_KEY_INVALID", "keyInvalid", "dailyLimitExceededUnreg")  # the latter two: older words


class Sandbox(Bookkeeping):
    """A YouTube API on a port of this machine; a context manager.

    Every method may be called from any thread, before and while it serves; other processes use its `url`.

    Args:
        seed: decides what made-up resources, tokens and ids look like.
        clock: anything with `.time()` (epoch seconds); default: the real time.
        port: the port on 127.0.0.1; 0: a free one.
    """

    def __init__(self, seed: int = 0, clock: TimeSource | None = None, *, port: int = 0) -> None:
        super().__init__(seed, clock)
        self._front = Front(self._state)
        self._port = port
        self._server: Server | None = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where it serves, such as `http://127.0.0.1:40123`; stays the same over a stop and a start."""
        if not self._port:
            self._bound()
        return f"http://{LOOPBACK}:{self._port}"

    def start(self) -> Self:
        """Serve in a thread; after a `stop` on the same port again, with everything still known."""
        self._bound().start()
        return self

    def stop(self) -> None:
        """Stop serving: connections are refused from now on."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def run(self) -> None:
        """Serve in this thread until interrupted."""
        self._bound().run()

    def fail(
        self,
        method: str | None = None,
        status: int = 503,
        times: int = 1,
        reason: str | None = None,
        body: Any = None,
        *,
        charged: bool | None = None,
    ) -> None:
        """Answer the next calls with an error.

        Args:
            method: calls of this method; None: of any; also `upload.chunk`, `batch` (a whole one), `token`,
                `monitoring`, `cloudquotas`.
            status: HTTP status.
            times: how many calls.
            reason: Google's reason; None: the usual one of the status.
            body: the whole body instead (str, bytes, or something for JSON).
            charged: whether such a call costs its price; None: by the rule of `ytquota.sandbox.api`.
        """
        document = failures.body(method, status, reason) if body is None else body
        if charged is None:
            charged = _is_charged(status, document)
        content = document.encode() if isinstance(document, str) else document
        content = content if isinstance(content, bytes) else orjson.dumps(content)
        fault = Fault(Kind.ERROR, method, times, status, content, charged=charged, reason=reason or "")
        self._order(fault)

    def drop(
        self, method: str | None = None, times: int = 1, when: Literal["before", "after"] = "before"
    ) -> None:
        """Reset the connection of the next calls instead of answering, before or after the method ran.

        Either way the call was received, so it is charged. To have connections refused, `stop` the sandbox.
        """
        kind = Kind.DROP_UNHANDLED if when == "before" else Kind.DROP_HANDLED
        self._order(Fault(kind, method, times))

    def slow(self, seconds: float, method: str | None = None, times: int = 1) -> None:
        """Hold the answers of the next calls back."""
        self._order(Fault(Kind.SLOW, method, times, seconds=seconds))

    def behave(self) -> None:
        """Cancel all misbehaviour still on order."""
        with self._state.lock:
            self._state.faults.clear()

    def set_clock(self, at: datetime | None, *, frozen: bool = False) -> None:
        """Make it `at` (aware), going on from there or, `frozen`, standing still. None: the real time.

        Tokens do not grow older by this; they do by `advance`.
        """
        with self._state.lock:
            self._state.clock.set(at, frozen=frozen)

    def advance(self, seconds: float) -> None:
        """Let so many seconds pass: the clock moves on, and tokens grow older."""
        with self._state.lock:
            self._state.clock.advance(seconds)

    def now(self) -> datetime:
        """The sandbox's time, in UTC."""
        return datetime.fromtimestamp(self._state.clock.time(), UTC)

    def _bound(self) -> Server:
        if self._server is None:
            self._server = Server(self._front, self._port)
            self._port = self._server.port
        return self._server

    def _order(self, fault: Fault) -> None:
        if fault.method is not None and fault.method not in methods() and fault.method not in OUTSIDE_THE_API:
            raise ValueError(f"The API has no method {fault.method!r}; methods are named like 'videos.list'.")
        with self._state.lock:
            self._state.faults.add(fault)


def _is_charged(status: int, document: Any) -> bool:
    if status == 401 or says_no_quota(status, document):  # noqa: PLR2004 unauthorised
        return False
    return not any(mark in str(document) for mark in _KEY_TROUBLE)
