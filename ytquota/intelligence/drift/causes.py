"""A cause of drift, as a person is told of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from datetime import date

Kind = Literal[
    "elsewhere",
    "over_counted",
    "under_counted",
    "price",
    "second_ledger",
    "missing_host",
    "source",
    "unexplained",
]
Certainty = Literal["sure", "likely", "cannot be told apart"]

_SURE, _LIKELY = 0.95, 0.8

TITLES: dict[Kind, str] = {
    "elsewhere": "calls made elsewhere",
    "over_counted": "calls that we charged and Google does not",
    "under_counted": "calls that we gave back and Google charges",
    "price": "another price",
    "second_ledger": "a second ledger",
    "missing_host": "a host whose calls are missing",
    "source": "minutes that Google's counters lost",
    "unexplained": "no cause found",
}


@dataclass(frozen=True, slots=True)
class Cause:
    """Why Google's count and ours differ on a day.

    Attributes:
        day: the quota day.
        bucket: the daily allowance.
        method: the method; empty where it concerns several.
        kind: which cause.
        detail: of sends charged otherwise, their ending; of a ledger or host, where; of a price, what.
        units: the part of the difference (Google's count less ours) that it explains, in quota units.
        probability: that it is a cause, from 0 to 1.
        evidence: what shows it.
        remedy: what to do.
        alternatives: what it cannot be told apart from, each with its probability; empty where it is likely.
    """

    day: date
    bucket: str
    method: str
    kind: Kind
    detail: str
    units: int
    probability: float
    evidence: str
    remedy: str
    alternatives: tuple[str, ...] = ()

    @property
    def sure(self) -> Certainty:
        """How sure it is, in a word."""
        if self.probability >= _SURE:
            return "sure"
        return "likely" if self.probability >= _LIKELY else "cannot be told apart"

    def to_json(self) -> dict[str, Any]:
        """The cause as plain values."""
        return asdict(self) | {
            "day": self.day.isoformat(),
            "sure": self.sure,
            "alternatives": [*self.alternatives],
        }

    def __str__(self) -> str:
        where = self.method or self.bucket
        text = f"{self.day:%a %d %b}, {where}: {self.units:+,} units, {TITLES[self.kind]}"
        text += f" ({self.detail})" if self.detail else ""
        if self.kind == "unexplained":
            return text
        if self.sure == "cannot be told apart":
            others = " or ".join(self.alternatives)
            return f"{text}, {self.probability:.0%} sure" + (
                f"; cannot be told apart from {others}" if others else ""
            )
        return f"{text}, {self.sure}"
