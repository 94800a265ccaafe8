"""Where a drift comes from: our log beside Google's counters, minute by minute. Takes pandas."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ytquota import clock as clocks
from ytquota.intelligence.drift import Drift, KnownHost, drift_of, study
from ytquota.intelligence.official import official_frame
from ytquota.intelligence.price_proposals import propose
from ytquota.intelligence.real_prices import Measured, measured_of
from ytquota.intelligence.sends import read_sends
from ytquota.monitor.places import journal_path
from ytquota.monitor.settled import adjusted
from ytquota.operations.reconcile.other_ledgers import sends_elsewhere

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from ytquota.monitor.metering import QuotaMonitor
    from ytquota.monitor.redis_minutes import Minutes
    from ytquota.operations.reconcile.reading import Official
    from ytquota.settings import Settings

_EARLIER = timedelta(minutes=5)  # a call just before the first midnight may be counted after it


@dataclass(frozen=True, eq=False, slots=True)
class Explained:
    """What explains the difference between Google's count and ours.

    Attributes:
        drift: by day, bucket and method, with causes.
        measured: what each method really costs, as far as that can be told.
    """

    drift: Drift
    measured: Measured

    def lost(self, day: date) -> dict[str, int]:
        """Units of ours, by bucket, in minutes of a day that Google's counters lost."""
        pools: Any = self.drift.pools[self.drift.pools["day"] == day]
        return {str(one.bucket): -int(one.gap) for one in pools.itertuples() if one.gap}

    def kinds(self, day: date, bucket: str) -> list[str]:
        """The kinds of cause of a pool's drift on a day, the largest first."""
        found = [cause.kind for cause in self.drift.of(day) if cause.bucket == bucket]
        return list(dict.fromkeys(found))

    def proposals(self) -> list[dict[str, str]]:
        """Rows of prices that were measured to differ from the table, as an override file has them."""
        return propose(self.measured)

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain JSON values."""
        return {"drift": self.drift.to_json(), "prices": self.measured.to_json()}


def explain(
    settings: Settings, monitor: QuotaMonitor, official: Official, minutes: Minutes | None
) -> Explained | None:
    """Find out what explains the difference, on each day from that of the first own call on.

    Returns:
        None where nothing of that has settled, or nothing was called through this ledger yet.

    Args:
        settings: where to look for second ledgers.
        monitor: whose log.
        official: what Google counted.
        minutes: what a ledger that several hosts share knows of today; None of a journal.

    Raises:
        LedgerUnavailable: the log cannot be read.
    """
    now, project = clocks.utc(monitor.clock.time()), official.project
    own = monitor.own.first_day(project)
    if own is None or official.until <= clocks.day_start(own):
        return None
    since, today = clocks.day_start(max(official.first, own)), clocks.quota_day(now)
    corrected = (
        minutes.now.adjusted if minutes else adjusted(journal_path(monitor.folder / "calls", today, project))
    )
    both = study(
        official_frame(official.readings),
        read_sends(monitor, project, since - _EARLIER, now),
        prices=monitor.prices,
        since=since,
        until=official.until,
    )
    drift = drift_of(
        both,
        others=sends_elsewhere(
            settings, monitor, project, since, now, hosts=minutes.now.hosts if minutes else ()
        ),
        hosts=_hosts(minutes, today, official.until) if minutes else (),
        adjusted={(today, bucket): units for bucket, units in corrected.items()},
    )
    if minutes and minutes.others:  # their calls are not among ours, and would make every price look higher
        return Explained(drift, Measured((), ()))
    return Explained(drift, measured_of(both))


def _hosts(minutes: Minutes, today: date, until: datetime) -> Iterator[KnownHost]:
    """What other hosts of a ledger in Redis have charged today; their lines are not here."""
    mark = until.timestamp()
    for name, units in (minutes.others_at(mark) if mark >= minutes.since else minutes.others).items():
        for bucket, charged in units.items():
            yield KnownHost(name, today, bucket, charged)
