"""Know what a YouTube Data API call costs before you make it, and when today's quota will run out.

Names are loaded on first use, so that a bot which only wants the meter never pays for pandas or matplotlib.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ytquota.auth import get_authenticated_service, mark_credential_exhausted
    from ytquota.auth.session import open_monitor
    from ytquota.errors import CredentialError, LedgerUnavailable, QuotaExceeded, SettingsError, YTQuotaError
    from ytquota.intelligence import QuotaIntelligence
    from ytquota.monitor import QuotaMonitor
    from ytquota.monitor.tagging import tag
    from ytquota.service import monitored

__version__ = "0.1.0"

_HOME = {
    "CredentialError": "ytquota.errors",
    "LedgerUnavailable": "ytquota.errors",
    "QuotaExceeded": "ytquota.errors",
    "QuotaIntelligence": "ytquota.intelligence",
    "QuotaMonitor": "ytquota.monitor",
    "SettingsError": "ytquota.errors",
    "YTQuotaError": "ytquota.errors",
    "get_authenticated_service": "ytquota.auth",
    "mark_credential_exhausted": "ytquota.auth",
    "monitored": "ytquota.service",
    "open_monitor": "ytquota.auth.session",
    "tag": "ytquota.monitor.tagging",
}

__all__ = [
    "CredentialError",
    "LedgerUnavailable",
    "QuotaExceeded",
    "QuotaIntelligence",
    "QuotaMonitor",
    "SettingsError",
    "YTQuotaError",
    "get_authenticated_service",
    "mark_credential_exhausted",
    "monitored",
    "open_monitor",
    "tag",
]


def __getattr__(name: str) -> Any:
    """Load a public name from its home module the first time it is asked for."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
