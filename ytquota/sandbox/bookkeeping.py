"""The part of the face that is about money: what was billed, by which prices, and calls nobody made here."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ytquota.sandbox.access_log import Line
from ytquota.sandbox.google_side import GoogleSide
from ytquota.sandbox.price_list import Price
from ytquota.sandbox.router import methods

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ytquota.sandbox.billing import Project

_FREE_STATUSES = frozenset({401, 429})
_SERVER_ERROR = 500


class Past(NamedTuple):
    """Calls that were made at one instant, for `furnish`."""

    at: datetime | float
    method: str
    times: int = 1
    status: int = 200


class Bookkeeping(GoogleSide):
    """Sums, the access log, prices, and bills without a call."""

    def billed(
        self, project: str | None = None, *, day: date | None = None, foreign: bool = True
    ) -> dict[str, dict[str, dict[str, int]]]:
        """Units charged since the start or the last `clear_log`, as {project: {bucket: {method: units}}}.

        Args:
            project: only this one.
            day: only this quota day; None: all days.
            foreign: count what `spend` spent, too.
        """
        with self._state.lock:
            return self._state.log.billed(project, day=day, foreign=foreign)

    def used(self, project: str, bucket: str = "default", *, day: date | None = None) -> int:
        """Units of a bucket that are gone on a quota day (None: today by the sandbox's clock)."""
        with self._state.lock:
            on = self._state.billing.day(self._state.clock.time()).date if day is None else day
            return self._state.billing.used_on(on, project, bucket)

    def access_log(self) -> list[dict[str, Any]]:
        """Every call received, oldest first.

        Keys: time (RFC 3339), at (epoch seconds), day, kind (call, part, chunk, status-query, token, other),
        method, project, status (0: connection reset), units (charged), bucket, verb, path, reason, attempt.
        """
        with self._state.lock:
            return self._state.log.rows()

    def clear_log(self) -> None:
        """Forget the access log and its sums; what is used of a day stays used, also for Monitoring."""
        with self._state.lock:
            self._state.log.clear()

    def set_price(self, method: str, units: int, *, since: date | None = None) -> None:
        """Bill a method at another price than the list's, of the same bucket; `since` a quota day."""
        _check_method(method)
        with self._state.lock:
            self._state.billing.set_price(method, units, since or date.min)

    def server_errors_free(self, free: bool = True) -> None:
        """Bill a 5xx nothing, from now on; the rule is its price. What Google does nobody has published."""
        with self._state.lock:
            self._state.billing.server_errors_free = free

    def spend(self, project: str, method: str, times: int = 1, *, at: datetime | None = None) -> int:
        """Somebody else's program makes calls in the project, as far as its limit goes; the units it got.

        Args:
            project: its number.
            method: as "videos.list".
            times: how many calls.
            at: when (aware); None: now.
        """
        _check_method(method)
        with self._state.lock:
            moment = self._state.clock.time() if at is None else _epoch(at)
            owner = self._state.accounts.project(project)
            price = self._state.billing.price(method, moment)
            fit = self._state.billing.fitting(owner, price, moment, times)
            self._book(owner, Past(moment, method, fit), "other")
            return fit * price.units

    def furnish(self, project: str, calls: Iterable[Past | tuple[Any, ...]], *, foreign: bool = False) -> int:
        """Bill calls of the past at once, whatever the limits; the units they came to.

        A month of a busy project takes about a second. A call that ended with 401 or was refused for want of
        quota (429) is free, and a 5xx costs its price unless `server_errors_free` was called.

        Args:
            project: its number.
            calls: (when, method, times, status) in any order: an aware datetime or epoch seconds; times 1 and
                status 200 if left out.
            foreign: whether somebody else's program made them (kind "other" in the access log).
        """
        units = 0
        with self._state.lock:
            owner = self._state.accounts.project(project)
            for call in calls:
                units += self._book(owner, Past(*call), "other" if foreign else "call")
        return units

    def bill(
        self, project: str, method: str, times: int = 1, *, at: datetime | None = None, status: int = 200
    ) -> int:
        """Bill calls that a program of ours made at an instant (None: now), as `furnish`; the units."""
        return self.furnish(project, [Past(self.now() if at is None else at, method, times, status)])

    def now(self) -> datetime:
        """The sandbox's time, in UTC."""
        raise NotImplementedError

    def _book(self, project: Project, call: Past, kind: Literal["call", "other"]) -> int:
        state, at = self._state, _epoch(call.at)
        price = self._price_of(call, at)
        if not call.times:
            return 0
        state.billing.charge(project, call.method, price, at, call.times)
        line = Line(
            at=at,
            kind=kind,
            method=call.method,
            project=project.number,
            status=call.status,
            units=price.units,
            bucket=price.bucket,
            verb="",
            path="",
            reason="",
            attempt=1,
            day=state.billing.day(at).date,
        )
        state.log.add(line, call.times)
        return price.units * call.times

    def _price_of(self, call: Past, at: float) -> Price:
        billing = self._state.billing
        price = billing.price(call.method, at)
        free_error = call.status >= _SERVER_ERROR and billing.server_errors_free
        return Price(price.bucket, 0) if free_error or call.status in _FREE_STATUSES else price


def _epoch(at: datetime | float) -> float:
    if not isinstance(at, datetime):
        return float(at)
    if at.tzinfo is None:
        raise ValueError("The sandbox takes aware datetimes; add tzinfo, for example datetime.UTC.")
    return at.timestamp()


def _check_method(method: str) -> None:
    if method not in methods():
        raise ValueError(f"The API has no method {method!r}; methods are named like 'videos.list'.")
