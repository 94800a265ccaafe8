"""Judging Google's answers: from a status and a body to one :class:`Verdict`.

The rules are read from the most specific evidence to the least: quota metadata, machine reasons, telling
phrases, canonical status, HTTP status. Reasons that have one meaning are a table; the few with several have a
function.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from ytquota.answers import DAY, UNAUTHORISED, Answer, Body
from ytquota.clock import PACIFIC, next_reset, quota_day

if TYPE_CHECKING:
    from datetime import datetime

Kind = Literal[
    "ok", "exhausted", "slow_down", "credential_dead", "not_authorised", "channel_cap", "stop", "transient"
]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer means for the pool, the credential and the caller.

    Attributes:
        kind: ``exhausted``: a pool is empty until its reset. ``slow_down``: too fast, same credential later.
            ``credential_dead``: key or refresh token will not work again. ``not_authorised``: the credential
            lives but may not do this. ``channel_cap``: the channel's own limit, which no project lifts.
            ``stop``: asking again is pointless. ``transient``: try again soon.
        refused: Google did not run the call for quota reasons; its units are given back.
        free: never charged: a 401, a missing or bad key, the token endpoint.
        bucket: the daily allowance the answer names; it may be one this version does not know.
        guessed: the answer names none, and `bucket` is the one that its method is charged to.
        project: the project's number, if the answer names it.
        limit: the limit it names, in units of the bucket.
        until: when an exhausted pool is full again.
        window_start: when the exhausted quota day began, if the answer says so.
        wait: seconds to wait before the next try, if known.
        reason: Google's machine word.
        message: one sentence for people.
    """

    kind: Kind
    refused: bool = False
    free: bool = False
    bucket: str = ""
    guessed: bool = False
    project: str | None = None
    limit: int | None = None
    until: datetime | None = None
    window_start: datetime | None = None
    wait: float | None = None
    reason: str = ""
    message: str = ""


OK = Verdict("ok")


def classify(status: int, body: Body, *, method: str = "", now: datetime | None = None) -> Verdict:
    """Return the verdict on an answer of the YouTube API, of a part of a batch, or of the token endpoint.

    Args:
        status: the HTTP status; 0 if there was none (gRPC).
        body: the answer as received, or already parsed. Whatever it holds, nothing is raised.
        method: the method that was called, if known, as ``search.list``.
        now: the instant of the answer; the system clock's if not given.
    """
    if 200 <= status < 400:  # noqa: PLR2004 - 304, and the 308 of an upload in progress, are no errors either
        return OK
    answer = Answer(status, body, method, now)
    return (
        _by_quota_metadata(answer)
        or _by_reason(answer)
        or _by_phrase(answer)
        or _by_canonical_status(answer)
        or _by_http_status(answer)
    )


def _by_quota_metadata(answer: Answer) -> Verdict | None:
    period = answer.period
    if period is None:
        return None
    if period >= DAY:
        return _exhausted(answer, answer.bucket or _bucket_of(answer) or "default")
    # the window may be partly over; who waits for its end need not wait for all of it
    start = answer.window_start
    passed = (answer.now - start).total_seconds() if start else 0.0
    return _slow_down(answer, wait=period - passed if 0 <= passed < period else period, refused=True)


def _by_reason(answer: Answer) -> Verdict | None:
    if not _POOL_EMPTY.isdisjoint(answer.reasons):
        return _exhausted(answer, answer.bucket) if answer.bucket else _used_up(answer)
    for reason in answer.reasons:
        if reason in _TOO_FAST:
            return _too_fast(answer)
        if reason in RULES:
            kind, message = RULES[reason]
            return _verdict(
                answer, kind, message, wait=_WAITS.get(reason), free=answer.is_free or reason in _FREE
            )
    return None


def _used_up(answer: Answer) -> Verdict:
    """Judge an answer that says "used up" and not of what: Google gives it for the general pool.

    A call that is not charged there cannot have emptied it, and its own pool is the likelier one.
    """
    own = _bucket_of(answer) or "default"
    if own == "default":
        return _exhausted(answer, own)
    message = (
        f"Google says that a quota is used up for the day and not which; {answer.method} is charged to pool "
        f"{own}, so that one is left alone."
    )
    return replace(_exhausted(answer, own), guessed=True, message=message)


