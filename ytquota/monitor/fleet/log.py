"""The calls of every ledger of a list: from journals and archives, each call once, with whose it is."""

from __future__ import annotations

import heapq
import logging
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ytquota import clock as clocks
from ytquota.errors import YTQuotaError
from ytquota.monitor.fleet.archives import Part, open_archive, parts_of, unique
from ytquota.monitor.fleet.counts import Look
from ytquota.monitor.fleet.journals import first_id, last_written
from ytquota.monitor.fleet.place import Place, Unreachable, find, no_access
from ytquota.monitor.log import bounds_as_text, rows_in
from ytquota.monitor.places import days_in, project_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from ytquota.monitor.fleet.archives import Kind
    from ytquota.monitor.fleet.listed import FleetList, Listed

logger = logging.getLogger("ytquota")


class Written(NamedTuple):
    """One journal: the ledger it is of, its day and project, and the file."""

    listed: Listed
    day: date
    project: str
    path: Path


class FleetLog:
    """Reads the calls of every ledger of a list. Writes nothing to any of them.

    Args:
        fleet: the list.

    Attributes:
        problems: the ledgers that could not be read the last time, and why; the others were.
    """

    def __init__(self, fleet: FleetList) -> None:
        self.fleet = fleet
        self.problems: list[Look] = []

    def rows(
        self, since: datetime | None = None, until: datetime | None = None, *, project: str | None = None
    ) -> Iterator[dict[str, Any]]:
        """Rows with since <= at < until, oldest first, as `QuotaMonitor.log` gives them.

        Two keys more: `ledger`, and `owner` ("" where nobody is named).
        """
        first, last = self.span(since, until)
        low, high = bounds_as_text(since, until)
        streams: dict[date, list[Iterator[dict[str, Any]]]] = defaultdict(list)
        journals = self.journals(first, last)
        for one in journals:
            if project in {None, one.project}:
                streams[one.day].append(self._of_journal(one, low, high))
        for listed, parts in self.archived("calls", first, last, journals):
            for part in parts:
                if project in {None, part.stored.project}:
                    streams[part.stored.day].append(_of_archive(listed, part, low, high))
        for day in sorted(streams):
            yield from heapq.merge(*streams[day], key=lambda row: row["at"])

    def unarchived(
        self, since: datetime | None, until: datetime | None, journals: Iterable[Written]
    ) -> Iterator[dict[str, Any]]:
        """The rows of these journals alone, in the order of the files."""
        low, high = bounds_as_text(since, until)
        for one in journals:
            yield from self._of_journal(one, low, high)

    def journals(self, first: date, last: date) -> list[Written]:
        """The journals of a span of quota days, of all ledgers; of copies the longest."""
        self.problems = []
        found: dict[tuple[date, str], list[Written]] = defaultdict(list)
        for listed, place in self._places():
            if place.journals is not None:
                for one in self._in_folder(listed, place.journals, first, last):
                    found[one.day, one.project].append(one)
        return [one for same in found.values() for one in _without_copies(same)]

    def archived(
        self, source: Kind, first: date, last: date, journals: Iterable[Written] = ()
    ) -> list[tuple[Listed, list[Part]]]:
        """The archives' files of a span of quota days, by the ledger whose calls they hold.

        A file that is in two archives is there once; one whose journal is still there is not.
        """
        hosts = self._hosts()
        by_ledger: dict[str, tuple[Listed, list[Part]]] = {}
        present = defaultdict(list)
        for one in journals:
            present[one.day, one.project].append(one.path)
        for part, whose in self._parts(source, first, last):
            file = part.stored
            if file.host in map(_host_of, present.get((file.day, file.project), ())):
                continue
            listed = _whose(file.host, whose, hosts)
            by_ledger.setdefault(listed.name, (listed, []))[1].append(part)
        return list(by_ledger.values())

    @staticmethod
    def span(since: datetime | None, until: datetime | None) -> tuple[date, date]:
        """The quota days whose files may hold such calls: one that straddled midnight is in yesterday's."""
        first = clocks.quota_day(since) - timedelta(days=1) if since else date.min
        return first, clocks.quota_day(until) if until else date.max

    # -- inside

    def _places(self) -> Iterator[tuple[Listed, Place]]:
        for listed in self.fleet.ledgers:
            try:
                yield listed, find(listed)
            except Unreachable as error:
                self._note(listed, error)

    def _in_folder(self, listed: Listed, folder: Path, first: date, last: date) -> list[Written]:
        try:
            days = [day for day in days_in(folder) if first <= day <= last]
            paths = [(day, path) for day in days for path in sorted((folder / day.isoformat()).iterdir())]
        except OSError as error:
            self._note(listed, no_access(folder, error))
            return []
        return [
            Written(listed, day, project_name(path.stem), path)
            for day, path in paths
            if path.suffix == ".jsonl"
        ]

    def _of_journal(self, one: Written, low: str, high: str) -> Iterator[dict[str, Any]]:
        try:
            for row in rows_in(one.path, low, high):
                yield row | {"ledger": one.listed.name, "owner": _owner(one.listed, row)}
        except YTQuotaError as error:
            self._note(one.listed, Unreachable(str(error).partition(". ")[0], "Let this user read it."))

    def _parts(self, source: Kind, first: date, last: date) -> Iterator[tuple[Part, list[Listed]]]:
        """Every file once, and the entries of the list whose archive it is in."""
        whose: dict[str, list[Listed]] = defaultdict(list)
        for listed, place in self._places():
            if place.archive and ("://" in place.archive or Path(place.archive).exists()):
                whose[place.archive].append(listed)
        parts: list[Part] = []
        for address, entries in whose.items():
            try:
                parts += parts_of(address, source, first, last)
            except Unreachable as error:
                self._note(entries[0], error)
        return ((part, whose[part.address]) for part in unique(parts))

    def _hosts(self) -> dict[str, list[Listed]]:
        """Which ledgers' newest journals each host wrote."""
        hosts: dict[str, list[Listed]] = defaultdict(list)
        for listed, place in self._places():
            if place.journals is None:
                continue
            for day in days_in(place.journals)[-1:]:
                paths = (place.journals / day.isoformat()).glob("*.jsonl")
                for host in set(map(_host_of, paths)) - {""}:
                    hosts[host].append(listed)
        return hosts

    def _note(self, listed: Listed, error: Unreachable) -> None:
        if all(look.listed.name != listed.name for look in self.problems):
            self.problems.append(Look(listed, problem=error.problem, remedy=error.remedy))
            logger.warning("%s of the fleet is left out: %s", listed.name, error)


