"""Days as Google counted them, where nobody counted here: `memory/official/<day>/<project>.jsonl`.

The journals are never touched. A file is written whole and moved into its place, so reading it again from
Google changes nothing, or replaces it. One line per slot of five minutes, bucket and method.

When a day and project counts as official is decided on reading, since own calls may come to it later (a hold
that straddled midnight, another host's archive): see `OwnCount`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from ytquota.monitor import lines
from ytquota.monitor.files import replace_file, unavailable
from ytquota.monitor.places import days_in, journal_path, project_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from ytquota.monitor.archive import Archive

TAG = "official"
"""Tag, kind and provenance of every row that Google counted."""

EVER = "~"
"""Sorts behind every line's `at`: a day that is official to its end."""

_UNKNOWN = "unknown"  # Google does not say which set it was, nor how much it mattered
_OWN = tuple(lines.HEADER + kind for kind in (b'hold"', b'extend"', b'settle"', b'release"', b'refuse"'))


@dataclass(frozen=True, slots=True)
class Use:
    """What Google counted: quota units of one bucket by one method, from `at` (epoch seconds) on."""

    at: float
    seconds: float
    bucket: str
    method: str
    units: int


class OfficialDays:
    """The folder of official days.

    Args:
        folder: `memory/official`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, day: date, project: str, uses: Iterable[Use], *, price: Callable[[str], int]) -> bool:
        """Keep a day as Google counted it; False where that is what was kept already.

        Args:
            day: the quota day.
            project: its number.
            uses: what was counted on that day; none means that nothing was used.
            price: units that one call of a method takes, to tell how many calls there were.

        Raises:
            LedgerUnavailable: the file cannot be written.
        """
        path = self._path(day, project)
        fresh = b"".join(_lines(uses, price))
        try:
            if path.exists() and path.read_bytes() == fresh:
                return False
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, fresh)
            (self._folder / "changed").touch()
        except OSError as error:
            raise unavailable(path, error) from error
        return True

    def has(self, day: date, project: str) -> bool:
        """Whether a day was kept."""
        return self._path(day, project).exists()

    def days(self) -> list[date]:
        """The days of which there is anything, oldest first."""
        return days_in(self._folder)

    def projects(self, day: date) -> list[str]:
        """Whose numbers there are for a day."""
        return sorted(project_name(path.stem) for path in (self._folder / day.isoformat()).glob("*.jsonl"))

    def rows(self, day: date, project: str) -> Iterator[dict[str, Any]]:
        """The rows of a day as the log gives them, oldest first; `at` is when the slot began.

        Raises:
            LedgerUnavailable: the file cannot be read.
        """
        path = self._path(day, project)
        try:
            raw_lines = path.read_bytes().splitlines()
        except FileNotFoundError:
            return
        except OSError as error:
            raise unavailable(path, error) from error
        for raw in raw_lines:
            try:
                row = lines.decode(raw)
                row["at"], row["seconds"], row["units"], row["bucket"], row["method"]
            except (ValueError, KeyError, TypeError):
                continue
            yield row | {
                "kind": TAG, "id": "", "project": project, "set": _UNKNOWN, "tag": TAG, "priority": _UNKNOWN,
                "prov": TAG, "outcome": "ok", "status": None, "reason": "", "attempts": row.get("calls", 1),
                "retry": 0, "latency": None, "host": "", "pid": 0,
            }  # fmt: skip

    def forget(self, *, before: date) -> list[date]:
        """Delete the days before a date; returns which."""
        gone = [day for day in self.days() if day < before]
        for day in gone:
            folder = self._folder / day.isoformat()
            for path in folder.iterdir():
                path.unlink()
            folder.rmdir()
        return gone

    def stamp(self) -> int:
        """What changes with every change of a day; 0 while there is none."""
        try:
            return (self._folder / "changed").stat().st_mtime_ns
        except OSError:
            return 0

    def _path(self, day: date, project: str) -> Path:
        return journal_path(self._folder, day, project)


class OwnCount:
    """Since when this ledger counts a project itself: from its first own call on, Google's rows are left out.

    Days before the first own call are official. The day of that call is official up to it, and our own from
    then on. Later days are our own; those without any own call (the bots rested, or ran without ytquota) are
    official again. An own call is a line of a hold or a call, in a journal or in the archive.

    Args:
        journals: the folder of the journals.
        archive: the archive beside it, or None.
    """

    def __init__(self, journals: Path, archive: Callable[[], Archive | None]) -> None:
        self._journals, self._archive = journals, archive
        self._known: dict[tuple[date, str], str] = {}
        self._archived: set[date] | None = None

    def look(self) -> None:
        """Look at the archive anew; the rest is looked at whenever it is asked for."""
        self._archived = None

    def first_day(self, project: str) -> date | None:
        """The day of the first own call of a project; None where there was none."""
        self.look()
        return next((day for day in self._days() if self.began(day, project) is not None), None)

    def last_day(self, project: str) -> date | None:
        """The day of the last own call of a project; None where there was none."""
        self.look()
        return next((day for day in reversed(self._days()) if self.began(day, project) is not None), None)

    def official_until(self, day: date, project: str) -> str:
        """Up to when a day is official, as text that compares with a line's `at`; empty: not at all."""
        began = self.began(day, project)
        if began is None:
            return EVER
        is_first = all(self.began(one, project) is None for one in self._days() if one < day)
        return began if is_first else ""

    def began(self, day: date, project: str) -> str | None:
        """The first own call of a day and project, as a line's `at`; None where there was none."""
        key = day, project
        if key not in self._known:
            found = [at for at in (self._in_journal(day, project), self._in_archive(day, project)) if at]
            if not found:
                return None
            self._known[key] = min(found)
        return self._known[key]

    def _days(self) -> list[date]:
        return sorted(self._archived_days().union(days_in(self._journals)))

    def _archived_days(self) -> set[date]:
        if self._archived is None:
            archive = self._archive()
            self._archived = set(archive.days()) if archive else set()
        return self._archived

    def _in_journal(self, day: date, project: str) -> str | None:
        path = journal_path(self._journals, day, project)
        try:
            with path.open("rb") as file:
                own = next((raw for raw in file if raw.startswith(_OWN)), None)
                return None if own is None else str(lines.decode(own)["at"])
        except FileNotFoundError:
            return None
        except OSError as error:
            raise unavailable(path, error) from error
        except (ValueError, KeyError):  # garbled, but a call: of a time that nobody knows
            return f"{day.isoformat()}T00:00:00Z"

    def _in_archive(self, day: date, project: str) -> str | None:
        archive = self._archive() if day in self._archived_days() else None
        first = archive.first_call(day, project) if archive else None
        return None if first is None else lines.stamp(first.timestamp())


def slot_end(row: Mapping[str, Any]) -> str:
    """When the slot of a row of Google's ends, as a line's `at`."""
    return lines.stamp(datetime.fromisoformat(row["at"]).timestamp() + row["seconds"])


def _lines(uses: Iterable[Use], price: Callable[[str], int]) -> Iterator[bytes]:
    for use in sorted(uses, key=lambda one: (one.at, one.bucket, one.method)):
        if use.units:
            each = price(use.method)
            row = {
                "v": 1, "at": lines.stamp(use.at), "seconds": use.seconds, "bucket": use.bucket,
                "method": use.method, "units": use.units, "price": each,
                "calls": max(1, round(use.units / each)) if each else 1,
            }  # fmt: skip
            yield lines.encode(row) + b"\n"
