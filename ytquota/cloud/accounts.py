"""As whom Google is asked: a service account's key, a login by gcloud, or what the machine offers."""

from __future__ import annotations

import json
import os
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ytquota.cloud.problems import CloudError, api_key_instead_of_account, no_credentials, service_accounts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ytquota.settings import Settings

_VARIABLE = "YTQUOTA_CLOUD_CREDENTIALS"
_GOOGLES_VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS"
_TOKEN_ADDRESS = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address


@dataclass(frozen=True)
class Account:
    """Somebody who may have a role in a project.

    Attributes:
        kind: "service account", "login" (a person's, by gcloud), or "other" (the machine's, another cloud's).
        label: who it is, to begin a sentence with.
        name: the mail address if it is known, else words for it.
        source: the file it came from, or words for where.
        home: the project a service account belongs to; empty if unknown.
        quota_project: the project that requests count for, if the credentials name one.
        credentials: google-auth's.
    """

    kind: Literal["service account", "login", "other"]
    label: str
    name: str
    source: str
    home: str = ""
    quota_project: str | None = None
    credentials: Any = field(default=None, repr=False)

    def credentials_for(self, project: str, scopes: Sequence[str], *, is_local: bool) -> Any:
        """Return google-auth credentials for reading a project.

        A login that names no project to count for counts for the project it reads.

        Args:
            project: its number.
            scopes: full addresses; a person's login has its own.
            is_local: whether they are used with a sandbox on this machine.
        """
        credentials = self.credentials
        if getattr(credentials, "requires_scopes", False) or self.kind == "service account":
            credentials = credentials.with_scopes(list(scopes))
        if self.kind == "login" and not self.quota_project:
            credentials = credentials.with_quota_project(project)
        if is_local:
            # newer google-auth asks Google, in a thread, where an account may be used from; not for a sandbox
            vars(credentials)["_is_regional_access_boundary_lookup_required"] = lambda: False
        return credentials


def load_account(settings: Settings) -> Account:
    """Return the account that the settings name, else the one of Application Default Credentials.

    Raises:
        CloudError: there is none, or its file is no account's.
    """
    if settings.cloud_credentials is not None:
        return _from_file(settings.cloud_credentials, _VARIABLE, settings.cloud_endpoint)
    named = os.environ.get(_GOOGLES_VARIABLE)
    if named:
        return _from_file(Path(named), _GOOGLES_VARIABLE, settings.cloud_endpoint)
    from google.auth import _cloud_sdk  # noqa: PLC0415 - heavy

    path = Path(_cloud_sdk.get_application_default_credentials_path())  # type: ignore[no-untyped-call]
    if path.is_file():
        return _from_file(path, "", settings.cloud_endpoint)
    return _of_the_machine()


def _from_file(path: Path, variable: str, endpoint: str | None) -> Account:
    content = _content(path, variable)
    kind = content.get("type")
    try:
        if kind == "service_account":
            return _service_account(path, content)
        if kind == "authorized_user":
            return _login(path, content, endpoint)
        if isinstance(kind, str):
            return _other(path, kind)
    except (ValueError, KeyError) as error:
        raise _bad_file(path, f"is no complete credentials file ({type(error).__name__})") from error
    if "installed" in content or "web" in content:
        raise CloudError(
            f"{path} is an OAuth client's file, which is nobody's account: create a service account and its "
            f"key at {service_accounts('')}, and name that file in {variable or _VARIABLE}.",
            reason="wrong_file",
            address=service_accounts(""),
        )
    raise _bad_file(path, "is no credentials file of Google's")


def _content(path: Path, variable: str) -> Mapping[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        hint = f": correct {variable}" if variable else ""
        raise CloudError(f"There is no file {path}{hint}.", reason="bad_file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise _bad_file(path, f"cannot be read ({type(error).__name__})") from error
    if text.strip().startswith("AIza"):
        raise api_key_instead_of_account()
    try:
        content = json.loads(text)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise _bad_file(path, "is no credentials file of Google's")
    return content


def _bad_file(path: Path, what: str) -> CloudError:
    return CloudError(
        f"{path} {what}: download the service account's key again from {service_accounts('')}.",
        reason="bad_file",
        address=service_accounts(""),
    )


def _service_account(path: Path, content: Mapping[str, Any]) -> Account:
    from google.oauth2 import service_account  # noqa: PLC0415 - heavy

    credentials = service_account.Credentials.from_service_account_info(content)  # type: ignore[no-untyped-call]
    email = str(content["client_email"])
    return Account(
        kind="service account",
        label=f"Service account {email}",
        name=email,
        source=str(path),
        home=str(content.get("project_id", "")),
        credentials=credentials,
    )


def _login(path: Path, content: Mapping[str, Any], endpoint: str | None) -> Account:
    from google.oauth2.credentials import Credentials  # noqa: PLC0415 - heavy

    here = f"{endpoint}/token" if endpoint else _TOKEN_ADDRESS
    credentials = Credentials(  # type: ignore[no-untyped-call]
        token=None,
        refresh_token=content["refresh_token"],
        token_uri=content.get("token_uri") or here,
        client_id=content["client_id"],
        client_secret=content["client_secret"],
        quota_project_id=content.get("quota_project_id"),
    )
    return Account(
        kind="login",
        label=f"The login in {path}",
        name=content.get("account") or "your Google account",
        source=str(path),
        quota_project=content.get("quota_project_id"),
        credentials=credentials,
    )


def _other(path: Path, kind: str) -> Account:
    """Workload identity, impersonation and the like: google-auth knows them."""
    import google.auth  # noqa: PLC0415 - heavy
    from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of files from strangers; this one the operator named
            credentials, project = google.auth.load_credentials_from_file(str(path))  # type: ignore[no-untyped-call]
    except GoogleAuthError as error:
        raise _bad_file(path, f"is of a kind that google-auth does not take ({kind})") from error
    email = getattr(credentials, "service_account_email", None) or "this account"
    return Account(
        "other", f"The account in {path}", email, str(path), project or "", credentials=credentials
    )


def _of_the_machine() -> Account:
    """A server of Google's has an account of its own."""
    import google.auth  # noqa: PLC0415 - heavy
    from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            credentials, project = google.auth.default()
    except GoogleAuthError as error:
        raise no_credentials() from error
    email = getattr(credentials, "service_account_email", None) or "this machine's account"
    return Account(
        "other",
        "This machine's account",
        email,
        "its own surroundings",
        project or "",
        credentials=credentials,
    )
