"""What can go wrong, as exceptions to catch and as verdicts on what Google answered.

Exceptions::

    YTQuotaError
      QuotaExceeded        a pool has not enough left for a call; says when it resets
      LedgerUnavailable    the record of what was used cannot be read or written
      CredentialError      a credential set is missing, dead or not the one it claims to be
      SettingsError        a setting or a price file is wrong; names the variable or the line

Verdicts: :func:`classify` turns a status and a body, :func:`classify_error` an exception, into one
:class:`Verdict`. The most specific evidence decides: ``error.details[].metadata``, then ``errors[0].reason``, then
the status, never the status alone. Since May 2026 a 429 may mean *gone until midnight Pacific*, and a 403 is not
one thing either: quota, permission, a switched-off API and an ended chat share it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ytquota.answers import OK, Kind, Verdict, classify

if TYPE_CHECKING:
    from datetime import tzinfo

    from ytquota.answers import Body

__all__ = [
    "OK",
    "CredentialError",
    "Kind",
    "LedgerUnavailable",
    "QuotaExceeded",
    "SettingsError",
    "Verdict",
    "YTQuotaError",
    "classify",
    "classify_error",
]


class YTQuotaError(Exception):
    """Base of everything ytquota raises on purpose."""


class LedgerUnavailable(YTQuotaError):  # noqa: N818 - part of the public face
    """The ledger cannot be read or written; the message names the file and the remedy."""


class CredentialError(YTQuotaError):
    """A credential set cannot be used; the message names the set, the reason and the remedy."""


class SettingsError(YTQuotaError):
    """A setting is wrong; the message names the variable (or file and line), the problem and the fix."""


class QuotaExceeded(YTQuotaError):  # noqa: N818 - part of the public face
    """A pool has not enough left for what was asked. Nothing was spent.

    It is no OSError on purpose: the google client's retry loop repeats those, and would knock on an empty pool.

    Args:
        message: a sentence put in front of the one made from the facts below; usually empty.
        project: number of the Google Cloud project.
        bucket: the daily allowance that is short.
        asked: units (or calls) the demand would take.
        left: units left in the pool today.
        resets_at: when the pool is full again, if known.
        method: the method that was called.
        reason: a machine word for why: Google's, or the ledger's.
        limit: the pool's limit today, if known.
        kept: units of those left that are kept for other work.
        fits: of a batch that did not fit whole, how many parts would.
        now: the instant of the refusal; the system clock's if not given.
    """

    def __init__(
        self,
        message: str = "",
        *,
        project: str,
        bucket: str,
        asked: int,
        left: int,
        resets_at: datetime | None,
        method: str = "",
        reason: str = "",
        limit: int | None = None,
        kept: int = 0,
        fits: int | None = None,
        now: datetime | None = None,
    ) -> None:
        self.args = (message,)
        self.message = message
        self.project = project
        self.bucket = bucket
        self.asked = asked
        self.left = left
        self.resets_at = resets_at
        self.method = method
        self.reason = reason
        self.limit = limit
        self.kept = kept
        self.fits = fits
        self.now = now or datetime.now(UTC)

    @property
    def retry_at(self) -> datetime | None:
        """When trying again makes sense: the next reset."""
        return self.resets_at

    def __str__(self) -> str:
        return " ".join(part for part in (self.message, self._sentence(), self._batch()) if part)

    def __reduce__(self) -> tuple[Any, ...]:
        # exceptions are rebuilt from args alone, which loses keyword-only arguments on the way out of a worker
        return _rebuild, (type(self), self.args), self.__dict__

    def _sentence(self) -> str:
        unit = "units" if self.bucket == "default" else "calls"
        total = "" if self.limit is None else f" of {self.limit:,}"
        kept = f", {self.kept:,} of them kept for other work," if self.kept else ""
        return (
            f"Pool {self.bucket} of project {self.project} has {self.left:,}{total} {unit} left today{kept} "
            f"and {self.method or 'the call'} asked for {self.asked:,}; {self._reset()}."
        )

    def _reset(self) -> str:
        if self.resets_at is None:
            return "when it resets is not known"
        seconds = (self.resets_at - self.now).total_seconds()
        # a simulated clock that was not handed down would give a wait of weeks: better none
        wait = f", in {_duration(seconds)}" if 0 < seconds <= _LONGEST_DAY else ""
        return f"it resets at {both_zones(self.resets_at)}{wait}"

    def _batch(self) -> str:
        if self.fits is None:
            return ""
        return f"Nothing of the batch was sent; {self.fits:,} of its parts would fit."


_LONGEST_DAY = 25 * 3600


def both_zones(at: datetime, local: tzinfo | None = None) -> str:
    """Return a time of day in Pacific and, where it differs, in the local zone: ``00:00 PST (09:00 CET)``."""
    from ytquota.clock import PACIFIC  # noqa: PLC0415 - only a message for people needs it

    pacific, here = at.astimezone(PACIFIC), at.astimezone(local)
    text = pacific.strftime("%H:%M %Z")
    return text if pacific.utcoffset() == here.utcoffset() else f"{text} ({here.strftime('%H:%M %Z')})"


def _duration(seconds: float) -> str:
    minutes = max(1, round(seconds / 60))
    return f"{minutes // 60} h {minutes % 60} m" if minutes >= 60 else f"{minutes} m"  # noqa: PLR2004 - an hour


def _rebuild(kind: type[QuotaExceeded], args: tuple[Any, ...]) -> QuotaExceeded:
    return kind.__new__(kind, *args)


def classify_error(error: BaseException, *, method: str = "", now: datetime | None = None) -> Verdict:
    """Return the verdict on an exception that a call ended with.

    Knows the errors of googleapiclient, google-auth, httplib2, grpc, httpx and requests by their shape, so that
    none of these is imported here. Never raises.

    Args:
        error: what was raised.
        method: the method that was called, if known.
        now: the instant of the answer; the system clock's if not given.
    """
    answer = _answer_inside(error)
    if answer is not None:
        return classify(*answer, method=method, now=now)
    if isinstance(error, QuotaExceeded):
        return Verdict(
            "exhausted",
            bucket=error.bucket,
            project=error.project,
            until=error.resets_at,
            reason=error.reason,
            message=str(error),
        )
    name = type(error).__name__
    if isinstance(error, _LOCAL):
        return Verdict("stop", reason=name, message=f"This machine refused before Google was asked: {name}.")
    if isinstance(error, OSError | EOFError) or getattr(error, "retryable", False) or _is_transport(error):
        return Verdict(
            "transient", wait=1.0, reason=name, message=f"The connection failed ({name}); try again."
        )
    return Verdict(
        "stop", reason=name, message=f"The call ended with {name}, which trying again will not mend."
    )


_LOCAL = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError, FileExistsError)


def _answer_inside(error: BaseException) -> tuple[int, Body] | None:
    """Return status and body of the answer an exception carries, whichever library raised it."""
    for holder, content in (
        (getattr(error, "resp", None), getattr(error, "content", None)),  # googleapiclient
        (
            getattr(error, "response", None),
            getattr(getattr(error, "response", None), "content", None),
        ),  # httpx
    ):
        status = str(getattr(holder, "status", None) or getattr(holder, "status_code", None))
        if status.isdecimal():
            return int(status), content if isinstance(content, bytes | str) else None
    if _is_a(error, "google.auth.exceptions", "RefreshError"):
        return _token_answer(error)
    code = getattr(error, "code", None)
    name = getattr(code(), "name", None) if callable(code) else None
    if isinstance(name, str):  # grpc
        details = getattr(error, "details", None)
        return 0, {"error": {"status": name, "message": details() if callable(details) else ""}}
    return None


def _token_answer(error: BaseException) -> tuple[int, Body] | None:
    """Return what the token endpoint said, which google-auth hands on as a mapping or inside its text."""
    for part in error.args:
        if isinstance(part, Mapping) and isinstance(part.get("error"), str):
            return _BAD_REQUEST, part
    words = str(error.args[0]) if error.args else ""
    reason = words.partition(":")[0].strip(" ('\"")
    return (_BAD_REQUEST, {"error": reason}) if reason.replace("_", "").isalpha() else None


def _is_a(error: BaseException, module: str, *names: str) -> bool:
    """Tell whether an exception is of a class, without importing the library it comes from."""
    return any(
        cls.__module__.startswith(module) and (not names or cls.__name__ in names)
        for cls in type(error).__mro__
    )


def _is_transport(error: BaseException) -> bool:
    return (
        _is_a(error, "httplib2", "ServerNotFoundError", "HttpLib2Error")
        or _is_a(error, "http.client", "HTTPException")
        or _is_a(error, "httpx", "TransportError")
        or _is_a(error, "google.auth.exceptions", "TransportError", "TimeoutError", "ResponseError")
    )


_BAD_REQUEST = 400
