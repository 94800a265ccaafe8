"""From measured prices to rows of a file of overrides, as YTQUOTA_PRICES_FILE names one."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from ytquota.errors import SettingsError
from ytquota.monitor.files import replace_file
from ytquota.prices import PriceBook, canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from ytquota.intelligence.measured import Measured

COLUMNS = ("method", "units", "bucket", "provenance", "source", "valid_from")
"""Columns of a price file."""


def propose(measured: Measured) -> list[dict[str, str]]:
    """Rows for the prices that differ from the table, where exactly one whole number is possible."""
    return [
        {
            "method": price.method,
            "units": str(price.whole),
            "bucket": price.bucket,
            "provenance": "measured",
            "source": f"measured {price.figure} in {price.days} days",
            "valid_from": price.since.isoformat(),
        }
        for price in measured.prices
        if price.verdict == "differs" and price.whole is not None
    ]


def write_proposals(path: Path, rows: Iterable[Mapping[str, str]]) -> None:
    """Put rows into a file of overrides, made if need be; its other rows stay as they are.

    A row of the same method and date is replaced. The file is replaced as a whole, so that nobody reads half
    of it.

    Raises:
        SettingsError: the file cannot be read as a price file, or not be written; it is left as it is.
    """
    fresh = {(canonical(row["method"]), row.get("valid_from", "")): dict(row) for row in rows}
    columns, kept = _existing(path)
    merged = [row for row in kept if (canonical(row["method"]), row.get("valid_from") or "") not in fresh]
    names = list(dict.fromkeys([*columns, *COLUMNS]))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows([*merged, *fresh.values()])
    _replace(path, text.getvalue())


def _existing(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    if not path.exists():
        return [], []
    PriceBook.load(overrides=path)  # says which line is wrong
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        rows = [{name: value or "" for name, value in row.items() if isinstance(name, str)} for row in reader]
        return list(reader.fieldnames or ()), rows


def _replace(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, text.encode())
    except OSError as error:
        raise SettingsError(f"Price file {path} cannot be written: {error}") from error
