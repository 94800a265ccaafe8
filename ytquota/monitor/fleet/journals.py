"""Looking at a folder of journals of any host, without lock or writing: a read-only mount will do."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ytquota.clock import ManualClock, bounds_of
from ytquota.errors import LedgerUnavailable
from ytquota.monitor import lines, pools
from ytquota.monitor.fleet.counts import Count, Units
from ytquota.monitor.fleet.place import Unreachable, no_access
from ytquota.monitor.host_page import AUTHORITY, last_step
from ytquota.monitor.journal import Journal
from ytquota.monitor.places import journal_path
from ytquota.monitor.tail import pread, read_state

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from ytquota.monitor.fleet.listed import Listed

_TAIL = _HEAD = 1 << 16
_ID = re.compile(rb'"id":"([^"]+)"')
_SETTLED = lines.HEADER + b'settle"'


@dataclass(slots=True)
class Folder:
    """What a folder of journals says of a day: counts by project, and who wrote last."""

    counts: list[Count]
    hosts: tuple[str, ...] = ()
    last_at: datetime | None = None
    last_host: str = ""


class FolderReader:
    """Looks at the journals of one folder, again and again; what it has added up is not read twice.

    Args:
        listed: the ledger's entry in the list.
        folder: with one folder per day.
    """

    def __init__(self, listed: Listed, folder: Path) -> None:
        self._listed, self._folder = listed, folder
        self._tallies: dict[Path, _Tally] = {}

    def look(self, day: date) -> Folder:
        """Read the last line of every journal of a day.

        Raises:
            Unreachable: a journal cannot be read.
        """
        journal = Journal(self._folder, clock=ManualClock(bounds_of(day).start))
        seen, counts = [], []
        try:
            _make_sure_of(self._folder, day)
            for project, balances in journal.usage(day=day).items():
                path = journal_path(self._folder, day, project)
                untouched = Count(self._listed, project, "journal", balances)
                found = self._count(path, untouched)
                counts.append(found or untouched)
                if found is not None and (last := last_written(path)) is not None:
                    seen.append(last)
        except LedgerUnavailable as error:
            raise _in_words(error) from error
        except OSError as error:
            raise no_access(self._folder, error) from error
        last_at, last_host = max(seen, default=(None, ""))
        return Folder(counts, tuple(sorted({host for _, host in seen} - {""})), last_at, last_host)

    def _count(self, path: Path, untouched: Count) -> Count | None:
        """What a journal says of the day; None where there is none."""
        state, size = read_state(path)
        if state is None:
            return None
        said = state.get("lim", {})
        balances = lines.empty_balances() | state["bal"]
        count = replace(
            untouched,
            pools={
                bucket: pools.balance_of(bucket, one, said, state.get("by_operator", ()))
                for bucket, one in balances.items()
            },
            origin=first_id(path),
            size=size,
        )
        own = {bucket: int(balance[0]) for bucket, balance in balances.items()}
        if state.get("authority") == AUTHORITY:
            writer = str(state.get("writer", ""))
            own = {bucket: int(units) for bucket, units in dict(state.get("own", {})).items()}
            count = replace(count, source="host", writer=writer, seq=last_step(state, writer))
        return replace(count, owners=self._by_owner(path, own))

    def _by_owner(self, path: Path, own: Units) -> dict[str, Units]:
        """Units by owner: what sets of others were charged is theirs, the rest the ledger's owner's."""
        owner = self._listed.owner_of()
        owners: dict[str, Units] = {owner: dict(own)}
        if self._listed.sets or self._listed.hosts:
            tally = self._tallies.setdefault(path, _Tally(path))
            for (credential_set, host, bucket), units in tally.read().items():
                other = self._listed.owner_of(credential_set, host)
                if other != owner:
                    theirs = owners.setdefault(other, {})
                    theirs[bucket] = theirs.get(bucket, 0) + units
                    owners[owner][bucket] = owners[owner].get(bucket, 0) - units
        return owners


@dataclass(slots=True)
class _Tally:
    """Units that settled calls of one journal were charged, by set, host and bucket; goes on where it was."""

    path: Path
    offset: int = 0
    units: dict[tuple[str, str, str], int] = field(default_factory=dict)

    def read(self) -> dict[tuple[str, str, str], int]:
        with self.path.open("rb") as file:
            if os.fstat(file.fileno()).st_size < self.offset:  # another file has taken its place
                self.offset, self.units = 0, {}
            file.seek(self.offset)
            for raw in file:
                if not raw.endswith(b"\n"):
                    break
                self.offset += len(raw)
                if raw.startswith(_SETTLED):
                    self._add(raw)
        return self.units

    def _add(self, raw: bytes) -> None:
        try:
            row = lines.decode(raw)
            key, units = (row["set"], row["host"], row["bucket"]), int(row["units"])
        except (ValueError, KeyError, TypeError):
            return
        self.units[key] = self.units.get(key, 0) + units


def _make_sure_of(folder: Path, day: date) -> None:
    """A folder that may not be listed must not read as one in which nothing was counted."""
    for place in (folder, folder / day.isoformat()):
        if place.exists():
            os.listdir(place)  # noqa: PTH208 - for its error


def last_written(path: Path) -> tuple[datetime, str] | None:
    """When the last line of a journal was written, and the host of the last line that names one.

    None where no line can be read.
    """
    tail = _bytes(path, -_TAIL, _TAIL).split(b"\n")[:-1]
    rows = [row for row in map(_row, reversed(tail)) if row is not None]
    host = next((str(row["host"]) for row in rows if row.get("host")), "")
    return (datetime.fromisoformat(rows[0]["at"]), host) if rows else None


def _row(raw: bytes) -> dict[str, Any] | None:
    try:
        row = lines.decode(raw)
        datetime.fromisoformat(row["at"])
    except (ValueError, KeyError, TypeError):
        return None
    return row  # type: ignore[no-any-return]


def first_id(path: Path) -> bytes:
    """The id of the first hold, with its nonce: two journals that share it are copies of one."""
    found = _ID.search(_bytes(path, 0, _HEAD))
    return found[1] if found else b""


def _bytes(path: Path, offset: int, length: int) -> bytes:
    fd = os.open(path, os.O_RDONLY)
    try:
        start = offset if offset >= 0 else max(0, os.fstat(fd).st_size + offset)
        return pread(fd, length, start)
    finally:
        os.close(fd)


def _in_words(error: LedgerUnavailable) -> Unreachable:
    """The same for who only looks: it is mended where it is written."""
    cause = error.__cause__
    if isinstance(cause, OSError) and cause.filename:
        return no_access(cause.filename, cause)
    problem, _, remedy = str(error).partition(". ")
    return Unreachable(problem, f"On its host: {remedy}" if remedy else "Look at it on its host.")
