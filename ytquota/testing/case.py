"""What all parts of the suite share: a clock that stands still, ledgers that get closed, short words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from ytquota.clock import Clock, ManualClock
from ytquota.monitor.ledger import Balance, CallRecord, Hold, Items, Ledger

if TYPE_CHECKING:
    from datetime import date

NOON = datetime(2026, 11, 10, 20, 0, tzinfo=UTC)
"""When the suite's clock starts: noon Pacific, far from any reset."""
PROJECT = "123456789012"

Opener = Callable[[Clock, Mapping[str, int]], Ledger]
"""(clock, operator's limits by bucket) -> ledger: always the same one, and picklable."""


class LedgerCase:
    """Base of the suite's parts.

    Every test gets a fresh instance, and must get an empty store with it.
    """

    def opener(self) -> Opener:
        """How to open this test's ledger; called again it opens the same one, as another program would.

        The opener must be picklable: the suite hands it to other processes.
        """
        raise NotImplementedError

    def make_ledger(self, clock: Clock | None = None, limits: Mapping[str, int] | None = None) -> Ledger:
        """This test's ledger, opened once more; it is closed when the test ends."""
        ledger = self.opener()(clock or self.clock, limits or {})
        self._opened.append(ledger)
        return ledger

    def setup_method(self) -> None:
        """Start the clock at noon Pacific."""
        self.clock = ManualClock(NOON)
        self._opened: list[Ledger] = []

    def teardown_method(self) -> None:
        """Close what the test opened."""
        for ledger in self._opened:
            ledger.close()


def pool(ledger: Ledger, bucket: str = "default", *, day: date | None = None) -> Balance:
    """One pool of the suite's project."""
    return ledger.usage(PROJECT, day)[PROJECT][bucket]


def take(ledger: Ledger, units: int, bucket: str = "default", **options: Any) -> Hold:
    """A hold on one bucket of the suite's project."""
    return ledger.hold(PROJECT, one(units, bucket), **options)


def one(units: int, bucket: str = "default") -> Items:
    """What a call of one price asks for."""
    return ((bucket, units),)


def a_record(units: int, bucket: str = "default", *, released: int = 0, **more: Any) -> CallRecord:
    """The record of a call that keeps `units` charged and gives `released` back."""
    return CallRecord("videos.list", bucket, units or released, units, released, **({"tag": "test"} | more))


@contextmanager
def raising(kind: type[BaseException]) -> Iterator[SimpleNamespace]:
    """Fail unless the block raises `kind`; what it raised is then `.error` of the value."""
    caught = SimpleNamespace(error=None)
    try:
        yield caught
    except kind as error:
        caught.error = error
    else:
        raise AssertionError(f"{kind.__name__} was not raised")
