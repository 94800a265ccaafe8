"""`ytquota login N`: a person's consent, from the address to open to the saved token.

Two ways back: the browser is redirected to this machine, or, where ytquota runs on another one, the person
pastes the address the browser ended at. Everything slow happens in a thread, so a notebook's kernel stays
free::

    attempt = start_login(settings, 1)
    print(attempt.url)          # open it
    attempt.done()              # later
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import webbrowser
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from ytquota.addresses import is_loopback
from ytquota.auth.consent import Consent
from ytquota.auth.grant import LoginResult, accept_grant
from ytquota.auth.people import whoami
from ytquota.auth.receiver import Receiver
from ytquota.auth.tokens import ClientSecrets, load_client_secrets
from ytquota.errors import CredentialError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ytquota.monitor.metering import QuotaMonitor
    from ytquota.settings import Settings

TIMEOUT = 300.0
"""Seconds a person has to answer the consent page."""

_PASTES = 3
_log = logging.getLogger("ytquota.auth")


class LoginAttempt:
    """A login on its way. Made by `start_login`; safe to use from any thread."""

    def __init__(self, consent: Consent, receiver: Receiver | None, timeout: float) -> None:
        self._consent, self._receiver, self._timeout = consent, receiver, timeout
        self._answers: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self.future: Future[LoginResult] = Future()
        self.future.set_running_or_notify_cancel()  # a cancelled task may only ask for the end

    @property
    def url(self) -> str:
        """The address of the consent page, to be opened in a browser."""
        url: str = self._consent.url
        return url

    def done(self) -> bool:
        """Tell whether the login ended, one way or the other."""
        return self.future.done()

    def result(self, timeout: float | None = None) -> LoginResult:
        """Wait for the end and return it.

        Args:
            timeout: seconds to wait; None waits as long as the login's own time-out.

        Raises:
            CredentialError: the login failed; the message says why and what to do.
            TimeoutError: it has not ended within `timeout`.
        """
        return self.future.result(timeout)

    def cancel(self) -> None:
        """Give the login up; nothing is saved, and `result()` raises CredentialError."""
        self._answers.put(None)

    def paste(self, address: str) -> None:
        """Hand over the address that the browser was redirected to, as copied from its address line.

        Raises:
            CredentialError: it does not answer this login.
        """
        address = "".join(address.split()).strip("\"'<>")
        if not self._consent.answers(address):
            raise CredentialError(
                "That is not the answer to this login. Copy the whole address line of the page the browser "
                "ended at; it holds 'state=' and 'code='. (The page itself may say that it cannot be "
                "reached: that is fine.)"
            )
        self._answers.put(address)

    def run(self, finish: Callable[[dict[str, Any]], LoginResult]) -> None:
        """Wait for the answer in a thread, exchange it, and let `finish` save what came."""
        if self._receiver is not None:
            self._receiver.listen(self._consent.answers, self._answers.put)
        threading.Thread(target=self._run, args=(finish,), name="ytquota-login-end", daemon=True).start()

    def _run(self, finish: Callable[[dict[str, Any]], LoginResult]) -> None:
        try:
            self.future.set_result(finish(self._consent.exchange(self._wait())))
        except BaseException as error:  # noqa: BLE001 - it belongs to whoever asks for the result
            self.future.set_exception(error)
        finally:
            if self._receiver is not None:
                self._receiver.close()

    def _wait(self) -> str:
        try:
            address = self._answers.get(timeout=self._timeout)
        except queue.Empty:
            raise CredentialError(
                f"Nobody answered the consent page within {self._timeout:.0f} seconds. Nothing was saved. "
                "Start the login again; on a machine without a browser: `ytquota login N --headless`."
            ) from None
        if address is None:
            raise CredentialError("The login was given up. Nothing was saved.")
        return address


def start_login(
    settings: Settings,
    number: int,
    *,
    monitor: QuotaMonitor | None = None,
    listen: bool = True,
    timeout: float = TIMEOUT,
    who: str | None = None,
    why: str = "",
) -> LoginAttempt:
    """Begin a login and return at once.

    Args:
        settings: where the set's files are.
        number: the credential set.
        monitor: where the one unit for learning the channel is counted; opened from the settings by default.
        listen: receive the redirected browser on this machine; without it the address must be pasted.
        timeout: seconds until it ends by itself.
        who: who does it, for the audit row; the system user by default.
        why: the reason, for the same.

    Raises:
        CredentialError: there is no such set, it is an API key, or its client secrets are missing or wrong.
    """
    secrets, token_file = _files(settings, number)
    redirect = _redirect(secrets)
    receiver = Receiver(redirect) if listen else None
    try:
        consent = Consent(
            secrets, settings.scopes, receiver.redirect if receiver else redirect.replace(":0/", ":8085/")
        )
    except BaseException:
        if receiver is not None:
            receiver.close()
        raise
    attempt = LoginAttempt(consent, receiver, timeout)
    attempt.run(
        lambda content: accept_grant(
            settings, number, token_file, content, monitor=monitor, who=who or whoami(), why=why
        )
    )
    return attempt


def login(
    settings: Settings,
    number: int,
    *,
    monitor: QuotaMonitor | None = None,
    open_browser: bool = True,
    headless: bool = False,
    paste: Callable[[], str] | None = None,
    timeout: float = TIMEOUT,
    on_url: Callable[[str], None] | None = None,
    who: str | None = None,
) -> LoginResult:
    """Log in and wait for the end; for a terminal. In a notebook use `start_login` or `login_async`.

    Args:
        settings: where the set's files are.
        number: the credential set.
        monitor: where the one unit for learning the channel is counted; opened from the settings by default.
        open_browser: open the consent page in this machine's browser.
        headless: there is no browser on this machine: the address is handed to `on_url`, and `paste` brings
            back the address that the browser elsewhere was redirected to.
        paste: asks for that address; by default on the terminal. It is asked up to three times.
        timeout: seconds until it ends by itself.
        on_url: told the address of the consent page; by default it is printed.
        who: who does it, for the audit row; the system user by default.

    Raises:
        CredentialError: the login failed; says why and what to do.
    """
    attempt = start_login(settings, number, monitor=monitor, listen=not headless, timeout=timeout, who=who)
    (on_url or _print_url)(attempt.url)
    if headless:
        _ask(attempt, paste or _prompt)
    elif open_browser:
        webbrowser.open(attempt.url)
    try:
        return attempt.result()
    except KeyboardInterrupt:
        attempt.cancel()
        raise


async def login_async(
    settings: Settings, number: int, *, on_url: Callable[[str], None], **options: Any
) -> LoginResult:
    """Log in without blocking the event loop, for notebooks; `options` are those of `start_login`.

    Raises:
        CredentialError: the login failed; says why and what to do.
    """
    attempt = start_login(settings, number, **options)
    on_url(attempt.url)
    try:
        return await asyncio.wrap_future(attempt.future)
    except asyncio.CancelledError:
        attempt.cancel()
        raise


def _ask(attempt: LoginAttempt, paste: Callable[[], str]) -> None:
    for turn in range(_PASTES):
        try:
            attempt.paste(paste())
        except CredentialError as error:
            if turn == _PASTES - 1:
                attempt.cancel()
                raise
            _log.warning("%s", error)
        except BaseException:
            attempt.cancel()
            raise
        else:
            return


def _print_url(url: str) -> None:
    print(f"Open this address in a browser:\n\n  {url}\n", flush=True)  # noqa: T201 - a person waits for it


def _prompt() -> str:
    return input("Paste the address that the browser ended at: ")


def _files(settings: Settings, number: int) -> tuple[ClientSecrets, Path]:
    chosen = settings.sets.get(number)
    if chosen is None:
        known = ", ".join(map(str, sorted(settings.sets))) or "none"
        raise CredentialError(
            f"There is no credential set {number} (there is: {known}). Add "
            f"GOOGLE_CLIENT_SECRETS_FILE_{number} and OAUTH_TOKEN_FILE_{number} to "
            f"{settings.env_file or '.env'}."
        )
    if chosen.kind == "api_key":
        raise CredentialError(f"Set {number} is an API key; it needs no login and can only read public data.")
    for path, name in (
        (chosen.secrets_file, "GOOGLE_CLIENT_SECRETS_FILE"),
        (chosen.token_file, "OAUTH_TOKEN_FILE"),
    ):
        if path is None:
            raise CredentialError(f"Set {number} lacks {name}_{number} in {settings.env_file or '.env'}.")
    assert chosen.secrets_file is not None
    assert chosen.token_file is not None
    return load_client_secrets(number, chosen.secrets_file), chosen.token_file


def _redirect(secrets: ClientSecrets) -> str:
    """Return where the browser comes back to: any port for a Desktop client, else a registered address."""
    if secrets.kind == "installed":
        return "http://127.0.0.1:0/"
    for redirect in secrets.redirects:
        if redirect.startswith("http://") and is_loopback(redirect):
            return redirect
    raise CredentialError(
        f"{secrets.path} is a 'web' client without a redirect address on this machine. Register "
        "http://localhost:8080/ for it in the Google Cloud console, or better create a client of type "
        "'Desktop app'."
    )
