"""Credential sets, consent and rotation: who may call, in whose name, and on whose quota."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ytquota.auth.sets import CredentialSet, load_sets
from ytquota.prices import BUCKETS
from ytquota.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from ytquota.monitor.metering import QuotaMonitor

__all__ = ["CredentialSet", "get_authenticated_service", "load_sets", "mark_credential_exhausted"]


def get_authenticated_service(
    credential_set: int | None = None,
    *,
    tag: str | None = None,
    priority: str | None = None,
    failover: str = "manual",
    buckets: Iterable[str] = ("default",),
    settings: Settings | None = None,
    monitor: QuotaMonitor | None = None,
) -> Any:
    """Return a YouTube service (a googleapiclient Resource) whose every call is counted before it goes.

    Nothing is sent to Google to "test" a set: its state is known from its files, the ledger and earlier
    answers.

    Args:
        credential_set: the set's number in `.env`. Without it, the preferred or first healthy set of
            YTQUOTA_ROTATION is used, or, if there is no such list, the set with the lowest number and no
            other.
        tag: tag of calls made outside of any `with ytquota.tag(...)`; by default the script's name.
        priority: "critical", "high", "normal" or "low"; by default that of the method; see YTQUOTA_RESERVE.
        failover: "manual": a service keeps its set for as long as it lives. "login": a call whose login or
            key is dead goes on with the next usable set of YTQUOTA_ROTATION; where a pool is used up nothing
            moves. "auto": a call whose pool is used up moves too. Later calls return as soon as the first
            choice can be used again. Never in the middle of an upload, nor after a write whose answer was
            lost. Each move leaves a line in the log and an audit row.
        buckets: the pools that the program needs, for a service that chooses its set now and keeps it: a set
            that has used up one of them is passed over. A bot that only searches says ("search_list",). With
            failover="login" or "auto" each call sees for itself.
        settings: by default what the environment and `.env` say.
        monitor: by default this process's monitor of the ledger that the settings name.

    Raises:
        QuotaExceeded: what is permitted is used up; `retry_at` says until when, the message what else there
            is.
        CredentialError: no permitted set works; the message lists every set and its reason.
        LedgerUnavailable: the ledger cannot be read.
        SettingsError: a setting is wrong, or failover="auto" or "login" without YTQUOTA_ROTATION; the message
            says which line permits it.
        ValueError: `failover` is none of these, or there is no such bucket.
    """
    from ytquota.auth.session import open_monitor, open_service, wire  # noqa: PLC0415 - see the package's docstring

    if failover not in {"manual", "login", "auto"}:
        raise ValueError(f"failover={failover!r} is not possible; it is 'manual', 'login' or 'auto'.")
    needed = (buckets,) if isinstance(buckets, str) else tuple(buckets)
    if unknown := [bucket for bucket in needed if bucket not in BUCKETS]:
        raise ValueError(f"There is no bucket {unknown[0]!r}; buckets are {', '.join(BUCKETS)}.")
    settings = settings or Settings.load()
    monitor = wire(settings, monitor) if monitor else open_monitor(settings)
    return open_service(
        settings,
        monitor,
        credential_set,
        tag=tag,
        priority=priority,
        failover=failover,
        buckets=needed,
    )


def mark_credential_exhausted(
    credential_set: int,
    bucket: str = "default",
    until: datetime | None = None,
    reason: str = "",
    *,
    settings: Settings | None = None,
    monitor: QuotaMonitor | None = None,
) -> None:
    """Mark a pool of a set's project as used up, hence for every set of that project; calls to it are denied.

    The service does this by itself when YouTube says so; this is for what only the program knows.

    Args:
        credential_set: the set's number.
        bucket: "default", "search_list", "video_insert" or "video_batch_get_stats".
        until: aware; at most, and by default, the next reset.
        reason: why, for the audit trail.
        settings: by default what the environment and `.env` say.
        monitor: by default this process's monitor of the ledger that the settings name.

    Raises:
        CredentialError: there is no such set, or its project is not known.
        ValueError: there is no such bucket, or `until` is naive or past.
    """
    from ytquota.auth.rotation import exhaust  # noqa: PLC0415
    from ytquota.auth.session import open_monitor  # noqa: PLC0415

    settings = settings or Settings.load()
    exhaust(
        settings,
        monitor or open_monitor(settings),
        credential_set,
        bucket,
        until,
        why=reason or "a program said so",
    )
