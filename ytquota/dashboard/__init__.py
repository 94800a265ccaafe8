"""The dashboard: quota at a glance, alive, in a notebook or as a page of its own.

Names are loaded on first use: to serve the dashboard takes neither matplotlib nor pandas.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ytquota.dashboard.app import serve
    from ytquota.dashboard.console import Console
    from ytquota.dashboard.fleet import FleetDashboard
    from ytquota.dashboard.panel import Dashboard

_HOME = {
    "Console": "ytquota.dashboard.console",
    "Dashboard": "ytquota.dashboard.panel",
    "FleetDashboard": "ytquota.dashboard.fleet",
    "serve": "ytquota.dashboard.app",
}

__all__ = ["Console", "Dashboard", "FleetDashboard", "serve"]


def __getattr__(name: str) -> Any:
    """Load a public name from its home module the first time it is asked for."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
