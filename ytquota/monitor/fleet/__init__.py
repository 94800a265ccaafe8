"""Several ledgers in one view: listed in a file, looked at without writing, each call counted once."""

from __future__ import annotations

from ytquota.monitor.fleet.adding import Total, Warned, add_up
from ytquota.monitor.fleet.counts import Archived, Count, Look
from ytquota.monitor.fleet.listed import FleetList, Listed
from ytquota.monitor.fleet.place import Unreachable
from ytquota.monitor.fleet.view import FleetView

__all__ = [
    "Archived",
    "Count",
    "FleetList",
    "FleetView",
    "Listed",
    "Look",
    "Total",
    "Unreachable",
    "Warned",
    "add_up",
]
