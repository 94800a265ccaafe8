"""The real google client, pointed at a sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import google_auth_httplib2
import httplib2
import httpx
import pytest
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build_from_document

from ytquota.sandbox.router import discovery_document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ytquota.sandbox import Sandbox

PROJECT = "111111111111"


@pytest.fixture
def web() -> Iterator[httpx.Client]:
    """A plain HTTP client; it reads no certificates, which takes 25 ms."""
    with httpx.Client(verify=False) as client:
        yield client


@pytest.fixture
def credentials_of() -> Callable[[dict[str, Any]], Credentials]:
    """Token file -> google credentials that refresh where the file says."""

    def make(token: dict[str, Any]) -> Credentials:
        return Credentials(
            token=token["token"],
            refresh_token=token["refresh_token"],
            token_uri=token["token_uri"],
            client_id=token["client_id"],
            client_secret=token["client_secret"],
            scopes=token["scopes"],
        )

    return make


@pytest.fixture
def connect(sandbox: Sandbox, credentials_of: Any) -> Iterator[Callable[..., Any]]:
    """Builds google services against the sandbox: of a project, by token or by API key."""
    opened: list[Any] = []

    def build(token: dict[str, Any] | None = None, *, key: str | None = None, project: str = PROJECT) -> Any:
        base = sandbox.url + "/"
        document = {**discovery_document(), "rootUrl": base, "baseUrl": base}
        http: Any = httplib2.Http(timeout=20)
        http.redirect_codes = http.redirect_codes - {308}
        opened.append(http)
        if key is None:
            credentials = credentials_of(token or sandbox.issue_token(project))
            http = google_auth_httplib2.AuthorizedHttp(credentials, http=http)
        return build_from_document(document, http=http, developerKey=key)

    yield build
    for http in opened:
        http.close()


@pytest.fixture
def youtube(connect: Callable[..., Any]) -> Any:
    """A google service that calls for a project with a fresh token."""
    return connect()
