"""Today's sums, kept up to date line by line as the log grows."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ytquota.dashboard.snapshot import Today, Trouble, Use
from ytquota.monitor.ledger import PoolKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

STEP = 300
"""Seconds per step of the day's curve."""

_TROUBLES = 40
_NOT_SENT = ("denied", "not_sent")


@dataclass(slots=True)
class DayPart:
    """Today's sums of one pool."""

    steps: Counter[int] = field(default_factory=Counter)
    methods: Counter[str] = field(default_factory=Counter)
    sets: Counter[str] = field(default_factory=Counter)
    tags: Counter[str] = field(default_factory=Counter)
    last_charged: float | None = None

    def add(self, row: Mapping[str, Any], at: float, start: float) -> None:
        """Add one line of the log."""
        units = row["units"]
        if not units:
            return
        self.steps[int((at - start) // STEP)] += units
        self.methods[row["method"]] += units
        self.sets[row["set"]] += units
        self.tags[row["tag"]] += units
        self.last_charged = at

    def totals(self, steps: int) -> tuple[int, ...]:
        """Running total at the end of each of the first steps of the day."""
        total, curve = 0, []
        for step in range(steps):
            total += self.steps.get(step, 0)
            curve.append(total)
        return tuple(curve)

    def today(self, steps: int) -> Today:
        """The same as plain facts."""
        return Today(
            self.totals(steps), dict(self.methods), dict(self.sets), dict(self.tags), self.last_charged
        )


@dataclass(slots=True)
class SetUse:
    """Today's use of one credential set."""

    last: float | None = None
    last_tag: str = ""
    units: Counter[tuple[str, str]] = field(default_factory=Counter)


class DaySums:
    """Everything that is summed over a quota day.

    Args:
        start: the day's beginning, in epoch seconds.
    """

    def __init__(self, start: float) -> None:
        self._start = start
        self._parts: dict[PoolKey, DayPart] = {}
        self._uses: dict[int, SetUse] = {}
        self._troubles: deque[Trouble] = deque(maxlen=_TROUBLES)

    def add(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add lines of the log."""
        for row in rows:
            at = datetime.fromisoformat(row["at"]).timestamp()
            key = PoolKey(row["project"], row["bucket"])
            self._parts.setdefault(key, DayPart()).add(row, at, self._start)
            self._note_use(row, at)
            if row["outcome"] != "ok":
                self._note_trouble(row, at)

    def today(self, steps: int) -> dict[PoolKey, Today]:
        """Each pool's day, with a curve of so many steps."""
        return {key: part.today(steps) for key, part in self._parts.items()}

    def uses(self) -> dict[int, Use]:
        """Each credential set's day."""
        return {number: Use(one.last, one.last_tag, dict(one.units)) for number, one in self._uses.items()}

    def troubles(self) -> tuple[Trouble, ...]:
        """What was refused or failed, the latest first."""
        return tuple(reversed(self._troubles))

    def _note_use(self, row: Mapping[str, Any], at: float) -> None:
        number = str(row.get("set") or "")
        if not number.isdecimal() or row["outcome"] in _NOT_SENT:
            return
        use = self._uses.setdefault(int(number), SetUse())
        use.last, use.last_tag = at, row["tag"]
        if row["units"]:
            use.units[row["bucket"], row["tag"]] += row["units"]

    def _note_trouble(self, row: Mapping[str, Any], at: float) -> None:
        texts = {
            name: row.get(name) or "" for name in ("project", "method", "tag", "bucket", "outcome", "reason")
        }
        new = Trouble(
            at=at,
            times=row.get("calls", 1),
            credential_set=row.get("set") or "",
            status=row.get("status"),
            **texts,
        )
        for place, old in enumerate(self._troubles):
            if old.is_like(new):
                del self._troubles[place]
                new = replace(new, times=new.times + old.times)
                break
        self._troubles.append(new)
