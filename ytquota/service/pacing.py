"""A poller that spends a share of its pool evenly until a given time."""

from __future__ import annotations

import inspect
import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Self

from ytquota import clock as clocks
from ytquota.errors import SettingsError
from ytquota.intelligence.monitors import monitor_of
from ytquota.intelligence.payer import account_in
from ytquota.service.account import Account
from ytquota.service.identity import Identity
from ytquota.service.pacing_budget import Budget, Look
from ytquota.service.pacing_rhythm import Rhythm

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from ytquota.monitor.metering import QuotaMonitor

_log = logging.getLogger("ytquota.service")

Ended = Literal["", "until", "exhausted"]

_LOOK_AGAIN = 60.0  # seconds after which a long wait is reckoned anew: others spend, limits change
_LEAST = 0.001  # seconds; a clock may stop a hair before it


def pace(
    method: str,
    *,
    until: datetime | float | None = None,
    share: float = 1.0,
    service: Any = None,
    credential_set: int | None = None,
    project: str | None = None,
    monitor: QuotaMonitor | None = None,
    at_least: float = 1.0,
    clock: clocks.Clock | None = None,
    sleep: Callable[[float], Any] | None = None,
) -> Pacer:
    """Return a poller, to be iterated by `for` or `async for`, that spends its share evenly until the end.

    It makes no call itself: in each round you make one of `method`. A round begins when that is due; tell
    `tick.answered(response)` what came, so that it keeps to `pollingIntervalMillis` and is faster in a busy
    chat than in a quiet one.

    Args:
        method: what is called once in each round, as "liveChatMessages.list".
        until: when to end, aware or in epoch seconds; by default the next reset.
        share: the poller's part of what its pool has left and does not keep for more important work, above 0
            and at most 1. The rest is for others.
        service: the metered service that the calls go through; tells who pays, and the priority.
        credential_set: without a service, the number of the set that pays.
        project: without either, the project that pays.
        monitor: without a service, the monitor; by default the one that the settings describe.
        at_least: seconds between two rounds, at the fastest.
        clock: the time; the monitor's by default.
        sleep: waits so many seconds; for `async for` it may return an awaitable.

    Raises:
        SettingsError: it cannot be told whose quota is spent.
        ValueError: `share` is not above 0 and at most 1, or `until` is naive.
    """
    if not 0 < share <= 1:
        raise ValueError(f"share={share!r} is no share: it must be above 0 and at most 1.")
    account = _account(service, credential_set, project, monitor)
    clock = clock or account.monitor.clock
    end = clocks.next_reset(clock.time()) if until is None else until
    budget = Budget(account, method, share)
    return Pacer(budget, clocks.epoch(end), method=method, at_least=at_least, clock=clock, sleep=sleep)


@dataclass(frozen=True, slots=True)
class Tick:
    """One round.

    Attributes:
        number: 1, 2, ...
        at: when it began, in epoch seconds.
        left: units that the poller may spend from here to its end or to the reset, this round included.
    """

    number: int
    at: float
    left: int
    pacer: Pacer = field(repr=False, compare=False)

    def answered(self, response: Mapping[str, Any], news: int | None = None) -> None:
        """Tell what came; see `Pacer.answered`."""
        self.pacer.answered(response, news)