def _of_archive(listed: Listed, part: Part, low: str, high: str) -> Iterator[dict[str, Any]]:
    for row in open_archive(part.address).rows_in(part.stored):
        if low <= row["at"] < high:
            yield row | {"ledger": listed.name, "owner": _owner(listed, row)}


def _host_of(path: Path) -> str:
    """The host that wrote a journal; empty where no line tells, or none can be read."""
    try:
        last = last_written(path)
    except OSError:
        return ""
    return last[1] if last else ""


def _owner(listed: Listed, row: dict[str, Any]) -> str:
    return listed.owner_of(row.get("set") or "", row.get("host") or "")


def _without_copies(same: list[Written]) -> Iterator[Written]:
    """Of journals of one day and project that began as one, the longest."""
    if len(same) == 1:
        yield from same
        return
    kept: dict[object, Written] = {}
    for number, one in enumerate(same):
        try:
            key = first_id(one.path) or number
        except OSError:  # told when it is read
            key = number
        if key not in kept or one.path.stat().st_size > kept[key].path.stat().st_size:
            kept[key] = one
    yield from kept.values()


def _whose(host: str, archive: list[Listed], hosts: dict[str, list[Listed]]) -> Listed:
    """The ledger whose calls a host's file in an archive holds.

    That of the host, where the archive is its own or where there is only one; else the archive's.
    """
    its = hosts.get(host, [])
    own = [listed for listed in archive if listed in its]
    if host in archive[0].hosts:
        return archive[0]
    return own[0] if own else its[0] if len(its) == 1 else archive[0]
