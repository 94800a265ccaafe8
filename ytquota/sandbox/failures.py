"""Error bodies for failures on order, by status and reason."""

from __future__ import annotations

from typing import Any

from ytquota.sandbox.api_errors import ApiError

_USUAL = {
    400: "badRequest",
    401: "authError",
    403: "forbidden",
    404: "notFound",
    409: "conflict",
    429: "rateLimitExceeded",
    500: "internalError",
    503: "backendError",
}
_MESSAGES = {
    "authError": "Invalid Credentials",
    "backendError": "Backend Error",
    "internalError": "Internal error encountered.",
    "quotaExceeded": "The request cannot be completed because you have exceeded your quota.",
    "rateLimitExceeded": "The request was sent too soon after the previous request.",
    "uploadLimitExceeded": "The user has exceeded the number of videos they may upload.",
    "uploadRateLimitExceeded": "The channel has uploaded too many thumbnails recently.",
    "liveChatEnded": "The live chat is no longer live.",
    "userRequestsExceedRateLimit": "The user has sent too many requests in a given timeframe.",
}
_DOMAINS = {
    "quotaExceeded": "youtube.quota",
    "dailyLimitExceeded": "usageLimits",
    "userRateLimitExceeded": "usageLimits",
    "accessNotConfigured": "usageLimits",
    "uploadLimitExceeded": "youtube.video",
    "uploadRateLimitExceeded": "youtube.thumbnail",
    "liveChatEnded": "youtube.liveChat",
    "liveChatDisabled": "youtube.liveChat",
    "liveChatNotFound": "youtube.liveChat",
}
_LIVE = {
    "liveChat": "youtube.liveChat",
    "liveBroadcasts": "youtube.liveBroadcast",
    "liveStreams": "youtube.liveStream",
}


def body(method: str | None, status: int, reason: str | None) -> dict[str, Any]:
    """The body of an error of that status and reason (default: the usual one) for a method."""
    reason = reason or _USUAL.get(status, "backendError")
    message = _MESSAGES.get(reason, f"The sandbox was told to answer with {reason}.")
    return ApiError(status, reason, message, domain=_domain(method or "", reason)).document()


def _domain(method: str, reason: str) -> str:
    if reason == "rateLimitExceeded":  # polled too soon, created too often: about a channel, not about quota
        return next((domain for start, domain in _LIVE.items() if method.startswith(start)), "usageLimits")
    return _DOMAINS.get(reason, "global")
