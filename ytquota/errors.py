"""What can go wrong, as exceptions to catch and as verdicts on what Google answered.

Exceptions::

    YTQuotaError
      QuotaExceeded        a pool has not enough left for a call; says when it resets
      LedgerUnavailable    the record of what was used cannot be read or written
      CredentialError      a credential set is missing, dead, or not the one it claims to be
      SettingsError        a setting or a price file is wrong; names the variable or the line

Verdicts: :func:`classify` judges a status and a body, :func:`classify_error` an exception; both give one
:class:`Verdict`. The most specific evidence decides: ``error.details[].metadata``, then ``errors[0].reason``,
then the status, and never the status alone. Since May 2026 a 429 may mean *gone until midnight Pacific*, and
a 403 is not one thing either: quota, permission, a switched-off API and an ended chat share it.
:func:`answer_in` finds status and body in the errors of HTTP libraries.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ytquota.clock import both_zones
from ytquota.verdicts import OK, Kind, Verdict, classify

if TYPE_CHECKING:
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
    "answer_in",
    "classify",
    "classify_error",
]


class YTQuotaError(Exception):
    """Base of everything ytquota raises on purpose."""


class LedgerUnavailable(YTQuotaError):  # noqa: N818 - says what is the case, not that it is an error
    """The ledger cannot be read or written; the message names the file and the remedy."""


class CredentialError(YTQuotaError):
    """A credential set cannot be used; the message names the set, the reason and the remedy."""


class SettingsError(YTQuotaError):
    """A setting is wrong; the message names the variable (or file and line), the problem and the fix."""


MARKED, BY_OPERATOR = "exhausted", "by_operator"
"""The reasons of a denial by a mark: Google said that the pool is used up, or an operator marked it so."""


class QuotaExceeded(YTQuotaError):  # noqa: N818 - as LedgerUnavailable
    """A pool has not enough left for what was asked.

    On purpose no OSError: the google client's retry loop repeats those, and would knock on an empty pool.

    Args:
        message: a full sentence to use instead of the one made from the facts below.
        project: number of the Google Cloud project.
        bucket: the daily allowance that is short.
        asked: units (or calls) the demand would take.
        left: units left in the pool today; may be enough, where they are kept for more important work, or the
            pool is marked.
        resets_at: when the pool is full again, or its mark ends (aware), if known.
        method: the method that was called.
        reason: a machine word for why: Google's, or the ledger's.
        limit: the pool's limit today, if known.
        fits: of a batch that does not fit whole, how many parts would.
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
        fits: int | None = None,
        now: datetime | None = None,
    ) -> None:
        self.args = (message,)
        self.project = project
        self.bucket = bucket
        self.asked = asked
        self.left = left
        self.resets_at = resets_at
        self.method = method
        self.reason = reason
        self.limit = limit
        self.fits = fits
        self.now = now or datetime.now(UTC)

    @property
    def retry_at(self) -> datetime | None:
        """When trying again makes sense: the next reset."""
        return self.resets_at

    def __str__(self) -> str:
        text = self.args[0] or self._sentence()
        if self.fits is None:
            return str(text)
        return f"{text} Nothing of the batch was sent; {self.fits:,} of its parts would fit."

    def __reduce__(self) -> tuple[Any, ...]:
        # an exception is rebuilt from args alone, which would fail when a worker process hands this one back
        return _rebuilt, (type(self), self.args), self.__dict__

    def _sentence(self) -> str:
        what = self.method or "the call"
        unit = "units" if self.bucket == "default" else "calls"
        total = "" if self.limit is None else f" of {self.limit:,}"
        if self.reason in _MARKED_BY:
            return (
                f"Pool {self.bucket} of project {self.project} is marked as exhausted "
                f"{_MARKED_BY[self.reason]} ({self.left:,}{total} {unit} left by our count), so {what} was "
                f"not sent; {self._ends('the mark ends')}."
            )
        kept = ", kept for more important work," if self.left >= self.asked else ""
        return (
            f"Pool {self.bucket} of project {self.project} has {self.left:,}{total} {unit} left today{kept} "
            f"and {what} asked for {self.asked:,}; {self._reset()}."
        )

    def _reset(self) -> str:
        return self._ends("it resets")

    def _ends(self, what: str) -> str:
        if self.resets_at is None:
            return "when it resets is not known"
        seconds = (self.resets_at - self.now).total_seconds()
        # under a simulated clock that was not handed down the wait would be nonsense; better none
        wait = f", in {_duration(seconds)}" if 0 < seconds <= _LONGEST_DAY else ""
        return f"{what} at {both_zones(self.resets_at)}{wait}"


_MARKED_BY = {MARKED: "by Google's word", BY_OPERATOR: "by an operator"}
_LONGEST_DAY = 25 * 3600


