"""Bots out of the ordinary: a day far above their own, and asking on when nothing is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ytquota.intelligence.advice.finding import Finding
from ytquota.intelligence.frames import DEMAND_NOT_MET

if TYPE_CHECKING:
    from collections.abc import Iterator

FEWEST_DAYS = 8
"""Days of a bot's own that a day is compared with, itself included."""

CEILING = 0.9
"""The quantile of a bot's other days that counts as the most it usually spends."""

FAR_ABOVE = 1.5
"""How many times its usual most a day must have cost to be out of the ordinary."""

UNEXPLAINED = 0.2
"""The part of a day's excess that no other rule explains, at least."""

ASKED_ON = 100
"""Calls on one day, after the first that was denied, that count as hammering."""

_POOL_OF_BOT = ["project", "bucket", "tag"]


def burn_break(left: pd.DataFrame, whole: pd.DataFrame) -> Iterator[Finding]:
    """Days on which a bot spent far more than it ever does, for reasons that no other rule has found."""
    first, last = whole["day"].min(), whole["day"].max()
    every = pd.date_range(first, last, freq="D")
    spent = {
        key: all_of_it.groupby("day")["units"].sum()
        for key, all_of_it in whole.groupby(_POOL_OF_BOT, observed=True)
    }
    for key, mine in left[left["units"] > 0].groupby(_POOL_OF_BOT, observed=True):
        daily = spent[key].reindex(every, fill_value=0)
        if (daily > 0).sum() < FEWEST_DAYS:
            continue
        days = [day for day in every if daily[day] > FAR_ABOVE * _usual_most(daily, day)]
        finding = _above(mine, daily, days) if days else None
        if finding is not None:
            yield finding


def _usual_most(daily: pd.Series[int], day: pd.Timestamp) -> float:
    return float(np.quantile(daily.drop(day), CEILING))


def _above(mine: pd.DataFrame, daily: pd.Series[int], days: list[pd.Timestamp]) -> Finding | None:
    """What the bot spent on those days above the most it usually spends, others' findings left out."""
    kept = mine.groupby("day")["units"].sum().reindex(daily.index, fill_value=0)
    ceiling = float(np.quantile(kept.drop(days), CEILING))
    spared: list[int] = []
    for day in days:
        rows = mine[mine["day"] == day]
        spared += rows.index[rows["units"].cumsum() > ceiling].tolist()
    if not spared:
        return None
    gone = mine.loc[spared]
    usual = float(daily.drop(days).median())
    days = [day for day in days if _is_unexplained(gone, day, daily[day] - usual)]
    if not days:
        return None
    gone = gone[gone["day"].isin(days)]
    worst = max(days, key=lambda day: daily[day])
    dearest = str(gone.groupby("method", observed=True)["units"].sum().idxmax())
    several = f" (and {len(days) - 1} more such)" if len(days) > 1 else ""
    return Finding(
        rule="burn-break",
        title=(
            f"{mine['tag'].iloc[0]} spent {daily[worst]:,} on {worst:%a %d %b}; "
            f"{usual:,.0f} are usual{several}"
        ),
        rows=mine[mine["day"].isin(days)],
        spared=gone.index.tolist(),
        change=f"See what it did, mostly {dearest}, and give the bot a budget for the day.",
        code=_BUDGET.format(budget=max(1, round(ceiling)), method=dearest),
        certainty="estimated",
        assumption="What went beyond the bot's usual most was not wanted.",
    )


def _is_unexplained(gone: pd.DataFrame, day: pd.Timestamp, excess: float) -> bool:
    """Whether a good part of what a day cost too much is not what another rule has found already."""
    return float(gone.loc[gone["day"] == day, "units"].sum()) >= UNEXPLAINED * excess


def asking_on(_left: pd.DataFrame, whole: pd.DataFrame) -> Iterator[Finding]:
    """Calls that went on after the pool had been found empty; they cost time and lines, but no units."""
    unmet = whole[whole["outcome"].isin(DEMAND_NOT_MET) & (whole["unmet"] > 0)]
    for _, mine in unmet.groupby(_POOL_OF_BOT, observed=True):
        asked = mine.groupby("day")["calls"].sum() - 1
        hammered = asked[asked > ASKED_ON]
        if hammered.empty:
            continue
        most, day = max((int(count), day) for day, count in zip(hammered.index, hammered, strict=True))
        rows = mine[mine["day"].isin(hammered.index)]
        yield Finding(
            rule="asking-on",
            title=f"{rows['tag'].iloc[0]} asked {most:,} times more after a denial, on {day:%a %d %b}",
            rows=rows,
            spared=rows.index[rows["day"].duplicated()].tolist(),
            change="Stop at the first denial and go on at the reset that it names.",
            code=_WAIT,
            certainty="measured",
            assumption="Denied calls cost no quota: this spares time and log lines only.",
            always=True,
        )


_BUDGET = """\
# units: the most it spends on other days, other advice followed
budget = {budget}
for item in work:
    budget -= price_of("{method}").units
    if budget < 0:
        break"""

_WAIT = """\
try:
    answer = request.execute()
except QuotaExceeded as gone:
    wait = (gone.retry_at - datetime.now(UTC)).total_seconds()
    time.sleep(max(1, wait))"""