def _too_fast(answer: Answer) -> Verdict:
    """Tell apart what one reason stands for: a daily pool, a per-minute limit, a chat, a channel."""
    if answer.speaks_of_a_day:
        bucket = answer.bucket or _bucket_of(answer)
        if bucket:
            return _exhausted(answer, bucket)
    if answer.domain == "usageLimits":
        return _slow_down(answer, wait=_MINUTE, refused=True)
    if answer.method in _CHAT_READS:
        message = "The chat was polled too soon; obey pollingIntervalMillis of the last answer."
        return _slow_down(answer, wait=5.0, refused=False, message=message)
    if answer.method.startswith("live") or "userRequestsExceedRateLimit" in answer.reasons:
        message = "This channel's broadcasts or chat are written to too often; slow down."
        return _slow_down(answer, wait=_MINUTE, refused=False, message=message)
    return _slow_down(answer, wait=_MINUTE, refused=False)


def _by_phrase(answer: Answer) -> Verdict | None:
    text = answer.text.lower()
    if "unregistered callers" in text:
        return _verdict(answer, "not_authorised", _NO_KEY, free=True)
    if "api key not valid" in text or "api key expired" in text:
        return _verdict(answer, "credential_dead", _BAD_KEY, free=True)
    if answer.http == _TOO_MANY or answer.rpc == "RESOURCE_EXHAUSTED":
        return _too_fast(answer)
    return None


def _by_canonical_status(answer: Answer) -> Verdict | None:
    if answer.rpc in _TRANSIENT:
        return _plain(answer, "transient")
    if answer.rpc == "UNAUTHENTICATED":
        return _plain(answer, "not_authorised")
    if answer.rpc == "FAILED_PRECONDITION" and answer.method in _CHAT_READS:
        return _verdict(answer, "stop", "The live chat is disabled or has ended.")
    return _plain(answer, "stop") if answer.rpc and not answer.http else None


def _by_http_status(answer: Answer) -> Verdict:
    if answer.http == UNAUTHORISED:
        return _plain(answer, "not_authorised")
    is_callers_fault = 400 <= answer.http < 500 and answer.http != _TIMED_OUT  # noqa: PLR2004 - the 4xx
    return _plain(answer, "stop" if is_callers_fault else "transient")


_TOO_MANY, _TIMED_OUT = 429, 408
_MINUTE = 60.0
_CHAT_READS = {"liveChatMessages.list", "liveChatMessages.streamList", "youtube.v3.liveChat.messages.stream"}
_TRANSIENT = {"ABORTED", "DEADLINE_EXCEEDED", "INTERNAL", "UNAVAILABLE", "UNKNOWN"}
_POOL_EMPTY = {"dailyLimitExceeded", "quotaExceeded"}
_TOO_FAST = {
    "RATE_LIMIT_EXCEEDED",
    "rateLimitExceeded",
    "userRateLimitExceeded",
    "userRequestsExceedRateLimit",
}
_FREE = {"API_KEY_INVALID", "dailyLimitExceededUnreg", "keyExpired", "keyInvalid"}
_WAITS = {"uploadLimitExceeded": DAY, "backendError": 1.0, "internalError": 1.0}

_NO_KEY = "The call carried no API key and no token."
_BAD_KEY = "Google does not accept this API key any more; put a valid one into the settings."
_LOGIN = "run `ytquota login` for this set"
_TOKEN_GONE = (
    "The refresh token has expired or was revoked. The usual cause is an app in publishing status Testing, "
    f"whose tokens die after 7 days: set it to In production on the consent screen, then {_LOGIN}."
)
_STALE = "The access token was not accepted; it is refreshed once and the call sent again."
_SCOPE = f"The token's scopes do not allow this method; add one to YOUTUBE_SCOPES, then {_LOGIN}."
_NOT_ENABLED = "The YouTube Data API is not enabled in this project; enable it, then wait some minutes."
_RESTRICTED = "by the restrictions set on it in the Google Cloud console."

