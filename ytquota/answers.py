"""Taking an error body of Google's apart into clean evidence; `verdicts` judges it.

Bodies may be anything: HTML from a proxy, a part of a batch, another API's shape, half an answer. So every
field is checked, cut to a length, and missing rather than wrong; nothing here raises.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ytquota.clock import utc

Body = bytes | str | Mapping[str, Any] | None

DAY = 86400.0
UNAUTHORISED = 401


class Answer:
    """The evidence in one answer. Texts are clean and short, or empty.

    Args:
        status: the HTTP status; 0 if there was none (gRPC).
        body: the answer as received, or already parsed.
        method: the method that was called, if known.
        now: the instant of the answer; the system clock's if not given.

    Attributes:
        http: the HTTP status.
        rpc: the canonical status, as RESOURCE_EXHAUSTED.
        domain: ``errors[0].domain``.
        reasons: machine reasons, the most specific first: the ErrorInfo detail's, then ``errors[0].reason``.
        message: what Google says to people.
        text: message and debugInfo.
        project: the project number the answer names.
        limit: the limit it names.
        window_start: when it says the exhausted quota day began.
        retry_delay: seconds a RetryInfo detail asks to wait.
    """

    def __init__(self, status: int, body: Body, method: str = "", now: datetime | None = None) -> None:
        self.http = status
        self.method = method.removeprefix("youtube.")
        self._now = now
        error = _error_in(body)
        first = _mapping(_first(error.get("errors")))
        self.rpc = _text(error.get("status"), 40)
        self.domain = _text(first.get("domain"), 60)
        self.message = _text(error.get("message"), 1000) or _text(first.get("message"), 1000)
        self.text = f"{self.message} {_text(first.get('debugInfo'), 1000)}"
        self._is_of_token_endpoint = "oauth" in error
        self._read_details([_mapping(detail) for detail in _list(error.get("details"))])
        self.reasons = (self._info_reason, _text(first.get("reason"), 60) or _text(error.get("oauth"), 60))

    def _read_details(self, details: list[Mapping[str, Any]]) -> None:
        info = next((detail for detail in details if isinstance(detail.get("reason"), str)), {})
        metadata = _mapping(info.get("metadata"))
        self._info_reason = _text(info.get("reason"), 60)
        self._unit = _text(metadata.get("quota_unit"), 60)
        self._limit_id = _text(metadata.get("quota_limit"), 100) or _found(_LIMIT_ID, self.text)
        self._metric = _text(metadata.get("quota_metric"), 100) or _found(_METRIC, self.text)
        self.limit = _whole(metadata.get("quota_limit_value"))
        consumer = _text(metadata.get("consumer"), 60)
        self.project = _found(_PROJECT, consumer) or _found(_PROJECT, self.text) or None
        self.window_start = _instant(metadata.get("window_start_time"))
        self.retry_delay = _delay(details)

    @property
    def reason(self) -> str:
        """Google's machine word: ``errors[0].reason``, unless that is too general to tell anything."""
        info, first = self.reasons
        return first if first and first not in _GENERAL else info or first or self.rpc

    @property
    def period(self) -> float | None:
        """Seconds of the window that was used up, 86400 for a day; None if the metadata does not say."""
        unit = _UNIT.match(self._unit)
        if unit:
            return float(unit[1] or 1) * _SECONDS[unit[2]]
        words = _PERIOD.search(self._limit_id)
        return float(words[1] or 1) * _SECONDS[words[2][0].lower()] if words else None

    @property
    def bucket(self) -> str:
        """The bucket the answer names, by metric, limit id or the name shown to people; else empty."""
        if self._metric:
            return self._metric.rpartition("/")[2]
        if self._limit_id:
            words = _PERIOD.split(self._limit_id)[0].removeprefix("default")
            return _WORD_START.sub("_", words).lower() or "default"
        shown = _SHOWN.search(self.text)
        return _SHOWN_NAMES[shown[1].lower()] if shown else ""

    @property
    def speaks_of_a_day(self) -> bool:
        """Whether the words for people name a daily limit."""
        return bool(_DAILY.search(self.text))

    @property
    def is_free(self) -> bool:
        """Whether such an answer never costs units: 401s, and whatever the token endpoint says."""
        return self._is_of_token_endpoint or self.http == UNAUTHORISED or self.rpc == "UNAUTHENTICATED"

    @property
    def now(self) -> datetime:
        """The instant of the answer, aware."""
        now = self._now or datetime.now(UTC)
        return now if now.tzinfo else now.replace(tzinfo=UTC)


_GENERAL = {"badRequest", "forbidden", "invalid", "notFound", "required"}
_SECONDS = {"d": DAY, "h": 3600.0, "m": 60.0, "s": 1.0}
_UNIT = re.compile(r"1/(\d{0,6})(d|h|m|s)")
_PERIOD = re.compile(r"Per(\d{0,6})(Day|Hour|Minute|Second)s?")
_WORD_START = re.compile(r"(?<!^)(?=[A-Z])")
# older bodies write in debugInfo: metric: youtube.googleapis.com/default, limit: defaultPerDayPerProject
_METRIC = re.compile(r"metric: ([a-z.]{1,60}/[A-Za-z_]{1,60})")
_LIMIT_ID = re.compile(r"limit: ([A-Za-z0-9]{1,90})")
_PROJECT = re.compile(r"project(?:s/|_number:| )(\d{1,20})\b")
_SHOWN = re.compile(r"'(search queries|video uploads|queries)(?: per \w+)?'", re.IGNORECASE)
_SHOWN_NAMES = {"search queries": "search_list", "video uploads": "video_insert", "queries": "default"}
_DAILY = re.compile(r"per day|midnight pacific|daily limit", re.IGNORECASE)


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
    # a part of a batch may still have its status line and headers in front; a stream wraps its answer in [ ]
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
    """Return a text without tags, line breaks and lone surrogates (which no log can hold), cut short."""
    if not isinstance(value, str):
        return ""
    plain = " ".join(_TAG.sub("", value[: 4 * longest]).split())
    return plain[:longest].encode("utf-8", "replace").decode()


_TAG = re.compile(r"<[^<>]{0,300}>")


def _found(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return match[1] if match else ""


def _whole(value: object) -> int | None:
    text = str(value) if isinstance(value, int | str) and len(str(value)) <= _DIGITS else ""
    return int(text) if text.isascii() and text.isdecimal() else None


_DIGITS = 18  # what fits into 64 bits


def _instant(value: object) -> datetime | None:
    """Return epoch seconds as an instant, if it is one of this century."""
    seconds = _whole(value)
    return utc(seconds) if seconds is not None and _CENTURY[0] <= seconds < _CENTURY[1] else None


_CENTURY = (946_684_800, 4_102_444_800)


def _delay(details: list[Mapping[str, Any]]) -> float | None:
    """Return the seconds of a RetryInfo detail, written as ``12.5s``."""
    for detail in details:
        match = re.fullmatch(r"(\d{1,6}(?:\.\d{1,9})?)s", _text(detail.get("retryDelay"), 30))
        if match:
            return float(match[1])
    return None
