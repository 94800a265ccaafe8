"""Where journals lie: folders named after days, files after projects; and places that cannot be trusted."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from ytquota import clock as clocks
from ytquota.errors import LedgerUnavailable
from ytquota.monitor.locks import network_file_system

if TYPE_CHECKING:
    from pathlib import Path


def journal_path(folder: Path, day: date, project: str) -> Path:
    """The journal of a project on a quota day."""
    return folder / day.isoformat() / f"{file_name(project)}.jsonl"


def days_in(folder: Path) -> list[date]:
    """The quota days that have a folder, oldest first."""
    try:
        names = [path.name for path in folder.iterdir()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    days = []
    for name in names:
        try:
            days.append(date.fromisoformat(name))
        except ValueError:
            continue
    return sorted(days)


def file_name(project: str) -> str:
    """A project as a file name: a provisional project `key:<digest>` has a colon, which Windows forbids."""
    return project.replace(":", "_")


def project_name(stem: str) -> str:
    """The project a journal file belongs to."""
    return stem.replace("key_", "key:", 1) if stem.startswith("key_") else stem


def refuse_unsafe_places(folder: Path) -> None:
    """Make sure that a count kept here would be right.

    Raises:
        LedgerUnavailable: the quota day cannot be told exactly, or file locks do not hold between hosts.
    """
    if not clocks.ZONE_IS_EXACT:
        raise LedgerUnavailable(
            "The time zone America/Los_Angeles cannot be found on this machine, so the quota day may be "
            "an hour wrong and a journal shared with others would be spoilt. Install the tzdata package."
        )
    if kind := network_file_system(folder):
        raise LedgerUnavailable(
            f"The ledger {folder.absolute()} lies on a network file system ({kind}), where locks do not hold "
            "between hosts. Use a local folder, or share the count through Redis: YTQUOTA_LEDGER=redis://..."
        )
