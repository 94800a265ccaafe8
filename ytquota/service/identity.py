"""Whose quota a request spends: the project and credential set behind its token or API key."""

from __future__ import annotations

import hashlib
import weakref
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ytquota.errors import CredentialError
from ytquota.projects import project_of_client

_KEPT = 512


@dataclass(frozen=True, slots=True)
class Identity:
    """Who pays for a call.

    Attributes:
        project: number of the Google Cloud project, or "key:<digest>" for an API key whose project is not
            known.
        credential_set: the set's number as text, or a name for credentials that are in no set.
    """

    project: str
    credential_set: str


def project_of_credentials(credentials: Any) -> str:
    """Return the project number in the OAuth client id of credentials.

    Raises:
        CredentialError: the credentials name no OAuth client.
    """
    project = project_of_client(getattr(credentials, "client_id", None))
    if project is None:
        raise CredentialError(
            f"{type(credentials).__name__} does not tell which Google Cloud project it belongs to (it has no "
            "OAuth client id). Pass project='123456789012', the number the Google Cloud console shows."
        )
    return project


class _Register:
    """Which identity a secret on the wire stands for; of the secrets themselves only digests are kept."""

    def __init__(self) -> None:
        self._secrets: dict[bytes, Identity] = {}
        self._credentials: weakref.WeakKeyDictionary[Any, Identity] = weakref.WeakKeyDictionary()

    def note_secret(self, secret: str, identity: Identity) -> None:
        self._secrets[_digest(secret)] = identity
        if len(self._secrets) > _KEPT:  # access tokens live an hour; a bot lives for months
            self._secrets.pop(next(iter(self._secrets)), None)

    def note_credentials(self, credentials: Any, identity: Identity) -> None:
        with suppress(TypeError):  # a class without weak references: its tokens go on the outer account
            self._credentials.pop(credentials, None)  # the newest stands last
            self._credentials[credentials] = identity

    def by_credentials(self, credentials: Any) -> Identity | None:
        with suppress(TypeError):
            return self._credentials.get(credentials)
        return None

    def by_secret(self, secret: str) -> Identity | None:
        for reference in reversed(self._credentials.keyrefs()):
            credentials = reference()
            if getattr(credentials, "token", None) == secret:
                return self._credentials.get(credentials)
        return self._secrets.get(_digest(secret))


_register = _Register()


def register_token(token: str, identity: Identity) -> None:
    """Have requests with this access token or API key charged to `identity`, also in batches of others."""
    _register.note_secret(token, identity)


def register_credentials(credentials: Any, identity: Identity) -> None:
    """Have requests that carry any token of these credentials charged to `identity`."""
    _register.note_credentials(credentials, identity)


def identity_of_credentials(credentials: Any) -> Identity | None:
    """Return the identity that was registered for these credentials, if any."""
    return _register.by_credentials(credentials)


def identity_of_secret(secret: str) -> Identity | None:
    """Return the identity that was registered for an access token or API key, if any."""
    return _register.by_secret(secret)


def _digest(secret: str) -> bytes:
    return hashlib.blake2s(secret.encode(), digest_size=16).digest()
