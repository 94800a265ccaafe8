"""What bots say they are going to do beyond the usual: three uploads at six, a stream from 19:00 to 22:00.

Kept in ``memory/declarations.json`` under a lock; what is over is dropped at the next writing.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from ytquota import clock as clocks
from ytquota.errors import YTQuotaError
from ytquota.monitor.files import locked, replace_file

if TYPE_CHECKING:
    from pathlib import Path

FILE_NAME = "declarations.json"
VERSION = 1


@dataclass(frozen=True, slots=True)
class Declaration:
    """Load to come, on top of the usual one.

    Attributes:
        project: number of the project that it will be charged to.
        bucket: the daily allowance that it will be taken from.
        method: what will be called.
        units: quota units of all of it.
        start: when it begins (epoch seconds).
        end: when it ends; the same as `start` where all of it comes at once.
        priority: of the calls.
        tag: of the calls.
    """

    project: str
    bucket: str
    method: str
    units: float
    start: float
    end: float
    priority: str = "normal"
    tag: str = ""

    def within(self, since: float, until: float) -> float:
        """Units of it that fall between two instants (until excluded)."""
        if self.end <= self.start:
            return self.units if since <= self.start < until else 0.0
        overlap = min(self.end, until) - max(self.start, since)
        return self.units * max(0.0, overlap) / (self.end - self.start)


class Declarations:
    """The file of declarations in a memory folder.

    Args:
        folder: the memory folder.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME

    def add(self, declaration: Declaration, now: float) -> None:
        """Add one, and drop those that are over.

        Raises:
            ValueError: it would be over already.
            YTQuotaError: the file that is there cannot be read.
        """
        if max(declaration.start, declaration.end) < now:
            over = f"{clocks.utc(declaration.end):%Y-%m-%d %H:%M} UTC"
            raise ValueError(
                f"{declaration.method} was declared for {over}; only the future can be declared."
            )
        with locked(self.path):
            self._write([*self.ahead(now), declaration])

    def clear(self) -> int:
        """Forget all of them; returns how many there were."""
        with locked(self.path):
            count = len(self._read())
            self._write([])
        return count

    def ahead(self, now: float) -> list[Declaration]:
        """Those that are not over yet, in the order they were made.

        Raises:
            YTQuotaError: the file cannot be read.
        """
        return [one for one in self._read() if max(one.start, one.end) >= now]

    def _read(self) -> list[Declaration]:
        try:
            content = orjson.loads(self.path.read_bytes())
            return [_declaration(row) for row in content["declarations"]]
        except FileNotFoundError:
            return []
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise YTQuotaError(
                f"{self.path} is not in ytquota's format ({error}). Move it away; what was declared must be "
                "declared again."
            ) from error

    def _write(self, declarations: list[Declaration]) -> None:
        rows = [_row(declaration) for declaration in declarations]
        content = {"v": VERSION, "declarations": rows}
        replace_file(self.path, orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n")


def _row(declaration: Declaration) -> dict[str, Any]:
    times = {name: clocks.utc(getattr(declaration, name)).isoformat() for name in ("start", "end")}
    return asdict(declaration) | times


def _declaration(row: dict[str, Any]) -> Declaration:
    start, end = (datetime.fromisoformat(row[name]).astimezone(UTC).timestamp() for name in ("start", "end"))
    texts = {name: str(row[name]) for name in ("project", "bucket", "method", "priority", "tag")}
    return Declaration(units=float(row["units"]), start=start, end=end, **texts)
