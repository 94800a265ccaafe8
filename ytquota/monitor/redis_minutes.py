"""The count that several hosts share, minute by minute: what it had come to some minutes ago.

A host's lines say what Redis told it with its own calls, and nothing of what others charged in between. So
Redis notes with the first step of each minute how it stood before, and keeps four hours of that.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from ytquota.monitor import lines
from ytquota.monitor.settled import MINUTE, Settled, marks_before

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

_KEPT = 240
"""Minutes, as in redis_ledger.lua."""

_Units = Counter[str]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a project's count stood, in quota units by bucket.

    Attributes:
        used: charged, corrections included.
        adjusted: the part of it that are corrections, or was brought back to a server that had lost it.
        open: held by requests that had not ended.
        hosts: what each host had charged, corrections not included.
    """

    used: _Units
    adjusted: _Units
    open: _Units
    hosts: Mapping[str, _Units]


@dataclass(frozen=True, slots=True)
class Minutes:
    """What Redis knows of a day's last hours.

    Attributes:
        since: from when on (epoch seconds).
        host: this host's name.
        now: how it stands.
        before: how it stood before the first step of a minute, by the number of the minute (since 1970).
    """

    since: float
    host: str
    now: Standing
    before: Mapping[int, Standing]

    @property
    def others(self) -> dict[str, _Units]:
        """What other hosts have charged, by their names; those that charged nothing are left out."""
        return {name: +units for name, units in self.now.hosts.items() if name != self.host and +units}

    def others_at(self, mark: float) -> dict[str, _Units]:
        """What they had charged at a full minute (epoch seconds)."""
        return {name: +self._at(mark).hosts.get(name, Counter()) for name in self.others}

    def settled_count(self, until: float, *, earliest: float) -> Settled | None:
        """The count at the last quiet full minute before an instant, as `settled.settled_count` finds it.

        None where Redis does not know that: it was started, or ytquota was updated, later than that.
        """
        marks = [mark for mark in marks_before(until, earliest) if mark >= self.since]
        if not marks:
            return None
        always = self.now.open.copy()  # holds that nobody settles, and uploads, of which Google knew long ago
        for mark in marks:
            always &= self._at(mark).open
        return min(
            (self._count(mark, always) for mark in marks),
            key=lambda one: (sum(one.doubtful.values()), -one.until),
        )

    def count_at(self, mark: float) -> Settled:
        """The count at a full minute that `settled_count` chose."""
        return self._count(mark, Counter())

    def _count(self, mark: float, always: _Units) -> Settled:
        then = self._at(mark)
        used = then.used.copy()
        used.update(self.now.adjusted)
        used.subtract(then.adjusted)
        kept = {bucket: max(0, units) for bucket, units in used.items()}
        return Settled(mark, kept, dict(then.open - always))

    def _at(self, mark: float) -> Standing:
        """How it stood: nothing changed until the first step after it."""
        later = [minute for minute in self.before if minute >= mark // MINUTE]
        return self.before[min(later)] if later else self.now


@runtime_checkable
class KeepsMinutes(Protocol):
    """A ledger that knows how its count stood some minutes ago, better than the lines on this host do."""

    def minutes(self, project: str, day: date) -> Minutes | None:
        """What it knows of a day."""


def minutes_of(ledger: object, project: str, day: date) -> Minutes | None:
    """What a ledger knows of a day's last hours; None of a journal, whose lines say all.

    Raises:
        LedgerUnavailable: the server cannot be used.
    """
    return ledger.minutes(project, day) if isinstance(ledger, KeepsMinutes) else None


def minutes_in(answer: Mapping[str, Any], host: str) -> Minutes:
    """What the server answered, for a host of this name."""
    words = answer["minutes"]
    stored = dict(zip(words[::2], words[1::2], strict=True)) if words else {}
    minute = int(float(answer["at"]) // MINUTE)
    since = max(int(stored.pop("since", minute + 1)), minute - _KEPT + 1)
    before = {int(name): _standing(text) for name, text in stored.items()}
    return Minutes(since * MINUTE, host, _standing(answer["now"]), before)


def _standing(text: str) -> Standing:
    facts = lines.decode(text)
    hosts = {name: _units(units) for name, units in dict(facts["hosts"] or {}).items()}
    return Standing(_units(facts["used"]), _units(facts["adjusted"]), _units(facts["open"]), hosts)


def _units(table: Any) -> _Units:
    """Units by bucket; an empty table of Lua is an empty list in JSON."""
    return Counter({bucket: int(units) for bucket, units in dict(table or {}).items()})