RULES: dict[str, tuple[Kind, str]] = {
    "API_KEY_INVALID": ("credential_dead", _BAD_KEY),
    "keyExpired": ("credential_dead", _BAD_KEY),
    "keyInvalid": ("credential_dead", _BAD_KEY),
    "invalid_grant": ("credential_dead", _TOKEN_GONE),
    "deleted_client": ("credential_dead", f"The OAuth client was deleted; make a new one, then {_LOGIN}."),
    "disabled_client": ("credential_dead", f"The OAuth client is disabled; enable it, then {_LOGIN}."),
    "invalid_client": (
        "credential_dead",
        "Google knows no such OAuth client; download its secrets file again.",
    ),
    "unauthorized_client": ("credential_dead", f"The token belongs to another OAuth client; {_LOGIN}."),
    "invalid_scope": (
        "not_authorised",
        f"Google refuses a scope of YOUTUBE_SCOPES; correct it, then {_LOGIN}.",
    ),
    "authError": ("not_authorised", _STALE),
    "authorizationRequired": ("not_authorised", _STALE),
    "CREDENTIALS_MISSING": ("not_authorised", "This method wants a login; an API key is not enough."),
    "youtubeSignupRequired": (
        "not_authorised",
        "This Google account has no channel (service accounts never do).",
    ),
    "insufficientPermissions": ("not_authorised", _SCOPE),
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT": ("not_authorised", _SCOPE),
    "accessNotConfigured": ("not_authorised", _NOT_ENABLED),
    "SERVICE_DISABLED": ("not_authorised", _NOT_ENABLED),
    "dailyLimitExceededUnreg": ("not_authorised", _NO_KEY),
    "API_KEY_SERVICE_BLOCKED": ("not_authorised", f"The API key may not call YouTube, {_RESTRICTED}"),
    "API_KEY_IP_ADDRESS_BLOCKED": ("not_authorised", f"The API key may not be used from here, {_RESTRICTED}"),
    "API_KEY_HTTP_REFERRER_BLOCKED": (
        "not_authorised",
        f"The API key is for certain web pages, {_RESTRICTED}",
    ),
    "API_KEY_ANDROID_APP_BLOCKED": ("not_authorised", f"The API key is for an Android app, {_RESTRICTED}"),
    "API_KEY_IOS_APP_BLOCKED": ("not_authorised", f"The API key is for an iOS app, {_RESTRICTED}"),
    "uploadLimitExceeded": (
        "channel_cap",
        "The channel has reached YouTube's own upload limit; wait about 24 hours.",
    ),
    "uploadRateLimitExceeded": (
        "channel_cap",
        "The channel has set too many thumbnails lately; try again later.",
    ),
    "liveChatDisabled": ("stop", "The live chat is disabled."),
    "liveChatEnded": ("stop", "The live chat has ended."),
    "liveChatNotFound": ("stop", "There is no such live chat."),
    "liveStreamingNotEnabled": ("stop", "The channel may not stream live; enable it in YouTube Studio."),
    "backendError": ("transient", "YouTube is briefly unavailable; try again."),
    "internalError": ("transient", "YouTube had an internal error; try again."),
}
"""Google's machine reasons that have one meaning each: the kind of verdict, and what to tell people."""


def _exhausted(answer: Answer, bucket: str) -> Verdict:
    reset = next_reset(answer.window_start or answer.now)
    owner = f" of project {answer.project}" if answer.project else ""
    limit = "" if answer.limit is None else f" (its limit is {answer.limit:,})"
    return _verdict(
        answer,
        "exhausted",
        f"Google says that pool {bucket}{owner} is used up for the day{limit}; "
        f"it resets at {reset.astimezone(PACIFIC):%Y-%m-%d %H:%M %Z}.",
        refused=True,
        bucket=bucket,
        limit=answer.limit,
        until=reset,
        window_start=answer.window_start,
    )


def _slow_down(answer: Answer, *, wait: float, refused: bool, message: str = "") -> Verdict:
    seconds = answer.retry_delay or wait
    text = (
        message
        or f"Calls come too fast for a short-term limit; wait {seconds:.0f} s. The day is not used up."
    )
    return _verdict(
        answer, "slow_down", text, refused=refused, bucket=answer.bucket, limit=answer.limit, wait=seconds
    )


def _plain(answer: Answer, kind: Kind) -> Verdict:
    """Return a verdict that says in Google's own words what no rule here has words for."""
    what = " ".join(part for part in (str(answer.http or ""), answer.reason) if part) or "nothing"
    said = f": {answer.message[:200].rstrip('.')}" if answer.message else ""
    return _verdict(answer, kind, f"Google answered {what}{said}.", wait=1.0 if kind == "transient" else None)


def _verdict(answer: Answer, kind: Kind, message: str, **facts: Any) -> Verdict:
    facts.setdefault("free", answer.is_free)
    return Verdict(kind, message=message, reason=answer.reason, project=answer.project, **facts)


def _bucket_of(answer: Answer) -> str:
    """Return the bucket the method was charged to; empty for a method nobody knows."""
    from ytquota.prices import price_of  # noqa: PLC0415 - reads the price list, which few answers need

    price = price_of(answer.method, on=quota_day(answer.now)) if answer.method else None
    return price.bucket if price and price.flag != "unpriced" else ""
