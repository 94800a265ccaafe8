"""Projects, OAuth clients, consents, tokens and API keys: who a caller is, and whose quota a call uses."""

from __future__ import annotations

import math
import random
import string
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ytquota.sandbox import api_errors
from ytquota.sandbox.billing import Project

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ytquota.sandbox.clock import SandboxClock

SCOPE_PREFIX = "https://www.googleapis.com/auth/"
DEFAULT_SCOPES = (SCOPE_PREFIX + "youtube.force-ssl", SCOPE_PREFIX + "youtube.readonly")
ACCESS_TOKEN_LIFE = 3599  # seconds, as Google answers
TESTING_LIFE = 7 * 86_400 - 1  # seconds that a consent lasts in publishing status Testing, likewise

_LETTERS = string.ascii_letters + string.digits
_URL_LETTERS = _LETTERS + "-_"


@dataclass(frozen=True)
class Client:
    """An OAuth client of type desktop; its id begins with the number of the project that owns it."""

    client_id: str
    client_secret: str = field(repr=False)
    project: Project


@dataclass
class Grant:
    """A person's consent: this client may act for this channel, within these scopes."""

    client: Client
    channel: str
    scopes: set[str]
    refresh_token: str = field(repr=False)
    revoked: bool = False
    ends_at: float = math.inf  # by the clock's age


@dataclass
class AccessToken:
    """A short-lived token made from a grant."""

    grant: Grant
    scopes: frozenset[str]
    expires_at: float  # by the clock's age


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a call is charged to, and what it may do."""

    project: Project
    channel: str | None  # None: an API key, which speaks for nobody
    scopes: frozenset[str]  # without the common prefix

    @property
    def is_key(self) -> bool:
        """Whether it came with an API key."""
        return self.channel is None


class Accounts:
    """All of them, in memory."""

    def __init__(self, seed: int, clock: SandboxClock) -> None:
        self.projects: dict[str, Project] = {}
        self.clients: dict[str, Client] = {}
        self.channels: dict[str, str] = {}  # channel id -> title, as the consent page offers them
        self.keys: dict[str, Project] = {}
        self.grants: dict[str, Grant] = {}  # by refresh token
        self.tokens: dict[str, AccessToken] = {}
        self.lost_scopes: set[str] = set()  # never granted, whatever is ticked
        self._clock = clock
        self._random = random.Random(f"accounts {seed}")  # noqa: S311 reproducible, and nothing here is secret

    def project(self, number: str) -> Project:
        """The project of that number, made with default limits if it is new."""
        if not number.isdigit():
            raise ValueError(
                f"A project is named by its number, such as '111111111111'; {number!r} is not one."
            )
        return self.projects.setdefault(number, Project(number))

    def client_of(self, number: str) -> Client:
        """An OAuth client of the project: its first, made if there is none."""
        for client in self.clients.values():
            if client.project.number == number:
                return client
        return self.add_client(number)

    def add_client(self, number: str) -> Client:
        """A further OAuth client of the project."""
        client_id = (
            f"{number}-{self._word(32, string.ascii_lowercase + string.digits)}.apps.googleusercontent.com"
        )
        client = Client(client_id, f"GOCSPX-{self._word(28)}", self.project(number))
        self.clients[client_id] = client
        return client

    def add_key(self, number: str) -> str:
        """A new API key of the project."""
        key = f"AIza{self._word(35)}"
        self.keys[key] = self.project(number)
        return key

    def add_channel(self, channel: str | None = None, title: str | None = None) -> str:
        """A channel that a person may choose on the consent page; its id."""
        channel = channel or f"UC{self._word(22)}"
        self.channels.setdefault(channel, title or f"Channel {len(self.channels) + 1}")
        if title:
            self.channels[channel] = title
        return channel

    def grant(self, client: Client, channel: str, scopes: Iterable[str]) -> Grant:
        """Record a consent; what becomes of its project's publishing status later does not change its end."""
        kept = set(scopes) - self.lost_scopes
        grant = Grant(client, self.add_channel(channel), kept, f"1//0{self._word(60)}")
        if client.project.in_testing:
            grant.ends_at = self._clock.age() + TESTING_LIFE
        self.grants[grant.refresh_token] = grant
        return grant

    def access_token(self, grant: Grant, life: float = ACCESS_TOKEN_LIFE) -> str:
        """A new access token for a grant, good for `life` seconds."""
        token = f"ya29.a0{self._word(60)}"
        scopes = frozenset(scope.removeprefix(SCOPE_PREFIX) for scope in grant.scopes)
        self.tokens[token] = AccessToken(grant, scopes, self._clock.age() + life)
        return token

    def code(self) -> str:
        """A one-time authorisation code."""
        return f"4/0{self._word(64)}"

    def find_grant(self, token: str) -> Grant | None:
        """The grant behind a refresh or access token."""
        access = self.tokens.get(token)
        return access.grant if access else self.grants.get(token)

    def is_good(self, token: AccessToken) -> bool:
        """Whether it has neither ended nor been revoked."""
        return self.stands(token.grant) and token.expires_at > self._clock.age()

    def stands(self, grant: Grant) -> bool:
        """Whether a consent has neither ended nor been revoked."""
        return not grant.revoked and grant.ends_at > self._clock.age()

    def left(self, grant: Grant) -> int | None:
        """Whole seconds until a consent ends; None where it has no end."""
        return None if math.isinf(grant.ends_at) else int(grant.ends_at - self._clock.age())

    def expire(self, grant: Grant | None = None) -> None:
        """Let access tokens end now: those of one grant, or all."""
        for token in self.tokens.values():
            if grant is None or token.grant is grant:
                token.expires_at = float("-inf")

    def drop_scope(self, scope: str, grant: Grant | None = None) -> None:
        """Take a scope back: from one grant, or from all and from consents to come."""
        grants = [grant] if grant else list(self.grants.values())
        if grant is None:
            self.lost_scopes.add(scope)
        for one in grants:
            one.scopes.discard(scope)
        short = scope.removeprefix(SCOPE_PREFIX)
        for token in self.tokens.values():
            if token.grant in grants:
                token.scopes -= {short}

    def identify(self, headers: dict[str, str], key: str) -> Caller:
        """Who calls, by the Authorization header or else an API key.

        Raises:
            ApiError: 401 for a token, 400 for a key that is no good; 403 without either.
        """
        authorization = headers.get("authorization", "")
        if authorization[:7].lower() == "bearer ":
            return self._bearer(authorization[7:].strip())
        key = key or headers.get("x-goog-api-key", "")
        if not key:
            raise api_errors.no_credentials()
        project = self.keys.get(key)
        if project is None:
            raise api_errors.bad_key()
        return Caller(project, None, frozenset())

    def _bearer(self, token: str) -> Caller:
        access = self.tokens.get(token)
        if access is None or not self.is_good(access):
            raise api_errors.stale_token()
        return Caller(access.grant.client.project, access.grant.channel, access.scopes)

    def _word(self, length: int, letters: str = _URL_LETTERS) -> str:
        return "".join(self._random.choices(letters, k=length))