class Pacer:
    """An iterator over the rounds; made by `pace`. For one thread or one task at a time.

    Attributes:
        ended: "" while it goes on, then "until" (its time is over) or "exhausted" (the pool is empty, or has
            been refused until the reset).
        interval: seconds from this round to the next as last reckoned; infinite while there is nothing to
            spend.
    """

    def __init__(
        self,
        budget: Budget,
        until: float,
        *,
        method: str,
        at_least: float,
        clock: clocks.Clock,
        sleep: Callable[[float], Any] | None,
    ) -> None:
        self.ended: Ended = ""
        self.interval = 0.0
        self.until, self.method = until, method
        self._budget, self._clock, self._sleep = budget, clock, sleep
        self._rhythm, self._at_least = Rhythm(), at_least
        self._tick: Tick | None = None
        self._news: int | None = None
        self._heard_at: float | None = None  # the round whose answer came last
        self._not_before = 0.0
        self._said_so = False

    def answered(self, response: Mapping[str, Any], news: int | None = None) -> None:
        """Tell what a round's call brought.

        Args:
            response: as the google client returns it; its `pollingIntervalMillis` is kept to.
            news: how many new things came; by default the number of `items` in an answer of a live chat, and
                unknown in any other: a list of the latest comments says nothing about their number.
        """
        millis = response.get("pollingIntervalMillis")
        if millis is not None:
            self._not_before = max(self._not_before, self._clock.time() + float(millis) / 1000)
            news = len(response.get("items", ())) if news is None else news
        if news is not None:
            self._news = (self._news or 0) + news

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Tick:
        sleep = self._sleep or time.sleep
        while not isinstance(step := self._step(), Tick):
            if step is None:
                raise StopIteration
            sleep(step)
        return step

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Tick:
        import asyncio  # noqa: PLC0415 - 20 ms that most bots never need

        sleep = self._sleep or asyncio.sleep
        while not isinstance(step := await asyncio.to_thread(self._step), Tick):  # it may wait for a lock
            if step is None:
                raise StopAsyncIteration
            waiting = sleep(step)
            if inspect.isawaitable(waiting):
                await waiting
        return step

    # -- inside

    def _step(self) -> Tick | float | None:
        """The next round if it is due, else seconds to wait, or None at the end."""
        self._note_news()
        now = self._clock.time()
        if self.ended or now >= self.until:
            self.ended = self.ended or "until"
            return None
        look = self._budget.look(now, self.until)
        if look.is_exhausted:
            self.ended = "exhausted"
            return None
        wait = self._wait(now, look)
        if wait <= 0:
            return self._begin(now, look)
        return max(_LEAST, min(wait, self.until - now, _LOOK_AGAIN))

    def _wait(self, now: float, look: Look) -> float:
        """Seconds from now to the next round."""
        last = now if self._tick is None else self._tick.at
        factor = self._rhythm.factor
        if look.polls == 1:  # the last one is not to leave the end without any
            factor = max(1.0, factor)
        self.interval = max(look.even(last) * factor, self._at_least)
        if not look.polls:
            self._say_so()
            return float("inf")
        self._said_so = False
        if self._tick is None:
            return 0.0
        due = max(last + self.interval, self._not_before)
        return min(due - now, max(self.interval, self._not_before - last))  # a clock put back

    def _begin(self, now: float, look: Look) -> Tick:
        number = 1 if self._tick is None else self._tick.number + 1
        self._tick = Tick(number, now, look.units, self)
        self._budget.spend(look.price, now)
        self._not_before = 0.0
        return self._tick

    def _note_news(self) -> None:
        """Learn from the round that ended; what the first one brought is history of unknown age."""
        if self._news is None or self._tick is None:
            return
        if self._heard_at is not None:
            self._rhythm.heard(self._news, self._tick.at - self._heard_at)
        self._heard_at, self._news = self._tick.at, None

    def _say_so(self) -> None:
        if not self._said_so:
            self._said_so = True
            _log.warning(
                "%s pauses: its share is spent, or the rest is kept for more important work; it goes on when "
                "there is more, or after the reset.",
                self.method,
            )


def _account(
    service: Any, credential_set: int | None, project: str | None, monitor: QuotaMonitor | None
) -> Account:
    """Whose quota is spent, and by which ledger."""
    if service is not None:
        account: Account = account_in(service, "pace()")
        return account
    monitor = monitor or monitor_of(None)
    if project is None and credential_set is not None:
        project = monitor.project_of(credential_set)
    if project is None:
        raise SettingsError("Whose quota is it? Give pace() the service, or a credential set, or a project.")
    return Account(monitor, Identity(project, "" if credential_set is None else str(credential_set)))
