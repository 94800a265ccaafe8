"""How requests ended. What the ledger does not take now waits, and is written with a later call."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from ytquota.errors import LedgerUnavailable

if TYPE_CHECKING:
    from ytquota.monitor.ledger import CallRecord, Hold, Ledger

    End = tuple[Hold, list[CallRecord] | None]

logger = logging.getLogger("ytquota")


class Settlements:
    """Ends holds in a ledger.

    Args:
        ledger: the one they were taken from.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._waiting: list[End] = []
        self._lock = threading.Lock()

    def write(self, hold: Hold, records: list[CallRecord] | None) -> bool:
        """Write how a request ended; without records it was none after all, and all is given back.

        False where the ledger refuses: then it waits.
        """
        try:
            self._end(hold, records)
        except LedgerUnavailable as error:
            with self._lock:
                self._waiting.append((hold, records))
            logger.warning("%s The units stay charged; the log line waits for the next call.", error)
            return False
        return True

    def write_what_waits(self) -> None:
        """Try again what the ledger has refused so far."""
        if not self._waiting:
            return
        with self._lock:
            waiting, self._waiting = self._waiting, []
        for index, (hold, records) in enumerate(waiting):
            try:
                hold.is_open = True
                self._end(hold, records)
            except LedgerUnavailable:
                with self._lock:
                    self._waiting = waiting[index:] + self._waiting
                return

    def _end(self, hold: Hold, records: list[CallRecord] | None) -> None:
        if records is None:
            self._ledger.release(hold)
        else:
            self._ledger.settle(hold, records)
