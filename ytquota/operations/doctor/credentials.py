"""Credentials: whose they are, what they may do, how long they last."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ytquota.addresses import is_loopback
from ytquota.auth import lifetime
from ytquota.auth.tokens import Token, check_same_project, load_token
from ytquota.clock import both_zones, moment, utc
from ytquota.errors import CredentialError
from ytquota.monitor.revealed import is_provisional, project_of_key
from ytquota.operations.doctor.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ytquota.auth.notes import Note
    from ytquota.auth.tokens import ClientSecrets
    from ytquota.operations.doctor.install import Install

LIFE_IN_TESTING, WARN_AFTER = timedelta(days=7), timedelta(days=5)
_CONSOLE = "In the Google Cloud console open APIs & Services, Credentials, "


def check(install: Install) -> Iterator[Finding]:
    """Look at the credentials of every set."""
    yield from _secrets(install)
    yield from _tokens(install)
    for token in install.readable_tokens:
        yield from _project(install, token)
        yield from _scopes(install, token)
    yield from _quarantined(install)
    if install.ask_google:
        yield from _asked(install)
    for token in install.readable_tokens:
        yield from _end(install, load_token(token.number, token.path) if install.ask_google else token)
    yield from _keys(install)


def _secrets(install: Install) -> Iterator[Finding]:
    for number, secrets in install.secrets.items():
        path = str(install.settings.sets[number].secrets_file)
        variable = f"GOOGLE_CLIENT_SECRETS_FILE_{number}"
        if isinstance(secrets, CredentialError):
            yield Finding(
                "client-type",
                "error",
                path,
                str(secrets).partition(" In the Google Cloud console")[0],
                f"{_CONSOLE}create an OAuth client of type 'Desktop app' and name its JSON in {variable}.",
            )
        elif secrets.kind == "web" and not _comes_back_here(secrets):
            yield Finding(
                "client-type",
                "error",
                path,
                f"Set {number} has a 'web' client without a redirect address on this machine, so that no "
                "login can come back here.",
                f"{_CONSOLE}add the redirect address http://localhost:8080/ and download the JSON again, or "
                f"create a client of type 'Desktop app' and name its JSON in {variable}.",
            )


def _comes_back_here(secrets: ClientSecrets) -> bool:
    return any(address.startswith("http://") and is_loopback(address) for address in secrets.redirects)


def _tokens(install: Install) -> Iterator[Finding]:
    for number, token in install.tokens.items():
        if isinstance(token, CredentialError):
            yield Finding(
                "token-garbled",
                "error",
                str(install.settings.sets[number].token_file),
                str(token).partition(" Run `ytquota")[0].partition(" Download the client")[0],
                f"Run `ytquota login {number}` to make a new one.",
            )


def _project(install: Install, token: Token) -> Iterator[Finding]:
    number, named = token.number, install.settings.sets[token.number].project
    secrets = install.secrets.get(number)
    if secrets is not None and not isinstance(secrets, CredentialError):
        try:
            check_same_project(token, secrets)
        except CredentialError as error:
            yield Finding(
                "project",
                "error",
                str(token.path),
                str(error).partition(" Put the right")[0],
                f"Run `ytquota login {number}`, or name the right file in OAUTH_TOKEN_FILE_{number} or "
                f"GOOGLE_CLIENT_SECRETS_FILE_{number}.",
            )
    if named and named != token.project:
        yield Finding(
            "project",
            "error",
            f"YTQUOTA_PROJECT_{number}",
            f"It says project {named}, but the token of set {number} belongs to project {token.project}, "
            "where Google counts its calls.",
            f"Remove YTQUOTA_PROJECT_{number} from {install.env_file}: a token names its project.",
        )


def _scopes(install: Install, token: Token) -> Iterator[Finding]:
    lacking = [scope for scope in install.settings.scopes if token.scopes and scope not in token.scopes]
    if lacking:
        names = " and ".join(scope.rsplit("/", 1)[-1] for scope in lacking)
        yield Finding(
            "scopes",
            "warning",
            f"set {token.number}",
            f"Its token lacks {names} of YOUTUBE_SCOPES; calls that need it fail.",
            f"Run `ytquota login {token.number}` and tick every box, or take it out of YOUTUBE_SCOPES.",
        )


def _end(install: Install, token: Token) -> Iterator[Finding]:
    """Whether the login is about to end, or has ended, by Google's word or, without that, by its age."""
    end, now, states = token.login_ends_at, utc(install.clock.time()), install.states
    is_said = not isinstance(states, CredentialError) and states.refuses(token.number, token.login)
    if end is None:
        yield from _age(install, token)
    elif lifetime.is_near(end, now) and not is_said:
        yield _known_end(token, end, now)


def _known_end(token: Token, end: datetime, now: datetime) -> Finding:
    return Finding(
        "login-ends",
        "warning",
        f"set {token.number}",
        f"Its login {lifetime.in_words(end, now)}. Google said so, as it does where the app's publishing "
        "status is Testing (7 days), or the person allowed access for a limited time.",
        f"Run `ytquota login {token.number}`{' before that' if end > now else ''}. {lifetime.PUBLISH}",
    )


