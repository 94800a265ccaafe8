"""The facts of a request, as plain values. Counts are quota units (of some buckets: calls), days Pacific."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from datetime import date, datetime

    from ytquota.intelligence.advice import Advice
    from ytquota.intelligence.ensemble import Band

Counted = Literal["local", "official", "both"]


@dataclass(frozen=True, slots=True)
class MethodUse:
    """What one method took.

    Attributes:
        bucket: the daily allowance it takes from.
        method: as `videos.list`.
        calls: sent, and not refused for want of quota.
        units: charged.
        failed: of the calls, those that were charged and brought nothing.
        refused: calls that had no quota.
        official: of the units, those that Google counted, on days without a count of our own. Their calls are
            reckoned from the price.
    """

    bucket: str
    method: str
    calls: int
    units: int
    failed: int
    refused: int
    official: int

    @property
    def counted(self) -> Counted:
        """Who counted the units."""
        return "local" if not self.official else "official" if self.official == self.units else "both"


@dataclass(frozen=True, slots=True)
class RunOut:
    """A day on which a pool was empty before its end.

    Attributes:
        day: the quota day.
        at: the first call without quota that was followed by none with (aware, Pacific); where nobody asked
            again, the last call that was charged; None where only the day's total is known.
        calls: calls refused from then on.
        units: what they would have cost.
    """

    day: date
    at: datetime | None
    calls: int
    units: int


@dataclass(frozen=True, slots=True)
class Coming:
    """What days to come will ask for, beyond the limit too.

    Attributes:
        need: of a day, at 10, 50 and 90 %.
        most: what 95 of 100 days will not exceed.
        over: the share of days that will ask for more than the limit in force.
        days: how many days were looked ahead.
        history: finished days that it is estimated from.
        trend: demand of the last 28 days over that of the 28 before; None with a shorter history.
    """

    need: Band
    most: float
    over: float
    days: int
    history: int
    trend: float | None


@dataclass(frozen=True, slots=True)
class Advised:
    """The limit to ask for.

    Attributes:
        limit: units a day; the one in force where no more is needed, None where too little is known.
        is_more: whether it is above the one in force.
        after_sparing: the limit that would do once all that is advised is done; None where nothing is.
        reason: how it was come to, in a sentence.
    """

    limit: int | None
    is_more: bool
    after_sparing: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class PoolNeed:
    """One daily allowance: what was used and refused, and what it will take.

    Attributes:
        bucket: its name.
        limit: in force.
        limit_source: "operator", "server" or "default".
        mean: units of a day, over all days counted.
        highest: units of the day that took most.
        highest_on: that day; None where nothing was used.
        refused_calls: calls that had no quota, denied by us or refused by Google.
        refused_units: what they would have cost.
        run_outs: the days on which it was empty before their end.
        coming: what is expected; None where too little is known.
        spare: units a day that what is still advised would save.
        advised: the limit to ask for.
    """

    bucket: str
    limit: int
    limit_source: str
    mean: float
    highest: int
    highest_on: date | None
    refused_calls: int
    refused_units: int
    run_outs: tuple[RunOut, ...]
    coming: Coming | None
    spare: float
    advised: Advised


@dataclass(frozen=True, slots=True)
class Habit:
    """A figure of thrift, on the days before the last 28 and on those.

    Attributes:
        name: "ids per call", "repeated reads" or "failed calls".
        method: of which method; empty: of all.
        before: the figure; None where there was none.
        now: the same, of the last 28 days.
        is_share: whether it is a share of the calls, from 0 to 1.
    """

    name: str
    method: str
    before: float | None
    now: float | None
    is_share: bool


@dataclass(frozen=True, slots=True)
class Done:
    """What was advised on the days before the last 28, and is no longer found though the bot goes on.

    Attributes:
        rule: the rule of advice.
        title: what was found then.
        tag: at which bot.
        bucket: the allowance that it spares.
        saved: units a day that it would have saved then.
    """

    rule: str
    title: str
    tag: str
    bucket: str
    saved: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that a request for one project rests on.

    Attributes:
        project: its number.
        made_at: when (aware, Pacific).
        first: the first quota day looked at; the last is yesterday.
        last: yesterday.
        local_days: days on which calls were counted here.
        official_days: days that only Google counted.
        methods: by bucket, dearest first.
        pools: those that were used or asked for.
        habits: figures of thrift.
        done: what was advised earlier and is done.
        left: what is advised now.
    """

    project: str
    made_at: datetime
    first: date
    last: date
    local_days: int
    official_days: int
    methods: tuple[MethodUse, ...]
    pools: tuple[PoolNeed, ...]
    habits: tuple[Habit, ...]
    done: tuple[Done, ...]
    left: tuple[Advice, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing was counted in all that time."""
        return not self.methods

    def pool(self, bucket: str) -> PoolNeed | None:
        """One of the pools."""
        return next((one for one in self.pools if one.bucket == bucket), None)

    def to_json(self) -> dict[str, Any]:
        """All of it as plain values; dates and instants are left to the encoder."""
        plain = asdict(self)
        plain["methods"] = [asdict(one) | {"counted": one.counted} for one in self.methods]
        plain["left"] = [one.to_json() for one in self.left]
        for pool in plain["pools"]:
            if pool["coming"]:
                pool["coming"]["need"] = dict(
                    zip(("low", "middle", "high"), pool["coming"]["need"], strict=True)
                )
        return plain
