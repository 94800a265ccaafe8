"""Calls of the log added up by who made them: what `ytquota log --by` shows."""

from __future__ import annotations

import csv
import sys
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.table import Table

from ytquota.cli.output import console, count, print_json
from ytquota.clock import PACIFIC, both_zones
from ytquota.monitor.log import calls_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ytquota.cli.log_usual import Usual

NAMES = ("tag", "method", "set", "project", "priority", "outcome", "host", "day", "hour", "ledger", "owner")
"""What calls may be added up by; the last two only with --all."""

FIGURES = ("units", "calls", "failed", "refused", "usual")
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
        usual: units that are usually charged by then; None where nobody knows.
    """

    bucket: str
    names: tuple[str, ...]
    units: int = 0
    calls: int = 0
    failed: int = 0
    refused: int = 0
    usual: int | None = None

    def to_json(self, by: Sequence[str]) -> dict[str, Any]:
        """Return it flat, the bucket first."""
        figures = {name: getattr(self, name) for name in FIGURES}
        return {"bucket": self.bucket} | dict(zip(by, self.names, strict=True)) | figures


def keys(by: Sequence[str]) -> Callable[[Mapping[str, Any]], tuple[str, ...]]:
    """Return what tells the group of a row: its bucket, then its names."""
    readers = [_READERS.get(name, _plain(name)) for name in by]
    return lambda row: (row.get("bucket", "default"), *(read(row) for read in readers))


def add_up(rows: Iterable[dict[str, Any]], by: Sequence[str], usual: Usual | None = None) -> list[Sum]:
    """Return one sum for each bucket and combination of names, the dearest of each bucket first.

    With what is usual, also one of nothing for each group that usually spends and has not.
    """
    sums: dict[tuple[str, ...], Sum] = {}
    key_of = keys(by)
    for row in rows:
        key = key_of(row)
        one = sums.setdefault(key, Sum(key[0], key[1:]))
        one.units += row.get("units", 0)
        one.calls += calls_of(row)
        one.failed += calls_of(row) if row.get("outcome") in _FAILED else 0
        one.refused += row.get("refused", 0)
    if usual is not None:
        for key in sums.keys() | usual.units.keys():
            sums.setdefault(key, Sum(key[0], key[1:])).usual = usual.units.get(key, 0)
    return sorted(sums.values(), key=_dearest_first)


def _dearest_first(one: Sum) -> tuple[object, ...]:
    return one.bucket, -one.units, -one.refused, -(one.usual or 0), one.names


def show(sums: Sequence[Sum], by: Sequence[str], usual: Usual | None = None) -> None:
    """Print a table, with each sum's share of what its bucket was charged, and what is usual."""
    whole: dict[str, int] = {}
    for one in sums:
        whole[one.bucket] = whole.get(one.bucket, 0) + one.units
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    for name in ("bucket", *by):
        table.add_column(name, overflow="ellipsis", min_width=len(name))  # what is too long is cut or wrapped
    heads = ("units", _head(usual), "share", "calls", "failed", "refused")
    cells = [_figures(one, whole[one.bucket]) for one in sums]
    for name, *texts in zip(heads, *cells, strict=True):
        if name:
            width = max(map(len, (*name.split("\n"), *texts)))
            table.add_column(name, justify="right", no_wrap=True, vertical="bottom", min_width=width)
    for one, figures in zip(sums, cells, strict=True):
        shown = (text for name, text in zip(heads, figures, strict=True) if name)
        table.add_row(one.bucket, *one.names, *shown)
    console().print(table)
    if usual is not None:
        console().print(_told(usual), style="dim")


def _figures(one: Sum, whole: int) -> tuple[str, ...]:
    share = f"{one.units / whole:.0%}" if whole else ""
    usual = count(one.usual or 0)
    return count(one.units), usual, share, count(one.calls), count(one.failed), count(one.refused)


def _head(usual: Usual | None) -> str:
    """The head of the column of what is usual; empty where there is none."""
    if usual is None:
        return ""
    return "usual" if usual.at is None else "usual\nby now"


def _told(usual: Usual) -> str:
    until = "" if usual.at is None else f", each up to {both_zones(usual.at)}"
    return f"Usual: the median of the {usual.days} quota days before{until}."


def show_json(sums: Sequence[Sum], by: Sequence[str]) -> None:
    """Print one JSON document: a list."""
    print_json([one.to_json(by) for one in sums])


def show_csv(sums: Sequence[Sum], by: Sequence[str]) -> None:
    """Print comma-separated lines behind a head line."""
    writer = csv.DictWriter(sys.stdout, ("bucket", *by, *FIGURES), lineterminator="\n")
    writer.writeheader()
    writer.writerows(one.to_json(by) for one in sums)


def _plain(name: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda row: str(row.get(name) or "")


def _pacific(form: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda row: datetime.fromisoformat(row["at"]).astimezone(PACIFIC).strftime(form)


_READERS = {"day": _pacific("%Y-%m-%d"), "hour": _pacific("%H")}
