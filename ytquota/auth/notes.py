"""What is noted of credential sets: why one is quarantined or switched off, since when, and until when."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

FIRST_PAUSE, LONGEST_PAUSE = 5.0, 300.0
"""Seconds from a temporary failure to the next try: the first, doubled each time, and the most."""


@dataclass(frozen=True, slots=True)
class Note:
    """Why something was set, and since when.

    Attributes:
        reason: in plain words.
        since: when (aware, UTC).
        login: fingerprint of the login that a quarantine is about; "" if that was not noted. Another login in
            its place is not quarantined.
        retry_at: for a temporary quarantine, from when on it may be tried again (aware, UTC); None for a
            final one, and for a set that is switched off.
        tries: how often it was tried in vain, for a temporary one.
    """

    reason: str
    since: datetime
    login: str = ""
    retry_at: datetime | None = None
    tries: int = 0

    @property
    def is_final(self) -> bool:
        """Whether waiting will not help."""
        return self.retry_at is None

    def is_waiting(self, now: datetime) -> bool:
        """Whether a temporary quarantine still holds; a clock that was set back does not prolong it."""
        if self.retry_at is None:
            return False
        return now < self.retry_at <= now + timedelta(seconds=LONGEST_PAUSE)

    def concerns(self, login: str) -> bool:
        """Whether it is about this login, and not about one that has been replaced since."""
        return not (self.login and login) or self.login == login

    def to_json(self) -> dict[str, Any]:
        """Return it as it stands in the file; what is empty is left out."""
        written: dict[str, Any] = {"reason": self.reason, "since": self.since.isoformat()}
        if self.login:
            written["login"] = self.login
        if self.retry_at is not None:
            written |= {"retry_at": self.retry_at.isoformat(), "tries": self.tries}
        return written

    @classmethod
    def from_json(cls, written: Mapping[str, Any]) -> Note:
        """Read what `to_json` returned."""
        retry_at = written.get("retry_at")
        return cls(
            str(written["reason"]),
            datetime.fromisoformat(written["since"]).astimezone(UTC),
            str(written.get("login") or ""),
            None if retry_at is None else datetime.fromisoformat(retry_at).astimezone(UTC),
            int(written.get("tries") or 0),
        )


@dataclass(frozen=True, slots=True)
class SetStates:
    """What the file says. Set numbers are ints.

    Attributes:
        quarantined: sets whose credentials Google refuses.
        disabled: sets that an operator switched off.
        preferred: the set that an operator rotated to, or None.
        exhausted: view of the ledger: set number -> bucket -> ISO time of the reset.
    """

    quarantined: Mapping[int, Note] = field(default_factory=dict)
    disabled: Mapping[int, Note] = field(default_factory=dict)
    preferred: int | None = None
    exhausted: Mapping[int, Mapping[str, str]] = field(default_factory=dict)

    def refuses(self, number: int, login: str) -> bool:
        """Whether Google refuses a set's login (its fingerprint) for good, as far as was noted."""
        note = self.quarantined.get(number)
        return note is not None and note.is_final and note.concerns(login)


def stumbled(known: Note | None, reason: str, *, at: datetime, login: str) -> Note:
    """Return the note of one more failure that will pass; each doubles the pause before the next try.

    Args:
        known: what was noted so far; another login's counts for nothing.
        reason: in words for people.
        at: now (aware, UTC).
        login: fingerprint of the login.
    """
    before = known if known is not None and not known.is_final and known.concerns(login) else None
    tries = before.tries + 1 if before else 1
    pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (tries - 1))
    since = before.since if before else at
    return Note(reason, since, login, at + timedelta(seconds=pause), tries)
