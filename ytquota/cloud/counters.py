"""Reading what a project used from Cloud Monitoring, through google-api-python-client.

The client ships the API's description and speaks plain HTTP; Google's newer client for Monitoring speaks gRPC
only.
"""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ytquota.cloud.problems import MONITORING, Attempt, explain, in_part
from ytquota.cloud.readings import Reading, readings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from ytquota.cloud.accounts import Account

SCOPES = ("https://www.googleapis.com/auth/monitoring.read",)
NET_USAGE = (
    'metric.type="serviceruntime.googleapis.com/quota/rate/net_usage" AND resource.type="consumer_quota" AND '
    'resource.labels.service="youtube.googleapis.com"'
)
MINUTE = timedelta(minutes=1)
_PAGE = 50_000  # points
_RETRIES = 2


def read_usage(
    account: Account,
    project: str,
    since: datetime,
    until: datetime,
    *,
    every: timedelta = MINUTE,
    endpoint: str | None = None,
) -> list[Reading]:
    """Return what Cloud Monitoring has of a stretch of time, by time, bucket and method.

    Args:
        account: who asks.
        project: number of the project.
        since: beginning (aware, a whole minute).
        until: end, exclusive, likewise.
        every: length of a reading, whole minutes; what is left at the end comes by the minute.
        endpoint: another address than Google's.

    Raises:
        CloudError: it cannot be read; says what to do.
    """
    whole = since + (until - since) // every * every
    try:
        with closing(_http(account, project, endpoint)) as http:
            listing = _Listing(_service(http, endpoint), project)
            return readings([*listing.series(since, whole, every), *listing.series(whole, until, MINUTE)])
    except Exception as error:
        problem = explain(error, Attempt(MONITORING, account, project, endpoint))
        if problem is None:
            raise
        raise problem from error


class _Listing:
    """`projects.timeSeries.list` of one project's use of YouTube's quota."""

    def __init__(self, service: Any, project: str) -> None:
        self._method = service.projects().timeSeries()
        self._project = project

    def series(self, since: datetime, until: datetime, every: timedelta) -> Iterator[dict[str, Any]]:
        """Yield the series of all pages, added up on Google's side."""
        if since >= until:
            return
        request = self._method.list(
            name=f"projects/{self._project}",
            filter=NET_USAGE,
            interval_startTime=since.isoformat(),
            interval_endTime=until.isoformat(),
            view="FULL",
            pageSize=_PAGE,
            **(_added_up(every) if every > MINUTE else {}),
        )
        while request is not None:
            page = request.execute(num_retries=_RETRIES)
            if page.get("executionErrors"):  # what is there may lack something, and would read as less use
                raise in_part(MONITORING)
            yield from page.get("timeSeries", ())
            request = self._method.list_next(request, page)


def _added_up(every: timedelta) -> dict[str, str]:
    period = f"{every.total_seconds():.0f}s"
    return {"aggregation_alignmentPeriod": period, "aggregation_perSeriesAligner": "ALIGN_SUM"}


def _http(account: Account, project: str, endpoint: str | None) -> Any:
    from google_auth_httplib2 import AuthorizedHttp  # noqa: PLC0415 - heavy
    from googleapiclient.http import build_http  # noqa: PLC0415

    http = build_http()
    if endpoint and urlsplit(endpoint).scheme == "http":
        http.proxy_info = None  # plain http is for this machine only, and no proxy leads there
    credentials = account.credentials_for(project, SCOPES, is_local=endpoint is not None)
    return AuthorizedHttp(credentials, http=http)


def _service(http: Any, endpoint: str | None) -> Any:
    import json  # noqa: PLC0415

    from googleapiclient.discovery import build_from_document  # noqa: PLC0415 - heavy
    from googleapiclient.discovery_cache import get_static_doc  # noqa: PLC0415

    document = json.loads(get_static_doc("monitoring", "v3"))
    if endpoint:
        document |= {"rootUrl": f"{endpoint}/", "baseUrl": f"{endpoint}/"}
        document.pop("mtlsRootUrl", None)
    return build_from_document(document, http=http)
