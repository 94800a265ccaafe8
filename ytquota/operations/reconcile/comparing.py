"""One project beside Google's counters: today's pools, and the days before."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from ytquota import clock as clocks
from ytquota.auth.sets import load_sets
from ytquota.cloud import CloudError
from ytquota.monitor.places import journal_path
from ytquota.monitor.reconciled import Check, ReconciledFile
from ytquota.monitor.redis_minutes import minutes_of
from ytquota.monitor.settled import settled_count
from ytquota.operations.limits import learn
from ytquota.operations.reconcile.reach import reach
from ytquota.operations.reconcile.reading import import_days, read_official
from ytquota.prices import BUCKETS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from ytquota.cloud import Cloud
    from ytquota.monitor.metering import QuotaMonitor
    from ytquota.monitor.redis_minutes import Minutes
    from ytquota.monitor.settled import Settled
    from ytquota.operations.limits import Learned
    from ytquota.operations.reconcile.explaining import Explained
    from ytquota.operations.reconcile.reading import Official
    from ytquota.settings import Settings

DAYS = 42
"""Finished days that are read by default: as many as Google keeps."""

_USUAL = timedelta(minutes=3)
_NOT_LOOKED = "where Google counted less, it may have lost some minutes; that was not looked for."


@dataclass(frozen=True, eq=False, slots=True)
class Compared:
    """A project beside Google's counters.

    Attributes:
        project: project number.
        until: up to when Google's figures were there (aware, UTC).
        asked_until: up to when they are, as a rule: ten minutes ago.
        checks: today's pools by bucket; none in the first minutes of a day.
        imported: days that were imported, or changed, since this ledger did not count them.
        limits: what was learned about limits.
        no_limits: why the limits could not be read; empty if they could.
        explained: where a drift comes from, and real prices; None if nobody asked, or it cannot be told.
        unexplained: why it cannot be told.
        not_lowered: why no count may be lowered; empty if it may.
        is_known: whether it is known what this ledger had counted by then; a Redis knows it of four hours.
    """

    project: str
    until: datetime
    asked_until: datetime
    checks: Mapping[str, Check] = field(default_factory=dict)
    imported: tuple[date, ...] = ()
    limits: tuple[Learned, ...] = ()
    no_limits: str = ""
    explained: Explained | None = None
    unexplained: str = ""
    not_lowered: str = ""
    is_known: bool = True

    @property
    def is_late(self) -> bool:
        """Whether Google's figures lag more than they usually do."""
        return self.asked_until - self.until > _USUAL


def projects_of(settings: Settings, monitor: QuotaMonitor) -> list[str]:
    """The projects of the credential sets and of the ledger; a key whose project is not known has none."""
    sets = {one.project for one in load_sets(settings, monitor) if one.project}
    return sorted(name for name in sets | monitor.ledger.usage().keys() if name.isdecimal())


def compare_project(
    settings: Settings,
    monitor: QuotaMonitor,
    cloud: Cloud,
    project: str,
    *,
    days: int = DAYS,
    causes: bool = True,
) -> Compared:
    """Read a project's counters, import days that nobody counted here, compare, and note how it stands.

    No count is changed; limits are learned.

    Args:
        settings: in force here.
        monitor: on the ledger.
        cloud: the connection to Google's counters.
        project: project number.
        days: how many finished days to look at.
        causes: whether to find out where a drift comes from, which takes pandas and some seconds.

    Raises:
        CloudError: the counters cannot be read; that was noted, too.
        LedgerUnavailable: a file cannot be read or written.
    """
    file, now = ReconciledFile(monitor.folder), monitor.clock.time()
    monitor.ledger.flush()
    try:
        official = read_official(cloud, project, days=days, now=now)
    except CloudError as error:
        file.note_failure(project, now, str(error))
        raise
    imported = import_days(monitor, official)
    asked_until, official = official.until, official.up_to(reach(monitor, official))
    minutes = minutes_of(monitor.ledger, project, clocks.quota_day(now))
    explained, why_not = _explained(settings, monitor, official, minutes) if causes else (None, "")
    lost = explained.lost(clocks.quota_day(now)) if explained else {}
    ours = _settled(monitor, official, minutes, now)
    checks = _checks(ours, official, now, lost) if ours else {}
    file.note(project, checks)
    try:
        limits, no_limits = learn(cloud, monitor.ledger, settings, [project]), ""
    except CloudError as error:
        limits, no_limits = [], str(error)
    return Compared(
        project,
        official.until,
        asked_until,
        checks,
        tuple(imported),
        tuple(limits),
        no_limits,
        explained,
        why_not,
        _why_not_lowered(monitor, project, explained, minutes),
        is_known=ours is not None or official.until.timestamp() <= clocks.bounds_at(now).start,
    )


def _explained(
    settings: Settings, monitor: QuotaMonitor, official: Official, minutes: Minutes | None
) -> tuple[Explained | None, str]:
    """Where a drift comes from, or why that cannot be told."""
    try:
        from ytquota.operations.reconcile.explaining import explain  # noqa: PLC0415 - pandas, an extra
    except ImportError as error:
        return None, f"To say where a drift comes from takes pip install 'ytquota[analysis]' ({error})."
    explained = explain(settings, monitor, official, minutes)
    if explained is not None:
        return explained, ""
    if monitor.own.first_day(official.project) is None:
        return None, "Nothing was called through this ledger yet: all of it is from elsewhere."
    return None, "Google's figures end before the first call through this ledger: nothing to explain yet."


def _settled(
    monitor: QuotaMonitor, official: Official, minutes: Minutes | None, now: float
) -> Settled | None:
    """Our count up to where Google's figures end; None while nothing of today has settled, or unknown."""
    bounds, until = clocks.bounds_at(now), official.until.timestamp()
    if until <= bounds.start:
        return None
    if minutes:
        return minutes.settled_count(until, earliest=bounds.start)
    path = journal_path(monitor.folder / "calls", bounds.day, official.project)
    return settled_count(path, until, earliest=bounds.start)


def _checks(ours: Settled, official: Official, now: float, lost: Mapping[str, int]) -> dict[str, Check]:
    """Today's pools."""
    theirs = official.used(clocks.quota_day(now), ours.until)
    return {
        bucket: Check(
            now,
            ours.until,
            ours.used.get(bucket, 0),
            theirs.get(bucket, 0),
            ours.doubtful.get(bucket, 0),
            lost.get(bucket, 0),
        )
        for bucket in BUCKETS
    }


def _why_not_lowered(
    monitor: QuotaMonitor, project: str, explained: Explained | None, minutes: Minutes | None
) -> str:
    """Why no count may be lowered: minutes that Google lost look like calls that it did not count."""
    if minutes and (others := minutes.others):
        word = "another host charges" if len(others) == 1 else f"{len(others)} other hosts charge"
        return f"{word} this ledger, too, and which calls were sent there is not known here."
    return _NOT_LOOKED if explained is None and monitor.own.first_day(project) else ""
