"""Error bodies in the shapes Google sends, for the calls of the past that were not answered with 200."""

from __future__ import annotations

import json
from typing import Any

_LINK = '<a href="https://developers.google.com/youtube/v3/getting-started#quota">quota</a>'

_METRICS = {
    "search_list": ("Search Queries", "defaultSearchListPerDayPerProject"),
    "video_insert": ("Video Uploads", "defaultVideoInsertPerDayPerProject"),
}

_MESSAGES = {
    "quotaExceeded": (
        "youtube.quota",
        f"The request cannot be completed because you have exceeded your {_LINK}.",
    ),
    "backendError": ("global", "Backend Error"),
    "internalError": ("global", "Internal error encountered."),
    "commentsDisabled": (
        "youtube.commentThread",
        "The video identified by the <code>videoId</code> parameter has disabled comments.",
    ),
    "videoNotFound": (
        "youtube.commentThread",
        "The video identified by the <code>videoId</code> parameter could not be found.",
    ),
    "rateLimitExceeded": ("youtube.liveChat", "The request was sent too soon after the previous request."),
    "liveChatEnded": ("youtube.liveChat", "The live chat is no longer live."),
    "uploadRateLimitExceeded": (
        "youtube.thumbnail",
        "The channel has uploaded too many thumbnails recently. Please try the request again later.",
    ),
}


def error_body(status: int, reason: str) -> bytes:
    """Return the JSON body of an error that is told by its reason alone."""
    domain, message = _MESSAGES[reason]
    return _encode(
        {
            "code": status,
            "message": message,
            "errors": [{"message": message, "domain": domain, "reason": reason}],
        }
    )


def bucket_gone(project: str, bucket: str, *, limit: int, window_start: float) -> bytes:
    """Return the body of the 429 that says a project's daily searches or uploads are used up.

    Args:
        project: The project number.
        bucket: ``search_list`` or ``video_insert``.
        limit: The daily limit the server reports, in calls.
        window_start: Begin of the quota day, epoch seconds.
    """
    name, limit_id = _METRICS[bucket]
    message = (
        f"Quota exceeded for quota metric '{name}' and limit '{name} per day' of service "
        f"'youtube.googleapis.com' for consumer 'project_number:{project}'."
    )
    metadata = {
        "service": "youtube.googleapis.com",
        "consumer": f"projects/{project}",
        "quota_metric": f"youtube.googleapis.com/{bucket}",
        "quota_limit": limit_id,
        "quota_limit_value": str(limit),
        "quota_unit": "1/d/{project}",
        "quota_location": "global",
        "window_start_time": str(int(window_start)),
    }
    info = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "RATE_LIMIT_EXCEEDED",
        "domain": "googleapis.com",
        "metadata": metadata,
    }
    error = {
        "code": 429,
        "message": message,
        "errors": [{"message": message, "domain": "global", "reason": "rateLimitExceeded"}],
        "status": "RESOURCE_EXHAUSTED",
        "details": [info],
    }
    return _encode(error)


def _encode(error: dict[str, Any]) -> bytes:
    return json.dumps({"error": error}).encode()
