"""Calls of the log added up by who made them: what `ytquota log --by` shows."""

from __future__ import annotations

import csv
import sys
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.table import Table

from ytquota.cli.output import console, count, print_json
from ytquota.clock import PACIFIC
from ytquota.monitor.log import calls_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

NAMES = ("tag", "method", "set", "project", "priority", "outcome", "host", "day", "hour", "ledger", "owner")
"""What calls may be added up by; the last two only with --all."""

FIGURES = ("units", "calls", "failed", "refused")
_FAILED = {"error", "lost"}


@dataclass(slots=True)
class Sum:
    """Calls that have the same names.

    Attributes:
        bucket: whose units these are; units of two buckets are never added.
        names: the values of what was asked for, in its order.
        units: charged.
        calls: what programs asked for, denied or not; a retry is no further call.
        failed: calls whose first send was charged and brought nothing.
        refused: units that were asked for and not to be had.
    """

    bucket: str
    names: tuple[str, ...]
    units: int = 0
    calls: int = 0
    failed: int = 0
    refused: int = 0

    def to_json(self, by: Sequence[str]) -> dict[str, Any]:
        """Return it flat, the bucket first."""
        figures = {name: getattr(self, name) for name in FIGURES}
        return {"bucket": self.bucket} | dict(zip(by, self.names, strict=True)) | figures


def add_up(rows: Iterable[dict[str, Any]], by: Sequence[str]) -> list[Sum]:
    """Return one sum for each bucket and combination of names, the dearest of each bucket first."""
    sums: dict[tuple[str, ...], Sum] = {}
    readers = [_READERS.get(name, _plain(name)) for name in by]
    for row in rows:
        key = (row.get("bucket", "default"), *(read(row) for read in readers))
        one = sums.setdefault(key, Sum(key[0], key[1:]))
        one.units += row.get("units", 0)
        one.calls += calls_of(row)
        one.failed += calls_of(row) if row.get("outcome") in _FAILED else 0
        one.refused += row.get("refused", 0)
    return sorted(sums.values(), key=lambda one: (one.bucket, -one.units, -one.refused, one.names))


def show(sums: Sequence[Sum], by: Sequence[str]) -> None:
    """Print a table, with each sum's share of what its bucket was charged."""
    whole: dict[str, int] = {}
    for one in sums:
        whole[one.bucket] = whole.get(one.bucket, 0) + one.units
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    for name in ("bucket", *by):
        table.add_column(name, overflow="ellipsis", min_width=len(name))  # what is too long is cut or wrapped
    cells = [_figures(one, whole[one.bucket]) for one in sums]
    for name, *texts in zip(("units", "share", "calls", "failed", "refused"), *cells, strict=True):
        table.add_column(name, justify="right", no_wrap=True, min_width=max(map(len, (name, *texts))))
    for one, figures in zip(sums, cells, strict=True):
        table.add_row(one.bucket, *one.names, *figures)
    console().print(table)


def _figures(one: Sum, whole: int) -> tuple[str, ...]:
    share = f"{one.units / whole:.0%}" if whole else ""
    return count(one.units), share, count(one.calls), count(one.failed), count(one.refused)


def show_json(sums: Sequence[Sum], by: Sequence[str]) -> None:
    """Print one JSON document: a list."""
    print_json([one.to_json(by) for one in sums])


def show_csv(sums: Sequence[Sum], by: Sequence[str]) -> None:
    """Print comma-separated lines behind a head line."""
    writer = csv.DictWriter(sys.stdout, ("bucket", *by, *FIGURES), lineterminator="\n")
    writer.writeheader()
    writer.writerows(one.to_json(by) for one in sums)


def _plain(name: str) -> Callable[[dict[str, Any]], str]:
    return lambda row: str(row.get(name) or "")


def _pacific(form: str) -> Callable[[dict[str, Any]], str]:
    return lambda row: datetime.fromisoformat(row["at"]).astimezone(PACIFIC).strftime(form)


_READERS = {"day": _pacific("%Y-%m-%d"), "hour": _pacific("%H")}
