"""Token files and client secrets files: what they say, whose project they belong to, how they are saved.

A token file is Google's authorized-user JSON plus what `ytquota login` adds beside it (`channel_id`,
`channel_title`, `granted_at`, and `login_ends_at` where Google said so); fields we do not know are kept. A
client secrets file is what Google's console lets you download.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ytquota.addresses import host_of, is_loopback
from ytquota.auth.files import LOCK_PATIENCE, alone_with, read_object, replace_json, warn_if_open
from ytquota.auth.lifetime import FIELD
from ytquota.errors import CredentialError
from ytquota.projects import project_of_client

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

GOOGLE_TOKEN_ADDRESS = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
_GOOGLE_HOSTS = {"oauth2.googleapis.com", "accounts.google.com", "www.googleapis.com"}
_NEEDED = ("client_id", "client_secret", "refresh_token")


def checked_address(address: str, *, name: str, path: Path) -> str:
    """Return a token or consent address only if it is Google's or on loopback: secrets are sent to it.

    Raises:
        CredentialError: it leads elsewhere; names the file and the field.
    """
    is_google = address.startswith("https://") and host_of(address) in _GOOGLE_HOSTS
    if is_google or is_loopback(address):
        return address
    host = host_of(address) or "no host at all"
    raise CredentialError(
        f"{path} names {name} at {host}, which is neither Google's nor on this machine; nothing was sent "
        "there. Download the client secrets file again from the Google Cloud console."
    )


def fingerprint_of_login(secret: str) -> str:
    """Return what tells one refresh token or API key from another and gives neither away."""
    return hashlib.sha256(secret.encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Token:
    """What a token file says. Its secrets are kept out of `repr`.

    Attributes:
        number: the credential set.
        path: the file.
        content: the whole JSON object, unknown fields included.
    """

    number: int
    path: Path
    content: Mapping[str, Any] = field(repr=False)

    @property
    def project(self) -> str:
        """The project number of the client that was given the token."""
        project = project_of_client(self.content["client_id"])
        assert project is not None  # load_token has checked
        return project

    @property
    def expiry(self) -> datetime | None:
        """When the access token ends (aware, UTC); None when the file does not say so readably."""
        return _moment(self.content.get("expiry"))

    @property
    def granted_at(self) -> datetime | None:
        """When the person consented, if `ytquota login` made the file (aware, UTC)."""
        return _moment(self.content.get("granted_at"))

    @property
    def login_ends_at(self) -> datetime | None:
        """When the login ends (aware, UTC), if Google said so; None where it has no end, or nobody knows."""
        return _moment(self.content.get(FIELD))

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes the person granted."""
        scopes = self.content.get("scopes") or self.content.get("scope") or ()
        return tuple(scopes.split() if isinstance(scopes, str) else map(str, scopes))

    @property
    def login(self) -> str:
        """Fingerprint of the login: the same for every access token of one consent."""
        return fingerprint_of_login(str(self.content["refresh_token"]))

    @property
    def token_address(self) -> str:
        """Where the token is refreshed: Google, or the loopback address in the file."""
        address = str(self.content.get("token_uri") or GOOGLE_TOKEN_ADDRESS)
        return checked_address(address, name="token_uri", path=self.path)

    @property
    def channel_id(self) -> str | None:
        """The channel that the token speaks for, if it was learned at login."""
        return self.content.get("channel_id") or None

    @property
    def channel_title(self) -> str | None:
        """That channel's title."""
        return self.content.get("channel_title") or None


def load_token(number: int, path: Path) -> Token:
    """Read the token file of a credential set and check its shape.

    Raises:
        CredentialError: missing, garbled, not a user's token, or no project number in it; names file and
            remedy.
    """
    login = f"Run `ytquota login {number}` to make a new one."
    content = read_object(path, what=f"token file of set {number}", remedy=login)
    missing = [name for name in _NEEDED if not isinstance(content.get(name), str) or not content[name]]
    if content.get("type") == "service_account":
        raise CredentialError(
            f"{path} is the key of a service account; YouTube accepts people's consent only. {login}"
        )
    if missing:
        raise CredentialError(
            f"The token file {path} of set {number} lacks {' and '.join(missing)}, "
            f"without which it cannot be renewed. {login}"
        )
    if project_of_client(content["client_id"]) is None:
        raise CredentialError(
            f"The client_id in {path} does not begin with a project number and '-'; it is no Google client. "
            f"{login}"
        )
    warn_if_open(path)
    token = Token(number, path, content)
    token.token_address  # noqa: B018 - checks it before anything is sent
    return token


