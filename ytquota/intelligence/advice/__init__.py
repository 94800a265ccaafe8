"""Advice from the log: what a bot could spare, by how much, and how.

Rules are asked in a fixed order, and a call that one of them would spare is gone for those after it: so the
savings of one bucket may be added up, and say what following all of it would spare.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ytquota.intelligence.advice.batching import few_ids, statistics_only
from ytquota.intelligence.advice.burning import asking_on, burn_break
from ytquota.intelligence.advice.calls import CALLS, read
from ytquota.intelligence.advice.finding import FLOOR, Advice
from ytquota.intelligence.advice.paging import small_pages
from ytquota.intelligence.advice.polling import quiet_hours, too_soon
from ytquota.intelligence.advice.repeating import permanent_errors, repeated_reads
from ytquota.intelligence.advice.searching import search_for_live, search_for_uploads

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from ytquota.intelligence.advice.finding import Rule

__all__ = ["CALLS", "FLOOR", "RULES", "Advice", "advise", "read"]

RULES: tuple[Rule, ...] = (
    search_for_uploads,
    search_for_live,
    statistics_only,
    permanent_errors,
    too_soon,
    repeated_reads,
    small_pages,
    few_ids,
    quiet_hours,
    burn_break,
    asking_on,
)
"""The rules in the order in which they are asked: what need not be asked at all before what could be asked
for less."""


def advise(calls: pd.DataFrame, *, limits: Mapping[tuple[str, str], int] | None = None) -> list[Advice]:
    """What to change, that which saves the largest share of its pool first; empty where all is well.

    Args:
        calls: the log as `read` gives it, with the columns of `CALLS`.
        limits: (project, bucket) -> daily limit in units; where one is missing, Google's default.

    Raises:
        ValueError: columns are missing.
    """
    missing = [name for name in CALLS if name not in calls.columns]
    if missing:
        raise ValueError(
            f"The frame lacks {', '.join(missing)}; make it with ytquota.intelligence.advice.read()."
        )
    if calls.empty:
        return []
    calls = calls.reset_index(drop=True)
    days = (calls["day"].max() - calls["day"].min()).days + 1
    left, found = calls, []
    for rule in RULES:
        gone: list[int] = []
        for finding in rule(left, calls):
            advice = finding.advice(days, limits or {})
            if advice is not None:
                found.append(advice)
                gone += finding.spared
        left = left.drop(index=gone)
    return sorted(found, key=lambda advice: -advice.share)
