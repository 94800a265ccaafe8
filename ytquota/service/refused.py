"""The error for a call that YouTube itself refused for lack of quota."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from googleapiclient.errors import HttpError

from ytquota.errors import QuotaExceeded

if TYPE_CHECKING:
    from datetime import datetime


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
