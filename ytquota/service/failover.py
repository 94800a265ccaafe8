"""A service that goes on with another credential set when its own cannot make a call.

What stands here takes the place of a service's http object, outside of what signs and what meters:

    MonitoredRequest -> FailoverHttp -> PerThreadHttp of a set -> AuthorizedHttp -> MeteredHttp -> the wire

So each try with each set is signed and metered as always, and googleapiclient's own retries, pages, threads
and `execute(http=...)` do not notice. A call moves when its login is dead or, if that is asked for, its pool
is used up, which both mean that it was not run. A write that was sent and got no answer never moves, nor do
the chunks of an upload.
"""

from __future__ import annotations

import hashlib
import re
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httplib2
from google.auth.exceptions import GoogleAuthError
from googleapiclient.errors import HttpError

from ytquota import clock as clocks
from ytquota.errors import CredentialError, QuotaExceeded, classify
from ytquota.service.account import payer_of
from ytquota.service.attempts import current_attempts, running_attempts
from ytquota.service.errands import errand_of
from ytquota.service.moves import moves_of
from ytquota.service.multipart import read_parts
from ytquota.service.routes import is_batch, read_wire
from ytquota.service.search import Search, is_for_quota

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ytquota.monitor.metering import QuotaMonitor
    from ytquota.service.account import Account
    from ytquota.service.attempts import Attempts
    from ytquota.service.errands import Errand
    from ytquota.service.meter import Answer
    from ytquota.service.per_thread import PerThreadHttp
    from ytquota.service.routes import Wire
    from ytquota.service.seats import Roster, Seat

_ERROR, _UNAUTHORISED = 400, 401
_KEPT = 2048
_PAGE_TOKEN = re.compile(rb'"(?:next|prev)PageToken":\s*"([^"]+)"')
_UPLOAD = re.compile(r"[?&]upload_id=([^&#]+)")
_TOKEN_TROUBLE = (OSError, httplib2.HttpLib2Error, GoogleAuthError)


def _setting(name: str) -> Any:
    """A setting of httplib2's that is the same for all sets."""

    def read(self: FailoverHttp) -> Any:
        return getattr(self._roster.http(self._first()), name)

    def write(self: FailoverHttp, value: Any) -> None:
        for http in self._https():
            setattr(http, name, value)

    return property(read, write)


