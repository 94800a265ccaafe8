"""Google's side of the past: the sandbox bills the calls of the history, and what another program spent.

On the days that ran out at noon somebody else's program had spent the rest of the pool; the server knew,
the ledger did not. So a comparison with Google's figures has something to find on those days, and on no
other.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ytquota.clock import quota_day
from ytquota.demo.habits import clock_time
from ytquota.demo.history import NOON, gone_at_noon
from ytquota.prices import DEFAULT_LIMITS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

_SOMEBODY_ELSE = {"default": "videos.list", "search_list": "search.list"}


def bill_history(sandbox: Any, rows: Iterable[dict[str, Any]], days: Iterable[date], until: datetime) -> None:
    """Bill what the ledger charged, each call at its time, and on bad days what was spent elsewhere.

    Args:
        sandbox: bills by its own price list.
        rows: rows of the log.
        days: the quota days of the history.
        until: the present moment of the story (aware).
    """
    calls: defaultdict[str, list[tuple[float, str]]] = defaultdict(list)
    for row in rows:
        if row["units"]:
            calls[row["project"]].append(
                (datetime.fromisoformat(row["at"]).timestamp() - row["latency"], row["method"])
            )
    for project, made in calls.items():
        sandbox.furnish(project, made)
    for day in days:
        for project, bucket in gone_at_noon(day, quota_day(until)):
            at = datetime.fromtimestamp(clock_time(day, NOON), UTC)
            sandbox.spend(project, _SOMEBODY_ELSE[bucket], DEFAULT_LIMITS[bucket], at=at)
