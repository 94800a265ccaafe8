"""``ytquota audit``: who changed what by hand, when, and why."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from ytquota.cli.desk import Desk
from ytquota.cli.output import console, hint, print_json
from ytquota.clock import moment

if TYPE_CHECKING:
    from collections.abc import Mapping

_DETAILS = ("project", "bucket", "from", "to", "undoes")


def audit(
    *,
    last: Annotated[int, typer.Option(min=1, help="Only the newest N.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="The rows as they are kept.")] = False,
) -> None:
    """Show the audit trail, oldest first: rotations, moves, quarantines, resets, marks, corrections, logins.

    Each has the number that `ytquota undo` takes.

    Examples:
        ytquota audit
        ytquota audit --json | jq '.[] | select(.action == "rotate")'
    """
    with Desk.open() as desk:
        rows = [] if desk.is_bare else desk.monitor.audit_rows()[-last:]
    if as_json:
        print_json(rows)
    elif not rows:
        hint("Nothing has been changed by hand here.")
    else:
        console().print(_table(rows))


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column("row", justify="right", no_wrap=True)
    table.add_column("when", no_wrap=True)
    table.add_column("what", no_wrap=True)
    table.add_column("who, why and from what to what", overflow="fold")
    for row in rows:
        at = datetime.fromisoformat(row["at"])
        number = row.get("credential_set")
        what = row["action"] if number is None else f"{row['action']} {number}"
        table.add_row(str(row.get("row", "")), moment(at).partition(" (")[0], what, _told(row))
    return table


def _told(row: Mapping[str, Any]) -> str:
    told = [f"{row.get('who', '')}:", row.get("why") or "no reason given"]
    changes = [f"{name} {_plain(row[name])}" for name in _DETAILS if row.get(name) not in (None, "", {})]
    return " ".join(told) + (f" ({', '.join(changes)})" if changes else "")


def _plain(value: object) -> str:
    """Return what a row holds in words: nothing for null, and moments as elsewhere."""
    if isinstance(value, dict):
        told = [f"{key} {_plain(part)}" for key, part in value.items() if part not in (None, "", {}, [])]
        return " ".join(told) or "none"
    if isinstance(value, list):
        return " and ".join(map(_plain, value))
    try:
        return (
            moment(datetime.fromisoformat(value)) if isinstance(value, str) and "T" in value else str(value)
        )
    except ValueError:
        return str(value)