def _duration(seconds: float) -> str:
    hours, minutes = divmod(max(1, round(seconds / 60)), 60)
    return f"{hours} h {minutes} m" if hours else f"{minutes} m"


def _rebuilt(kind: type[QuotaExceeded], args: tuple[Any, ...]) -> QuotaExceeded:
    return kind.__new__(kind, *args)


def classify_error(error: BaseException, *, method: str = "", now: datetime | None = None) -> Verdict:
    """Return the verdict on the exception that a call ended with.

    Knows the errors of googleapiclient, google-auth, httplib2, grpc, httpx and requests by their shape, so
    that none of these need be installed or imported. Raises nothing.

    Args:
        error: what was raised.
        method: the method that was called, if known.
        now: the instant of the answer; the system clock's if not given.
    """
    answer = answer_in(error) or _token_answer(error) or _rpc_answer(error)
    if answer is not None:
        return classify(*answer, method=method, now=now)
    if isinstance(error, QuotaExceeded):
        return _our_own(error)
    name = type(error).__name__
    if isinstance(error, _LOCAL):
        return Verdict("stop", reason=name, message=f"This machine could not make the call ({name}).")
    if isinstance(error, OSError) or _attribute(error, "retryable") is True or _is_a(error, *_CONNECTION):
        return Verdict(
            "transient", wait=1.0, reason=name, message=f"The connection failed ({name}); try again."
        )
    if _is_a(error, _REFRESH):
        return Verdict("not_authorised", free=True, reason=name, message=_NO_REFRESH)
    return Verdict("stop", reason=name, message=f"The call ended with {name}; trying again would not help.")


def answer_in(error: BaseException) -> tuple[int, bytes | str | None] | None:
    """Return status and body of the HTTP answer inside another library's error, or None where there is none.

    Knows the errors of googleapiclient (``resp``, ``content``), httpx and requests (``response``), aiohttp
    and urllib (``status``) by their shape. The body is None where it was not read. Raises nothing.
    """
    response = _attribute(error, "response")
    for holder, owner in ((_attribute(error, "resp"), error), (response, response), (error, None)):
        status = str(_attribute(holder, "status") or _attribute(holder, "status_code"))
        if status.isascii() and status.isdecimal() and len(status) == len("404"):
            content = _attribute(owner, "content")
            return int(status), content if isinstance(content, bytes | str) else None
    return None


# files missing or forbidden, and certificates that do not hold: OSErrors no second try will mend
_LOCAL = (
    FileNotFoundError,
    PermissionError,
    IsADirectoryError,
    NotADirectoryError,
    FileExistsError,
    ValueError,
)
_CONNECTION = (
    "google.auth.exceptions.ResponseError",
    "google.auth.exceptions.TimeoutError",
    "google.auth.exceptions.TransportError",
    "http.client.HTTPException",
    "httplib2.error.HttpLib2Error",
    "httpx.TransportError",
)
_REFRESH = "google.auth.exceptions.RefreshError"
_NO_REFRESH = "The access token could not be refreshed; run `ytquota login` for this set."
_BAD_REQUEST = 400


def _attribute(owner: object, name: str) -> Any:
    try:
        return getattr(owner, name, None)
    except Exception:  # noqa: BLE001 - properties of foreign errors may raise (httpx: a body not yet read)
        return None


def _token_answer(error: BaseException) -> tuple[int, Body] | None:
    """Return what the token endpoint said, which google-auth hands on as a mapping or only in its text."""
    if not _is_a(error, _REFRESH) or _attribute(error, "retryable"):
        return None
    for part in error.args:
        if isinstance(part, Mapping) and isinstance(part.get("error"), str):
            return _BAD_REQUEST, part
    words = str(error.args[0]) if error.args else ""
    reason = words.partition(":")[0].strip(" ('\"")
    return (_BAD_REQUEST, {"error": reason}) if reason.replace("_", "").isalpha() else None


def _rpc_answer(error: BaseException) -> tuple[int, Body] | None:
    """Return the canonical status inside a grpc error: ``code()`` is an enum, ``details()`` a text."""
    if not _is_a(error, "grpc.RpcError"):
        return None
    code, details = _attribute(error, "code"), _attribute(error, "details")
    status = _attribute(code(), "name") if callable(code) else ""
    return 0, {"error": {"status": status, "message": details() if callable(details) else ""}}


def _is_a(error: BaseException, *names: str) -> bool:
    """Tell whether an exception is of a class, by full name, so that its library need not be imported."""
    return any(f"{cls.__module__}.{cls.__qualname__}" in names for cls in type(error).__mro__)


def _our_own(error: QuotaExceeded) -> Verdict:
    return Verdict(
        "exhausted",
        bucket=error.bucket,
        project=error.project,
        limit=error.limit,
        until=error.resets_at,
        reason=error.reason,
        message=str(error),
    )
