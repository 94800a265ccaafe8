"""The answers to calls that do not fit, in the exact shape that each bucket and kind of limit gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ytquota.sandbox.api_errors import SERVICE, ApiError, error_info
from ytquota.sandbox.price_list import DEFAULT
from ytquota.sandbox.quota_names import NAMES

_HELP = "type.googleapis.com/google.rpc.Help"
_HELP_LINK = "https://cloud.google.com/docs/quotas/help/request_increase"


def used_up(project: str, bucket: str, limit: int, day_start: float) -> ApiError:
    """The project's daily allowance of the bucket is gone: nothing more until midnight on the Pacific coast.

    The general bucket still answers in the old way, a 403 with a link in its message and no details; the
    buckets that were split from it answer 429 with metadata, easily mistaken for "slow down".
    """
    if bucket == DEFAULT:
        message = (
            "The request cannot be completed because you have exceeded your "
            '<a href="/youtube/v3/getting-started#quota">quota</a>.'
        )
        return ApiError(403, "quotaExceeded", message, domain="youtube.quota", status_name="", charged=False)
    return _too_many(project, bucket, limit, _Window("PerDay", "per day", "1/d/{project}", day_start))


def too_fast(project: str, bucket: str, limit: int, minute_start: float) -> ApiError:
    """More in this minute than the project may send; the next minute is fine again."""
    return _too_many(
        project, bucket, limit, _Window("PerMinute", "per minute", "1/min/{project}", minute_start)
    )


class _Window(NamedTuple):
    limit_id: str
    shown: str
    unit: str
    start: float


def _too_many(project: str, bucket: str, limit: int, window: _Window) -> ApiError:
    names = NAMES[bucket]
    message = (
        f"Quota exceeded for quota metric '{names.shown}' and limit '{names.shown} {window.shown}' "
        f"of service '{SERVICE}' for consumer 'project_number:{project}'."
    )
    info = error_info(
        "RATE_LIMIT_EXCEEDED",
        service=SERVICE,
        consumer=f"projects/{project}",
        quota_metric=f"{SERVICE}/{bucket}",
        quota_limit=f"{names.limit_id}{window.limit_id}PerProject",
        quota_limit_value=str(limit),
        quota_unit=window.unit,
        quota_location="global",
        window_start_time=str(int(window.start)),
    )
    help_entry = {
        "@type": _HELP,
        "links": [{"description": "Request a higher quota limit.", "url": _HELP_LINK}],
    }
    return ApiError(429, "rateLimitExceeded", message, details=(info, help_entry), charged=False)


def says_no_quota(status: int, document: Any) -> bool:
    """Whether an error body is a refusal for want of quota, by the day or by the minute.

    Such calls cost nothing; this is asked of bodies that a test makes up and has the sandbox send.
    """
    error = document.get("error") if isinstance(document, Mapping) else None
    if status not in (403, 429) or not isinstance(error, Mapping):
        return False
    if any(_is_limit(detail) for detail in error.get("details") or ()):
        return True
    first: Mapping[str, Any] = next(iter(error.get("errors") or ()), {})
    mark = (first.get("domain"), first.get("reason"))
    if mark[1] in ("quotaExceeded", "dailyLimitExceeded"):
        return True
    return mark in (("usageLimits", "rateLimitExceeded"), ("usageLimits", "userRateLimitExceeded"))


def _is_limit(detail: Any) -> bool:
    metadata = detail.get("metadata") if isinstance(detail, Mapping) else None
    return isinstance(metadata, Mapping) and ("quota_unit" in metadata or "quota_limit" in metadata)
