"""What Google's answers mean: from a status and a body to a verdict.

The rules are tables, read from the most specific evidence to the least: quota metadata, machine reasons, telling
phrases, gRPC status, HTTP status. Bodies may be anything, so every field is taken with care and nothing raises.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from ytquota.clock import PACIFIC, bounds_at, next_reset, utc

Kind = Literal[
    "ok", "exhausted", "slow_down", "credential_dead", "not_authorised", "channel_cap", "stop", "transient"
]
Body = bytes | str | Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer means for the pool, the credential and the caller.

    Attributes:
        kind: ``exhausted`` a pool is empty until its reset; ``slow_down`` too fast, same credential later;
            ``credential_dead`` key or refresh token will never work again; ``not_authorised`` credential lives but
            may not do this; ``channel_cap`` the channel's own limit, no project helps; ``stop`` asking again is
            pointless; ``transient`` try again soon.
        refused: Google did not run the call for quota reasons; its units are given back.
        free: never charged: 401, missing or bad key, the token endpoint.
        bucket: the daily allowance meant, if the verdict is about one. May be one this version does not know.
        project: the project's number, if the answer names it.
        limit: the limit Google named, in units of the bucket.
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
        body: the answer as received, or already parsed. Never raises, whatever it holds.
        method: the method that was called, if known, as ``search.list``.
        now: the instant of the answer; the system clock's if not given.
    """
    if 200 <= status < 400:  # noqa: PLR2004 - 304 and the 308 of an upload in progress are answers, not errors
        return OK
    answer = _Answer(status, body, method, now)
    return (
        _by_quota_metadata(answer)
        or _by_reason(answer)
        or _by_phrase(answer)
        or _by_rpc_status(answer)
        or _by_http_status(answer)
    )


class _Answer:
    """The evidence in one error body, every field a clean string or empty."""

    def __init__(self, status: int, body: Body, method: str, now: datetime | None) -> None:
        self.http = status
        self.method = method
        self._now = now
        error = _error_in(body)
        first = _mapping(_first(error.get("errors")))
        details = [_mapping(detail) for detail in _list(error.get("details"))]
        info = next((detail for detail in details if detail.get("metadata") or detail.get("domain")), {})
        self.rpc = _text(error.get("status"), 40)
        self.domain = _text(first.get("domain"), 60)
        self.info_reason = _text(info.get("reason"), 60)
        self.first_reason = _text(first.get("reason"), 60) or _text(error.get("oauth"), 60)
        self.message = _text(error.get("message") or first.get("message"), 1000)
        self.text = f"{self.message} {_text(first.get('debugInfo'), 1000)}"
        metadata = _mapping(info.get("metadata"))
        self.unit = _text(metadata.get("quota_unit"), 60)
        self.limit_id = _text(metadata.get("quota_limit"), 100) or _found(_LIMIT_ID, self.text)
        self.metric = _text(metadata.get("quota_metric"), 100) or _found(_METRIC, self.text)
        self.limit = _whole(metadata.get("quota_limit_value"))
        consumer = _text(metadata.get("consumer"), 60)
        self.project = _found(_PROJECT, consumer) or _found(_PROJECT, self.text) or None
        self.window_start = _instant(metadata.get("window_start_time"))
        self.retry_delay = _delay(details)

    @property
    def reason(self) -> str:
        """Google's machine word: the most telling one."""
        if self.first_reason and self.first_reason not in _GENERIC:
            return self.first_reason
        return self.info_reason or self.first_reason or self.rpc

    @property
    def period(self) -> float | None:
        """Seconds of the window that was used up, 86400 for a day, None if the metadata does not say."""
        unit = _UNIT.match(self.unit)
        if unit:
            return float(unit[1] or 1) * _SECONDS[unit[2]]
        words = _PERIOD.search(self.limit_id)
        return float(words[1] or 1) * _SECONDS[words[2][0].lower()] if words else None

    @property
    def bucket(self) -> str:
        """The bucket the answer names, by metric, limit id or the name shown to people; else empty."""
        if self.metric:
            return self.metric.rpartition("/")[2]
        if self.limit_id:
            words = _PERIOD.split(self.limit_id)[0].removeprefix("default")
            return re.sub(r"(?<!^)(?=[A-Z])", "_", words).lower() or "default"
        shown = _SHOWN.search(self.text)
        return _SHOWN_NAMES[shown[1].lower()] if shown else ""

    @property
    def now(self) -> datetime:
        now = self._now or datetime.now(UTC)
        return now if now.tzinfo else now.replace(tzinfo=UTC)

    def verdict(self, kind: Kind, message: str, **facts: Any) -> Verdict:
        """Return a verdict that carries reason and project."""
        facts.setdefault("reason", self.reason)
        return Verdict(kind, message=message, project=self.project, **facts)


