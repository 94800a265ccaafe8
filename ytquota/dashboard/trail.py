"""The audit trail in plain words."""

from __future__ import annotations

from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Any

from ytquota.clock import PACIFIC, both_zones
from ytquota.dashboard.cards import name_of
from ytquota.dashboard.snapshot import AuditRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

SHOWN = 6
"""Rows that are shown, the newest first."""

_DONE = {
    "login": "logged in set {number}",
    "disable": "switched off set {number}",
    "enable": "switched on set {number}",
    "undo": "took back row {undoes}",
    "quarantine": "set {number} was quarantined",
    "recover": "set {number} works again",
    "return": "moved {bucket} back to set {number}",
    "correct": "corrected the count of {bucket} of project {project}",
}


def read_trail(rows: Sequence[Mapping[str, Any]]) -> tuple[AuditRow, ...]:
    """Return the last rows of an audit trail, the newest first."""
    return tuple(
        AuditRow(
            int(row.get("row", 0)),
            datetime.fromisoformat(row["at"]),
            str(row.get("who") or "somebody"),
            _in_words(row),
            str(row.get("why") or ""),
        )
        for row in reversed(rows[-SHOWN:])
    )


def _in_words(row: Mapping[str, Any]) -> str:
    action, number = str(row.get("action", "")), row.get("credential_set")
    before = row.get("from") or {}
    if action == "rotate":
        was = before.get("set")
        return f"rotated to set {number}" + (f", away from set {was}" if was and was != number else "")
    if action == "exhaust":
        until = both_zones(datetime.fromisoformat(row["to"]["until"]))
        return f"marked {_pool(row['bucket'])} of project {row['project']} as used up until {until}"
    if row.get("scope") == "service":
        back = " again" if action == "return" else f" instead of set {before.get('set')}"
        return f"a new service uses set {number}{back}"
    if action == "failover":
        return f"moved {_pools(row.get('bucket'))} from set {before.get('set')} to set {number}"
    if action == "reset":
        cleared = [f"the mark on {_pool(bucket)}" for bucket in before.get("marks") or ()]
        cleared += ["its quarantine"] if before.get("quarantine") else []
        return f"reset set {number}: cleared {' and '.join(cleared) or 'nothing'}"
    facts = {"undoes": row.get("undoes"), "project": row.get("project"), "bucket": _pools(row.get("bucket"))}
    told = _DONE.get(action)
    return told.format(number=number, **facts) if told else f"{action} of set {number}"


def _pool(bucket: object) -> str:
    return f"the {name_of(bucket).lower()}" if isinstance(bucket, str) else "a pool"


def _pools(buckets: object) -> str:
    """The pools of a row; a batch may need several."""
    return " and ".join(map(_pool, buckets.split("+"))) if isinstance(buckets, str) else _pool(buckets)


def trail_page(trail: Iterable[AuditRow]) -> str:
    """Return the rows as a table, or a sentence where there are none."""
    rows = "".join(
        f'<tr><td class="is-number">{one.row}</td>'
        f"<td>{one.at.astimezone(PACIFIC):%-d %b %H:%M}</td><td>{escape(one.who)}</td>"
        f"<td>{escape(one.what)}</td><td>{escape(one.why)}</td></tr>"
        for one in trail
    )
    if not rows:
        return '<p class="ytq-note">Nobody has rotated, reset or switched anything yet.</p>'
    return (
        '<div class="ytq-scroll"><table class="ytq-log ytq-trail"><thead><tr><th class="is-number">row</th>'
        "<th>when, Pacific</th><th>who</th><th>did what</th><th>why</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )
