"""`memory/exhausted_credentials.json`: which sets are quarantined, disabled or preferred, and since when.

A quarantine is either final (Google refuses the login, until there is another one) or temporary (its token
address is out of reach): then it has a time from which one more try may be made.

The file is the one authority for these three facts. Its `exhausted` field is only a view of the ledger, kept
for people and for programs that read the file of the system we continue; nothing here decides by it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ytquota.auth.files import alone_with, read_json, replace_json
from ytquota.auth.notes import Note, SetStates, stumbled
from ytquota.clock import Clock, SystemClock, utc
from ytquota.errors import CredentialError
from ytquota.monitor.files import set_aside

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

FILE_NAME = "exhausted_credentials.json"
VERSION = 1


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
            with alone_with(self.path):
                self._put_aside_if_older()
            return SetStates()
        return _parsed(content, self.path)

    def quarantine(self, number: int, reason: str, *, since: datetime | None = None, login: str = "") -> bool:
        """Note that Google refuses the set's login (since now); False if that was known already.

        Args:
            number: the set.
            reason: in words for people.
            since: when it began (aware); now by default.
            login: fingerprint of the login, so that another one in its place is not quarantined.
        """
        note = Note(reason, since or self._now(), login)

        def step(states: SetStates) -> SetStates:
            known = states.quarantined.get(number)
            if known is not None and known.is_final and known.concerns(login):
                return states
            return replace(states, quarantined={**states.quarantined, number: note})

        return self._change(step)

    def stumble(self, number: int, reason: str, *, login: str = "") -> Note | None:
        """Note that the set cannot be used for the moment: once more in vain, and longer until the next try.

        Returns:
            The note if this began a temporary quarantine; None if it went on, or if a final one is known.
        """
        begun: list[Note] = []

        def step(states: SetStates) -> SetStates:
            known = states.quarantined.get(number)
            if known is not None and known.is_final and known.concerns(login):
                return states
            note = stumbled(known, reason, at=self._now(), login=login)
            begun[:] = [note] if note.tries == 1 else []
            return replace(states, quarantined={**states.quarantined, number: note})

        self._change(step)
        return begun[0] if begun else None

    def recover(self, number: int, login: str) -> Note | None:
        """End what a working login ends: a temporary quarantine, or any of another login; return its note."""
        ended: list[Note] = []

        def step(states: SetStates) -> SetStates:
            known = states.quarantined.get(number)
            if known is None or (known.is_final and known.concerns(login)):
                return states
            ended[:] = [known]
            return replace(states, quarantined=_without(states.quarantined, number))

        self._change(step)
        return ended[0] if ended else None

    def put_back(self, number: int, note: Note) -> bool:
        """Put a quarantine back as it was."""
        return self._change(lambda s: replace(s, quarantined={**s.quarantined, number: note}))

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
        with alone_with(self.path):
            self._put_aside_if_older()
            content = self._load() if self.path.exists() else None
            before = _parsed(content, self.path) if content is not None else SetStates()
            after = step(before)
            if after == before:
                return False
            replace_json(self.path, _document(after, self._now()), mode=None)
            return True

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
        set_aside(self.path)

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


def _written(notes: Mapping[int, Note]) -> dict[str, dict[str, Any]]:
    return {str(number): note.to_json() for number, note in sorted(notes.items())}


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


def _notes(written: Mapping[str, Mapping[str, Any]]) -> dict[int, Note]:
    return {int(number): Note.from_json(note) for number, note in written.items()}