_GENERIC = {"forbidden", "badRequest", "invalid", "required", "notFound", "conflict"}
_SECONDS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_UNIT = re.compile(r"1/(\d{0,6})(d|h|m|s)")
_PERIOD = re.compile(r"Per(\d{0,6})(Day|Hour|Minute|Second)s?")
_LIMIT_ID = re.compile(r"limit: ([A-Za-z0-9]{1,90})")
_METRIC = re.compile(r"metric: ([a-z.]{1,60}/[A-Za-z_]{1,60})")
_PROJECT = re.compile(r"project(?:s/|_number:| )(\d{1,20})\b")
_SHOWN = re.compile(r"'(search queries|video uploads|queries)(?: per \w+)?'", re.IGNORECASE)
_SHOWN_NAMES = {"search queries": "search_list", "video uploads": "video_insert", "queries": "default"}
_DAILY = re.compile(r"per day|midnight pacific|daily limit", re.IGNORECASE)
_MINUTE = 60.0
_DAY = 86400.0


def _by_quota_metadata(answer: _Answer) -> Verdict | None:
    period = answer.period
    if period is None or not (answer.unit or answer.limit_id):
        return None
    if period >= _DAY:
        return _exhausted(answer, answer.bucket or _bucket_of(answer.method) or "default")
    return _slow_down(answer, wait=period, refused=True)


def _exhausted(answer: _Answer, bucket: str) -> Verdict:
    start = answer.window_start
    reset = next_reset(start or answer.now)
    limit = "" if answer.limit is None else f" (its limit is {answer.limit:,})"
    owner = f" of project {answer.project}" if answer.project else ""
    return answer.verdict(
        "exhausted",
        f"Google says that pool {bucket}{owner} is used up for the day{limit}; "
        f"it resets at {reset.astimezone(PACIFIC):%Y-%m-%d %H:%M %Z}.",
        refused=True,
        bucket=bucket,
        limit=answer.limit,
        until=reset,
        window_start=start,
    )


def _slow_down(answer: _Answer, *, wait: float, refused: bool, message: str = "") -> Verdict:
    seconds = answer.retry_delay or wait
    return answer.verdict(
        "slow_down",
        message
        or f"Calls come too fast for a short-term limit; wait {seconds:g} s. The day's quota is not used up.",
        refused=refused,
        bucket=answer.bucket,
        limit=answer.limit,
        wait=seconds,
    )


def _by_reason(answer: _Answer) -> Verdict | None:
    for reason in (answer.info_reason, answer.first_reason):
        if reason in _POOL_EMPTY:
            return _exhausted(answer, answer.bucket or "default")
        if reason in _TOO_FAST:
            return _too_fast(answer, reason)
        rule = _REASONS.get(reason)
        if rule:
            kind, message = rule
            wait = _WAITS.get(reason, 1.0 if kind == "transient" else None)
            free = answer.http == _UNAUTHORISED or reason in _FREE
            return answer.verdict(kind, message, wait=wait, free=free, reason=reason)
    return None


def _too_fast(answer: _Answer, reason: str) -> Verdict:
    """Tell apart what one reason is used for: a daily pool, a per-minute limit, a channel or a chat."""
    if _DAILY.search(answer.text):
        bucket = answer.bucket or _bucket_of(answer.method)
        if bucket:
            return _exhausted(answer, bucket)
    if answer.domain == "usageLimits":
        return _slow_down(answer, wait=_MINUTE, refused=True)
    if answer.method.startswith("liveChatMessages.") and reason == "rateLimitExceeded":
        message = "The chat was polled too soon; obey pollingIntervalMillis of the last answer."
        return _slow_down(answer, wait=5.0, refused=False, message=message)
    if reason == "userRequestsExceedRateLimit" or answer.method.startswith("live"):
        message = "This channel's live broadcasts are created or edited too often; slow down."
        return _slow_down(answer, wait=_MINUTE, refused=False, message=message)
    return _slow_down(answer, wait=_MINUTE, refused=False)


_POOL_EMPTY = {"quotaExceeded", "dailyLimitExceeded"}
_TOO_FAST = {
    "rateLimitExceeded",
    "userRateLimitExceeded",
    "userRequestsExceedRateLimit",
    "RATE_LIMIT_EXCEEDED",
}

