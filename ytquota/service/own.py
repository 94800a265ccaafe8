"""For a bot that builds its own service, or brings its own credentials: `monitored()`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httplib2
from google.auth.credentials import Credentials
from googleapiclient.discovery import Resource

from ytquota.errors import CredentialError
from ytquota.intelligence.monitors import monitor_of
from ytquota.monitor.revealed import project_of_key
from ytquota.service.account import OWN
from ytquota.service.build import rebuild, service_over, signed_http
from ytquota.service.identity import Identity, identity_of_credentials, project_of_credentials
from ytquota.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from ytquota.monitor.metering import QuotaMonitor


def monitored(
    service: Any = None,
    /,
    *,
    project: str | None = None,
    tag: str | None = None,
    priority: str | None = None,
    monitor: QuotaMonitor | None = None,
    credential_set: int | str | None = None,
    **build: Any,
) -> Any:
    """Return a metered YouTube service: yours, or one built from your credentials or API key.

    A service of your own is rebuilt, not changed: kept are its credentials, API key, address, model and the
    settings of its http object (time-out, proxy, certificates); its request class is replaced by ours, and
    each thread gets its own connection. What you send through the original is not metered.

    Args:
        service: a service as `googleapiclient.discovery.build` returned it, or google-auth credentials, or
            nothing.
        project: number of the Google Cloud project whose quota is spent. By default the number in the OAuth
            client id; an API key is counted on its own until somebody names its project, you or an error of
            Google's (which counts from the next start on).
        tag: tag of calls made outside of any `with ytquota.tag(...)`; by default the script's name.
        priority: "critical", "high", "normal" or "low"; by default that of the method.
        monitor: counts the calls; by default the one that the settings describe, one per process.
        credential_set: how the log names the credentials; by default the number of the set in the settings
            that holds the same API key, else "own".
        build: for a service that is built here, as in googleapiclient's build(): `developerKey`,
            `credentials`, `http`; and `endpoint`, another address than Google's (by default
            YTQUOTA_API_ENDPOINT).

    Raises:
        CredentialError: the credentials do not tell their project, and `project` was not given.
        SettingsError: a setting is wrong.
        TypeError: what was given is no YouTube service and no credentials.
    """
    _check(service, build)
    chosen = {"tag": tag, "priority": priority}
    if isinstance(service, Resource):
        settings = Settings.load() if monitor is None else None
        monitor = monitor or monitor_of(settings)
        signer, key = _signer(service._http), service._developerKey  # noqa: SLF001
        identity = _identity(signer, key, project, credential_set, settings, monitor.folder)
        return rebuild(service, identity=identity, monitor=monitor, **chosen)
    credentials, key, http = build.get("credentials", service), build.get("developerKey"), build.get("http")
    settings = Settings.load()
    monitor = monitor or monitor_of(settings)
    signer = credentials or _signer(http)
    identity = _identity(signer, key, project, credential_set, settings, monitor.folder)
    endpoint = build.get("endpoint") or settings.api_endpoint
    signed = signed_http(
        identity=identity,
        monitor=monitor,
        credentials=credentials,
        developer_key=key,
        http=http,
        endpoint=endpoint,
        **chosen,
    )
    return service_over(signed, endpoint)


_BUILD = frozenset(("credentials", "developerKey", "http", "endpoint"))


def _check(service: Any, build: dict[str, Any]) -> None:
    """Refuse what would be ignored or misunderstood."""
    unknown = build.keys() - _BUILD
    if unknown:
        raise TypeError(
            f"monitored() does not know {', '.join(sorted(unknown))}; "
            f"it builds with {', '.join(sorted(_BUILD))}."
        )
    if isinstance(service, Resource):
        if build:
            raise TypeError(f"A service that is already built keeps its own {', '.join(sorted(build))}.")
        _check_resource(service)
    elif service is not None:
        if not isinstance(service, Credentials):
            raise TypeError(
                f"monitored() takes a service that googleapiclient built or google-auth credentials, "
                f"not {type(service).__name__}."
            )
        if "credentials" in build or "http" in build:
            raise TypeError("Credentials were given twice; give them once.")
    elif not build.keys() & {"credentials", "developerKey", "http"}:
        raise TypeError("monitored() needs a service, credentials=..., developerKey=... or http=...")


def _check_resource(service: Resource) -> None:
    document = service._rootDesc  # noqa: SLF001
    if document.get("name") != "youtube":
        raise TypeError(
            f"This is a service of {document.get('id', 'another API')}, not of the YouTube Data API."
        )
    if service._resourceDesc != document:  # noqa: SLF001
        raise TypeError(
            "This is one resource of a service, as service.videos() returns it; give the service itself."
        )


def _signer(http: Any) -> Any:
    """The credentials inside an http object, if there are any."""
    found = getattr(http, "credentials", None)
    return None if isinstance(found, httplib2.Credentials) else found


def _identity(  # noqa: PLR0917 - each may say who it is
    credentials: Any,
    key: str | None,
    project: str | None,
    credential_set: int | str | None,
    settings: Settings | None,
    memory: Path,
) -> Identity:
    """Who pays, from what was said, what is registered, and what credentials, settings or memory tell."""
    name = None if credential_set is None else str(credential_set)
    if credentials is not None:
        known = identity_of_credentials(credentials) if project is None else None
        return Identity(
            project or (known.project if known else project_of_credentials(credentials)),
            name or (known.credential_set if known else OWN),
        )
    if key is None:
        if project is None:
            raise CredentialError(
                "There are neither credentials nor an API key in this service; pass project='...'."
            )
        return Identity(project, name or OWN)
    for chosen in settings.sets.values() if settings else ():
        if chosen.api_key is not None and chosen.api_key.reveal() == key:
            project, name = project or chosen.project, name or str(chosen.number)
            break
    return Identity(project or project_of_key(key, memory), name or OWN)
