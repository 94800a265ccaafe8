"""Keeps watch over a ledger: looks every minute, tells once, publishes the forecast for the bots.

Where an account for Google's counters is named, the counts are held against them every quarter of an hour.

There is one watch per ledger; a second one in another process waits until the first has gone. It runs as
`ytquota watch`, or inside a bot: `ytquota.operations.watch.start(settings)`.
"""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from ytquota.errors import YTQuotaError
from ytquota.monitor.files import lock_of, locked
from ytquota.monitor.metering import QuotaMonitor
from ytquota.operations.alerts import delivery
from ytquota.operations.alerts.book import Book, Entry
from ytquota.operations.alerts.lookout import FORECAST_EVERY, Lookout
from ytquota.operations.reconcile.routine import Routine
from ytquota.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ytquota.operations.alerts.edges import Alert

EVERY = 60.0
"""Seconds between two looks."""

logger = logging.getLogger("ytquota.alerts")


class AlreadyWatched(YTQuotaError):  # noqa: N818 - says what is the case
    """Another process watches this ledger."""


class Watch:
    """Looks, tells, and remembers.

    Args:
        settings: whose ledger and sets, and how word gets out.
        monitor: on that ledger; it stays the caller's to close.
        forecast_every: seconds between two forecasts.
    """

    def __init__(
        self, settings: Settings, monitor: QuotaMonitor, *, forecast_every: float = FORECAST_EVERY
    ) -> None:
        self._monitor = monitor
        self._lookout = Lookout(settings, monitor, forecast_every=forecast_every)
        self._routine = Routine(settings, monitor)
        self._ways = delivery.channels(settings.alerts)
        self.book = Book(settings.memory_dir)

    def look(self) -> list[Alert]:
        """Look once, tell what is new, try again what is not delivered yet; returns what is new.

        What is told is written down before it is delivered: a watch that is killed in between delivers it
        when it is started again.

        Raises:
            LedgerUnavailable: the ledger cannot be read.
            OSError: the history cannot be written.
        """
        self._routine.step()
        conditions, now = self._lookout.look(self.book.read().edges), self._monitor.clock.time()
        with self.book.change(now) as page:
            told = page.edges.step(conditions, now)
            page.history += [Entry(alert, list(self._ways)) for alert in told]
            waiting = [entry for entry in page.history if entry.waiting]
        for alert in told:
            delivery.tell_log(alert)
        if waiting:
            results = delivery.deliver(waiting, self._ways)
            with self.book.change(now) as page:
                delivery.note(page.history, results)
        return told

    def run(self, stop: threading.Event, *, every: float = EVERY) -> None:
        """Look every so many seconds until `stop` is set; what goes wrong is logged, and tried again."""
        problem = ""
        while not stop.is_set():
            try:
                self.look()
                problem = ""
            except (YTQuotaError, OSError) as error:
                if str(error) != problem:  # once, and not every minute
                    logger.warning("The watch could not look: %s", error)
                problem = str(error)
            stop.wait(every)


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Be the watch of the ledger in a memory folder.

    Raises:
        AlreadyWatched: another process is, or another thread of this one.
    """
    path = folder / "watch"
    with locked(path, patience=0) as alone:
        if not alone:
            holds = f"it holds {lock_of(path)}"
            raise AlreadyWatched(f"Another `ytquota watch` keeps watch over {folder} ({holds}).")
        yield


class Watching:
    """A watch in a thread of this process; also a context manager that ends it.

    Args:
        settings: as for `Watch`.
        every: seconds between two looks, and between two attempts to become the watch.
    """

    def __init__(self, settings: Settings, *, every: float = EVERY) -> None:
        self._settings, self._every = settings, every
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ytquota-watch", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self, timeout: float = 30.0) -> None:
        """End it; waits up to so many seconds for a delivery that is under way."""
        self._stop.set()
        self._thread.join(timeout)

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs: it watches, or waits until another watch has gone."""
        return self._thread.is_alive()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with only_one(self._settings.memory_dir):
                    self._watch()
            except AlreadyWatched as error:
                logger.debug("%s", error)
            except (YTQuotaError, OSError) as error:
                logger.warning("The watch could not begin: %s", error)
            self._stop.wait(self._every)

    def _watch(self) -> None:
        monitor = QuotaMonitor.open(self._settings)
        try:
            Watch(self._settings, monitor).run(self._stop, every=self._every)
        finally:
            monitor.close()


def start(settings: Settings | None = None, *, every: float = EVERY) -> Watching:
    """Watch over the ledger of the settings in a daemon thread of this process, until it ends or `stop()`.

    While another process watches the same ledger this one stands by, and takes over when that has gone.

    Args:
        settings: by default those of the environment and `.env`.
        every: seconds between two looks.

    Raises:
        SettingsError: a setting is wrong.
    """
    return Watching(settings or Settings.load(), every=every)
