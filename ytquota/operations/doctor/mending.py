"""Mending a journal: a half line is set aside, a balance that cannot be read is proven anew.

Nothing is edited or deleted: a correction is a new line, and an audit row says who added it.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from ytquota.auth.people import whoami
from ytquota.errors import LedgerUnavailable
from ytquota.monitor.audit import Audit
from ytquota.monitor.journal import Journal
from ytquota.monitor.places import journal_path
from ytquota.monitor.repair import mend as add_correction

if TYPE_CHECKING:
    from datetime import date

    from ytquota.operations.doctor.install import Install


def mend(install: Install, project: str, day: date) -> str:
    """Mend the journal of a project and day, and say in a sentence what was done.

    Raises:
        LedgerUnavailable: the file cannot be written.
    """
    settings = install.settings
    journal = Journal(
        install.calls,
        clock=install.clock,
        limits=lambda project, bucket: settings.limit_for(bucket, project),
        durability=settings.durability,
    )
    path = journal_path(install.calls, day, project)
    used: dict[str, int] = {}
    try:
        said = _set_half_line_aside(journal, project, day)
        found = add_correction(journal, project, day, who=whoami())
        if not found.last_is_readable:
            balances = journal.usage(project, day)[project]
            used = {bucket: balance.used for bucket, balance in balances.items() if balance.used}
            told = ", ".join(f"{units:,} of {bucket}" for bucket, units in used.items()) or "none"
            said.append(f"Added a correction line to {path}; units used: {told}.")
    finally:
        journal.close()
    if said:
        _audit(install, project, day, " ".join(said), used)
    return " ".join(said) or f"Nothing was left to mend in {path}."


def _set_half_line_aside(journal: Journal, project: str, day: date) -> list[str]:
    """Do what the next call would do about half a line; before a correction, which would be glued to it."""
    page = journal.open_unread(project, day)
    size = page.path.stat().st_size
    try:
        with suppress(LedgerUnavailable), page:  # the line before it may be garbled, too: mended next
            pass
    finally:
        page.close()
    if page.path.stat().st_size >= size:
        return []
    return [f"Moved half a line from the end of {page.path} to {page.path.with_suffix('.torn').name}."]


def _audit(install: Install, project: str, day: date, why: str, used: dict[str, int]) -> None:
    trail = Audit(install.settings.memory_dir / "audit.jsonl")
    facts = {"credential_set": None, "project": project, "day": day.isoformat(), "to": {"used": used}}
    trail.write("mend", at=install.clock.time(), who=whoami(), why=why, **facts)
