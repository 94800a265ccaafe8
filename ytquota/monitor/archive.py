"""Turning closed days into Parquet: `day=/host=`, and roll-ups beside it.

It never runs inside a bot's call. A journal goes only after what was written has been read back and
counted, so a run that is killed anywhere is simply run again.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import fsspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ytquota import clock as clocks
from ytquota.errors import YTQuotaError
from ytquota.monitor import lines
from ytquota.monitor.archive_tables import calls_table, rollup, rows_of
from ytquota.monitor.locks import holding
from ytquota.monitor.places import days_in, file_name, project_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

logger = logging.getLogger("ytquota")

SETTLED_AFTER = 48 * 3600
"""A day is closed 48 hours after its reset: until then a hold that straddled midnight may be settled."""
_LISTED_SINGLY = 62
_CALL_KINDS = {"settle", "release", "refuse"}


@dataclass(frozen=True, slots=True)
class Archived:
    """What became of one journal: rows and units (by bucket) written, and whether the journal is gone."""

    day: date
    project: str
    rows: int
    units: Mapping[str, int]
    unreadable: int
    removed: bool


class Stored(NamedTuple):
    """One file of an archive: whose calls of which day are in it, where it is, and its bytes."""

    day: date
    host: str
    project: str
    path: str
    size: int


class Archive:
    """Parquet files below an address that fsspec opens: a folder, `s3://bucket/prefix`, `memory://...`.

    Args:
        address: where the archive is; a local folder is made when first written.
        host: the name under which this machine writes.
    """

    def __init__(self, address: str | Path, host: str | None = None) -> None:
        self.address = str(address)
        self.host = host or lines.HOST
        self._fs, self._root = fsspec.core.url_to_fs(self.address)

    # -- writing

    def take_in(
        self, journals: Path, *, now: float, on_day: Callable[[date], None] | None = None
    ) -> list[Archived]:
        """Archive every closed day of a folder of journals.

        Args:
            journals: the folder with one folder per day.
            now: epoch seconds; days younger than 48 hours after their reset stay.
            on_day: told of each day before it is read, for a progress bar.

        Raises:
            YTQuotaError: what was read back is not what was written; the journal stays.
        """
        done = []
        for day in closed_days(journals, now):
            if on_day is not None:
                on_day(day)
            folder = journals / day.isoformat()
            done += [self._take_in_file(path, day) for path in sorted(folder.glob("*.jsonl"))]
            if not any(folder.iterdir()):
                folder.rmdir()
        return done

    def forget(self, *, before: date) -> list[date]:
        """Delete the days before a date, also what a killed run left of one; returns which."""
        gone = sorted(day for day in {*self.days(), *self._days("rollup")} if day < before)
        for day in gone:
            for kind in ("calls", "rollup"):
                path = f"{self._root}/{kind}/day={day.isoformat()}"
                if self._fs.exists(path):
                    self._fs.rm(path, recursive=True)
        return gone

    # -- reading

    def days(self) -> list[date]:
        """The archived quota days, oldest first."""
        return self._days("calls")

    def stored(
        self, kind: Literal["calls", "rollup"], first: date = date.min, last: date = date.max
    ) -> list[Stored]:
        """The files of a span of days, both days included, by day, host and project.

        A long span is listed at once: an object store gives a thousand names an answer.
        """
        days = [day for day in self._days(kind) if first <= day <= last]
        root = f"{self._root}/{kind}"
        folders = [root] if len(days) > _LISTED_SINGLY else [f"{root}/day={day.isoformat()}" for day in days]
        found = {path: facts for folder in folders for path, facts in self._found(folder).items()}
        files = (_stored(path, facts) for path, facts in found.items())
        return sorted(file for file in files if file is not None and first <= file.day <= last)

    def rows_in(self, file: Stored) -> Iterator[dict[str, Any]]:
        """The log's rows of one of its files, oldest first."""
        yield from rows_of(self._read(file.path))

    def opened(self, file: Stored) -> Any:
        """One of its files, open for reading in binary; a context manager."""
        return self._fs.open(file.path, "rb")

    def rows(
        self, day: date, *, project: str | None = None, hosts: Callable[[str, str], bool] | None = None
    ) -> Iterator[dict[str, Any]]:
        """The log's rows of one day, oldest first within each host; `hosts(host, project)` chooses files."""
        for path in self._files("calls", day, project, hosts):
            yield from rows_of(self._read(path))

    def rollups(
        self, day: date, *, project: str | None = None, hosts: Callable[[str, str], bool] | None = None
    ) -> list[pa.Table]:
        """The roll-ups of one day, a table per host and project; `hosts(host, project)` chooses files."""
        return [self._read(path) for path in self._files("rollup", day, project, hosts)]

    def stamp(self, day: date) -> tuple[tuple[str, int], ...] | None:
        """What changes when the roll-ups of a day are written anew; None where nobody can tell."""
        if "://" in self.address:
            return None
        try:
            with os.scandir(f"{self._root}/rollup/day={day.isoformat()}") as hosts:
                return tuple(sorted((host.name, host.stat().st_mtime_ns) for host in hosts))
        except FileNotFoundError:  # half a day, of a run that was killed, or one that is just going
            return None

    def calls(
        self, day: date, columns: Sequence[str], *, hosts: Callable[[str, str], bool]
    ) -> list[pa.Table]:
        """Some columns of one day's calls, a table per host and project; `hosts(host, project)` as above."""
        return [self._read(path, list(columns)) for path in self._files("calls", day, None, hosts)]

    def first_call(self, day: date, project: str) -> datetime | None:
        """When the first call of a project on an archived day ended, or None where there was none."""
        tables = [self._read(path, ["at"]) for path in self._files("calls", day, project, None)]
        return min((pc.min(table["at"]).as_py() for table in tables if table.num_rows), default=None)

    # -- inside

    def _take_in_file(self, path: Path, day: date) -> Archived:
        project = project_name(path.stem)
        with path.open("r+b") as file, holding(file.fileno()):
            rows, unreadable = _parse(file, project)
            table = calls_table(rows)
            self._write("rollup", day, project, rollup(table))
            self._write("calls", day, project, table)  # last: a day is here when its calls are
            self._check("calls", day, project, table)
            if not unreadable:
                path.unlink()
        return Archived(day, project, table.num_rows, _units(table), unreadable, removed=not unreadable)

    def _write(self, kind: str, day: date, project: str, table: pa.Table) -> None:
        """Write beside the place and move into it: whoever reads sees the old file or the whole new one."""
        final = self._path(kind, day, self.host, project)
        fresh = f"{final}.{os.getpid()}.tmp"
        self._fs.makedirs(final.rpartition("/")[0], exist_ok=True)
        with self._fs.open(fresh, "wb") as file:
            pq.write_table(table, file, compression="zstd", compression_level=9)
        self._fs.mv(fresh, final)

    def _check(self, kind: str, day: date, project: str, written: pa.Table) -> None:
        path = self._path(kind, day, self.host, project)
        back = self._read(path)
        if back.num_rows != written.num_rows or pc.sum(back["units"]) != pc.sum(written["units"]):
            raise YTQuotaError(
                f"The archive {path} does not hold what was written to it ({back.num_rows} rows of "
                f"{written.num_rows}). The journal stays. Check the disk and run `ytquota archive` again."
            )

    def _read(self, path: str, columns: list[str] | None = None) -> pa.Table:
        with self._fs.open(path, "rb") as file:
            return pq.read_table(file, columns=columns)

    def _path(self, kind: str, day: date, host: str, project: str) -> str:
        return f"{self._root}/{kind}/day={day.isoformat()}/host={host}/{file_name(project)}.parquet"

    def _days(self, kind: str) -> list[date]:
        days = []
        for path in self._list(f"{self._root}/{kind}"):
            name = path.rpartition("/")[2]
            if name.startswith("day="):
                days.append(date.fromisoformat(name.removeprefix("day=")))
        return sorted(days)

    def _files(
        self, kind: str, day: date, project: str | None, hosts: Callable[[str, str], bool] | None
    ) -> Iterator[str]:
        for folder in sorted(self._list(f"{self._root}/{kind}/day={day.isoformat()}")):
            host = folder.rpartition("/")[2].removeprefix("host=")
            for path in sorted(self._list(folder)):
                name = project_name(path.rpartition("/")[2].removesuffix(".parquet"))
                wanted = path.endswith(".parquet") and project in {None, name}
                if wanted and (hosts is None or hosts(host, name)):
                    yield path

    def _found(self, folder: str) -> dict[str, dict[str, Any]]:
        return self._fs.find(folder, detail=True)  # type: ignore[no-any-return]

    def _list(self, path: str) -> list[str]:
        try:
            return [str(entry) for entry in self._fs.ls(path, detail=False)]
        except FileNotFoundError:
            return []


