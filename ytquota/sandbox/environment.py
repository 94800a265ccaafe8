"""Writes what a program needs to use the sandbox: a `.env`, and credentials as Google would hand them out."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from ytquota.sandbox.accounts import Client, Grant

_MARK = "# Written by ytquota's sandbox; write it again whenever the sandbox is started anew."
_FOLDER = "credentials"


class EnvironmentWriter:
    """Collects the lines of one `.env` and writes the files it names, all of them mode 0600."""

    def __init__(self, folder: Path, url: str) -> None:
        self._folder = folder
        self._url = url
        self._lines = [_MARK, f"YTQUOTA_API_ENDPOINT={url}", f"YTQUOTA_CLOUD_ENDPOINT={url}"]
        self.path = folder / ".env"
        self._ours = self.path.exists() and _MARK in self.path.read_text(encoding="utf-8")
        self._keep_what_is_not_ours(self.path)
        (folder / _FOLDER).mkdir(mode=0o700, parents=True, exist_ok=True)

    def scopes(self, scopes: Iterable[str]) -> None:
        """Name the scopes that a login asks for."""
        self._lines.append(f'YOUTUBE_SCOPES="{" ".join(scopes)}"')

    def credential_set(self, number: int, client: Client, token: Mapping[str, Any] | None) -> None:
        """Write a client secrets file and, unless `token` is None, a token file."""
        secrets_file, token_file = (
            f"{_FOLDER}/client_secret_{number}.json",
            f"{_FOLDER}/oauth_token_{number}.json",
        )
        self._lines.append(f"GOOGLE_CLIENT_SECRETS_FILE_{number}={secrets_file}")
        self._lines.append(f"OAUTH_TOKEN_FILE_{number}={token_file}")
        self._write(secrets_file, client_secrets(client, self._url))
        if token is None:
            (self._folder / token_file).unlink(missing_ok=True)
        else:
            self._write(token_file, token)

    def api_key(self, number: int, key: str, project: str | None) -> None:
        """Name an API key and, unless None, its project (which the key itself does not tell)."""
        self._lines.append(f"YOUTUBE_API_KEY_{number}={key}")
        if project:
            self._lines.append(f"YTQUOTA_PROJECT_{number}={project}")

    def cloud_account(self, key: Mapping[str, Any]) -> None:
        """Write the key file of a service account that reads the projects' figures, and name it."""
        name = f"{_FOLDER}/cloud_reader.json"
        self._lines.append(f"YTQUOTA_CLOUD_CREDENTIALS={name}")
        self._write(name, key)

    def finish(self, extra: Mapping[str, str]) -> Path:
        """Write the `.env`; its path."""
        self._lines += [f"{name}={value}" for name, value in extra.items()]
        _private(self.path, ("\n".join(self._lines) + "\n").encode())
        return self.path

    def _keep_what_is_not_ours(self, path: Path) -> None:
        if path.exists() and not self._ours:
            raise FileExistsError(f"{path} is not the sandbox's and stays as it is. Choose another folder.")

    def _write(self, name: str, document: Mapping[str, Any]) -> None:
        self._keep_what_is_not_ours(self._folder / name)
        _private(self._folder / name, orjson.dumps(document, option=orjson.OPT_INDENT_2))


def client_secrets(client: Client, url: str) -> dict[str, Any]:
    """A client secrets file of a desktop client, its addresses on the sandbox."""
    return {
        "installed": {
            "client_id": client.client_id,
            "project_id": f"sandbox-{client.project.number}",
            "auth_uri": f"{url}/o/oauth2/auth",
            "token_uri": f"{url}/token",
            "auth_provider_x509_cert_url": f"{url}/oauth2/v1/certs",
            "client_secret": client.client_secret,
            "redirect_uris": ["http://localhost"],
        }
    }


def authorized_user(grant: Grant, token: str, life: float, url: str) -> dict[str, Any]:
    """A token file as google-auth writes it; `expiry` is by the real clock, which google-auth reads."""
    expiry = datetime.fromtimestamp(time.time() + life, UTC).replace(tzinfo=None)
    return {
        "token": token,
        "refresh_token": grant.refresh_token,
        "token_uri": f"{url}/token",
        "client_id": grant.client.client_id,
        "client_secret": grant.client.client_secret,
        "scopes": sorted(grant.scopes),
        "universe_domain": "googleapis.com",
        "account": "",
        "expiry": expiry.isoformat() + "Z",
    }


def service_account(email: str, project: str, private_key: str, url: str) -> dict[str, Any]:
    """The key file of a service account, its addresses on the sandbox."""
    return {
        "type": "service_account",
        "project_id": f"sandbox-{project}",
        "private_key_id": sha256(private_key.encode()).hexdigest()[:40],
        "private_key": private_key,
        "client_email": email,
        "client_id": str(int(sha256(email.encode()).hexdigest()[:17], 16)),
        "auth_uri": f"{url}/o/oauth2/auth",
        "token_uri": f"{url}/token",
        "auth_provider_x509_cert_url": f"{url}/oauth2/v1/certs",
        "universe_domain": "googleapis.com",
    }


def gcloud_login(client: Client, refresh_token: str, quota_project: str | None, url: str) -> dict[str, Any]:
    """What `gcloud auth application-default login` writes; gcloud itself names no `token_uri`."""
    named = {"quota_project_id": quota_project} if quota_project else {}
    return {
        "account": "",
        "client_id": client.client_id,
        "client_secret": client.client_secret,
        **named,
        "refresh_token": refresh_token,
        "token_uri": f"{url}/token",
        "type": "authorized_user",
        "universe_domain": "googleapis.com",
    }


def _private(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(content)
