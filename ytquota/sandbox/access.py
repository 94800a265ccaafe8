"""Who may look at a project's figures: service accounts, people logged in with gcloud, and their roles."""

from __future__ import annotations

import random
import string
import time
from base64 import urlsafe_b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from ytquota.sandbox.oauth_error import OAuthError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ytquota.sandbox.clock import SandboxClock

JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
GCLOUD_PROJECT = "764086051850"
"""Number of the project that gcloud's own OAuth client belongs to."""
TOKEN_LIFE = 3599
_LONGEST_JWT = 3600 + 60  # seconds, with something for clocks that differ

_SEES_FIGURES = {"monitoring.timeSeries.list"}
_SEES_LIMITS = {"cloudquotas.quotas.get"}
_ASKS_FOR_MORE = {"cloudquotas.quotas.update"}
_USES = {"serviceusage.services.use"}
_ALL = _SEES_FIGURES | _SEES_LIMITS | _ASKS_FOR_MORE | _USES
ROLES = {
    "roles/monitoring.viewer": _SEES_FIGURES,
    "roles/cloudquotas.viewer": _SEES_LIMITS,
    "roles/cloudquotas.admin": _SEES_LIMITS | _ASKS_FOR_MORE,
    "roles/serviceusage.serviceUsageConsumer": _USES,
    "roles/viewer": _SEES_FIGURES | _SEES_LIMITS,
    "roles/editor": _ALL,
    "roles/owner": _ALL,
}
"""Role -> permissions, of those that matter here."""


@dataclass
class Principal:
    """A service account or a person.

    Args:
        name: its mail address.
        project: number of the project that its calls count for by themselves; None: it must name one.
        roles: project number -> roles.
        public_key: checks what a service account signed; None for people, and once the key was deleted.
        trouble: why no token is given to it any more: (error, description, subtype).
    """

    name: str
    project: str | None
    roles: dict[str, set[str]] = field(default_factory=dict)
    public_key: Any = field(default=None, repr=False)
    trouble: tuple[str, str, str] | None = None

    def may(self, permission: str, project: str) -> bool:
        """Whether one of its roles in the project has the permission."""
        return any(permission in ROLES[role] for role in self.roles.get(project, ()))


@dataclass(frozen=True)
class Pass:
    """What an access token stands for."""

    principal: Principal
    scopes: frozenset[str]
    expires_at: float  # by the clock's age


class Access:
    """All of them, in memory."""

    def __init__(self, seed: int, clock: SandboxClock) -> None:
        self.principals: dict[str, Principal] = {}
        self.logins: dict[str, tuple[Principal, frozenset[str]]] = {}  # by refresh token
        self.disabled: set[tuple[str, str]] = set()  # (project, service)
        self._passes: dict[str, Pass] = {}
        self._clock = clock
        self._random = random.Random(f"access {seed}")  # noqa: S311 reproducible, and nothing here is secret

    def service_account(self, project: str, name: str) -> tuple[Principal, str]:
        """A service account of a project with a new key; and the private key as PEM."""
        email = f"{name}@sandbox-{project}.iam.gserviceaccount.com"
        principal = self.principals.setdefault(email, Principal(email, project))
        private, principal.public_key = _key_pair()
        return principal, private

    def principal(self, name: str) -> Principal:
        """Whoever has that name; somebody unheard of is a channel, whose token names its project."""
        return self.principals.setdefault(name, Principal(name, None))

    def person(self, name: str, scopes: Iterable[str]) -> tuple[Principal, str]:
        """A person who logged in with gcloud; and the refresh token."""
        principal = self.principals.setdefault(name, Principal(name, None))
        refresh = f"1//0{self.word(60)}"
        self.logins[refresh] = principal, frozenset(scopes)
        return principal, refresh

    def refreshed(self, refresh_token: str) -> dict[str, Any]:
        """Answer a person's refresh token.

        Raises:
            OAuthError: it is good for nothing any more.
        """
        principal, scopes = self.logins[refresh_token]
        return {**self._pass(principal, scopes), "scope": " ".join(sorted(scopes))}

    def signed(self, assertion: str) -> dict[str, Any]:
        """Answer a grant that a service account signed.

        Raises:
            OAuthError: unknown account, wrong signature, or claims that do not hold.
        """
        signed, claims, signature = _taken_apart(assertion)
        principal = self.principals.get(str(claims.get("iss")))
        if principal is None:
            raise OAuthError("invalid_grant", "Invalid grant: account not found")
        if principal.public_key is None or not _verifies(principal.public_key, signed, signature):
            raise OAuthError("invalid_grant", "Invalid JWT Signature.")
        _check_times(claims)
        scopes = str(claims.get("scope", "")).split()
        if not scopes:
            raise OAuthError("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
        return self._pass(principal, frozenset(scopes))

    def find(self, token: str) -> Pass | None:
        """What an access token stands for, if it is still good."""
        found = self._passes.get(token)
        return (
            found if found and found.expires_at > self._clock.age() and not found.principal.trouble else None
        )

    def word(self, length: int) -> str:
        """Letters and digits, made up."""
        return "".join(self._random.choices(string.ascii_letters + string.digits, k=length))

    def _pass(self, principal: Principal, scopes: frozenset[str]) -> dict[str, Any]:
        if principal.trouble:
            raise OAuthError(*principal.trouble[:2], subtype=principal.trouble[2])
        token = f"ya29.c.{self.word(60)}"
        self._passes[token] = Pass(principal, scopes, self._clock.age() + TOKEN_LIFE)
        return {"access_token": token, "expires_in": TOKEN_LIFE, "token_type": "Bearer"}


def _key_pair() -> tuple[str, Any]:
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - only for service accounts
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415

    key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return pem.decode(), key.public_key()


def _taken_apart(assertion: str) -> tuple[bytes, dict[str, Any], bytes]:
    try:
        head, body, signature = assertion.split(".")
        claims = orjson.loads(_decoded(body))
    except (ValueError, Base64Error):
        raise OAuthError("invalid_grant", "Bad Request") from None
    return f"{head}.{body}".encode(), claims, _decoded(signature)


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _verifies(public_key: Any, signed: bytes, signature: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - only for service accounts
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import padding  # noqa: PLC0415

    try:
        public_key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def _check_times(claims: dict[str, Any]) -> None:
    now, issued, ends = time.time(), float(claims.get("iat", 0)), float(claims.get("exp", 0))
    if not issued - 300 < now < ends or ends - issued > _LONGEST_JWT:  # as Google: 5 minutes of skew
        raise OAuthError(
            "invalid_grant",
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. "
            "Check your iat and exp values in the JWT claim.",
        )