def _stored(path: str, facts: Mapping[str, Any]) -> Stored | None:
    """What a path says of its file; None for what is none of ours, as half of one that is being written."""
    *_, day, host, name = path.split("/")
    if not (day.startswith("day=") and host.startswith("host=") and name.endswith(".parquet")):
        return None
    project = project_name(name.removesuffix(".parquet"))
    written = date.fromisoformat(day.removeprefix("day="))
    return Stored(written, host.removeprefix("host="), project, path, int(facts["size"] or 0))


def _units(table: pa.Table) -> dict[str, int]:
    """Units by bucket, those with any: units of two buckets are never added."""
    sums = table.group_by("bucket").aggregate([("units", "sum")]).to_pylist()
    return {one["bucket"]: one["units_sum"] for one in sums if one["units_sum"]}


def closed_days(journals: Path, now: float) -> list[date]:
    """The days of a folder of journals that nobody may write to any more; the newest of all always stays.

    It carries the learned limits over, however long a project rests.
    """
    days = [day for day in days_in(journals) if any((journals / day.isoformat()).glob("*.jsonl"))]
    return [day for day in days[:-1] if clocks.bounds_of(day).end + SETTLED_AFTER <= now]


def retention_start(now: float, keep_days: int) -> date:
    """The oldest quota day to keep."""
    return clocks.quota_day(now) - timedelta(days=keep_days)


