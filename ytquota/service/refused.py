"""The errors for answers of YouTube's after which asking again would not help, though its client would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from googleapiclient.errors import HttpError

from ytquota.errors import QuotaExceeded

if TYPE_CHECKING:
    from datetime import datetime

    from ytquota.errors import Verdict


class ServerQuotaExceeded(QuotaExceeded, HttpError):  # type: ignore[misc]  # noqa: N818 - public face
    """YouTube answered that the day's quota is gone.

    A `QuotaExceeded` (project, bucket, retry_at) and also a `googleapiclient.errors.HttpError` (resp,
    content, uri, status_code, error_details), so that existing handlers go on working; `reason` is Google's
    message, as in every HttpError.

    Args:
        resp: the answer's headers and status, an `httplib2.Response`.
        content: the answer's body.
        uri: the address that was called.
        message: what Google said, as a sentence for people.
        project: number of the Google Cloud project.
        bucket: the daily allowance that ran out.
        asked: units (or calls) the call would have taken.
        resets_at: when the pool is full again.
        method: the method that was called.
        limit: the pool's limit, if the server named it.
        now: the instant of the refusal.
    """

    def __init__(
        self,
        resp: Any,
        content: bytes,
        uri: str | None = None,
        *,
        message: str = "",
        project: str,
        bucket: str,
        asked: int,
        resets_at: datetime | None,
        method: str = "",
        limit: int | None = None,
        now: datetime | None = None,
    ) -> None:
        HttpError.__init__(self, resp, content, uri=uri)
        googles_reason = self.reason
        QuotaExceeded.__init__(
            self,
            message,
            project=project,
            bucket=bucket,
            asked=asked,
            left=0,
            resets_at=resets_at,
            method=method,
            limit=limit,
            now=now,
        )
        self.reason = googles_reason

    def __str__(self) -> str:
        """The sentence of QuotaExceeded: HttpError's would show the address, and with it an API key."""
        return QuotaExceeded.__str__(self)

    def __repr__(self) -> str:
        """The type and the same sentence."""
        return f"<{type(self).__name__} {QuotaExceeded.__str__(self)}>"


class FinalAnswer(HttpError):  # type: ignore[misc]  # noqa: N818 - says what is the case
    """YouTube answered in a way that its client repeats (a 429, a 5xx), and another try would end the same.

    A `googleapiclient.errors.HttpError` like any, with `reason` in Google's words; it only comes before the
    further attempts instead of after them, each of which would have been charged.

    Args:
        resp: the answer's headers and status, an `httplib2.Response`.
        content: the answer's body.
        uri: the address that was called.
        verdict: what the answer means; `wait` are the seconds after which it may be worth another try.
    """

    def __init__(self, resp: Any, content: bytes, uri: str | None = None, *, verdict: Verdict) -> None:
        super().__init__(resp, content, uri=uri)
        self.verdict = verdict

    def __str__(self) -> str:
        """The verdict's sentence: HttpError's would show the address, and with it an API key."""
        return f"{self.verdict.message} (Google answered {self.status_code}: {self.verdict.reason}.)"

    def __repr__(self) -> str:
        """The type and the same sentence."""
        return f"<{type(self).__name__} {self}>"

    def __reduce__(self) -> tuple[Any, ...]:
        # an exception is rebuilt from args alone, which would fail when a worker process hands this one back
        return _rebuilt, (type(self), self.args), self.__dict__


def _rebuilt(kind: type[FinalAnswer], args: tuple[Any, ...]) -> FinalAnswer:
    return kind.__new__(kind, *args)


def is_final(status: int, verdict: Verdict) -> bool:
    """Whether googleapiclient would repeat a call that was answered so, and in vain."""
    if verdict.kind not in _FINAL:
        return False
    is_too_fast = status == _FORBIDDEN and verdict.reason in _REPEATED
    return status == _TOO_MANY or status >= _SERVER_ERROR or is_too_fast


_FINAL = frozenset(("channel_cap", "not_authorised", "stop"))
_FORBIDDEN, _TOO_MANY, _SERVER_ERROR = 403, 429, 500
_REPEATED = frozenset(("rateLimitExceeded", "userRateLimitExceeded"))
