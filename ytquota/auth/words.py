"""Credential sets in words for people: whose a set is, how it stands, what its pools have left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ytquota.errors import LedgerUnavailable

if TYPE_CHECKING:
    from collections.abc import Collection

    from ytquota.auth.sets import CredentialSet
    from ytquota.monitor.metering import QuotaMonitor

POLICY = (
    "Google's developer policies tie one API client to one project and call spreading a client over several "
    "projects to gain quota a breach; permit it only for sets that really are separate clients or owners."
)


def title(one: CredentialSet) -> str:
    """Name a set for people: number, speaker, project."""
    return f"set {one.number} ({one.speaker}, project {one.project or 'unknown'})"


def standing(one: CredentialSet, buckets: Collection[str]) -> str:
    """Return in a few words why a program that needs these pools cannot begin with a set."""
    gone = one.lacks(buckets)
    if not gone and one.state in {"ready", "exhausted"}:
        return f"set {one.number} may be of the same project"
    return f"set {one.number} is " + (f"exhausted ({' and '.join(gone)})" if gone else one.state)


def describe(monitor: QuotaMonitor, one: CredentialSet, buckets: Collection[str] = ("default",)) -> str:
    """Return one line about a set: whose it is, its state and why, what its pools have left."""
    state: str = "ready" if one.state == "exhausted" else one.state
    state = "exhausted" if one.lacks(buckets) else state
    left = [units_left(monitor, one, bucket) for bucket in buckets] if state == "ready" else []
    return f"{title(one)}: {state}" + "".join(f"; {part}" for part in (*left, one.why) if part)


def units_left(monitor: QuotaMonitor, one: CredentialSet, bucket: str = "default") -> str:
    """Return "9,800 of 10,000 units left", or "" when nobody knows."""
    if one.project is None:
        return ""
    try:
        balance = monitor.ledger.usage(one.project)[one.project][bucket]
    except (KeyError, LedgerUnavailable):
        return ""
    unit = "units" if bucket == "default" else f"calls of {bucket}"
    return f"{balance.left:,} of {balance.limit:,} {unit} left"