class FailoverHttp:
    """What googleapiclient takes for an http object: each call goes with the first set that can make it.

    Args:
        roster: knows the sets, and is told of each move.
        monitor: knows what the pools have left.
        for_quota: whether a call moves when its pool is used up; else only when its login is dead.
    """

    is_facade = True

    def __init__(self, roster: Roster, monitor: QuotaMonitor, *, for_quota: bool = True) -> None:
        self._roster, self._monitor, self.for_quota = roster, monitor, for_quota
        self._moves = moves_of(monitor)
        self._uploads: dict[str, Seat] = {}
        self._pages: dict[bytes, Seat] = {}
        self._given = threading.local()

    # -- what stands for an http object

    @property
    def account(self) -> Account:
        """The account of the set that calls begin with now."""
        return self._roster.http(self._first()).account

    @property
    def template(self) -> Any:
        """The http object of that set, whose settings others may copy."""
        return self._roster.http(self._first()).template

    @property
    def credentials(self) -> Any:
        """The credentials of that set, or of the one that a batch goes out with."""
        return self._roster.http(self._seat_given() or self._first()).credentials

    timeout = _setting("timeout")
    follow_redirects = _setting("follow_redirects")
    redirect_codes = _setting("redirect_codes")

    def close(self) -> None:
        """Close the connections of all sets."""
        for http in self._roster.opened():
            http.close()

    def request(self, uri: str, method: str = "GET", *more: Any, **options: Any) -> Answer:
        """Send a request as `httplib2.Http.request` does, with the first set that can make the call.

        Raises:
            NoSetLeft: no permitted set has quota left for it; lists them all.
            CredentialError: no permitted set works; likewise.
            QuotaExceeded: it may go out with one set only, and that has no quota left for it.
        """

        def send(seat: Seat) -> Answer:
            return self._roster.http(seat).request(uri, method, *more, **options)

        given = self._seat_given()
        if given is not None:
            return send(given)
        body, headers = _body_and_headers(more, options)
        wire = read_wire(uri, method, body, headers)
        upload = _UPLOAD.search(uri)
        if upload is not None:
            return self._go_on(upload[1], send)
        seats = self._roster.seats()
        errand = self._errand(wire)
        if errand is None:
            return send(self._signer_of(wire, body))
        with running_attempts() as attempts:
            seats, is_bound = self._permitted(errand, attempts, seats)
            seat, answer = self.carry(self._search(errand, seats, is_bound=is_bound), send)
            self._remember(errand, seat, answer, attempts)
            return answer

    # -- what a batch uses too

    @property
    def roster(self) -> Roster:
        """Who knows the sets."""
        return self._roster

    def search_for(self, pairs: Sequence[tuple[Wire, Any]]) -> Search:
        """Begin the search for a set that can make all of these calls, given as (wire, demand)."""
        return self._search(errand_of(pairs), self._roster.seats())

    def next_seat(self, search: Search) -> Seat | None:
        """Return the set to try next, and tell of it if that is a move."""
        seat = search.next(self._monitor)
        if seat is not None:
            self._moves.note(search, seat, self._roster)
        return seat

    @contextmanager
    def seated(self, seat: Seat) -> Iterator[None]:
        """Have this thread's requests go out with one set."""
        outer, self._given.seat = self._seat_given(), seat
        try:
            yield
        finally:
            self._given.seat = outer

    def may_move(self, error: Exception, errand: Errand, sent_before: int) -> bool:
        """Whether a call that ended so was certainly not run, so that another set may make it."""
        attempts = current_attempts()
        if errand.is_write and attempts.sent > max(sent_before, attempts.answered):
            return False  # it was sent and got no answer
        if not self.for_quota and is_for_quota(error):
            return False
        if isinstance(error, QuotaExceeded | CredentialError):
            return True
        if isinstance(error, HttpError):  # what the server said to a read before, of which no more fit
            return is_for_quota(error) and not errand.is_write
        # the token address cannot be reached: the call was not sent, or answered 401
        return isinstance(error, _TOKEN_TROUBLE) and (
            attempts.sent == sent_before or self._was_unauthorised(attempts)
        )

    @staticmethod
    def forget(error: Exception) -> None:
        """Forget an answer that was a refusal: it is not what a try with another set ends with."""
        if isinstance(error, QuotaExceeded | CredentialError):
            current_attempts().last = None

    # -- one call

    def _search(self, errand: Errand, seats: Sequence[Seat], *, is_bound: bool = False) -> Search:
        return Search(errand, seats, is_bound=is_bound, for_quota=self.for_quota)

    def carry(self, search: Search, send: Callable[[Seat], Answer]) -> tuple[Seat, Answer]:
        """Send with one set after the other until one makes the call; the set and its answer."""
        attempts = current_attempts()
        while (seat := self.next_seat(search)) is not None:
            sent_before = attempts.sent
            try:
                answer = send(seat)
            except Exception as error:
                if not self.may_move(error, search.errand, sent_before):
                    self._keep_place(search.errand, seat, attempts)
                    raise
                search.refused(seat, error)
                self.forget(error)
                continue
            if not self._is_dead(answer, search.errand):
                return seat, answer
            search.refused(seat, CredentialError(f"Google does not accept the key of {seat.title}."))
            attempts.last = None
        raise self.failed(search)

    def failed(self, search: Search) -> Exception:
        """Return the error for a call that no set could make."""
        refusals = list(search.refusals.values())
        last = refusals[-1] if refusals else None
        if last is not None and (search.is_bound or not isinstance(last, QuotaExceeded | CredentialError)):
            return last
        error = self._roster.nothing_left(search.errand, refusals)
        error.__cause__ = last
        return error

    def _permitted(
        self, errand: Errand, attempts: Attempts, seats: Sequence[Seat]
    ) -> tuple[Sequence[Seat], bool]:
        """Return the sets that a call may go out with, and whether it is bound to fewer than all."""
        if errand.is_write and attempts.place is not None:
            return [attempts.place], True  # type: ignore[list-item]
        if errand.page:
            origin = self._pages.get(_digest(errand.page))
            if origin is None:
                return seats[:1], True  # nobody here knows whose list it is
            return [seat for seat in seats if seat.speaks_as(origin)] or [origin], True
        return seats, False

    def _remember(self, errand: Errand, seat: Seat, answer: Answer, attempts: Attempts) -> None:
        """Note what further requests depend on: an upload that began, pages of a list that is one's own."""
        response, content = answer
        self._keep_place(errand, seat, attempts)
        location = _UPLOAD.search(response.get("location", ""))
        if location is not None:
            _keep(self._uploads, location[1], seat)
        if errand.is_own and response.status < _ERROR:
            for token in _PAGE_TOKEN.findall(content):
                _keep(self._pages, _digest(token.decode()), seat)

    def _go_on(self, upload: str, send: Callable[[Seat], Answer]) -> Answer:
        """Send a chunk of an upload with the set that began it."""
        seat = self._uploads.get(upload)
        answer = send(seat or self._first())
        if answer[0].status < 300:  # noqa: PLR2004 - 308 says that there is more to come
            self._uploads.pop(upload, None)
        return answer

    def _errand(self, wire: Wire) -> Errand | None:
        account = self._roster.opened()[0].account  # whose it is, is decided later
        if wire.host not in account.hosts or is_batch(wire.path):
            return None
        demand = account.demand(wire, current_attempts())
        return None if demand is None else errand_of([(wire, demand)])

    def _signer_of(self, wire: Wire, body: Any) -> Seat:
        """Return the set whose token the parts of a hand-made batch carry, else the first."""
        seats = self._roster.seats()
        if is_batch(wire.path):
            for part in read_parts(body, wire.headers.get("content-type", "")):
                payer = payer_of(part.wire)
                for seat in seats:
                    if payer is not None and payer.credential_set == str(seat.number):
                        return seat
        return self._first()

    def _is_dead(self, answer: Answer, errand: Errand) -> bool:
        """Whether an answer says that the API key will never work again."""
        status = answer[0].status
        if status < _ERROR or status == _UNAUTHORISED:
            return False
        now = clocks.utc(self._monitor.clock.time())
        return classify(status, answer[1], method=errand.demands[0].method, now=now).kind == "credential_dead"

    @staticmethod
    def _was_unauthorised(attempts: Attempts) -> bool:
        is_answered = attempts.sent == attempts.answered and attempts.last is not None
        return is_answered and attempts.last[0].status == _UNAUTHORISED  # type: ignore[index]

    @staticmethod
    def _keep_place(errand: Errand, seat: Seat, attempts: Attempts) -> None:
        """Have the further attempts of a write go where it has been sent."""
        if errand.is_write and attempts.sent:
            attempts.place = seat

    def _first(self) -> Seat:
        seats = self._roster.seats()
        there = next((seat for seat in seats if not seat.is_missing), seats[0])
        return next((seat for seat in seats if not seat.trouble), there)

    def _seat_given(self) -> Seat | None:
        seat: Seat | None = getattr(self._given, "seat", None)
        return seat

    def _https(self) -> Iterator[PerThreadHttp]:
        for seat in self._roster.seats():
            try:
                yield self._roster.http(seat)
            except CredentialError:
                continue


def _body_and_headers(more: tuple[Any, ...], options: dict[str, Any]) -> tuple[Any, Any]:
    """Find body and headers among the arguments of an http object's request()."""
    given = dict(zip(("body", "headers"), more, strict=False)) | options
    return given.get("body"), given.get("headers")


def _digest(token: str) -> bytes:
    return hashlib.blake2s(token.encode(), digest_size=12).digest()


def _keep(kept: dict[Any, Seat], key: Any, seat: Seat) -> None:
    """Remember, and forget the oldest where there are too many."""
    kept[key] = seat
    while len(kept) > _KEPT:
        kept.pop(next(iter(kept)), None)
