"""The half of the face that sets up who may call: projects, keys, tokens, and the `.env` that names them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ytquota.sandbox import environment
from ytquota.sandbox.accounts import ACCESS_TOKEN_LIFE, DEFAULT_SCOPES, Grant
from ytquota.sandbox.price_list import DAILY_LIMITS
from ytquota.sandbox.schemas import identify
from ytquota.sandbox.state import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ytquota.sandbox.clock import TimeSource


class Furnishing:
    """Projects, OAuth clients, consents, tokens and API keys of a sandbox."""

    def __init__(self, seed: int, clock: TimeSource | None) -> None:
        self._seed = seed
        self._state = State(seed, clock)
        self._sets: dict[int, Grant] = {}

    @property
    def url(self) -> str:
        """Where it serves."""
        raise NotImplementedError

    def add_project(
        self, project: str, *, limits: Mapping[str, int] | None = None, enforced: bool = True
    ) -> str:
        """Add or change a project, named by its number; the number.

        Args:
            project: digits, such as "111111111111".
            limits: bucket -> units a day, for those that differ from Google's defaults.
            enforced: False bills without ever refusing.
        """
        for bucket, units in (limits or {}).items():
            self.set_limit(project, bucket, units)
        with self._state.lock:
            self._state.accounts.project(project).enforced = enforced
        return project

    def set_limit(self, project: str, bucket: str, units: int) -> None:
        """Set how many units of a bucket the project may use a day."""
        _check_bucket(bucket)
        with self._state.lock:
            self._state.accounts.project(project).limits[bucket] = units

    def per_minute(self, project: str, bucket: str, units: int | None) -> None:
        """Set how many units of a bucket the project may use in one minute of the clock; None: any number."""
        _check_bucket(bucket)
        with self._state.lock:
            limits = self._state.accounts.project(project).per_minute
            if units is None:
                limits.pop(bucket, None)
            else:
                limits[bucket] = units

    def disable_project(self, project: str, *, disabled: bool = True) -> None:
        """Switch the API off in a project (`accessNotConfigured`), or on again."""
        with self._state.lock:
            self._state.accounts.project(project).enabled = not disabled

    def set_testing(self, project: str, *, testing: bool = True) -> None:
        """Put a project's consent screen into publishing status Testing, or publish it.

        Consents given in Testing end 7 days later, by `advance`; those given before or after do not.
        """
        with self._state.lock:
            self._state.accounts.project(project).in_testing = testing

    def add_channel(self, channel: str | None = None, title: str | None = None) -> str:
        """Offer a channel on the consent page; its id (made up if None). The API shows the same title."""
        with self._state.lock:
            ident = self._state.accounts.add_channel(channel, title)
            if title:
                self._state.resources.change("Channel", ident, {"snippet": {"title": title}})
            return ident

    def add_api_key(self, project: str) -> str:
        """A new API key of the project."""
        with self._state.lock:
            return self._state.accounts.add_key(project)

    def client_secrets(self, project: str) -> dict[str, Any]:
        """The client secrets file of the project's OAuth client, its addresses on the sandbox."""
        with self._state.lock:
            return environment.client_secrets(self._state.accounts.client_of(project), self.url)

    def issue_token(
        self,
        project: str,
        *,
        channel: str | None = None,
        expires_in: float = ACCESS_TOKEN_LIFE,
        scopes: Iterable[str] = DEFAULT_SCOPES,
    ) -> dict[str, Any]:
        """Consent for a channel, as a token file of google-auth ("authorized user").

        Args:
            project: number of the project whose OAuth client it is for.
            channel: the channel's id; None: the project's usual one.
            expires_in: seconds that the access token is good for; the refresh token ends in Testing only.
            scopes: full scope addresses.
        """
        with self._state.lock:
            grant = self._grant(project, channel or identify("Channel", self._seed, project), scopes)
            token = self._state.accounts.access_token(grant, expires_in)
            return environment.authorized_user(grant, token, expires_in, self.url)

    def write_env(
        self,
        folder: Path | str,
        sets: Mapping[int, str] | None = None,
        *,
        api_keys: Mapping[int, str] | None = None,
        channels: Mapping[int, str] | None = None,
        scopes: Iterable[str] = DEFAULT_SCOPES,
        tokens: bool = True,
        name_projects: bool = True,
        cloud: bool = False,
        extra: Mapping[str, str] | None = None,
    ) -> Path:
        """Write a ready `.env` and `credentials/` into a folder; the path of the `.env`.

        Args:
            folder: made if need be.
            sets: credential set -> project number, for OAuth sets; default: set 1 in project 111111111111.
            api_keys: credential set -> project number, for API keys.
            channels: credential set -> channel id; a set that is not named gets a channel of its own.
            scopes: what the tokens may do, and a login asks for.
            tokens: False leaves the token files out, as before the first login.
            name_projects: write `YTQUOTA_PROJECT_N` beside API keys, which do not tell their project.
            cloud: also write the key of a service account that may read the figures of all these projects.
            extra: further lines of the `.env`.

        Raises:
            FileExistsError: the folder has a `.env` that is not the sandbox's.
        """
        if sets is None and not api_keys:
            sets = {1: "111111111111"}
        with self._state.lock:
            writer = environment.EnvironmentWriter(Path(folder), self.url)
            writer.scopes(scopes)
            for number, project in sorted((sets or {}).items()):
                channel = (channels or {}).get(number) or identify("Channel", self._seed, "set", number)
                grant = self._grant(project, channel, scopes)
                self._sets[number] = grant
                writer.credential_set(number, grant.client, self._token_file(grant) if tokens else None)
            for number, project in sorted((api_keys or {}).items()):
                key = self._state.accounts.add_key(project)
                writer.api_key(number, key, project if name_projects else None)
            if cloud:
                projects = {**(sets or {}), **(api_keys or {})}.values()
                writer.cloud_account(self._reader(list(dict.fromkeys(projects))))
            return writer.finish(extra or {})

    def access_token(self, number: int) -> str:
        """A fresh access token of a credential set that `write_env` made."""
        with self._state.lock:
            return self._state.accounts.access_token(self._set(number))

    def revoke(self, token_or_set: str | int) -> None:
        """Withdraw the consent behind an access or refresh token, or behind a credential set."""
        with self._state.lock:
            self._find(token_or_set).revoked = True

    def expire_tokens(self, token_or_set: str | int | None = None) -> None:
        """Let access tokens end now: all of them, or those of one consent. Refresh tokens stay good."""
        with self._state.lock:
            self._state.accounts.expire(None if token_or_set is None else self._find(token_or_set))

    def drop_scope(self, scope: str, token_or_set: str | int | None = None) -> None:
        """Take a scope away from one consent; or from all, and from those to come on the consent page."""
        with self._state.lock:
            grant = None if token_or_set is None else self._find(token_or_set)
            self._state.accounts.drop_scope(scope, grant)

    def _grant(self, project: str, channel: str, scopes: Iterable[str]) -> Grant:
        accounts = self._state.accounts
        return accounts.grant(accounts.client_of(project), channel, scopes)

    def _token_file(self, grant: Grant) -> dict[str, Any]:
        token = self._state.accounts.access_token(grant)
        return environment.authorized_user(grant, token, ACCESS_TOKEN_LIFE, self.url)

    def _reader(self, projects: list[str]) -> dict[str, Any]:
        """The key file of a service account that may read the figures of these projects."""
        raise NotImplementedError

    def _set(self, number: int) -> Grant:
        if number not in self._sets:
            known = ", ".join(map(str, sorted(self._sets))) or "none"
            raise KeyError(f"write_env() made no OAuth set {number} (it made: {known}).")
        return self._sets[number]

    def _find(self, token_or_set: str | int) -> Grant:
        if isinstance(token_or_set, int):
            return self._set(token_or_set)
        grant = self._state.accounts.find_grant(token_or_set)
        if grant is None:
            raise KeyError("The sandbox never issued that token.")
        return grant


def _check_bucket(bucket: str) -> None:
    if bucket not in DAILY_LIMITS:
        raise ValueError(f"There is no bucket {bucket!r}; the buckets are {', '.join(DAILY_LIMITS)}.")
