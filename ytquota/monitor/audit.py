"""The audit trail.

Who rotated, reset or corrected what, when, and why. One JSON line each, never rewritten.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ytquota.monitor import lines
from ytquota.monitor.files import unavailable
from ytquota.monitor.locks import holding

if TYPE_CHECKING:
    from pathlib import Path


class Audit:
    """`memory/audit.jsonl`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, action: str, *, at: float, who: str, why: str, **details: object) -> dict[str, Any]:
        """Append a row and return it; its `row` number counts from 1.

        Raises:
            LedgerUnavailable: the file cannot be written.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a+b") as file, holding(file.fileno()):
                file.seek(0)
                before = file.read()
                row = {
                    "v": 1,
                    "row": len(before.splitlines()) + 1,
                    "at": lines.stamp(at),
                    "action": action,
                    "who": who,
                    "why": why,
                }
                row |= {"pid": os.getpid()} | details
                gap = b"" if not before or before.endswith(b"\n") else b"\n"  # after half a row
                file.write(gap + lines.encode(row) + b"\n")
                file.flush()
        except OSError as error:
            raise unavailable(self.path, error) from error
        return row

    def rows(self) -> list[dict[str, Any]]:
        """All rows, oldest first; lines that cannot be read are passed over."""
        try:
            raw_lines = self.path.read_bytes().splitlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise unavailable(self.path, error) from error
        rows = []
        for raw in raw_lines:
            try:
                row = lines.decode(raw)
            except ValueError:
                continue
            if isinstance(row, dict):
                rows.append(row)
        return rows
