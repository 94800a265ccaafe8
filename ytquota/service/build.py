"""Building a metered service."""

from __future__ import annotations

import threading
from functools import cache, wraps
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from google.auth.api_key import Credentials as ApiKey
from google.auth.credentials import with_scopes_if_required
from google_auth_httplib2 import AuthorizedHttp
from googleapiclient.discovery import Resource, build_from_document
from googleapiclient.http import build_http

from ytquota.addresses import is_loopback
from ytquota.service.account import API_HOSTS, Account
from ytquota.service.batch import MonitoredBatch
from ytquota.service.failover import FailoverHttp
from ytquota.service.failover_batch import FailoverBatch
from ytquota.service.fingerprint import key_of
from ytquota.service.identity import Identity, register_credentials, register_token
from ytquota.service.per_thread import PerThreadHttp
from ytquota.service.request import request_class
from ytquota.service.routes import shipped_document

if TYPE_CHECKING:
    from collections.abc import Callable

    from ytquota.monitor.metering import QuotaMonitor

_nested_lock = threading.RLock()


def signed_http(
    *,
    identity: Identity,
    monitor: QuotaMonitor,
    credentials: Any = None,
    developer_key: str | None = None,
    http: Any = None,
    endpoint: str | None = None,
    tag: str | None = None,
    priority: str | None = None,
) -> PerThreadHttp:
    """Make the http object of a service: it signs and meters every request; see `service_over`.

    Args:
        identity: whose quota its calls spend.
        monitor: counts them.
        credentials: google-auth credentials that sign the requests.
        developer_key: an API key, instead of credentials; it travels in a header.
        http: the http object whose settings (time-out, proxy, certificates) to use; an `AuthorizedHttp`
            brings its own credentials.
        endpoint: another address than Google's, as "http://127.0.0.1:8080"; lists, uploads and batches all go
            there.
        tag: tag of calls made outside of any `with ytquota.tag(...)`; by default the script's name.
        priority: "critical", "high", "normal" or "low"; by default that of the method.
    """
    document = _document(endpoint)
    template = http if http is not None else _new_http(document["rootUrl"])
    if developer_key is not None:
        # in a header: a key in the address would stand in every HttpError that a bot logs
        credentials = ApiKey(developer_key)  # type: ignore[no-untyped-call]
        register_token(developer_key, identity)
    if credentials is not None:
        scopes = list(document["auth"]["oauth2"]["scopes"])
        credentials = with_scopes_if_required(credentials, scopes)  # type: ignore[no-untyped-call]
        template = AuthorizedHttp(credentials, http=template)
    account = _account(identity, monitor, document["rootUrl"], tag=tag, priority=priority)
    return _facade(template, None, account)


def service_over(http: PerThreadHttp | FailoverHttp, endpoint: str | None) -> Any:
    """Build the service whose requests go through an http object that meters them.

    Args:
        http: of `signed_http`, or several of these behind one face.
        endpoint: the same as theirs.

    Returns:
        A googleapiclient Resource, safe to use from many threads at once.
    """
    service = build_from_document(_document(endpoint), http=http, requestBuilder=request_class(http.account))
    return _finished(service, http.account)


def rebuild(
    service: Resource,
    *,
    identity: Identity,
    monitor: QuotaMonitor,
    tag: str | None = None,
    priority: str | None = None,
) -> Resource:
    """Build a metered twin of a service: same credentials, API key, address, model and http settings."""
    document, address = service._rootDesc, service._baseUrl  # noqa: SLF001 - a Resource shows nothing
    account = _account(identity, monitor, document["rootUrl"], address, tag=tag, priority=priority)
    http = service._http  # noqa: SLF001
    template = http.template if getattr(http, "is_facade", False) else http
    twin = Resource(
        http=_facade(template, service._developerKey, account),  # noqa: SLF001
        baseUrl=address,
        model=service._model,  # noqa: SLF001
        requestBuilder=request_class(account),
        developerKey=service._developerKey,  # noqa: SLF001
        resourceDesc=document,
        rootDesc=document,
        schema=service._schema,  # noqa: SLF001
        universe_domain=service._universe_domain,  # noqa: SLF001
    )
    return _finished(twin, account)


def _new_http(address: str) -> Any:
    """A new http object; to this machine itself it never goes through a proxy of the environment."""
    http = build_http()
    if is_loopback(address):
        http.proxy_info = None
    return http


@cache
def _document(endpoint: str | None) -> dict[str, Any]:
    """The discovery document with its addresses rewritten; `client_options` leaves batches at Google."""
    document = shipped_document()
    if endpoint is None:
        return document
    root = endpoint.rstrip("/") + "/"
    return {name: value for name, value in document.items() if name != "mtlsRootUrl"} | {
        "rootUrl": root,
        "baseUrl": root,
    }


def _account(
    identity: Identity, monitor: QuotaMonitor, *addresses: str, tag: str | None, priority: str | None
) -> Account:
    hosts = API_HOSTS | {urlsplit(address).hostname or "" for address in addresses}
    key = key_of(monitor.folder)
    return Account(monitor, identity, hosts, tag=tag or "", priority=priority or "", hash_key=key)


def _facade(template: Any, developer_key: str | None, account: Account) -> PerThreadHttp:
    """The http object of a service; its token or key is known from now on to batches of others too."""
    facade = PerThreadHttp(template, account)
    if facade.credentials is not None:
        register_credentials(facade.credentials, account.identity)
    elif developer_key:
        register_token(developer_key, account.identity)
    return facade


def _finished(service: Resource, account: Account) -> Resource:
    """Give a service our batches, and let it make each of its nested resources once."""
    document = service._rootDesc  # noqa: SLF001
    batch_uri = f"{document['rootUrl']}{document.get('batchPath', 'batch')}"
    http = service._http  # noqa: SLF001

    def new_batch_http_request(callback: Callable[..., Any] | None = None) -> MonitoredBatch:
        """Create a batch; a part without quota reaches its callback as ServerQuotaExceeded."""
        if isinstance(http, FailoverHttp):
            return FailoverBatch(callback, batch_uri, http)
        return MonitoredBatch(callback, batch_uri, account)

    # not by setattr on the class and not anew in _dynamic_attrs: pickling a Resource drops each of those once
    vars(service)["new_batch_http_request"] = new_batch_http_request
    _keep_nested(service)
    return service


def _keep_nested(resource: Resource) -> None:
    """Have `service.videos()` return one object.

    Making one costs googleapiclient 1 ms, in which it changes data that other threads may be reading.
    """
    for name, make in list(vars(resource).items()):
        if getattr(make, "__is_resource__", False):
            vars(resource)[name] = _once(make)


def _once(make: Callable[[], Resource]) -> Callable[[], Resource]:
    made: list[Resource] = []

    @wraps(make)
    def nested() -> Resource:
        if not made:
            with _nested_lock:
                if not made:
                    resource = make()
                    _keep_nested(resource)
                    made.append(resource)
        return made[0]

    return nested