def token_lock(path: Path, *, patience: float = LOCK_PATIENCE) -> AbstractContextManager[None]:
    """Hold the lock of a token file: every refresh and every login takes it; see `files.alone_with`."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return alone_with(path, patience=patience)


def save_token(path: Path, content: Mapping[str, Any]) -> None:
    """Replace a token file atomically, mode 0600. Hold `token_lock(path)`."""
    replace_json(path, content)


@dataclass(frozen=True)
class ClientSecrets:
    """What a client secrets file says.

    Attributes:
        path: the file.
        kind: "installed" (Desktop) or "web".
        project: the project number.
        config: the file's object as google_auth_oauthlib wants it, {kind: {...}}; it holds the secret.
    """

    path: Path
    kind: str
    project: str
    config: Mapping[str, Any] = field(repr=False)

    @property
    def addresses(self) -> tuple[str, str]:
        """Consent address and token address, both checked."""
        client = self.config[self.kind]
        return (
            checked_address(client["auth_uri"], name="auth_uri", path=self.path),
            checked_address(client["token_uri"], name="token_uri", path=self.path),
        )

    @property
    def redirects(self) -> tuple[str, ...]:
        """The redirect addresses registered for the client."""
        return tuple(map(str, self.config[self.kind].get("redirect_uris") or ()))


def load_client_secrets(number: int, path: Path) -> ClientSecrets:
    """Read a client secrets file and check that a person can consent through it.

    Raises:
        CredentialError: missing, garbled, or of another kind than "installed" or "web"; names file and
            remedy.
    """
    remedy = (
        "In the Google Cloud console open APIs & Services, Credentials, create an OAuth client of type "
        f"'Desktop app', download its JSON and name it in GOOGLE_CLIENT_SECRETS_FILE_{number}."
    )
    content = read_object(path, what=f"client secrets file of set {number}", remedy=remedy)
    kind = next((kind for kind in ("installed", "web") if isinstance(content.get(kind), dict)), None)
    if kind is None:
        raise CredentialError(
            f"{path} is {_what_it_is(content)}, not the secrets of an OAuth client. {remedy}"
        )
    client = content[kind]
    missing = [
        name for name in ("client_id", "client_secret", "auth_uri", "token_uri") if not client.get(name)
    ]
    if missing:
        raise CredentialError(f"The client secrets file {path} lacks {' and '.join(missing)}. {remedy}")
    project = project_of_client(client["client_id"])
    if project is None:
        raise CredentialError(
            f"The client_id in {path} does not begin with a project number and '-'. {remedy}"
        )
    warn_if_open(path)
    return ClientSecrets(path, kind, project, content)


def check_same_project(token: Token, secrets: ClientSecrets) -> None:
    """Refuse a token that another project's client was given: its calls would be counted in the wrong pool.

    Raises:
        CredentialError: the project numbers differ; names both files and both numbers.
    """
    if token.project != secrets.project:
        number = token.number
        raise CredentialError(
            f"Set {number} mixes two projects: the token {token.path} belongs to project {token.project}, "
            f"the client secrets {secrets.path} to project {secrets.project}. Put the right file in "
            f"OAUTH_TOKEN_FILE_{number} or GOOGLE_CLIENT_SECRETS_FILE_{number}, or run `ytquota login "
            f"{number}`."
        )


def _what_it_is(content: Mapping[str, Any]) -> str:
    if content.get("type") == "service_account":
        return "the key of a service account (which YouTube does not accept)"
    if "refresh_token" in content:
        return "a token file"
    return "something else"


def _moment(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
