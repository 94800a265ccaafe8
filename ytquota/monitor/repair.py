"""Looking a journal over, and mending a balance that cannot be read.

Nothing is edited: a correction is a new line.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ytquota.errors import LedgerUnavailable
from ytquota.monitor import lines
from ytquota.monitor.files import unavailable
from ytquota.monitor.tail import parse_state

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from pathlib import Path

    from ytquota.monitor.journal import Journal

GIVEN_UP_AFTER = 900.0
"""Seconds after which a hold that nobody settled is reported; its units stay spent."""


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A hold whose program never said how it ended: it was killed, or is still waiting."""

    id: str
    at: str
    items: tuple[tuple[str, int], ...]
    pid: int
    method: str


@dataclass(slots=True)
class Examination:
    """What reading a whole journal found.

    `is_torn` says that the file ends in half a line. `replayed` is {bucket: units used}, counted from the
    lines themselves; `stated` is what the last readable line says. They differ only where lines were damaged
    or edited. `last` is the last readable line.
    """

    path: Path
    lines: int = 0
    unreadable: list[int] = field(default_factory=list)
    last_is_readable: bool = True
    is_torn: bool = False
    replayed: dict[str, int] = field(default_factory=dict)
    stated: dict[str, int] = field(default_factory=dict)
    unsettled: list[Unsettled] = field(default_factory=list)
    last: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def is_sound(self) -> bool:
        """Whether every line was readable and the lines add up to the balance."""
        return not self.unreadable and self.replayed == self.stated


def examine(path: Path) -> Examination:
    """Read a journal from its first line to its last and add it up.

    Raises:
        LedgerUnavailable: the file cannot be opened.
    """
    try:
        with path.open("rb") as file:
            return _examine(path, file)
    except OSError as error:
        raise unavailable(path, error) from error


def mend(journal: Journal, project: str, day: date, *, who: str) -> Examination:
    """Give a journal whose last line is garbled a readable balance again, by an `adjust` line.

    The balance is the larger of what the readable lines add up to and what the last readable line says, so
    that mending never makes room that may have been spent. Limits, marks and refused counts are those of the
    last readable line.
    """
    page = journal.open_unread(project, day)
    try:
        with page.unread():
            found = examine(page.path)
            if found.last_is_readable:
                return found
            if found.is_torn:
                page.set_torn_tail_aside()
            page.take_over(found.last)
            for bucket, used in found.replayed.items():
                page.balances[bucket][0] = max(used, page.balances[bucket][0])
            why = f"the last line could not be read ({len(found.unreadable)} unreadable in all)"
            journal.append_adjustment(page, reason=why, who=who)
    finally:
        page.close()
    return found


def _examine(path: Path, raw_lines: Iterable[bytes]) -> Examination:
    found = Examination(path)
    used: Counter[str] = Counter()
    open_holds: dict[str, dict[str, Any]] = {}
    for number, raw in enumerate(raw_lines, start=1):
        if not raw.endswith(b"\n"):
            found.is_torn = True  # half a line: the next writer sets it aside
            break
        found.lines = number
        row = _readable(raw, path)
        found.last_is_readable = row is not None
        if row is None:
            found.unreadable.append(number)
            continue
        found.last = row
        _replay(row, used, open_holds)
    found.stated = {bucket: balance[0] for bucket, balance in found.last.get("bal", {}).items()}
    found.replayed = {bucket: used[bucket] for bucket in found.stated}
    found.unsettled = [
        Unsettled(id_, row["at"], tuple(map(tuple, row["items"])), row.get("pid", 0), row.get("note", ""))
        for id_, row in open_holds.items()
    ]
    return found


def _readable(raw: bytes, path: Path) -> dict[str, Any] | None:
    """A line, or None where it cannot be read."""
    try:
        row = parse_state(raw[:-1], path)
        row["kind"], row["id"]
    except (LedgerUnavailable, KeyError):
        return None
    return row


def _replay(row: dict[str, Any], used: Counter[str], open_holds: dict[str, dict[str, Any]]) -> None:
    kind, id_ = row["kind"], row["id"]
    if kind in {"hold", "extend"}:
        for bucket, units in row["items"]:
            used[bucket] += units
        open_holds.setdefault(id_, row)
    elif kind == "release" and "items" in row:
        for bucket, units in row["items"]:
            _give_back(used, bucket, units)
        open_holds.pop(id_, None)
    elif kind in {"settle", "release"} and "bucket" not in row:
        open_holds.pop(id_, None)
    elif kind in {"settle", "release"}:
        units = row.get("refused" if row["outcome"] == "refused" else "released", 0)
        _give_back(used, row["bucket"], units)
        open_holds.pop(id_, None)
    if kind == "adjust" or "authority" in row:  # others count on the same authority: its word is the balance
        used.clear()
        used.update({bucket: balance[0] for bucket, balance in row["bal"].items()})


def _give_back(used: Counter[str], bucket: str, units: int) -> None:
    """As the ledger does it: a count that was corrected meanwhile does not fall below zero."""
    used[bucket] = max(0, used[bucket] - units)


def unsettled(journal_folder: Path, day: date, *, now: float) -> list[Unsettled]:
    """Holds of a day that are older than 15 minutes and were never settled."""
    before = lines.stamp(now - GIVEN_UP_AFTER)
    paths = sorted((journal_folder / day.isoformat()).glob("*.jsonl"))
    return [hold for path in paths for hold in examine(path).unsettled if hold.at < before]
