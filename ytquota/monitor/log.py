"""Reading the journals back as a log of calls."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ytquota import clock as clocks
from ytquota.monitor import lines
from ytquota.monitor.files import unavailable
from ytquota.monitor.official import OfficialDays, OwnCount, slot_end
from ytquota.monitor.places import days_in, journal_path, project_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ytquota.monitor.archive import Archive

_KINDS = {"settle", "release", "refuse"}
_SKIPPED = tuple(
    lines.HEADER + kind for kind in (b'hold"', b'open"', b'extend"', b'limit"', b'exhaust"', b'moved"')
)
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Position:
    """How far a reader of a day's journals has come: byte offsets by file name."""

    day: date
    offsets: dict[str, int] = field(default_factory=dict)


class JournalLog:
    """The rows of all journals in a folder, and of the archive that older days have gone into.

    A day and project that has a journal is read from the journal, even if a run of the archiver that was
    killed has already written it to the archive. Finished days without own calls are read as Google counted
    them, where that is known.

    Args:
        folder: the journals, one folder per day.
        archive: where older days have gone.
        official: the days as Google counted them.
        today: the quota day it is, which is never read as official.
    """

    def __init__(
        self,
        folder: Path,
        archive: str | None = None,
        *,
        official: OfficialDays | None = None,
        today: Callable[[], date] = lambda: date.max,
    ) -> None:
        self._folder, self._archive_address = folder, archive
        self._official, self._today = official, today
        self.own = OwnCount(folder, self.archive)
        self._rollups: dict[tuple[date, str | None, frozenset[str]], tuple[object, list[Any]]] = {}

    def rows(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        *,
        project: str | None = None,
        with_archive: bool = True,
    ) -> Iterator[dict[str, Any]]:
        """Rows with since <= at < until, oldest first; lines that cannot be read are passed over."""
        # a hold that straddled midnight is settled in the file of the day it was taken on: look one day
        # further back
        first = clocks.quota_day(since) - timedelta(days=1) if since else date.min
        last = clocks.quota_day(until) if until else date.max
        low, high = bounds_as_text(since, until)
        archive = self.archive() if with_archive else None
        archived = set(archive.days()) if archive else set()
        official = self._official_days()
        for day in sorted(archived.union(days_in(self._folder), official)):
            if first <= day <= last:
                files = self._files(day, project)
                streams = [rows_in(path, low, high) for path in files]
                if archive is not None and day in archived:
                    own = {project_name(path.stem) for path in files}
                    streams.append(
                        _between(archive.rows(day, project=project, hosts=_others(own)), low, high)
                    )
                if day in official:
                    streams.append(_between(self._official_rows(day, project), low, high))
                yield from streams[0] if len(streams) == 1 else heapq.merge(*streams, key=_at)

    def rollups(self, first: date, last: date, *, project: str | None = None) -> list[Any]:
        """Roll-ups (pyarrow tables) of what `rows(with_archive=False)` leaves out."""
        archive = self.archive()
        if archive is None:
            return []
        tables = []
        for day in archive.days():
            if first <= day <= last:
                tables += self._rollups_of(archive, day, project)
        return tables

    def _rollups_of(self, archive: Archive, day: date, project: str | None) -> list[Any]:
        """The roll-ups of one day, kept in memory while their files are the same: a year has hundreds."""
        own = frozenset(project_name(path.stem) for path in self._files(day, project))
        stamp, known = archive.stamp(day), self._rollups.get((day, project, own))
        if known is not None and stamp is not None and known[0] == stamp:
            return known[1]
        tables = archive.rollups(day, project=project, hosts=_others(set(own)))
        self._rollups[day, project, own] = stamp, tables
        return tables

    def archived_calls(self, first: date, last: date, columns: Sequence[str]) -> list[Any]:
        """Some columns (pyarrow tables) of the calls of archived days, those left out that have a journal."""
        archive = self.archive()
        tables: list[Any] = []
        for day in archive.days() if archive else ():
            if first <= day <= last:
                own = {project_name(path.stem) for path in self._files(day, None)}
                tables += archive.calls(day, columns, hosts=_others(own)) if archive else ()
        return tables

    def archive(self) -> Archive | None:
        """The archive beside the journals, or None where no day has been archived yet."""
        address = self._archive_address
        if address is None or ("://" not in address and not Path(address).exists()):
            return None
        from ytquota.monitor.archive import Archive  # noqa: PLC0415 - needs pyarrow

        return Archive(address)

    def tail(self, position: Position | None, today: date) -> tuple[list[dict[str, Any]], Position]:
        """The rows written since a position; after midnight the rest of the old day and then the new one."""
        position = position or Position(today)
        rows: list[dict[str, Any]] = []
        offsets: dict[str, int] = {}
        for day in {position.day: None, today: None}:
            offsets = dict(position.offsets) if day == position.day else {}
            for path in self._files(day, None):
                offset = offsets.get(path.name, 0)
                try:
                    if path.stat().st_size <= offset:
                        continue
                except FileNotFoundError:
                    continue
                fresh, offsets[path.name] = _read_from(path, offset)
                rows.extend(fresh)
        rows.sort(key=_at)
        return rows, Position(today, offsets)

    def counted_since(self, day: date) -> datetime | None:
        """When the first line of a day was written, or None where nothing was counted."""
        firsts = []
        for path in self._files(day, None):
            with path.open("rb") as file:
                row = _row(file.readline(), "")
            if row is not None:
                firsts.append(datetime.fromisoformat(row["at"]))
        return min(firsts, default=None)

    def offsets(self, day: date) -> dict[str, int]:
        """The size of every journal of a day."""
        return {path.name: path.stat().st_size for path in self._files(day, None)}

    def _files(self, day: date, project: str | None) -> list[Path]:
        folder = self._folder / day.isoformat()
        if project is not None:
            path = journal_path(self._folder, day, project)
            return [path] if path.exists() else []
        try:
            return sorted(path for path in folder.iterdir() if path.suffix == ".jsonl")
        except (FileNotFoundError, NotADirectoryError):
            return []

    def _official_days(self) -> set[date]:
        self.own.look()
        today = self._today()
        return {day for day in self._official.days() if day < today} if self._official else set()

    def official_today(self) -> list[dict[str, Any]]:
        """Today's beginning as Google counted it, up to the first own call of whoever began to count today.

        No part of `rows`: today is the ledger's.
        """
        self.own.look()
        return list(self._official_rows(self._today(), None)) if self._official else []

    def _official_rows(self, day: date, project: str | None) -> Iterator[dict[str, Any]]:
        """The rows of one day that Google counted and we did not."""
        official = self._official
        assert official is not None
        streams = []
        for name in official.projects(day):
            until = self.own.official_until(day, name) if project in {None, name} else ""
            if until:
                streams.append(_ended(official.rows(day, name), until))
        return heapq.merge(*streams, key=_at)


