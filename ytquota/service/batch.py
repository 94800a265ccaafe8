"""The batch object of a metered service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from googleapiclient.errors import HttpError
from googleapiclient.http import BatchHttpRequest

from ytquota.monitor.tagging import tag_in_force
from ytquota.service.attempts import attempts_of
from ytquota.service.per_thread import metered
from ytquota.service.request import MonitoredRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from ytquota.service.account import Account

    Callback = Callable[[str, Any, Exception | None], object]


class MonitoredBatch(BatchHttpRequest):  # type: ignore[misc]
    """googleapiclient's batch, whose callbacks get a `ServerQuotaExceeded` for a part without quota.

    Each part is charged to the project of its own credentials. A batch made by hand is metered just the same,
    but its callbacks get a plain HttpError, and an http of your own given to its execute() is not seen.

    Args:
        callback: called with (request id, response, exception) for every part.
        batch_uri: where batches go.
        account: on whose account the parts go that carry no credentials of their own.
    """

    def __init__(self, callback: Callback | None, batch_uri: str, account: Account) -> None:
        super().__init__(callback=self._informed(callback), batch_uri=batch_uri)
        self._account = account
        self._tag = tag_in_force()

    def add(self, request: Any, callback: Callback | None = None, request_id: str | None = None) -> None:
        """Add a request; `callback` is called for this one only, before the batch's own."""
        super().add(request, callback=self._informed(callback), request_id=request_id)

    def execute(self, http: Any = None) -> None:
        """Send all requests as one; an http given instead of the service's own is metered too.

        Raises:
            QuotaExceeded: the batch does not fit whole and was not sent; `fits` says how many of its parts
                would.
        """
        if http is None:
            http = next(
                (request.http for request in self._requests.values() if request.http is not None), None
            )
        with attempts_of(self, self._tag):
            super().execute(http=None if http is None else metered(http, self._account))

    def account_of(self, _request_id: str, request: Any) -> Account:
        """Return the account on which a part was answered."""
        account: Account = request.account if isinstance(request, MonitoredRequest) else self._account
        return account

    def _informed(self, callback: Callback | None) -> Callback | None:
        if callback is None:
            return None

        def told(request_id: str, response: Any, exception: Exception | None) -> None:
            if isinstance(exception, HttpError):
                request = self._requests[request_id]
                account = self.account_of(request_id, request)
                exception = account.told_to_callback(exception, request.method)
            callback(request_id, response, exception)

        return told
