"""The request object of a metered service: knows what the wire does not show, and charges nothing itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from googleapiclient.http import HttpRequest

from ytquota.monitor.tagging import tag_in_force
from ytquota.service.attempts import attempts_of
from ytquota.service.per_thread import metered

if TYPE_CHECKING:
    from ytquota.service.account import Account


class MonitoredRequest(HttpRequest):  # type: ignore[misc]
    """googleapiclient's request; counts its attempts, carries its tag, and meters an http given to `execute`.

    Nothing it counts lives on the object, so the copy that `list_next` makes of it starts afresh. The account
    is the class's, as everything on the object goes into `to_json`.
    """

    account: Account

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.tag = tag_in_force()  # a thread of a pool runs outside of the `with` block that made the request

    def execute(self, http: Any = None, num_retries: int = 0) -> Any:
        """Execute the request.

        Args:
            http: to be used instead of the service's own; it is metered too.
            num_retries: how often a failed request is repeated; each attempt is charged its price.

        Raises:
            QuotaExceeded: there is not enough left, nothing was sent.
            ServerQuotaExceeded: YouTube refused it until the reset; also an HttpError.
            FinalAnswer: further attempts were left out as they would be in vain; an HttpError.
            googleapiclient.errors.HttpError: the answer was not a 2xx.
        """
        with attempts_of(self, self.tag):
            return super().execute(http=self._to_use(http), num_retries=num_retries)

    def next_chunk(self, http: Any = None, num_retries: int = 0) -> Any:
        """Send the next chunk of a resumable upload; only the start of the upload is charged.

        Args:
            http: to be used instead of the service's own; it is metered too.
            num_retries: how often a failed request is repeated.

        Raises:
            QuotaExceeded: there is not enough left for the upload, nothing was sent.
            ServerQuotaExceeded: YouTube refused it until the reset; also an HttpError.
            googleapiclient.errors.HttpError: the answer was neither a 2xx nor a 308.
        """
        with attempts_of(self, self.tag):
            return super().next_chunk(http=self._to_use(http), num_retries=num_retries)

    def _to_use(self, http: Any) -> Any:
        """The http given, else the request's own, which a bot may have replaced; metered either way."""
        chosen = self.http if http is None else http
        return None if chosen is None else metered(chosen, self.account)


def request_class(account: Account) -> type[MonitoredRequest]:
    """Return the request class of a service, for googleapiclient's `requestBuilder`."""
    return type(
        "MonitoredRequest", (MonitoredRequest,), {"account": account, "__doc__": MonitoredRequest.__doc__}
    )
