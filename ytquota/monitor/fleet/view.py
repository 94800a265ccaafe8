"""Looking at every ledger of a list at once: one that does not answer holds up none of the others."""

from __future__ import annotations

import time
from dataclasses import asdict, replace
from threading import Thread
from typing import TYPE_CHECKING, Any, Self

from ytquota import clock as clocks
from ytquota.errors import YTQuotaError
from ytquota.monitor.fleet.adding import NOBODY, Total, add_up
from ytquota.monitor.fleet.archives import look_at_archive
from ytquota.monitor.fleet.counts import Look
from ytquota.monitor.fleet.journals import FolderReader
from ytquota.monitor.fleet.place import Place, Unreachable, find
from ytquota.monitor.fleet.redis_look import RedisReader
from ytquota.monitor.summary import pool_facts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from ytquota.monitor.fleet.counts import Units
    from ytquota.monitor.fleet.listed import FleetList, Listed

_PATIENCE = 10.0
"""Seconds that one look waits for the slowest ledger."""


class FleetView:
    """Looks at the ledgers of a list, and adds up what they say. Writes nothing to any of them.

    Use it as a context manager, or call `close`.

    Args:
        fleet: the list.
        clock: the time, injected.
        patience: seconds that one look waits for a ledger that does not answer.
    """

    def __init__(
        self, fleet: FleetList, *, clock: clocks.Clock | None = None, patience: float = _PATIENCE
    ) -> None:
        self.fleet = fleet
        self._clock, self._patience = clock or clocks.SystemClock(), patience
        self._members = [_Member(listed) for listed in fleet.ledgers]

    def look(self, day: date | None = None) -> list[Look]:
        """One look at every ledger, in the order of the list; what cannot be looked at says why."""
        day = day or clocks.quota_day(self._clock.time())
        for member in self._members:
            member.begin(day)
        deadline = time.monotonic() + self._patience
        return [member.end(deadline, self._patience) for member in self._members]

    def report(self) -> dict[str, Any]:
        """What `ytquota status --all --json` prints, JSON-ready; docs/fleet.md names the keys."""
        now = self._clock.time()
        bounds = clocks.bounds_at(now)
        looks = self.look(bounds.day)
        totals = add_up([count for look in looks for count in look.counts], self.fleet.projects)
        return {
            "fleet": str(self.fleet.path),
            "day": bounds.day.isoformat(),
            "resets_at": clocks.pacific_iso(bounds.end),
            "seconds_to_reset": round(max(0.0, bounds.end - now), 3),
            "projects": {
                total.project: {
                    "name": self.fleet.name_of(total.project),
                    "pools": {bucket: _pool(total, bucket, now) for bucket in total.pools},
                }
                for total in totals
            },
            "ledgers": [_ledger(look) for look in looks],
            "warnings": [asdict(warning) for total in totals for warning in total.warnings],
        }

    def close(self) -> None:
        """Let go of every connection."""
        for member in self._members:
            member.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Member:
    """One ledger, looked at in a thread of its own; while a look is under way no second one begins."""

    def __init__(self, listed: Listed) -> None:
        self._listed = listed
        self._thread: Thread | None = None
        self._found = Look(listed)
        self._place: Place | None = None
        self._folder: FolderReader | None = None
        self._redis: RedisReader | None = None

    def begin(self, day: date) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = Thread(target=self._run, args=(day,), daemon=True)
            self._thread.start()

    def end(self, deadline: float, patience: float) -> Look:
        assert self._thread is not None
        self._thread.join(max(0.0, deadline - time.monotonic()))
        if self._thread.is_alive():
            problem = f"{self._listed.label} does not answer within {patience:g} s"
            return Look(self._listed, problem=problem, remedy="Is its mount, network or server stuck?")
        return self._found

    def close(self) -> None:
        if self._redis is not None:
            self._redis.close()

    def _run(self, day: date) -> None:
        try:
            self._found = self._look(day)
        except Unreachable as error:
            self._found = Look(self._listed, problem=error.problem, remedy=error.remedy)
        except (OSError, YTQuotaError) as error:
            self._found = Look(self._listed, problem=str(error), remedy="Look at it on its host.")

    def _look(self, day: date) -> Look:
        place = self._place = self._place or find(self._listed)
        if place.kind == "archive":
            assert place.archive is not None
            return Look(self._listed, "archive", archived=look_at_archive(place.archive))
        look = self._look_at_journals(place, day)
        return look if place.redis is None else self._with_redis(place, place.redis, look, day)

    def _look_at_journals(self, place: Place, day: date) -> Look:
        if place.journals is None:
            return Look(self._listed, place.kind)
        self._folder = self._folder or FolderReader(self._listed, place.journals)
        seen = self._folder.look(day)
        return Look(self._listed, place.kind, tuple(seen.counts), seen.hosts, seen.last_at, seen.last_host)

    def _with_redis(self, place: Place, url: str, look: Look, day: date) -> Look:
        """What the Redis says, beside a host's own lines; these alone, with a note, if it does not answer."""
        own = tuple(count for count in look.counts if count.size)
        try:
            self._redis = self._redis or RedisReader(self._listed, url, is_whole=place.is_whole)
            counted = tuple(self._redis.look(day))
        except Unreachable as error:
            if not own:
                raise
            note = f"{error.problem}. Shown is what this host saw last. {error.remedy}"
            return replace(look, counts=own, note=note)
        hosts = look.hosts or tuple(sorted({host for count in counted for host in count.writers}))
        return replace(look, counts=(*counted, *own), hosts=hosts)


def _pool(total: Total, bucket: str, now: float) -> dict[str, Any]:
    facts = pool_facts(total.pools[bucket], now)
    return facts | {
        "owners": _parts(total.owners, bucket, "owner", facts["used"]),
        "ledgers": _parts(total.ledgers, bucket, "ledger", facts["used"]),
    }


def _parts(by_name: Mapping[str, Units], bucket: str, what: str, used: int) -> list[dict[str, Any]]:
    """Who spent how much of a pool, the most first; None where nobody of the list can account for it."""
    units = {name: one[bucket] for name, one in by_name.items() if one.get(bucket, 0) > 0}
    return [
        {what: None if name == NOBODY else name, "units": spent, "share": round(spent / used, 6)}
        for name, spent in sorted(units.items(), key=lambda pair: (-pair[1], pair[0]))
        if used
    ]


def _ledger(look: Look) -> dict[str, Any]:
    listed, archived = look.listed, look.archived
    return {
        "name": listed.name,
        "owner": listed.owner or None,
        "address": listed.label,
        "kind": look.kind or None,
        "reachable": not look.problem,
        "problem": look.problem or None,
        "remedy": look.remedy or None,
        "note": look.note or None,
        "projects": sorted({count.project for count in look.counts}),
        "hosts": list(archived.hosts if archived else look.hosts),
        "last_at": look.last_at.isoformat() if look.last_at else None,
        "last_host": look.last_host or None,
        "archived": None
        if archived is None
        else {"first": archived.first.isoformat(), "last": archived.last.isoformat(), "days": archived.days},
    }
