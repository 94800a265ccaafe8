"""What a forecast says of one pool: will it run out today, when, how sure, and how the next days look.

Every figure is read off the same possible rests of the day (`forecast.rest_of_day`), so none contradicts
another; `docs/forecasting.md` explains the methods and what they were measured against.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from datetime import date, datetime

    from ytquota.intelligence.ensemble import Band

Basis = Literal["forecast", "simple", "withheld", "frozen"]

_NAMES = ("low", "middle", "high")
_CERTAIN = 0.995
_NOTED = 0.05  # a method with less than this weight is not named


@dataclass(frozen=True, slots=True)
class DayAhead:
    """One of the next quota days: its total in quota units (10, 50, 90 %), and how likely it runs out."""

    day: date
    total: Band
    run_out_probability: float


@dataclass(frozen=True, slots=True)
class FanPoint:
    """The running total of today at an instant, in quota units: 10, 50, 90 %."""

    at: datetime
    total: Band


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is to be expected of one pool until its reset. Counts are quota units, datetimes aware (Pacific).

    Attributes:
        project: project number.
        bucket: the daily allowance.
        made_at: when.
        resets_at: the end of the quota day.
        basis: "forecast"; "simple": too little history, so wide and provisional; "withheld": none is made;
            "frozen": the pool is exhausted, and what is said is what would have been.
        reason: why it is not a full forecast; empty for one that is.
        used: charged today.
        limit: units a day.
        run_out_probability: that the limit is reached before the reset.
        run_out_at: when, at 10, 50 and 90 %; None where at that level it lasts. Of a pool that ran
            out, thrice when it did.
        total: what will have been asked for by the reset, beyond the limit too, at 10, 50 and 90 %.
        sustainable_rate: units an hour that would just last.
        methods: weight of each method that made it, largest first.
        checked: how well the same forecast did on the last finished days, in one sentence.
        declared: units that were declared for the rest of today.
        fan: today's running total from now to the reset.
        days_ahead: the next quota days.
        days: finished days of history.
        official_days: those of them that Google alone counted.
    """

    project: str
    bucket: str
    made_at: datetime
    resets_at: datetime
    basis: Basis
    reason: str
    used: int
    limit: int
    run_out_probability: float | None = None
    run_out_at: tuple[datetime | None, datetime | None, datetime | None] = (None, None, None)
    total: Band | None = None
    sustainable_rate: float = 0.0
    methods: tuple[tuple[str, float], ...] = ()
    checked: str = ""
    declared: float = 0.0
    fan: tuple[FanPoint, ...] = ()
    days_ahead: tuple[DayAhead, ...] = ()
    days: int = 0
    official_days: int = 0

    @property
    def method(self) -> str:
        """The methods by name, the weightiest first: "ridge (53 %), rate (42 %)"."""
        return ", ".join(f"{name} ({weight:.0%})" for name, weight in self.methods if weight >= _NOTED)

    def as_dict(self) -> dict[str, Any]:
        """All of it, ready for JSON; datetimes as ISO texts."""
        times = [None if at is None else at.isoformat(timespec="seconds") for at in self.run_out_at]
        return {
            "project": self.project,
            "bucket": self.bucket,
            "made_at": self.made_at.isoformat(timespec="seconds"),
            "resets_at": self.resets_at.isoformat(),
            "basis": self.basis,
            "reason": self.reason,
            "used": self.used,
            "limit": self.limit,
            "run_out_probability": _rounded(self.run_out_probability, 4),
            "run_out_at": dict(zip(_NAMES, times, strict=True)),
            "total": _band(self.total),
            "sustainable_rate": round(self.sustainable_rate, 1),
            "methods": {name: round(weight, 3) for name, weight in self.methods},
            "checked": self.checked,
            "declared": round(self.declared, 1),
            "days": self.days,
            "official_days": self.official_days,
            "fan": [
                {"at": point.at.isoformat(timespec="seconds"), **(_band(point.total) or {})}
                for point in self.fan
            ],
            "days_ahead": [
                {
                    "day": ahead.day.isoformat(),
                    "total": _band(ahead.total),
                    "run_out_probability": _rounded(ahead.run_out_probability, 4),
                }
                for ahead in self.days_ahead
            ],
        }

    def __str__(self) -> str:
        """One sentence for people."""
        if self.total is None or self.run_out_probability is None:
            return f"No forecast: {self.reason}."
        if self.basis == "frozen":
            return f"{self.reason}."
        about = f"about {self.total.middle:,.0f} of {self.limit:,} by the reset"
        soon = self.run_out_at[1] or self.run_out_at[0]
        if soon is None:
            return f"It lasts ({_sure(1 - self.run_out_probability)} sure): {about}."
        when = f"{'about' if self.run_out_at[1] else 'not before'} {soon:%H:%M %Z}"
        return f"Runs out {when} ({_sure(self.run_out_probability)} likely): {about}."


def _sure(probability: float) -> str:
    """A probability in per cent; no forecast is certain."""
    return f"{probability:.0%}" if probability < _CERTAIN else "over 99%"


def _band(band: Band | None) -> dict[str, float] | None:
    return None if band is None else {name: round(value, 1) for name, value in band._asdict().items()}


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
