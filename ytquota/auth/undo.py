"""Undo: put back what an audit row says was there before."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from ytquota.auth.actions import Outcome, Plan, carry_out
from ytquota.auth.notes import Note
from ytquota.auth.people import whoami
from ytquota.auth.state import StateFile
from ytquota.clock import quota_day
from ytquota.errors import CredentialError
from ytquota.monitor.correction import take_back

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ytquota.monitor.ledger import MarkSource
    from ytquota.monitor.metering import QuotaMonitor
    from ytquota.settings import Settings

_THINGS = {
    "rotate": "rotation",
    "reset": "marks",
    "exhaust": "marks",
    "disable": "switch",
    "enable": "switch",
    "correct": "count",
}
"""What each kind of row changed: a later row about the same thing has to be undone first."""


def undo(
    settings: Settings,
    monitor: QuotaMonitor,
    row: int | None = None,
    *,
    who: str | None = None,
    why: str = "",
) -> Outcome:
    """Restore what an action changed; the undoing is audited too.

    Args:
        settings: where the state file is.
        monitor: holds the audit trail and the ledger.
        row: the audit row's number; None means the last action that can be undone.
        who: who does it; the system user by default.
        why: why, for the audit row.

    Raises:
        CredentialError: no such row, it cannot be undone, was undone already, or was overtaken by a later
            one.
    """
    return carry_out(settings, monitor, _plan(settings, monitor, row, who=who), who=who, why=why)


def preview_undo(settings: Settings, monitor: QuotaMonitor, row: int | None = None) -> str:
    """Say what `undo` would do; raises what it would raise."""
    return _plan(settings, monitor, row).will


def _plan(settings: Settings, monitor: QuotaMonitor, number: int | None, *, who: str | None = None) -> Plan:
    row = _find(monitor.audit_rows(), number, day=quota_day(monitor.clock.time()))
    when = f"row {row['row']}, {row['at'][:16]} UTC by {row['who']}"
    what = f"{row['action']} of {_whose(row)} ({when})"
    return Plan(
        "undo",
        row["credential_set"],
        f"This will undo: {what}. {_in_words(row)}",
        f"Undone: {what}. {_in_words(row)}",
        from_=row["to"],
        to=row["from"],
        change=lambda: _restore(settings, monitor, row, who=who or whoami()),
        extra={"undoes": row["row"]},
    )


def _find(rows: Sequence[Mapping[str, Any]], number: int | None, *, day: date) -> Mapping[str, Any]:
    undone = {row.get("undoes") for row in rows if row.get("action") == "undo"}
    standing = [row for row in rows if row.get("action") in _THINGS and row["row"] not in undone]
    if number is None:
        able = [row for row in standing if not _is_past(row, day)]
        if not able:
            raise CredentialError("There is nothing to undo.")
        return able[-1]
    row = next((row for row in rows if row.get("row") == number), None)
    if row is None:
        raise CredentialError(f"The audit trail has no row {number}.")
    if number in undone:
        raise CredentialError(f"Row {number} has been undone already.")
    if row not in standing:
        raise CredentialError(f"Row {number} is a {row.get('action')}, which cannot be undone from here.")
    if _is_past(row, day):
        raise CredentialError(f"Row {number} corrected the count of an earlier quota day; that day is over.")
    if row["action"] == "correct":
        return row  # it added some units, and they can be taken away again whatever came later
    subject = _subject(row)
    later = [other["row"] for other in standing if other["row"] > number and _subject(other) == subject]
    if later:
        raise CredentialError(f"Row {number} was overtaken by row {later[-1]}; undo that one first.")
    return row


def _is_past(row: Mapping[str, Any], day: date) -> bool:
    """Whether a correction was of a count that no longer matters."""
    return row["action"] == "correct" and quota_day(datetime.fromisoformat(row["at"])) != day


def _subject(row: Mapping[str, Any]) -> tuple[str, object]:
    thing = _THINGS[row["action"]]
    # a preference is one for all, a pool belongs to the project, a switch to the set
    owner = {"rotation": None, "marks": row.get("project"), "switch": row.get("credential_set")}.get(thing)
    return thing, owner


def _restore(settings: Settings, monitor: QuotaMonitor, row: Mapping[str, Any], *, who: str) -> None:
    before, number = row["from"], row["credential_set"]
    if row["action"] == "correct":
        units = before["used"] - row["to"]["used"]
        take_back(monitor, row["project"], row["bucket"], units, row=row["row"], who=who)
        return
    files = StateFile(settings.memory_dir, clock=monitor.clock)
    if row["action"] == "rotate":
        files.prefer(before["preferred"])
    elif row["action"] in {"disable", "enable"}:
        note = before["disabled"]
        files.disable(number, **_note(note)) if note else files.enable(number)
    elif row["action"] == "exhaust":
        _mark(monitor, row["project"], row["bucket"], before["until"], before.get("marked_by", "server"))
    else:
        for bucket, until in before["marks"].items():
            _mark(monitor, row["project"], bucket, until, before.get("marked_by", {}).get(bucket, "server"))
        if before["quarantine"]:
            files.put_back(number, Note.from_json(before["quarantine"]))


def _mark(monitor: QuotaMonitor, project: str, bucket: str, until: str | None, marked_by: MarkSource) -> None:
    """Put a mark back as it was; one that has run out meanwhile stays gone."""
    at = datetime.fromisoformat(until).timestamp() if until else None
    stands = at if at and at > monitor.clock.time() else None
    monitor.ledger.exhaust(project, bucket, stands, reason="undone by an operator", source=marked_by)


def _note(written: Mapping[str, str]) -> dict[str, Any]:
    return {"reason": written["reason"], "since": datetime.fromisoformat(written["since"])}


def _whose(row: Mapping[str, Any]) -> str:
    if row["action"] == "correct":
        return f"{row['bucket']} of project {row['project']}"
    return f"set {row['credential_set']}"


def _in_words(row: Mapping[str, Any]) -> str:
    number, before = row["credential_set"], row["from"]
    if row["action"] == "correct":
        change = before["used"] - row["to"]["used"]
        return f"The count changes by {change:+,} units."
    if row["action"] == "rotate":
        first = before["preferred"]
        return f"Set {first} is preferred again." if first else "YTQUOTA_ROTATION's own order holds again."
    if row["action"] == "exhaust":
        return f"{row['bucket']} of project {row['project']} is as it was before the mark."
    if row["action"] == "reset":
        kept = [f"the mark on {bucket}" for bucket in before["marks"]]
        kept += ["the quarantine"] if before["quarantine"] else []
        return f"{' and '.join(kept)} of set {number} (project {row['project']}) is back.".capitalize()
    return f"Set {number} is switched {'off' if before['disabled'] else 'on'} again."
