"""The record of who stands in for whom: a line in the log and a row in the audit trail."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ytquota.auth.health import WHO
from ytquota.auth.words import title
from ytquota.clock import bounds_at, quota_day
from ytquota.errors import YTQuotaError
from ytquota.monitor.tagging import current_tag
from ytquota.service.seats import Seat, Step

if TYPE_CHECKING:
    from ytquota.auth.choice import Choice
    from ytquota.auth.sets import CredentialSet
    from ytquota.monitor.metering import QuotaMonitor

SERVICE = "service"
"""The scope of a row about a new service, all of whose calls go with another set than its first choice."""

_READ_BUCKETS = {"search_list", "video_batch_get_stats"}

_log = logging.getLogger("ytquota.auth")


def seat_of(one: CredentialSet, *, trouble: str = "") -> Seat:
    """Return a credential set as a service sees it."""
    return Seat(
        one.number,
        title(one),
        one.project or "",
        channel=one.channel_id,
        speaker=one.speaker,
        is_read_only=one.is_read_only,
        scopes=frozenset(one.scopes),
        trouble=trouble,
        is_last=one.state == "half-open",
        is_missing=not one.has_login,
    )


def record_calls(monitor: QuotaMonitor, step: Step) -> None:
    """Note that calls of a service with failover go another way from now on."""
    if step.is_return:
        _log.warning("%s calls of %s are back with %s: %s.", step.tag, step.bucket, step.seat.title, step.why)
    else:
        _log.warning(
            "%s calls of %s go on with %s instead of %s: %s.%s",
            step.tag, step.bucket, step.seat.title, step.home.title, step.why,
            _speech(step, only_reads=step.bucket in _READ_BUCKETS),
        )  # fmt: skip
    _write(monitor, step)


def record_service(monitor: QuotaMonitor, choice: Choice, buckets: tuple[str, ...], tag: str | None) -> None:
    """Note that a new service does not use its first choice, or uses it again.

    The log says it of each service. The audit trail says it once for each first choice, set that stands in,
    and quota day, whichever process made the service: a bot that is started every few minutes fills no trail.
    """
    if choice.home is None:
        return
    home, seat = seat_of(choice.home), seat_of(choice.set)
    step = Step("+".join(buckets), home, seat, choice.passed or "it can be used again", tag or current_tag())
    last = _last(monitor, step)
    is_away = last is not None and last["action"] == "failover"
    if step.is_return and is_away:
        _log.warning("new services use %s again.", seat.title)
        _write(monitor, step, scope=SERVICE)
    elif not step.is_return:
        _log.warning(
            "a new service uses %s instead of %s: %s.%s",
            seat.title, home.title, step.why, _speech(step, only_reads=False),
        )  # fmt: skip
        if last is None or not is_away or _is_other(last, step, monitor):
            _write(monitor, step, scope=SERVICE)


def _last(monitor: QuotaMonitor, step: Step) -> dict[str, Any] | None:
    """Return the newest row about new services with this first choice that need these pools."""
    try:
        rows = monitor.audit_rows()
    except YTQuotaError as error:
        _log.error("what was noted of moves cannot be read: %s", error)
        return None
    for row in rows[::-1]:
        home = row.get("to" if row.get("action") == "return" else "from")
        of_services = row.get("scope") == SERVICE and row.get("bucket") == step.bucket
        if of_services and isinstance(home, dict) and home.get("set") == step.home.number:
            return row
    return None


def _is_other(row: dict[str, Any], step: Step, monitor: QuotaMonitor) -> bool:
    """Whether a row tells of another set that stands in, or of another quota day."""
    day = quota_day(datetime.fromisoformat(row["at"]))
    return bool(row["to"]["set"] != step.seat.number or day != bounds_at(monitor.clock.time()).day)


def _speech(step: Step, *, only_reads: bool) -> str:
    """Say so where writes appear under another name from now on."""
    if only_reads or step.seat.is_read_only or step.home.speaks_as(step.seat):
        return ""
    return f" What it writes is now said by {step.seat.title}."


def _write(monitor: QuotaMonitor, step: Step, **more: object) -> None:
    try:
        monitor.audit(
            "return" if step.is_return else "failover",
            credential_set=step.seat.number,
            who=WHO,
            why=step.why,
            bucket=step.bucket,
            tag=step.tag,
            project=step.seat.project,
            **{"from": None if step.is_return else _audited(step.home), "to": _audited(step.seat)},
            **more,
        )
    except YTQuotaError as error:  # a row that cannot be written must not be why a call fails
        _log.error("the move could not be noted: %s", error)


def _audited(seat: Seat) -> dict[str, object]:
    told: dict[str, object] = {"set": seat.number, "project": seat.project, "speaker": seat.speaker}
    return told | ({"channel_id": seat.channel} if seat.channel else {})
