"""What was used: the ledger of every pool, and the monitor that meters calls against it."""

from __future__ import annotations

from ytquota.monitor.demand import Decision, Demand, Priority
from ytquota.monitor.flight import Flight
from ytquota.monitor.journal import Journal
from ytquota.monitor.ledger import Balance, CallRecord, Hold, Ledger
from ytquota.monitor.metering import QuotaMonitor
from ytquota.monitor.tagging import current_tag, tag

__all__ = [
    "Balance",
    "CallRecord",
    "Decision",
    "Demand",
    "Flight",
    "Hold",
    "Journal",
    "Ledger",
    "Priority",
    "QuotaMonitor",
    "current_tag",
    "tag",
]
