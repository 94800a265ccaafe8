"""`memory/exhausted_credentials.json`: which sets are quarantined, disabled or preferred, and since when.

It is the one authority for these three facts. Its `exhausted` field is only a view of the ledger, kept for
people and for programs that read the file of the system we continue; nothing here decides by it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ytquota.auth.files import locked, read_json, replace_json
from ytquota.clock import Clock, SystemClock, utc
from ytquota.errors import CredentialError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

FILE_NAME = "exhausted_credentials.json"
VERSION = 1

_log = logging.getLogger("ytquota.auth")


@dataclass(frozen=True, slots=True)
class Note:
    """Why something was set, and since when (aware, UTC)."""

    reason: str
    since: datetime


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


class StateFile:
    """The state file in a memory folder. Changes are made under one lock and by atomic replacement.

    Args:
        folder: `settings.memory_dir`.
        clock: the time, injected.
    """

    def __init__(self, folder: Path, *, clock: Clock | None = None) -> None:
        self.path = folder / FILE_NAME
        self._clock = clock or SystemClock()

    def read(self) -> SetStates:
        """Return what the file says; a missing file says nothing is wrong.

        Raises:
            CredentialError: it cannot be read, or a newer ytquota wrote it; names the file and the remedy.
        """
        if not self.path.exists():
            return SetStates()
        content = self._load()
        if content is None:
            with self._locked():
                self._put_aside_if_older()
            return SetStates()
        return _parsed(content, self.path)

    def quarantine(self, number: int, reason: str, *, since: datetime | None = None) -> bool:
        """Note that Google refuses the set's credentials (since now); False if that was known already."""
        note = Note(reason, since or self._now())
        return self._change(
            lambda s: (
                s if number in s.quarantined else replace(s, quarantined={**s.quarantined, number: note})
            )
        )

    def clear_quarantine(self, number: int) -> bool:
        """Forget the quarantine of a set; False if there was none."""
        return self._change(lambda s: replace(s, quarantined=_without(s.quarantined, number)))

    def disable(self, number: int, reason: str, *, since: datetime | None = None) -> bool:
        """Switch a set off (since now); False if it was off already."""
        note = Note(reason, since or self._now())
        return self._change(
            lambda s: s if number in s.disabled else replace(s, disabled={**s.disabled, number: note})
        )

    def enable(self, number: int) -> bool:
        """Switch a set on again; False if it was on."""
        return self._change(lambda s: replace(s, disabled=_without(s.disabled, number)))

    def prefer(self, number: int | None) -> bool:
        """Note which set of the rotation list comes first; None means the list's own order."""
        return self._change(lambda s: replace(s, preferred=number))

    def show_exhausted(self, view: Mapping[int, Mapping[str, str]]) -> bool:
        """Refresh the view of the ledger: set number -> bucket -> ISO time of the reset."""
        return self._change(lambda s: replace(s, exhausted=view))

    def _change(self, step: Callable[[SetStates], SetStates]) -> bool:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._locked():
            self._put_aside_if_older()
            content = self._load() if self.path.exists() else None
            before = _parsed(content, self.path) if content is not None else SetStates()
            after = step(before)
            if after == before:
                return False
            replace_json(self.path, _document(after, self._now()), mode=0o644)
            return True

    def _locked(self) -> AbstractContextManager[None]:
        return locked(self.path)

    def _load(self) -> dict[str, Any] | None:
        """Return the file's object, or None if it has the shape of the older system."""
        remedy = (
            "Until it can be read nobody knows which sets are quarantined or disabled. Repair it, or move "
            "it away: the sets then count as healthy until Google refuses them again."
        )
        content = read_json(self.path, what="state file", remedy=remedy)
        if isinstance(content, dict) and "v" in content:
            return content
        if isinstance(content, dict | list):
            return None
        raise CredentialError(f"The state file {self.path} holds neither an object nor a list. {remedy}")

    def _put_aside_if_older(self) -> None:
        """Keep a file of the older system as `.old`; its marks had no pool and no day: none is taken over."""
        if not self.path.exists() or self._load() is not None:
            return
        old = self.path.with_name(FILE_NAME + ".old")
        turn = 1
        while old.exists():
            turn += 1
            old = self.path.with_name(f"{FILE_NAME}.old{turn}")
        self.path.rename(old)
        _log.warning("%s had the shape of an older program; it was kept as %s", self.path, old.name)

    def _now(self) -> datetime:
        return utc(self._clock.time())


def _without(notes: Mapping[int, Note], number: int) -> dict[int, Note]:
    return {key: note for key, note in notes.items() if key != number}


def _document(states: SetStates, at: datetime) -> dict[str, Any]:
    return {
        "v": VERSION,
        "updated": at.isoformat(),
        "quarantined": _written(states.quarantined),
        "disabled": _written(states.disabled),
        "preferred": states.preferred,
        "exhausted": {str(number): dict(pools) for number, pools in sorted(states.exhausted.items())},
    }


def _written(notes: Mapping[int, Note]) -> dict[str, dict[str, str]]:
    return {
        str(number): {"reason": note.reason, "since": note.since.isoformat()}
        for number, note in sorted(notes.items())
    }


def _parsed(content: Mapping[str, Any], path: Path) -> SetStates:
    if isinstance(content["v"], int) and content["v"] > VERSION:
        raise CredentialError(
            f"The state file {path} was written by a newer ytquota (format {content['v']}, this one knows "
            f"{VERSION}). Upgrade ytquota in this environment."
        )
    try:
        preferred = content.get("preferred")
        return SetStates(
            quarantined=_notes(content.get("quarantined") or {}),
            disabled=_notes(content.get("disabled") or {}),
            preferred=None if preferred is None else int(preferred),
            exhausted={int(n): dict(pools) for n, pools in (content.get("exhausted") or {}).items()},
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        raise CredentialError(
            f"The state file {path} has a shape that cannot be understood, so nobody knows which sets are "
            "quarantined or disabled. Repair it, or move it away: the sets then count as healthy until "
            "Google refuses them again."
        ) from None


def _notes(written: Mapping[str, Mapping[str, str]]) -> dict[int, Note]:
    return {
        int(number): Note(str(note["reason"]), datetime.fromisoformat(note["since"]).astimezone(UTC))
        for number, note in written.items()
    }
