"""Projects at rest: Google may take the quota of one that nobody calls with for 90 days in a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ytquota.monitor.log import JournalLog
from ytquota.monitor.official import OfficialDays
from ytquota.operations.doctor.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from ytquota.operations.doctor.install import Install

LIMIT, NOTED_FROM = 90, 60
"""Days without API activity: what Google's Developer Policies (III.D.4) name, and from when it is noted."""


def check(install: Install) -> Iterator[Finding]:
    """Look for projects of sets whose last call is long ago; where nothing was ever counted, nobody knows."""
    if not install.counts_here:
        return  # of a Redis this host knows its own calls only
    for project in sorted(name for name in install.sets_of if name.isdecimal()):
        last = _last_day(install, project)
        if last is None or (install.today - last).days < NOTED_FROM:
            continue
        days = (install.today - last).days
        yield Finding(
            "idle",
            "note",
            f"project {project}",
            f"Nothing was counted for it since {last:%-d %b %Y}, {days} days ago. Google may take the quota "
            f"of a project without API activity for {LIMIT} days in a row.",
            f"Nothing, if other programs call with it, or nobody needs it. Else one call keeps it, with "
            f"{install.sets_in_words(project)}.",
        )


def _last_day(install: Install, project: str) -> date | None:
    """The last quota day of which this ledger, its archive or Google's own record knows a call."""
    archive = install.settings.archive
    is_near = "://" not in archive  # the doctor needs no network
    try:
        own = JournalLog(install.calls, archive if is_near else None).own.last_day(project)
    except ImportError:  # there is an archive, and pyarrow is not here to read it
        return None
    kept = OfficialDays(install.settings.memory_dir / "official")
    official = (day for day in reversed(kept.days()) if any(kept.rows(day, project)))
    return max(filter(None, (own, next(official, None))), default=None)
