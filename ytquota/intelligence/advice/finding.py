"""What a rule finds, what a person is told of it, and when it is too little to tell."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from ytquota.prices import DEFAULT_LIMITS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pandas as pd

    from ytquota.intelligence.advice.calls import Rows

FLOOR = 0.01
"""The share of a pool's daily limit that advice must save; less is not worth changing a bot for."""

_FEW = 10  # units a day, below which a fraction is worth telling

Certainty = Literal["measured", "estimated"]


@dataclass(frozen=True, slots=True)
class Advice:
    """One change to one bot that spares quota.

    Attributes:
        rule: the rule's name, as in docs/advice.md.
        title: what was found, in one line.
        project: number of the project that pays.
        bucket: the daily allowance that the saving belongs to; savings of two buckets never add up.
        tag: whose calls.
        method: which calls.
        calls: how many of them the rule looked at.
        days: on how many quota days they were made.
        units: what they cost together, in quota units.
        spared: how many of them the change would have spared.
        saving: quota units a day, over all days of the log that was read.
        share: the saving as a part of the pool's daily limit, from 0 up.
        cost: bucket -> quota units a day that the change costs there instead.
        change: what to do.
        code: how, in Python.
        certainty: measured, or estimated where it rests on the assumption.
        assumption: what must hold for the saving.
    """

    rule: str
    title: str
    project: str
    bucket: str
    tag: str
    method: str
    calls: int
    days: int
    units: int
    spared: int
    saving: float
    share: float
    cost: Mapping[str, float]
    change: str
    code: str
    certainty: Certainty
    assumption: str

    def to_json(self) -> dict[str, Any]:
        """The advice as plain values."""
        return asdict(self) | {"cost": dict(self.cost)}

    def worth(self) -> str:
        """What following it saves a day, what share of its pool that is, and what it costs elsewhere."""
        if not self.saving:
            return f"Saves no units, but {self.spared:,} calls ({self.certainty})"
        word = "units" if self.bucket == "default" else "calls"
        told = (
            f"Saves {_amount(self.saving)} {word} a day of {self.bucket}, "
            f"{self.share:.1%} of the pool ({self.certainty})"
        )
        costs = [f"{_amount(units)} a day of {bucket}" for bucket, units in self.cost.items()]
        return f"{told}; costs {' and '.join(costs)}" if costs else told

    def evidence(self) -> str:
        """Which calls show it."""
        days = "1 day" if self.days == 1 else f"{self.days} days"
        calls = "calls" if self.method == "several" else f"calls of {self.method}"
        return (
            f"{self.calls:,} {calls} by {self.tag} on {days}, {self.units:,} units; "
            f"{self.spared:,} to spare. Project {self.project}"
        )


def _amount(units: float) -> str:
    return f"{units:.1f}" if units < _FEW else f"{units:,.0f}"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found at one bot.

    Attributes:
        rows: the calls that it looked at, all of one project and bucket.
        spared: labels of those that the change would have spared.
        cost: bucket -> quota units, over the whole log, that the change costs there instead.
        always: tell it even where it saves no units.
    """

    rule: str
    title: str
    rows: pd.DataFrame
    spared: Rows
    change: str
    code: str
    certainty: Certainty
    assumption: str
    cost: Mapping[str, float] = field(default_factory=dict)
    always: bool = False

    def advice(self, days: int, limits: Mapping[tuple[str, str], int]) -> Advice | None:
        """What to tell of it; None if it is too little.

        Args:
            days: quota days of the log.
            limits: (project, bucket) -> daily limit; where one is missing, Google's default.
        """
        first = self.rows.iloc[0]
        pool = str(first["project"]), str(first["bucket"])
        limit = limits.get(pool) or DEFAULT_LIMITS.get(pool[1], 0)
        spared = self.rows.loc[self.spared]
        saving = int(spared["units"].sum()) / days
        share = saving / limit if limit else 0.0
        if share < FLOOR and not self.always:
            return None
        methods = self.rows["method"].unique()
        return Advice(
            rule=self.rule,
            title=self.title,
            project=pool[0],
            bucket=pool[1],
            tag=str(first["tag"]),
            method=str(methods[0]) if len(methods) == 1 else "several",
            calls=int(self.rows["calls"].sum()),
            days=int(self.rows["day"].nunique()),
            units=int(self.rows["units"].sum()),
            spared=int(spared["calls"].sum()),
            saving=saving,
            share=share,
            cost={bucket: units / days for bucket, units in self.cost.items()},
            change=self.change,
            code=self.code,
            certainty=self.certainty,
            assumption=self.assumption,
        )


if TYPE_CHECKING:
    Rule = Callable[[pd.DataFrame, pd.DataFrame], Iterator[Finding]]
    """(calls that no earlier rule has spared, all calls) -> findings about different bots."""
