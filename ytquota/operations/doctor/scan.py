"""One pass over a journal for what a replay does not tell: corrections, doubtful prices, changing limits."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ytquota.monitor import lines
from ytquota.monitor.files import unavailable
from ytquota.monitor.log import calls_of

if TYPE_CHECKING:
    from pathlib import Path

_ADJUST, _LIMIT, _UNPRICED = b'"kind":"adjust"', b'"kind":"limit"', b'"prov":"unpriced"'


@dataclass(slots=True)
class Scan:
    """What the lines of a journal say beside the units.

    Attributes:
        mended_upto: number of the last correction line; what lies before it is settled by it.
        corrected: when a person last corrected each bucket, as the lines have it.
        unpriced: calls by method whose price nobody knew.
        limits: the operator's limits of each bucket in turn: (when, units or None).
    """

    mended_upto: int = 0
    corrected: dict[str, str] = field(default_factory=dict)
    unpriced: Counter[str] = field(default_factory=Counter)
    limits: dict[str, list[tuple[str, int | None]]] = field(default_factory=dict)


def scan(path: Path) -> Scan:
    """Read a journal; only lines that matter are parsed.

    Raises:
        LedgerUnavailable: the file cannot be opened.
    """
    found = Scan()
    try:
        with path.open("rb") as file:
            for number, raw in enumerate(file, start=1):
                if _ADJUST in raw or _LIMIT in raw or _UNPRICED in raw:
                    _take(found, number, raw)
    except OSError as error:
        raise unavailable(path, error) from error
    return found


def _take(found: Scan, number: int, raw: bytes) -> None:
    try:
        row: dict[str, Any] = lines.decode(raw)
        kind, at = row["kind"], row["at"]
        if kind == "adjust":
            found.mended_upto = number
            if "bucket" in row:
                found.corrected[row["bucket"]] = at
        elif kind == "limit" and row["source"] == "operator":
            found.limits.setdefault(row["bucket"], []).append((at, row["limit"]))
        elif row.get("prov") == "unpriced":
            found.unpriced[row["method"]] += calls_of(row)
    except (ValueError, KeyError, TypeError):
        return  # a line that cannot be read is found by the replay