def _age(install: Install, token: Token) -> Iterator[Finding]:
    """Whether a login is about to end, should its app be in Testing, where its file does not tell."""
    now = utc(install.clock.time())
    granted, is_known = token.granted_at, token.granted_at is not None
    if granted is None:  # at least as old as the file
        granted = datetime.fromtimestamp(token.path.stat().st_mtime, UTC)
    age, end = now - granted, granted + LIFE_IN_TESTING
    if age < WARN_AFTER or _outlived(token, end) or (age >= LIFE_IN_TESTING and not is_known):
        return
    days = f"{'' if is_known else 'at least '}{age / timedelta(days=1):.1f} days ago"
    when = (
        "has ended" if now >= end else f"ends {moment(end, now=now)}" + ("" if is_known else " at the latest")
    )
    yield Finding(
        "testing",
        "note",
        f"set {token.number}",
        f"Its login was given {days}; if the app's publishing status is Testing, it {when}.",
        f"Run `ytquota login {token.number}` before that; publishing the app (console, OAuth consent screen, "
        "'Publish app') ends the limit of 7 days. A published app needs nothing.",
    )


def _outlived(token: Token, end: datetime) -> bool:
    """Whether it was renewed after its 7 days, which shows that the app is not in Testing."""
    return token.expiry is not None and token.expiry - timedelta(hours=1) > end


def _quarantined(install: Install) -> Iterator[Finding]:
    if isinstance(install.states, CredentialError):
        return  # a finding of its own
    for number, note in install.states.quarantined.items():
        one, token = install.settings.sets.get(number), install.tokens.get(number)
        if one is None or (isinstance(token, Token) and not note.concerns(token.login)):
            continue
        if note.retry_at is not None:
            yield _set_apart(number, note, utc(install.clock.time()))
            continue
        again = (
            f"Run `ytquota login {number}`."
            if one.kind == "oauth"
            else f"Put a working key into YOUTUBE_API_KEY_{number} and run `ytquota reset {number}`."
        )
        yield Finding(
            "revoked",
            "error",
            f"set {number}",
            f"It is quarantined since {note.since:%d %b} {both_zones(note.since)}: "
            f"{note.reason.partition(' Run `ytquota login')[0]}",
            again,
        )


def _set_apart(number: int, note: Note, now: datetime) -> Finding:
    assert note.retry_at is not None
    tried = "once" if note.tries == 1 else f"{note.tries} times"
    again = f"at {both_zones(note.retry_at)}" if note.is_waiting(now) else "with the next call"
    return Finding(
        "reach",
        "warning",
        f"set {number}",
        f"Its token could not be renewed since {both_zones(note.since)}, tried {tried}: {note.reason}",
        f"Nothing, if it passes: it is tried again {again}. Else check the network and the proxy.",
    )


def _asked(install: Install) -> Iterator[Finding]:
    """Renew every token for real, but for those that are known to be dead."""
    import httplib2  # noqa: PLC0415 - only when Google is asked
    from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415
    from google_auth_httplib2 import Request  # noqa: PLC0415

    from ytquota.auth.credentials import RefreshRefused, StoredCredentials  # noqa: PLC0415

    states = {} if isinstance(install.states, CredentialError) else install.states.quarantined
    noted = {number for number, note in states.items() if note.is_final}
    for token in install.readable_tokens:
        if token.number in noted:
            continue
        http = httplib2.Http(timeout=10)
        try:
            StoredCredentials.from_token(token).refresh(Request(http))
        except RefreshRefused as error:
            yield Finding(
                "revoked",
                "error",
                f"set {token.number}",
                str(error).partition(" Run `ytquota login")[0],
                f"Run `ytquota login {token.number}`.",
            )
        except (GoogleAuthError, CredentialError, OSError) as error:
            yield Finding(
                "reach",
                "warning",
                f"set {token.number}",
                f"Its token could not be renewed just now ({type(error).__name__}); that says nothing about "
                "the token.",
                "Check the network and the proxy, then run `ytquota doctor --ask-google` again.",
            )
        finally:
            http.close()


_DOUBTFUL = (
    " It stands in YTQUOTA_ROTATION and may be of the same project as another set there, to which it would "
    "add nothing: so no call moves to it for want of quota."
)


def _keys(install: Install) -> Iterator[Finding]:
    listed = install.settings.rotation if len(install.settings.rotation) > 1 else ()
    for one in install.settings.sets.values():
        if one.api_key is None or one.project is not None:
            continue
        if is_provisional(project_of_key(one.api_key.reveal(), install.settings.memory_dir)):
            name = f"YTQUOTA_PROJECT_{one.number}"
            yield Finding(
                "key-project",
                "warning" if one.number in listed else "note",
                f"set {one.number}",
                "An API key does not tell its project, so its calls are counted in a pool of their own."
                + (_DOUBTFUL if one.number in listed else ""),
                f"Write {name}=<the project's number> into {install.env_file}.",
            )
