"""What a pool's count had come to at an instant of today that is some minutes back.

Google's counters are late, so its count at 14:00 is compared at 14:10, and by then the ledger has gone on.
Every line of a journal carries the balance after it, so the count of 14:00 is found without a replay: the
newest balance, less what was charged since. A correction since then speaks of earlier calls and stays in.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, BinaryIO

from ytquota.monitor import lines
from ytquota.monitor.files import unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_ADJUST = lines.HEADER + b'adjust"'
MINUTE = 60.0
_MARKS = 10  # minutes looked back for one at which no request was under way
_SLACK = 1.0  # seconds that Google's clock may differ from ours, and a request may take to get there
_ABANDONED = 60.0  # seconds: of a hold that nobody settled, the request went out soon or never
_BEFORE = 900.0  # seconds: a hold is settled or reported by then


@dataclass(frozen=True, slots=True)
class Settled:
    """A project's count at an instant, all in quota units by bucket.

    Attributes:
        until: the instant (epoch seconds).
        used: charged up to then, corrections included.
        doubtful: of requests that were under way then: Google may have counted them a moment later.
    """

    until: float
    used: Mapping[str, int] = field(default_factory=dict)
    doubtful: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Span:
    """A hold: units by bucket, when it was taken, when it was settled (None: not yet), what it kept."""

    at: float
    units: Counter[str]
    settled_at: float | None = None

    def is_under_way(self, mark: float) -> bool:
        end = self.at + _ABANDONED if self.settled_at is None else self.settled_at
        return self.at - _SLACK <= mark < end + _SLACK


def settled_count(path: Path, until: float, *, earliest: float) -> Settled:
    """The count in a day's journal at the last quiet full minute before an instant.

    Args:
        path: the journal. One of a ledger in Redis tells what this host knew, and `Minutes` more.
        until: epoch seconds; a minute within ten before it is chosen, the latest at which no request was
            under way, else the one with the least of them.
        earliest: the day's beginning (epoch seconds).

    Raises:
        LedgerUnavailable: the journal cannot be read.
    """
    marks = marks_before(until, earliest)
    if not marks:
        return Settled(earliest)
    rows = rows_since(path, marks[-1] - _BEFORE)
    if not rows:
        return Settled(marks[0])
    if _has_authority(rows):
        return _told_by_authority(rows, marks)
    spans = _spans(rows)
    mark = min(marks, key=lambda one: (_under_way(spans, one).total(), -one))
    return _count_at(rows, spans, mark)


def marks_before(until: float, earliest: float) -> list[float]:
    """The full minutes (epoch seconds) among which a quiet one is chosen, latest first."""
    return [mark for n in range(_MARKS) if (mark := (until // MINUTE - n) * MINUTE) >= earliest]


def count_at(path: Path, mark: float) -> Settled:
    """The count in a day's journal at an instant (epoch seconds) that `settled_count` chose.

    Raises:
        LedgerUnavailable: the journal cannot be read.
    """
    rows = rows_since(path, mark - _BEFORE)
    if not rows:
        return Settled(mark)
    return _told_by_authority(rows, [mark]) if _has_authority(rows) else _count_at(rows, _spans(rows), mark)


def adjusted(path: Path) -> Counter[str]:
    """Units by bucket that a day's journal was corrected by; nothing where there is no journal.

    Raises:
        LedgerUnavailable: the journal cannot be read.
    """
    units: Counter[str] = Counter()
    try:
        with path.open("rb") as file:
            for raw in file:
                if raw.startswith(_ADJUST):
                    row = lines.decode(raw)
                    units[row.get("bucket", "")] += row.get("units", 0)
    except FileNotFoundError:
        return units
    except OSError as error:
        raise unavailable(path, error) from error
    except (ValueError, TypeError, AttributeError):
        return units
    return units


def _count_at(rows: list[dict[str, Any]], spans: list[_Span], mark: float) -> Settled:
    used = Counter({bucket: balance[0] for bucket, balance in rows[-1]["bal"].items()})
    for span in spans:
        if span.at > mark:
            used.subtract(span.units)
    kept = {bucket: max(0, units) for bucket, units in used.items()}
    return Settled(mark, kept, dict(_under_way(spans, mark)))


def _has_authority(rows: list[dict[str, Any]]) -> bool:
    return any("authority" in row for row in rows)


def _under_way(spans: list[_Span], mark: float) -> Counter[str]:
    doubtful: Counter[str] = Counter()
    for span in spans:
        if span.is_under_way(mark):
            doubtful.update(span.units)
    return +doubtful


def _spans(rows: list[dict[str, Any]]) -> list[_Span]:
    """The holds of these lines, with what they were given back taken off."""
    spans: dict[str, _Span] = {}
    for row in rows:
        kind, id_ = row["kind"], row["id"]
        at = epoch_of(row)
        if kind in {"hold", "extend"}:
            span = spans.setdefault(id_, _Span(at, Counter()))
            for bucket, units in row["items"]:
                span.units[bucket] += units
        elif kind in {"settle", "release"} and id_ in spans:
            spans[id_].settled_at = at
            spans[id_].units.subtract(_given_back(row))
    return list(spans.values())


def _given_back(row: Mapping[str, Any]) -> Counter[str]:
    if "method" in row:
        return Counter({row["bucket"]: row.get("refused", 0) + row.get("released", 0)})
    given: Counter[str] = Counter()
    for bucket, units in row.get("items", ()) if row["kind"] == "release" else ():
        given[bucket] += units
    return given


def _told_by_authority(rows: list[dict[str, Any]], marks: list[float]) -> Settled:
    """The balance that the authority had answered last, at the minute that comes soonest after an answer."""
    latest = {mark: [row for row in rows if epoch_of(row) <= mark][-1:] for mark in marks}
    known = [mark for mark in marks if latest[mark]]
    if not known:
        return Settled(marks[0])
    mark = min(known, key=lambda one: one - epoch_of(latest[one][0]))
    used = Counter({bucket: balance[0] for bucket, balance in latest[mark][0]["bal"].items()})
    for row in rows:
        if row["kind"] == "adjust" and "bucket" in row and epoch_of(row) > mark:
            used[row["bucket"]] += row["units"]
    return Settled(mark, dict(used))


def rows_since(path: Path, at: float) -> list[dict[str, Any]]:
    """Return the lines from an instant on, and some before it: the newest of all is always there.

    Raises:
        LedgerUnavailable: the journal cannot be read.
    """
    rows = []
    try:
        with path.open("rb") as file:
            file.seek(_offset_of(file, at))
            for raw in file:
                try:
                    row = lines.decode(raw)
                    row["kind"], row["id"], row["at"], row["bal"]
                except (ValueError, KeyError, TypeError):
                    continue
                rows.append(row)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise unavailable(path, error) from error
    return rows


def _offset_of(file: BinaryIO, at: float) -> int:
    """Where the last line before an instant begins, found by halving: lines are written in order of time."""
    stamp = lines.stamp(at)
    low, high = 0, file.seek(0, 2)
    while high - low > 4096:  # noqa: PLR2004 - some lines; they are read in any case
        middle = (low + high) // 2
        file.seek(middle)
        file.readline()
        start = file.tell()
        if start >= high or _stamp_of(file.readline()) >= stamp:
            high = middle
        else:
            low = start
    return low


def _stamp_of(raw: bytes) -> str:
    try:
        return str(lines.decode(raw)["at"])
    except (ValueError, KeyError, TypeError):
        return ""


def epoch_of(row: Mapping[str, Any]) -> float:
    """When a line was written (epoch seconds)."""
    return datetime.fromisoformat(row["at"]).timestamp()
