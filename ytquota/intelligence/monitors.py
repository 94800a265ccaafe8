"""One monitor per process and ledger, with the rule of admission that every bot keeps to.

It stands here because this is the lowest place that knows both: the monitor counts, admission says how much
to leave for others. Whatever else a monitor should do is added to the same object by who stands above.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from ytquota.errors import LedgerUnavailable
from ytquota.intelligence.admission import Admission
from ytquota.monitor.metering import QuotaMonitor
from ytquota.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

_opened: dict[tuple[Path, str], tuple[Settings, QuotaMonitor]] = {}
_lock = threading.RLock()


def monitor_of(settings: Settings | None = None) -> QuotaMonitor:
    """Return this process's monitor of the ledger that the settings name; opened once.

    Whoever asks gets the same object while the settings stay the same: `monitored()`, `pace()`,
    `QuotaIntelligence()`, `open_monitor()` and `get_authenticated_service()` of one process count together.
    Settings that differ (a `.env` that was edited in a notebook) make a new one, which counts in the same
    ledger. The old one is closed; a service that was built with it counts on, as that opens it again.

    Args:
        settings: by default what the environment and `.env` say.

    Raises:
        LedgerUnavailable: the ledger cannot be used.
        SettingsError: a setting is wrong.
    """
    settings = settings or Settings.load()
    place = (settings.memory_dir, settings.ledger)
    with _lock:
        known = _opened.get(place)
        if known is not None and known[0] == settings:
            return known[1]
        monitor = QuotaMonitor.open(settings, admission=Admission(settings))
        _opened[place] = (settings, monitor)
    if known is not None:
        with suppress(LedgerUnavailable):  # the new one will say so, if that is still true
            known[1].close()
    return monitor