_RELOGIN = "run `ytquota login` for this set again"
_TOKEN_GONE = (
    "The refresh token has expired or was revoked. The usual cause: an app in publishing status Testing loses its "
    f"tokens after 7 days. Set the consent screen to In production, then {_RELOGIN}."
)
_KEY = "Check the key's restrictions in the Google Cloud console."
_REASONS: dict[str, tuple[Kind, str]] = {
    # the credential itself
    "API_KEY_INVALID": (
        "credential_dead",
        "Google does not know this API key; put a valid one into the settings.",
    ),
    "keyInvalid": (
        "credential_dead",
        "Google does not know this API key; put a valid one into the settings.",
    ),
    "keyExpired": ("credential_dead", "This API key has expired; put a valid one into the settings."),
    "invalid_grant": ("credential_dead", _TOKEN_GONE),
    "deleted_client": ("credential_dead", "The OAuth client was deleted; make a new one, then log in again."),
    "disabled_client": ("credential_dead", "The OAuth client is disabled; enable it or make a new one."),
    "invalid_client": (
        "credential_dead",
        "Google does not accept client id and secret; download the file again.",
    ),
    "unauthorized_client": ("credential_dead", f"The token belongs to another OAuth client; {_RELOGIN}."),
    # what the credential may do
    "invalid_scope": (
        "not_authorised",
        f"Google refuses a scope of YOUTUBE_SCOPES; correct it, then {_RELOGIN}.",
    ),
    "authError": (
        "not_authorised",
        "The access token was not accepted; it is refreshed once and tried again.",
    ),
    "authorizationRequired": (
        "not_authorised",
        "The access token was not accepted; it is refreshed once and tried again.",
    ),
    "youtubeSignupRequired": (
        "not_authorised",
        "This Google account has no YouTube channel (a service account never has one).",
    ),
    "insufficientPermissions": (
        "not_authorised",
        f"The token's scopes do not allow this method; {_RELOGIN}.",
    ),
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT": (
        "not_authorised",
        f"The token's scopes do not allow this method; {_RELOGIN}.",
    ),
    "dailyLimitExceededUnreg": ("not_authorised", "The call carried no API key and no token."),
    "accessNotConfigured": (
        "not_authorised",
        "The YouTube Data API is not enabled in this project; enable it and wait some minutes.",
    ),
    "SERVICE_DISABLED": (
        "not_authorised",
        "The YouTube Data API is not enabled in this project; enable it and wait some minutes.",
    ),
    "API_KEY_SERVICE_BLOCKED": ("not_authorised", f"This API key may not call the YouTube Data API. {_KEY}"),
    "API_KEY_IP_ADDRESS_BLOCKED": (
        "not_authorised",
        f"This API key may not be used from this address. {_KEY}",
    ),
    "API_KEY_HTTP_REFERRER_BLOCKED": ("not_authorised", f"This API key is for web pages only. {_KEY}"),
    "API_KEY_ANDROID_APP_BLOCKED": ("not_authorised", f"This API key is for an Android app only. {_KEY}"),
    "API_KEY_IOS_APP_BLOCKED": ("not_authorised", f"This API key is for an iOS app only. {_KEY}"),
    # limits of the channel, which no other project lifts
    "uploadLimitExceeded": (
        "channel_cap",
        "This channel has reached YouTube's own upload limit; wait about 24 hours. Quota does not help.",
    ),
    "uploadRateLimitExceeded": (
        "channel_cap",
        "This channel has set too many thumbnails lately; try again later. Quota does not help.",
    ),
    # asking again is pointless
    "liveChatEnded": ("stop", "The live chat has ended."),
    "liveChatDisabled": ("stop", "The live chat is disabled."),
    "liveChatNotFound": ("stop", "There is no such live chat."),
    "liveStreamingNotEnabled": ("stop", "This channel may not stream live; enable it in YouTube Studio."),
    # Google's own trouble
    "internalError": ("transient", "YouTube had an internal error; try again."),
    "backendError": ("transient", "YouTube is briefly unavailable; try again."),
    "temporarily_unavailable": ("transient", "Google's token service is briefly unavailable; try again."),
    "server_error": ("transient", "Google's token service had an error; try again."),
}
_FREE = {
    "API_KEY_INVALID", "keyInvalid", "keyExpired", "dailyLimitExceededUnreg", "invalid_grant", "deleted_client",
    "disabled_client", "invalid_client", "unauthorized_client", "invalid_scope", "temporarily_unavailable",
    "server_error",
}  # fmt: skip
_WAITS = {"uploadLimitExceeded": _DAY}
_UNAUTHORISED = 401


