"""Credential sets: what each is, whose project and channel it belongs to, whether it can be used now."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from ytquota.auth.state import StateFile
from ytquota.auth.tokens import (
    Token,
    check_same_project,
    fingerprint_of_login,
    load_client_secrets,
    load_token,
)
from ytquota.clock import PACIFIC, SystemClock, both_zones, bounds_at, utc
from ytquota.errors import CredentialError, LedgerUnavailable
from ytquota.monitor.revealed import is_provisional, project_of_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ytquota.auth.notes import Note, SetStates
    from ytquota.monitor.ledger import Balance
    from ytquota.monitor.metering import QuotaMonitor
    from ytquota.settings import SetSettings, Settings

State = Literal["ready", "exhausted", "half-open", "quarantined", "disabled", "missing", "unusable"]

_log = logging.getLogger("ytquota.auth")


@dataclass(frozen=True, slots=True)
class CredentialSet:
    """One credential set as it stands. It holds no secret.

    Attributes:
        number: N of the variables in `.env`.
        kind: "oauth" speaks for a channel; "api_key" can only read public data.
        project: the project number, or "key:<digest>" for a key whose project nobody has named; None if
            unknown.
        channel_id: the channel it speaks for, if it was learned at login.
        channel_title: that channel's title.
        state: "missing" (no token file), "unusable" (its files are garbled, or of another project),
            "disabled" (by an operator), "quarantined" (Google refuses it, or
            its token cannot be renewed for the moment), "half-open" (the latter, and one call may try again),
            "exhausted" (the default pool of its project is used up), or "ready".
        why: one or two plain sentences when there is something to say, else "".
        token_expiry: when the access token ends (aware, UTC); it is renewed by itself.
        granted_at: when the person consented (aware, UTC), if `ytquota login` was used.
        login_ends_at: when the login ends (aware, UTC), if Google said so; None where it has no end, or
            nobody knows.
        scopes: what was granted.
        missing_scopes: what YOUTUBE_SCOPES asks for and the token lacks.
        retry_at: where it is quarantined for the moment only, from when on it may be tried again (aware,
            UTC).
        exhausted: bucket -> when it is full again (aware, Pacific), for each pool of the project that is used
            up.
        by_operator: those of them that are not used up: an operator marked them.
        in_rotation: listed in YTQUOTA_ROTATION.
        preferred: an operator rotated to it.
        same_project_as: other sets that share its pools, so that they add no quota.
        same_channel_as: other sets that speak for the same channel.
    """

    number: int
    kind: Literal["oauth", "api_key"]
    project: str | None = None
    channel_id: str | None = None
    channel_title: str | None = None
    state: State = "ready"
    why: str = ""
    token_expiry: datetime | None = None
    granted_at: datetime | None = None
    login_ends_at: datetime | None = None
    scopes: tuple[str, ...] = ()
    missing_scopes: tuple[str, ...] = ()
    retry_at: datetime | None = None
    exhausted: Mapping[str, datetime] = field(default_factory=dict)
    by_operator: tuple[str, ...] = ()
    in_rotation: bool = False
    preferred: bool = False
    same_project_as: tuple[int, ...] = ()
    same_channel_as: tuple[int, ...] = ()

    @property
    def is_read_only(self) -> bool:
        """Whether it can only read: API keys speak for nobody."""
        return self.kind == "api_key"

    @property
    def is_alive(self) -> bool:
        """Whether calls may be tried with it: its pools may be empty, its token address out of reach."""
        return self.state in {"ready", "exhausted", "half-open"} or self.retry_at is not None

    def lacks(self, buckets: Iterable[str]) -> list[str]:
        """Return those of these buckets that are used up, which is all that is in the way of a live set."""
        return [bucket for bucket in buckets if bucket in self.exhausted] if self.is_alive else []

    @property
    def has_login(self) -> bool:
        """Whether its files hold a login; an API key always does."""
        return self.state not in {"missing", "unusable"}

    @property
    def is_provisional(self) -> bool:
        """Whether its pools stand on their own because the key's project is not known."""
        return bool(self.project and is_provisional(self.project))

    @property
    def speaker(self) -> str:
        """Whose name calls made with it appear under, in words."""
        if self.is_read_only:
            return "nobody (an API key only reads)"
        if self.channel_id is None:
            return "an unknown channel"
        return f"channel {self.channel_title or self.channel_id}"

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain JSON values, times in ISO format."""
        return {name: _plain(getattr(self, name)) for name in self.__slots__} | {
            "is_read_only": self.is_read_only,
            "is_provisional": self.is_provisional,
        }


def load_sets(settings: Settings, monitor: QuotaMonitor | None = None) -> list[CredentialSet]:
    """Return every credential set, by number. Nothing is sent to Google.

    Args:
        settings: where the sets are.
        monitor: tells which pools are exhausted; without it no set reads as exhausted.

    Raises:
        CredentialError: the state file cannot be read.
        LedgerUnavailable: the ledger cannot be read (unless YTQUOTA_FAIL_MODE is open).
    """
    clock = monitor.clock if monitor else SystemClock()
    states = StateFile(settings.memory_dir, clock=clock).read()
    usage: dict[str, Mapping[str, Balance]] = {}
    found = []
    now = utc(clock.time())
    for chosen in settings.sets.values():
        said, login = _files_say(settings, chosen)
        one = replace(
            said,
            in_rotation=chosen.number in settings.rotation,
            preferred=chosen.number == states.preferred,
        )
        if monitor and one.project:
            if one.project not in usage:
                usage[one.project] = exhausted_pools(settings, monitor, one.project)
            one = _with_exhausted(one, usage[one.project], clock.time())
        found.append(_judged(one, states, login, now))
    return [_related(one, found) for one in found]


def find_set(sets: Iterable[CredentialSet], number: int) -> CredentialSet:
    """Return set `number`.

    Raises:
        CredentialError: there is none; lists those there are.
    """
    sets = list(sets)
    for one in sets:
        if one.number == number:
            return one
    known = ", ".join(str(one.number) for one in sets) or "none"
    raise CredentialError(f"There is no credential set {number} (there is: {known}). Sets are named in .env.")


def by_project(sets: Iterable[CredentialSet]) -> dict[str | None, list[CredentialSet]]:
    """Group sets by the project whose pools they share."""
    groups: dict[str | None, list[CredentialSet]] = {}
    for one in sets:
        groups.setdefault(one.project, []).append(one)
    return groups


def exhausted_pools(settings: Settings, monitor: QuotaMonitor, project: str) -> dict[str, Balance]:
    """Return the balance of each pool of a project that is used up or marked now, by bucket.

    Raises:
        LedgerUnavailable: the ledger cannot be read (unless YTQUOTA_FAIL_MODE is open).
    """
    try:
        balances = monitor.ledger.usage(project).get(project, {})
    except LedgerUnavailable as error:
        if settings.fail_mode != "open":
            raise
        _log.warning("%s Nobody knows what project %s has left.", error, project)
        return {}
    now = monitor.clock.time()
    return {bucket: balance for bucket, balance in balances.items() if balance.is_exhausted(now)}


def reset_of(balance: Balance, now: float) -> datetime:
    """Return when a pool that is used up at `now` (epoch seconds) is full again (aware, Pacific)."""
    marked = balance.exhausted_until
    until = marked if marked is not None and marked > now and balance.left else bounds_at(now).end
    return datetime.fromtimestamp(until, PACIFIC)


def _files_say(settings: Settings, chosen: SetSettings) -> tuple[CredentialSet, str]:
    """Return what the files of a set say, and the fingerprint of the login in them."""
    if chosen.api_key is not None:
        key = chosen.api_key.reveal()
        project = chosen.project or project_of_key(key, settings.memory_dir)
        one = CredentialSet(chosen.number, "api_key", project)
        why = _key_note(one, is_alone=len(settings.sets) == 1) if one.is_provisional else ""
        return replace(one, why=why), fingerprint_of_login(key)
    try:
        token = checked_token(chosen)
    except CredentialError as error:
        owner = _project_of_secrets(chosen) or chosen.project
        there = chosen.token_file is not None and chosen.token_file.exists()
        state: State = "unusable" if there else "missing"
        return CredentialSet(chosen.number, "oauth", owner, state=state, why=str(error)), ""
    return _token_says(settings, token), token.login


def _token_says(settings: Settings, token: Token) -> CredentialSet:
    lacking = tuple(scope for scope in settings.scopes if token.scopes and scope not in token.scopes)
    return CredentialSet(
        token.number,
        "oauth",
        token.project,
        channel_id=token.channel_id,
        channel_title=token.channel_title,
        why=_scope_note(token.number, lacking),
        token_expiry=token.expiry,
        granted_at=token.granted_at,
        login_ends_at=token.login_ends_at,
        scopes=token.scopes,
        missing_scopes=lacking,
    )


def checked_token(chosen: SetSettings) -> Token:
    """Return the token of an OAuth set, checked against its client secrets and YTQUOTA_PROJECT_N.

    The secrets file may be absent where only the token was brought along: it is needed for a login only.

    Raises:
        CredentialError: the token is unusable or belongs to another project; names files and remedy.
    """
    assert chosen.token_file is not None  # settings ask for both files of an OAuth set
    token = load_token(chosen.number, chosen.token_file)
    if chosen.secrets_file is not None and chosen.secrets_file.exists():
        check_same_project(token, load_client_secrets(chosen.number, chosen.secrets_file))
    if chosen.project and chosen.project != token.project:
        raise CredentialError(
            f"YTQUOTA_PROJECT_{chosen.number} says project {chosen.project}, but the token {token.path} "
            f"belongs to project {token.project}, where Google counts its calls. Remove the setting: a token "
            "names its project."
        )
    return token


def _project_of_secrets(chosen: SetSettings) -> str | None:
    try:
        return (
            load_client_secrets(chosen.number, chosen.secrets_file).project if chosen.secrets_file else None
        )
    except CredentialError:
        return None


def _judged(one: CredentialSet, states: SetStates, login: str, now: datetime) -> CredentialSet:
    """Add what state file and ledger say, the gravest last word first."""
    if not one.has_login:
        return one
    if note := states.disabled.get(one.number):
        return replace(one, state="disabled", why=f"Switched off by an operator: {note.reason}")
    note = states.quarantined.get(one.number)
    if note and note.concerns(login):
        return _set_apart(one, note, now)
    if "default" in one.exhausted:
        return replace(one, state="exhausted", why=_pools_note(one))
    notes = [one.why, _pools_note(one) if one.exhausted else ""]
    return replace(one, why=" ".join(filter(None, notes)))


def _set_apart(one: CredentialSet, note: Note, now: datetime) -> CredentialSet:
    """Say of a quarantined set whether it waits for a login or for a better moment."""
    if note.retry_at is None:
        return replace(one, state="quarantined", why=note.reason)
    tried = "once" if note.tries == 1 else f"{note.tries} times"
    if note.is_waiting(now):
        when = f"tried {tried} in vain; the next try is due at {both_zones(note.retry_at)}."
        return replace(
            one, state="quarantined", why=f"{note.reason} For the moment only: {when}", retry_at=note.retry_at
        )
    when = f"tried {tried} in vain, and the next call may try again."
    return replace(one, state="half-open", why=f"{note.reason} Half-open: {when}", retry_at=note.retry_at)


def _with_exhausted(one: CredentialSet, pools: Mapping[str, Balance], now: float) -> CredentialSet:
    return replace(
        one,
        exhausted={bucket: reset_of(balance, now) for bucket, balance in pools.items()},
        by_operator=tuple(
            b for b, balance in pools.items() if balance.left and balance.marked_by == "operator"
        ),
    )


def _pools_note(one: CredentialSet) -> str:
    """Say until when the pools are used up, or marked by an operator: a sentence for each moment."""
    by_moment: dict[tuple[str, str], list[str]] = {}
    for bucket, until in sorted(one.exhausted.items(), key=lambda item: item[1]):
        state = "marked by an operator" if bucket in one.by_operator else "used up"
        by_moment.setdefault((state, both_zones(until)), []).append(bucket)
    return " ".join(
        f"The {' and '.join(names)} {'pool is' if len(names) == 1 else 'pools are'} {state} until {until}."
        for (state, until), names in by_moment.items()
    )


def _related(one: CredentialSet, sets: Sequence[CredentialSet]) -> CredentialSet:
    others = [other for other in sets if other.number != one.number]
    return replace(
        one,
        same_project_as=tuple(o.number for o in others if one.project and o.project == one.project),
        same_channel_as=tuple(o.number for o in others if one.channel_id and o.channel_id == one.channel_id),
    )


def _key_note(one: CredentialSet, *, is_alone: bool) -> str:
    doubt = "" if is_alone else " It may be of the same project as another set, and then adds nothing."
    return (
        f"A key does not tell its project, so it is counted on its own.{doubt} "
        f"Set YTQUOTA_PROJECT_{one.number} to the project's number."
    )


def _scope_note(number: int, lacking: Sequence[str]) -> str:
    if not lacking:
        return ""
    names = ", ".join(scope.rsplit("/", 1)[-1] for scope in lacking)
    return (
        f"The token lacks {names} of YOUTUBE_SCOPES; calls that need it fail. Run `ytquota login {number}`."
    )


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return list(value) if isinstance(value, tuple) else value
