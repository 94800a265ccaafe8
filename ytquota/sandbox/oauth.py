"""OAuth 2 as Google's desktop clients meet it: consent, codes, tokens, revocation."""

from __future__ import annotations

import secrets
from base64 import b64decode, urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlencode, urlsplit, urlunsplit

from ytquota.sandbox.access import JWT_GRANT, Access
from ytquota.sandbox.accounts import ACCESS_TOKEN_LIFE, Accounts, Client, Grant
from ytquota.sandbox.oauth_error import OAuthError

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_OUT_OF_DATE = "Token has been expired or revoked."


@dataclass(frozen=True)
class Ask:
    """What a program asks a person to agree to."""

    client: Client
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str
    challenge: str
    challenge_method: str
    offline: bool

    def back(self, **values: str) -> str:
        """The address that takes the person back to the program."""
        parts = urlsplit(self.redirect_uri)
        query = urlencode({**values, **({"state": self.state} if self.state else {})})
        return urlunsplit(parts._replace(query=f"{parts.query}&{query}" if parts.query else query))


@dataclass
class _Code:
    ask: Ask
    channel: str
    scopes: tuple[str, ...]
    used: bool = False


class OAuth:
    """The authorisation server."""

    def __init__(self, accounts: Accounts, access: Access) -> None:
        self._accounts = accounts
        self._access = access
        self._codes: dict[str, _Code] = {}

    def asked(self, params: Mapping[str, str]) -> Ask:
        """Read the parameters of a consent page.

        Raises:
            OAuthError: the program asks wrongly, and is not to be redirected to.
        """
        client = self._accounts.clients.get(params.get("client_id", ""))
        if client is None:
            raise OAuthError("invalid_client", "The OAuth client was not found.", 401)
        redirect_uri = params.get("redirect_uri", "")
        place = urlsplit(redirect_uri)
        if place.scheme != "http" or place.hostname not in _LOOPBACK:
            raise OAuthError("redirect_uri_mismatch", "Only addresses on this machine may be redirected to.")
        if params.get("response_type", "code") != "code":
            raise OAuthError("unsupported_response_type", f"Invalid response_type: {params['response_type']}")
        scopes = tuple(params.get("scope", "").split())
        if not scopes:
            raise OAuthError("invalid_request", "Missing required parameter: scope")
        method = params.get("code_challenge_method", "plain")
        return Ask(
            client=client,
            redirect_uri=redirect_uri,
            scopes=scopes,
            state=params.get("state", ""),
            challenge=params.get("code_challenge", ""),
            challenge_method=method,
            offline=params.get("access_type") == "offline",
        )

    def agree(self, ask: Ask, channel: str, scopes: tuple[str, ...]) -> str:
        """The person agreed to these scopes; where to send the browser."""
        code = self._accounts.code()
        granted = tuple(
            scope for scope in ask.scopes if scope in scopes and scope not in self._accounts.lost_scopes
        )
        self._codes[code] = _Code(ask, channel, granted)
        return ask.back(code=code, scope=" ".join(granted))

    def token(self, params: Mapping[str, str], authorization: str = "") -> dict[str, Any]:
        """Answer the token address.

        Raises:
            OAuthError: no token for this.
        """
        kind = params.get("grant_type", "")
        if kind == JWT_GRANT:
            return self._access.signed(params.get("assertion", ""))
        client = self._client(params, authorization)
        if kind == "refresh_token":
            return self._refreshed(client, params.get("refresh_token", ""))
        if kind == "authorization_code":
            return self._exchanged(client, params)
        raise OAuthError("unsupported_grant_type", f"Invalid grant_type: {kind}")

    def revoke(self, token: str) -> None:
        """Withdraw the consent behind a token.

        Raises:
            OAuthError: there is none.
        """
        grant = self._accounts.find_grant(token)
        if grant is None or grant.revoked:
            raise OAuthError("invalid_token", "Token expired or revoked")
        grant.revoked = True

    def _client(self, params: Mapping[str, str], authorization: str) -> Client:
        ident, secret = params.get("client_id", ""), params.get("client_secret", "")
        if authorization[:6].lower() == "basic ":
            pair = b64decode(authorization[6:]).decode("latin-1").partition(":")
            ident, secret = unquote(pair[0]), unquote(pair[2])
        client = self._accounts.clients.get(ident)
        if client is None:
            raise OAuthError("invalid_client", "The OAuth client was not found.", 401)
        if not secrets.compare_digest(client.client_secret.encode(), secret.encode()):
            raise OAuthError("invalid_client", "The provided client secret is invalid.", 401)
        return client

    def _refreshed(self, client: Client, refresh_token: str) -> dict[str, Any]:
        if refresh_token in self._access.logins:
            return self._access.refreshed(refresh_token)
        grant = self._accounts.grants.get(refresh_token)
        if grant is None or not self._accounts.stands(grant) or grant.client is not client:
            raise OAuthError("invalid_grant", _OUT_OF_DATE)
        return self._answer(grant) | self._end(grant)

    def _exchanged(self, client: Client, params: Mapping[str, str]) -> dict[str, Any]:
        code = self._codes.get(params.get("code", ""))
        if code is None or code.ask.client is not client:
            raise OAuthError("invalid_grant", "Malformed auth code.")
        if code.used:
            raise OAuthError("invalid_grant", "Bad Request")
        if params.get("redirect_uri") != code.ask.redirect_uri:
            raise OAuthError("redirect_uri_mismatch", "Bad Request")
        _check_verifier(code.ask, params.get("code_verifier", ""))
        code.used = True
        grant = self._accounts.grant(client, code.channel, code.scopes)
        answer = self._answer(grant)
        if not code.ask.offline:
            return answer
        return {**answer, "refresh_token": grant.refresh_token, **self._end(grant)}

    def _answer(self, grant: Grant) -> dict[str, Any]:
        return {
            "access_token": self._accounts.access_token(grant),
            "expires_in": ACCESS_TOKEN_LIFE,
            "scope": " ".join(sorted(grant.scopes)),
            "token_type": "Bearer",
        }

    def _end(self, grant: Grant) -> dict[str, int]:
        """How long the refresh token lasts, which is said only where it has an end."""
        left = self._accounts.left(grant)
        return {} if left is None else {"refresh_token_expires_in": left}


def _check_verifier(ask: Ask, verifier: str) -> None:
    if not ask.challenge:
        return
    if not verifier:
        raise OAuthError("invalid_grant", "Missing code verifier.")
    made = verifier
    if ask.challenge_method == "S256":
        made = urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
    if not secrets.compare_digest(made.encode(), ask.challenge.encode()):
        raise OAuthError("invalid_grant", "Invalid code verifier.")
