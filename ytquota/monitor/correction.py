"""Correcting a pool's count, by hand or after Google's: a line in the ledger, a row in the audit trail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ytquota.monitor.reconciled import ReconciledFile

if TYPE_CHECKING:
    from ytquota.monitor.ledger import Balance
    from ytquota.monitor.metering import QuotaMonitor


def correct(
    monitor: QuotaMonitor, project: str, bucket: str, units: int, *, reason: str, who: str, **facts: str | int
) -> tuple[Balance, dict[str, Any]]:
    """Change today's count by so many units (never below zero), on record.

    Args:
        monitor: whose ledger and audit trail.
        project: project number.
        bucket: the daily allowance.
        units: to add; negative takes away.
        reason: why.
        who: who does it, user@host.
        facts: further fields of the audit row.

    Returns:
        The balance after it, and the audit row, whose `row` number `ytquota undo` takes.

    Raises:
        LedgerUnavailable: the ledger, or a file beside it, cannot be written.
    """
    after = monitor.ledger.adjust(project, bucket, units, reason=reason, who=who)
    details: dict[str, Any] = {"project": project, "bucket": bucket, **facts}
    details |= {"from": {"used": after.used - units}, "to": {"used": after.used}}
    row = monitor.audit("correct", who=who, why=reason, **details)
    ReconciledFile(monitor.folder).note_correction(project, bucket, units, monitor.clock.time())
    return after, row


def take_back(monitor: QuotaMonitor, project: str, bucket: str, units: int, *, row: int, who: str) -> None:
    """Change today's count by so many units again, as somebody undid a correction.

    Args:
        monitor: whose ledger.
        project: project number.
        bucket: the daily allowance.
        units: to add; the opposite of what was corrected.
        row: the audit row that is undone; the undoing has one of its own.
        who: who does it.

    Raises:
        LedgerUnavailable: the ledger cannot be written.
    """
    monitor.ledger.adjust(project, bucket, units, reason=f"audit row {row} undone", who=who)
    ReconciledFile(monitor.folder).note_correction(project, bucket, units, monitor.clock.time())