def calls_of(row: Mapping[str, Any]) -> int:
    """How many calls a row stands for: one, none if it is a retry, more where refused demand was summed."""
    return 0 if row.get("retry") else int(row.get("calls", 1))


def rows_in(path: Path, low: str = "", high: str = "~") -> Iterator[dict[str, Any]]:
    """The calls of one journal in its order, those with low <= at < high (as a line's `at`).

    Raises:
        LedgerUnavailable: the file cannot be read.
    """
    project = project_name(path.stem)
    try:
        file = path.open("rb", buffering=_CHUNK)
    except OSError as error:
        raise unavailable(path, error) from error
    with file:
        for raw in file:
            if raw.startswith(_SKIPPED):
                continue
            row = _row(raw, project)
            if row is not None and row["kind"] in _KINDS and "method" in row and low <= row["at"] < high:
                yield row


def _read_from(path: Path, offset: int) -> tuple[list[dict[str, Any]], int]:
    """Rows after an offset, and the offset behind the last complete line."""
    with path.open("rb") as file:
        file.seek(offset)
        data = file.read()
    end = data.rfind(b"\n") + 1
    project = project_name(path.stem)
    parsed = (_row(raw, project) for raw in data[:end].split(b"\n") if raw and not raw.startswith(_SKIPPED))
    return [
        row for row in parsed if row is not None and row["kind"] in _KINDS and "method" in row
    ], offset + end


def _row(raw: bytes, project: str) -> dict[str, Any] | None:
    try:
        row = lines.decode(raw)
        row["kind"], row["at"], row["id"]
    except (ValueError, KeyError, TypeError):
        return None
    row.pop("bal", None)
    row["project"] = project
    return row  # type: ignore[no-any-return]


def _others(own: set[str]) -> Callable[[str, str], bool]:
    """Which files of an archived day count: not those of this host whose journal is still there."""
    return lambda host, project: host != lines.HOST or project not in own


def _ended(slots: Iterator[dict[str, Any]], until: str) -> Iterator[dict[str, Any]]:
    return (row for row in slots if slot_end(row) <= until)


def _between(rows: Iterator[dict[str, Any]], low: str, high: str) -> Iterator[dict[str, Any]]:
    return (row for row in rows if low <= row["at"] < high)


def _at(row: dict[str, Any]) -> str:
    return row["at"]  # type: ignore[no-any-return]


def bounds_as_text(since: datetime | None, until: datetime | None) -> tuple[str, str]:
    """Two instants as texts that compare with a line's `at`; None is the beginning, or the end, of all."""
    return _bound(since) or "", _bound(until) or "~"


def _bound(at: datetime | None) -> str:
    if at is None:
        return ""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
