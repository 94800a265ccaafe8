"""What was used on a quota day, as one JSON-ready dictionary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ytquota import clock as clocks
from ytquota.monitor.reconciled import Reconciled, label_facts

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from ytquota.monitor.ledger import Balance, Ledger
    from ytquota.monitor.log import JournalLog


def usage_summary(
    ledger: Ledger,
    clock: clocks.Clock,
    log: JournalLog,
    day: date | None = None,
    projects: Iterable[str] = (),
    *,
    reconciled: Reconciled | None = None,
) -> dict[str, Any]:
    """Used, refused, limit and left of every pool, with the day and its reset.

    Keys: day (ISO date), resets_at (ISO, Pacific), seconds_to_reset, counted_since (ISO or None), ledger
    (where it is), projects: {project: {bucket: {used, refused, limit, left, limit_source, exhausted_until,
    marked_by, share, basis, reconciled}}}. Projects are those that were counted lately, and `projects`;
    `reconciled` is how today compared with Google's counters.
    """
    now = clock.time()
    known = reconciled if reconciled and day in {None, clocks.quota_day(now)} else Reconciled()
    bounds = clocks.bounds_of(day) if day else clocks.bounds_at(now)
    since = log.counted_since(bounds.day)
    usage = ledger.usage(day=bounds.day)
    for project in {*projects} - usage.keys():
        usage |= ledger.usage(project, bounds.day)
    return {
        "day": bounds.day.isoformat(),
        "resets_at": clocks.pacific_iso(bounds.end),
        "seconds_to_reset": round(max(0.0, bounds.end - now), 3),
        "counted_since": since.isoformat() if since else None,
        "ledger": ledger.location,
        "projects": {
            project: {
                bucket: pool_facts(balance, now) | label_facts(known.today(project, bucket, now))
                for bucket, balance in pools.items()
            }
            for project, pools in sorted(usage.items())
        },
    }


def pool_facts(balance: Balance, now: float) -> dict[str, Any]:
    """A balance as the summary has it."""
    until = balance.exhausted_until if balance.is_marked(now) else None
    return {
        "used": balance.used,
        "refused": balance.refused,
        "limit": balance.limit,
        "left": balance.left,
        "limit_source": balance.limit_source,
        "exhausted_until": None if until is None else clocks.pacific_iso(until),
        "marked_by": None if until is None else balance.marked_by,
        "share": round(balance.used / balance.limit, 6) if balance.limit else 1.0,
    }