def _by_phrase(answer: _Answer) -> Verdict | None:
    text = answer.text.lower()
    if "unregistered callers" in text:
        return answer.verdict("not_authorised", "The call carried no API key and no token.", free=True)
    if "api key not valid" in text or "api key expired" in text:
        kind, message = _REASONS["API_KEY_INVALID"]
        return answer.verdict(kind, message, free=True)
    if answer.http == _TOO_MANY and _DAILY.search(text):
        bucket = answer.bucket or _bucket_of(answer.method)
        return _exhausted(answer, bucket) if bucket else None
    return None


_TOO_MANY = 429
_RPC: dict[str, Kind] = {
    "RESOURCE_EXHAUSTED": "slow_down",
    "UNAUTHENTICATED": "not_authorised",
    "UNAVAILABLE": "transient",
    "INTERNAL": "transient",
    "DEADLINE_EXCEEDED": "transient",
    "ABORTED": "transient",
    "UNKNOWN": "transient",
}


def _by_rpc_status(answer: _Answer) -> Verdict | None:
    kind = _RPC.get(answer.rpc)
    if kind is None:
        return None if answer.http else _last_resort(answer, "stop")
    return _last_resort(answer, kind)


def _by_http_status(answer: _Answer) -> Verdict:
    if answer.http == _TOO_MANY:
        return _last_resort(answer, "slow_down")
    if answer.http == _UNAUTHORISED:
        return _last_resort(answer, "not_authorised")
    return _last_resort(answer, "stop" if 400 <= answer.http < 500 and answer.http != 408 else "transient")  # noqa: PLR2004


def _last_resort(answer: _Answer, kind: Kind) -> Verdict:
    if kind == "slow_down":
        return _slow_down(answer, wait=_MINUTE, refused=False)
    what = " ".join(part for part in (str(answer.http or ""), answer.reason) if part) or "an error"
    said = f": {answer.message[:200].rstrip('.')}" if answer.message else ""
    return answer.verdict(
        kind,
        f"Google answered {what}{said}.",
        wait=1.0 if kind == "transient" else None,
        free=kind == "not_authorised" and (answer.http == _UNAUTHORISED or answer.rpc == "UNAUTHENTICATED"),
    )


def _bucket_of(method: str) -> str:
    """Return the bucket a method is charged to today, empty for a method nobody knows."""
    from ytquota.prices import price_of  # noqa: PLC0415 - reads the price list; only a rare answer needs it

    price = price_of(method) if method else None
    return price.bucket if price and price.flag != "unpriced" else ""


# -- taking a body apart


def _error_in(body: Body) -> Mapping[str, Any]:
    """Return the ``error`` object of a body; the token endpoint's flat one comes as {"oauth": reason}."""
    data = _parsed(body)
    outer = _mapping(_first(data) if isinstance(data, list) else data)
    error = outer.get("error")
    if isinstance(error, str):
        return {"oauth": error, "message": outer.get("error_description")}
    return _mapping(error)


def _parsed(body: Body) -> object:
    if not isinstance(body, bytes | str):
        return body
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    # a part of a batch may still have its own status line and headers in front
    start, end = text.find("{"), text.rfind("}")
    try:
        return json.loads(text[start : end + 1]) if 0 <= start < end else None
    except (ValueError, RecursionError):
        return None


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _first(value: object) -> object:
    return value[0] if isinstance(value, list) and value else None


def _text(value: object, longest: int) -> str:
    """Return a string without tags, control characters and lone surrogates, cut to a length; else empty."""
    if not isinstance(value, str):
        return ""
    plain = " ".join(_TAG.sub("", value[: 4 * longest]).split())
    return plain.encode("utf-8", "replace").decode()[:longest]


_TAG = re.compile(r"<[^<>]{0,300}>")


def _found(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return match[1] if match else ""


def _whole(value: object) -> int | None:
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None  # noqa: PLR2004 - 64 bits


def _instant(value: object) -> datetime | None:
    """Return epoch seconds from metadata as an instant, if it is one of this century's quota days."""
    seconds = _whole(value)
    return utc(seconds) if seconds is not None and _CENTURY[0] <= seconds < _CENTURY[1] else None


_CENTURY = (946_684_800, 4_102_444_800)


def _delay(details: list[Mapping[str, Any]]) -> float | None:
    """Return the seconds of a RetryInfo detail, as ``12.5s``."""
    for detail in details:
        match = re.fullmatch(r"(\d{1,6}(?:\.\d{1,9})?)s", _text(detail.get("retryDelay"), 30))
        if match:
            return float(match[1])
    return None
