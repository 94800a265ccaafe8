"""Credentials that live in a token file shared by several processes.

They are renewed under the file's lock and after reading the file again: the process that comes second takes
what the first one fetched. `renewal` does so ten minutes ahead of expiry in the background; a call that meets
a token with less than five minutes left does it itself. A refusal that no repetition can cure, and trouble
that will pass, are told to the set's `Health`: while it is set apart, nobody knocks at the token address.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

import httplib2
from google.auth.credentials import TokenState
from google.auth.exceptions import RefreshError, TransportError
from google.oauth2.credentials import Credentials
from google_auth_httplib2 import Request

from ytquota.addresses import is_loopback
from ytquota.auth.files import LOCK_PATIENCE, LockedOut
from ytquota.auth.lifetime import Overheard, in_words, with_end
from ytquota.auth.renewal import renewer
from ytquota.auth.tokens import Token, load_token, save_token, token_lock
from ytquota.clock import both_zones
from ytquota.errors import CredentialError, classify_error

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ytquota.auth.health import Health

AHEAD = timedelta(minutes=5)
"""How long before its end a call renews its token: longer than a slow upload chunk or a paused process."""

BACKGROUND_AHEAD = timedelta(minutes=10)
"""How long before its end it is renewed in the background, so that no call has to."""

_TROUBLE = (RefreshError, TransportError, httplib2.HttpLib2Error, OSError)
"""What keeps a token from being renewed for the moment."""

_TIMEOUT = 30.0
"""Seconds that a renewal in the background waits for an answer."""

_DEAD_LOOK = 60.0
"""Seconds between two looks for a new login in the file of one that died."""

_PAUSE = 30.0
"""Seconds to the next early attempt while the token address is out of reach and the old token serves."""

_LEAST_PAUSE = 1.0
"""Seconds between two tries in the background while the set is apart for the moment."""

_SHORT_PATIENCE = 2.0
"""Seconds to wait for the lock while the old token still serves."""

_log = logging.getLogger("ytquota.auth")


class RefreshRefused(CredentialError, RefreshError):  # noqa: N818 - a CredentialError, and Google's own
    """The token can no longer be renewed; also a `RefreshError`, so that existing handlers go on working."""

    def __init__(self, message: str) -> None:
        RefreshError.__init__(self, message, retryable=False)  # type: ignore[no-untyped-call]


class RenewalPostponed(CredentialError, RefreshError):  # noqa: N818 - likewise
    """The token cannot be renewed for the moment; the message says since when and when it is tried again."""

    def __init__(self, message: str) -> None:
        RefreshError.__init__(self, message, retryable=True)  # type: ignore[no-untyped-call]


class StoredCredentials(Credentials):
    """Google's user credentials, bound to the token file they came from.

    Safe to share between threads and, through the file, between processes. Make them with `from_token`.
    """

    _path: Path
    _number: int
    _known: Token
    _sent: threading.local
    _quiet_until: float
    _dead: tuple[str, str] | None = None
    _health: Health | None

    @classmethod
    def from_token(cls, token: Token, *, health: Health | None = None) -> Self:
        """Make credentials from a token file.

        Args:
            token: the file, read.
            health: told when the token can never be renewed again, or not for the moment, or again.
        """
        credentials = cls(None)
        credentials._path, credentials._number, credentials._health = token.path, token.number, health
        credentials._sent, credentials._quiet_until = threading.local(), 0.0
        credentials._adopt(token)
        return credentials

    def watched(self) -> Self:
        """Have the token renewed in the background too, for as long as somebody holds these credentials."""
        renewer.watch(self)
        return self

    @property
    def expired(self) -> bool:
        """Whether the access token ends within five minutes."""
        end: datetime | None = self.expiry
        return end is not None and self._now() >= end - AHEAD

    @property
    def token_state(self) -> TokenState:
        """Google's three states, with our five minutes as the stale stretch."""
        if self.token is None or self._is_over():
            return TokenState.INVALID
        return TokenState.STALE if self.expired else TokenState.FRESH

    def apply(self, headers: dict[str, str], token: str | None = None) -> None:
        """Put the access token into the headers and remember, for this thread, which one went out."""
        self._sent.token = token or self.token
        super().apply(headers, token)  # type: ignore[no-untyped-call]

    def refresh(self, request: Any) -> None:
        """Renew the access token, unless another thread or process has just done so.

        Raises:
            RefreshRefused: it can never be renewed again; the message says why and what to do.
            google.auth.exceptions.RefreshError, TransportError: not now; worth another attempt.
        """
        self._renew(request, LOCK_PATIENCE, is_needed=True)

    def seconds_to_renewal(self) -> float:
        """Return how long the background may rest; 0 or less when it should renew now."""
        quiet = self._quiet_until - time.monotonic()
        if self._is_dead():
            return quiet
        apart = self._apart()
        if apart is not None:  # also where the token seems to last: YouTube did not accept it
            return max(apart, quiet)
        end: datetime | None = self.expiry
        ahead = (end - BACKGROUND_AHEAD - self._now()).total_seconds() if end is not None else 0.0
        return max(ahead, quiet)

    def renew_ahead(self) -> None:
        """Renew in the background; whatever goes wrong is tried again later, or met by a call.

        Raises:
            CredentialError, google.auth.exceptions.GoogleAuthError, OSError: it did not work this time.
        """
        is_apart = self._apart() is not None  # how long it is, its state says; here only no two at once
        pause = _DEAD_LOOK if self._is_dead() else _LEAST_PAUSE if is_apart else _PAUSE
        self._quiet_until = time.monotonic() + pause
        is_needed = self._is_over() or is_apart
        http = httplib2.Http(timeout=_TIMEOUT)
        if is_loopback(self._token_uri):
            http.proxy_info = None
        try:
            self._renew(Request(http), _SHORT_PATIENCE, is_needed=is_needed, ahead=BACKGROUND_AHEAD)
            # whatever a file or clock makes of it: never two in a row
            self._quiet_until = time.monotonic() + _PAUSE
        finally:
            http.close()

    def _renew(self, request: Any, patience: float, *, is_needed: bool, ahead: timedelta = AHEAD) -> None:
        """Renew unless somebody did; `is_needed` says that no call can go out without."""
        refused = getattr(self._sent, "token", None) or self.token
        with self._locked(patience):
            self._reread()
            if self.token != refused and self._lasts(ahead):
                _log.debug("set %s: took the token that another process renewed", self._number)
            else:
                self._fetch(request, is_needed=is_needed)
        if self._health is not None:
            self._health.recovered(self._known.login)

    def _fetch(self, request: Any, *, is_needed: bool) -> None:
        """Ask the token address, unless it is known to refuse or to be out of reach."""
        if self._dead is not None and self._is_dead() and self._stays_out():
            raise RefreshRefused(self._dead[1])  # asking again would change nothing
        pause = self._health.pause(self._known.login) if self._health is not None else None
        if pause is not None and pause.retry_at is not None:
            raise RenewalPostponed(
                f"Set {self._number} cannot call YouTube for the moment: {pause.reason} The next try is due "
                f"at {both_zones(pause.retry_at)}."
            )
        overheard = Overheard(request)
        try:
            super().refresh(overheard)  # type: ignore[no-untyped-call]
        except RefreshError as error:
            self._check_final(error)
            self._stumbled(error, is_needed=is_needed)
            raise
        except _TROUBLE as error:
            self._stumbled(error, is_needed=is_needed)
            raise
        self._save(overheard.end)
        _log.info("set %s: access token renewed, good until %s UTC", self._number, self.expiry)

    def _stumbled(self, error: Exception, *, is_needed: bool) -> None:
        """Note trouble that will pass; while the old token serves it is nobody's trouble."""
        if is_needed and self._health is not None:
            name = type(error).__name__
            reason = f"The token address is out of reach or in trouble ({name})."
            self._health.stumbled(reason, self._known.login)
            renewer.look()

    def _blocking_refresh(self, request: Any) -> None:
        """Renew ahead of time; go on with the old token while it lasts and the address is out of reach."""
        renewer.wake()
        if self.valid or (not self._is_over() and time.monotonic() < self._quiet_until):
            return
        is_over = self._is_over()
        try:
            self._renew(request, LOCK_PATIENCE if is_over else _SHORT_PATIENCE, is_needed=is_over)
        except RefreshRefused:
            raise
        except (*_TROUBLE, LockedOut) as error:
            if is_over:
                raise
            self._quiet_until = time.monotonic() + _PAUSE
            _log.warning("set %s: could not renew the token yet (%s)", self._number, type(error).__name__)

    def _make_copy(self) -> Self:
        twin: Self = super()._make_copy()  # type: ignore[no-untyped-call]
        for name in ("_path", "_number", "_health", "_sent", "_quiet_until", "_known"):
            setattr(twin, name, getattr(self, name))
        return twin

    @contextlib.contextmanager
    def _locked(self, patience: float) -> Iterator[None]:
        """Hold the file's lock; a read-only folder (a mounted secret) has no second writer to fear."""
        try:
            lock = token_lock(self._path, patience=patience)
            lock.__enter__()
        except OSError as error:
            _log.warning("%s cannot be locked (%s); renewing without", self._path, error.strerror)
            yield
            return
        with contextlib.ExitStack() as stack:
            stack.push(lock)
            yield

    def _reread(self) -> None:
        """Take what the file holds now; if it went away, what is in memory still serves."""
        try:
            token = load_token(self._number, self._path)
        except CredentialError as error:
            _log.warning("%s Until then the token in memory is used.", error)
            return
        self._check_same_owner(token)
        self._adopt(token)

    def _check_same_owner(self, token: Token) -> None:
        """Refuse another project's or channel's token: a running bot would speak as somebody else."""
        was = self._known
        for name in ("project", "channel_id"):
            before, now = getattr(was, name), getattr(token, name)
            if before and now and before != now:
                raise CredentialError(
                    f"{token.path} now holds a token of another {name.removesuffix('_id')} ({now}, before "
                    f"{before}). Restart this program if it should go on with that one."
                )

    def _adopt(self, token: Token) -> None:
        content, self._known = token.content, token
        self.token = content.get("token") or None
        self.expiry = (token.expiry or datetime.now(UTC)).replace(
            tzinfo=None
        )  # Google's class wants naive UTC
        self._refresh_token = content["refresh_token"]
        self._client_id, self._client_secret = content["client_id"], content["client_secret"]
        self._token_uri = token.token_address
        self._scopes = list(token.scopes) or None
        self._quota_project_id = content.get("quota_project_id")

    def _save(self, end: datetime | None) -> None:
        content = dict(self._known.content) | {
            "token": self.token,
            "refresh_token": self._refresh_token,
            "expiry": self.expiry.isoformat() + "Z" if self.expiry else None,
        }
        content = with_end(content, end or self._end_as_known())
        if lost := self._lost_scopes():
            content["scopes"] = self._scopes = [scope for scope in self._known.scopes if scope not in lost]
            _log.warning(
                "set %s: %s was taken back; calls that need it will fail. Run `ytquota login %s`.",
                self._number, " and ".join(lost), self._number,
            )  # fmt: skip
        if not self._path.exists():  # somebody took it away on purpose
            return
        try:
            save_token(self._path, content)
        except OSError as error:
            _log.warning(
                "%s could not be saved (%s); this process goes on with the new token",
                self._path,
                error.strerror,
            )

    def _end_as_known(self) -> datetime | None:
        """When this login ends by the file, unless it was renewed after that, or replaced by another one."""
        end, was = self._known.login_ends_at, self._known.content["refresh_token"]
        stands = end is not None and end > datetime.now(UTC) and was == self._refresh_token
        return end if stands else None

    def _lost_scopes(self) -> list[str]:
        """Scopes that the token had and its renewal has not."""
        granted = self.granted_scopes
        return [scope for scope in self._known.scopes if granted and scope not in granted]

    def _check_final(self, error: RefreshError) -> None:
        """Turn a final refusal into a reason, note it and raise it; let anything else pass."""
        verdict = classify_error(error)
        if verdict.kind != "credential_dead" and verdict.reason not in _FINAL:
            return
        reason = (
            f"{_FINAL.get(verdict.reason, verdict.message)}{self._age()} Run `ytquota login {self._number}`."
        )
        self._dead = (self._refresh_token, f"Set {self._number} cannot call YouTube: {reason}")
        if self._health is not None:
            self._health.died(reason, self._known.login)
        raise RefreshRefused(self._dead[1]) from None

    def _apart(self) -> float | None:
        """Seconds to the next try where the set is apart for the moment; None where it is not."""
        return self._health.retry_in(self._known.login) if self._health is not None else None

    def _is_dead(self) -> bool:
        """Whether the refresh token in memory was refused for good."""
        return self._dead is not None and self._dead[0] == self._refresh_token

    def _stays_out(self) -> bool:
        """Whether a refused login is to be asked about no more; after a reset it is, once."""
        return self._health is None or self._health.is_quarantined(self._known.login)

    def _lasts(self, ahead: timedelta) -> bool:
        """Whether the access token is good for longer than `ahead`."""
        end: datetime | None = self.expiry
        return self.token is not None and (end is None or self._now() < end - ahead)

    def _age(self) -> str:
        now, end = datetime.now(UTC), self._known.login_ends_at
        if end is not None and end <= now:
            return f" This one {in_words(end, now)}, as Google had said when it was given."
        if self._known.granted_at is None:
            return ""
        days = (now - self._known.granted_at) / timedelta(days=1)
        return f" This one was granted {days:.1f} days ago."

    def _is_over(self) -> bool:
        end: datetime | None = self.expiry
        return end is not None and self._now() >= end

    @staticmethod
    def _now() -> datetime:
        """The real time, naive UTC: tokens end by Google's clock, whatever clock a simulation runs on."""
        return datetime.now(UTC).replace(tzinfo=None)


_FINAL = {
    "invalid_grant": (
        "Google no longer accepts its refresh token (invalid_grant). The usual cause: the app's consent "
        "screen has the publishing status Testing, whose tokens die after 7 days (publish the app to keep "
        "them longer). Others: the person withdrew the consent, or the token lay unused for six months."
    ),
    "invalid_client": (
        "Google no longer knows its OAuth client (invalid_client): the client was deleted or its secret "
        "changed. Download the client secrets file again."
    ),
    "unauthorized_client": (
        "Google does not let this client renew this token (unauthorized_client): token and client do not "
        "match."
    ),
    "invalid_scope": "A scope that it was granted was withdrawn (invalid_scope); tick every scope again.",
}
