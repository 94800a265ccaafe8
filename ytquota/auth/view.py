"""The `exhausted` field of the state file: whose pools the ledger holds to be used up, for people to read."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ytquota.auth.sets import load_sets
from ytquota.auth.state import StateFile
from ytquota.errors import YTQuotaError

if TYPE_CHECKING:
    from ytquota.monitor.metering import QuotaMonitor
    from ytquota.settings import Settings

_log = logging.getLogger("ytquota.auth")


def refresh_view(settings: Settings, monitor: QuotaMonitor) -> None:
    """Write anew which pools are used up. Nothing depends on it, so a failure is only logged."""
    try:
        view = {
            one.number: {bucket: until.isoformat() for bucket, until in one.exhausted.items()}
            for one in load_sets(settings, monitor)
            if one.exhausted
        }
        StateFile(settings.memory_dir, clock=monitor.clock).show_exhausted(view)
    except (YTQuotaError, OSError) as error:
        _log.warning("The list of exhausted sets was not brought up to date: %s", error)