def _parse(file: Any, project: str) -> tuple[list[dict[str, Any]], int]:
    """The rows of a journal, each once, unsettled holds as lost calls; and how many lines are unreadable."""
    rows: list[dict[str, Any]] = []
    seen: set[tuple[str, int]] = set()
    open_holds: dict[str, dict[str, Any]] = {}
    unreadable = 0
    for raw in file:
        try:
            row = lines.decode(raw)
            kind, id_ = row["kind"], row["id"]
        except (ValueError, KeyError, TypeError):
            unreadable += 1
            continue
        if kind in {"hold", "extend"}:
            _note_hold(open_holds, row)
        elif kind in _CALL_KINDS:
            open_holds.pop(id_, None)
            key = (id_, row.get("part", 0))
            if "method" in row and (not id_ or key not in seen):
                seen.add(key)
                rows.append(row | {"project": project})
    rows += [lost for hold in open_holds.values() for lost in _lost(hold, project)]
    rows.sort(key=lambda row: row["at"])
    return rows, unreadable


def _note_hold(open_holds: dict[str, dict[str, Any]], row: dict[str, Any]) -> None:
    known = open_holds.setdefault(row["id"], row)
    if known is not row:
        known["items"] += row["items"]


def _lost(hold: dict[str, Any], project: str) -> Iterator[dict[str, Any]]:
    """A hold that nobody settled stays spent; the archive keeps it as a call without an answer."""
    for bucket, units in hold["items"]:
        yield {
            "at": hold["at"],
            "kind": "settle",
            "project": project,
            "bucket": bucket,
            "priority": "normal",
            "method": hold.get("note", ""),
            "outcome": "lost",
            "reason": "never settled",
            "units": units,
            "price": units,
            "attempts": 1,
            "retry": 0,
            "pid": hold.get("pid", 0),
        }
