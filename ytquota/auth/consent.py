"""The consent of a person: the address to open, and the exchange of its answer for a token.

google_auth_oauthlib builds the address (with PKCE) and makes the exchange; `receiver` waits for the redirect.
"""

from __future__ import annotations

import contextlib
import hmac
import logging
import os
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from ytquota.addresses import is_loopback
from ytquota.auth.lifetime import end_in, with_end
from ytquota.errors import CredentialError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ytquota.auth.tokens import ClientSecrets

_TALKATIVE = ("requests_oauthlib", "oauthlib")
_ALLOW_HTTP = "OAUTHLIB_INSECURE_TRANSPORT"
_exchanging = threading.Lock()


class Consent:
    """One request for consent, and the exchange of its answer.

    Args:
        secrets: the OAuth client that asks.
        scopes: what is asked for.
        redirect: where the browser is sent with the answer.
    """

    def __init__(self, secrets: ClientSecrets, scopes: Sequence[str], redirect: str) -> None:
        from google_auth_oauthlib.flow import InstalledAppFlow  # noqa: PLC0415 - 0.2 s that only a login pays

        self._scopes = tuple(scopes)
        self._is_local = all(map(is_loopback, secrets.addresses))
        self._flow = InstalledAppFlow.from_client_config(
            dict(secrets.config), scopes=list(scopes), redirect_uri=redirect
        )
        self._flow.oauth2session.trust_env = not self._is_local  # a proxy knows nothing of our loopback
        with _exchange_rules(allow_http=self._is_local):
            self.url, self.state = self._flow.authorization_url(access_type="offline", prompt="consent")

    def answers(self, address: str) -> bool:
        """Tell whether a redirected address answers this request, and not an older or a forged one."""
        query = parse_qs(urlsplit(address).query)
        state = query.get("state", [""])[0]
        return hmac.compare_digest(state.encode(), self.state.encode()) and (
            "code" in query or "error" in query
        )

    def exchange(self, address: str) -> dict[str, Any]:
        """Exchange a redirected address for the content of a token file.

        Raises:
            CredentialError: the person said no or left a scope out, or the code was refused; says what to do.
        """
        _raise_refusal(address)
        token = self._fetch(address)
        granted = _scope_list(token.get("scope")) or self._scopes
        if missing := [scope for scope in self._scopes if scope not in granted]:
            raise CredentialError(
                f"The consent lacks {_listed(missing)}: the box beside it was not ticked. Nothing was saved. "
                "Log in again and tick every box, or take the scope out of YOUTUBE_SCOPES."
            )
        if not token.get("refresh_token"):
            raise CredentialError(
                "Google sent no refresh token, so the login would end within the hour; nothing was saved. "
                "Remove the app at https://myaccount.google.com/connections and log in again."
            )
        return self._content(token, granted)

    def _content(self, token: dict[str, Any], granted: Sequence[str]) -> dict[str, Any]:
        client, now = self._flow.client_config, datetime.now(UTC)
        end = datetime.fromtimestamp(token.get("expires_at") or 0, UTC).replace(tzinfo=None)
        content = {
            "token": token["access_token"],
            "refresh_token": token["refresh_token"],
            "token_uri": client["token_uri"],
            "client_id": client["client_id"],
            "client_secret": client["client_secret"],
            "scopes": list(granted),
            "expiry": end.isoformat() + "Z",
            "granted_at": now.isoformat(timespec="seconds"),
        }
        return with_end(content, end_in(token, now))

    def _fetch(self, address: str) -> dict[str, Any]:
        from oauthlib.oauth2 import OAuth2Error  # type: ignore[import-untyped]  # noqa: PLC0415
        from requests import RequestException  # noqa: PLC0415

        # oauthlib insists on https for the redirect, even to loopback; google_auth_oauthlib does the same
        secure = "https" + address.removeprefix("https").removeprefix("http")
        with _exchange_rules(allow_http=self._is_local):
            try:
                return dict(self._flow.fetch_token(authorization_response=secure, timeout=30))
            except Warning as warning:  # oauthlib's way to say that other scopes were granted than asked for
                return dict(getattr(warning, "token", {}))
            except OAuth2Error as error:
                problem = f"{error.error}: {error.description}" if error.description else str(error.error)
            except RequestException as error:
                problem = f"no answer from the token address ({type(error).__name__})"
        raise CredentialError(f"The login did not work ({problem}); nothing was saved. Start it again.")


@contextlib.contextmanager
def _exchange_rules(*, allow_http: bool) -> Iterator[None]:
    """One exchange at a time, http allowed only to loopback, the libraries' talk of secrets silenced."""
    with _exchanging:
        loggers = [logging.getLogger(name) for name in _TALKATIVE]
        levels = [logger.level for logger in loggers]
        before = os.environ.get(_ALLOW_HTTP)
        try:
            for logger in loggers:
                logger.setLevel(max(logging.INFO, logger.getEffectiveLevel()))
            if allow_http:
                os.environ[_ALLOW_HTTP] = "1"
            else:
                os.environ.pop(_ALLOW_HTTP, None)
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
            os.environ.pop(_ALLOW_HTTP, None)
            if before is not None:
                os.environ[_ALLOW_HTTP] = before


def _raise_refusal(address: str) -> None:
    problem = parse_qs(urlsplit(address).query).get("error", [""])[0]
    if problem == "access_denied":
        raise CredentialError(
            "The person said no on the consent page (access_denied). Nothing was saved. If the page said "
            "that the app is in testing, add the account to the app's test users in the Google Cloud "
            "console first."
        )
    if problem:
        raise CredentialError(
            f"The consent page answered {problem!r}. Nothing was saved. Start the login again."
        )


def _scope_list(scope: object) -> tuple[str, ...]:
    if isinstance(scope, str):
        return tuple(scope.split())
    return tuple(map(str, scope)) if isinstance(scope, list | tuple | set) else ()


def _listed(scopes: Sequence[str]) -> str:
    return " and ".join(scope.rsplit("/", 1)[-1] + f" ({scope})" for scope in scopes)
