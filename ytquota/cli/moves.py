"""What an operator does to credential sets: rotate, exhaust, reset, disable, enable, undo.

Each shows first what it would do, asks, does it, and tells the row of the audit trail.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ytquota.auth import rotation
from ytquota.cli.desk import Desk
from ytquota.cli.known import check_set
from ytquota.cli.output import confirm, console, print_json
from ytquota.cli.times import parse_moment
from ytquota.prices import BUCKETS

if TYPE_CHECKING:
    from collections.abc import Callable

    from ytquota.auth.actions import Outcome

_N = Annotated[int, typer.Argument(metavar="N", help="The credential set.", min=1)]
_NextN = Annotated[int | None, typer.Argument(metavar="N", min=1, help="The set to prefer; else the next.")]
_Row = Annotated[int | None, typer.Argument(metavar="ROW", min=1, help="Of the audit trail; else the last.")]
_Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
_Reason = Annotated[str, typer.Option("--reason", help="Why, for the audit trail.")]
_Json = Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")]


def rotate(*, number: _NextN = None, reason: _Reason = "", yes: _Yes = False, as_json: _Json = False) -> None:
    """Let new services use another credential set.

    Set N, or the next one of YTQUOTA_ROTATION that is ready.

    Examples:
        ytquota rotate
        ytquota rotate 10 --yes --reason "set 1 is kept for tonight's stream"
    """
    _go(rotation.preview_rotate, rotation.rotate, number, reason=reason, yes=yes, as_json=as_json)


def exhaust(
    *,
    number: _N,
    bucket: Annotated[str, typer.Option(help=f"Which pool: {', '.join(BUCKETS)}.")] = "default",
    until: Annotated[str | None, typer.Option(help="Not for the whole day: 14:30 or 90m.")] = None,
    reason: _Reason = "",
    yes: _Yes = False,
    as_json: _Json = False,
) -> None:
    """Mark a pool as used up until the reset.

    No call to that pool of set N's project starts until then, from any of the project's sets.

    Examples:
        ytquota exhaust 1
        ytquota exhaust 10 --bucket search_list --until 2h --reason "a report"
    """
    if bucket not in BUCKETS:
        raise typer.BadParameter(f"{bucket!r} is none of {', '.join(BUCKETS)}", param_hint="--bucket")
    now = datetime.now(UTC)
    end = None if until is None else parse_moment(until, now, option="--until", ahead=True)
    if end is not None and end <= now:
        raise typer.BadParameter(f"{until!r} is past", param_hint="--until")
    details = (number, bucket, end)
    _go(rotation.preview_exhaust, rotation.exhaust, *details, reason=reason, yes=yes, as_json=as_json)


def reset(*, number: _N, reason: _Reason = "", yes: _Yes = False, as_json: _Json = False) -> None:
    """Clear the marks of a set's project, and its quarantine.

    What is counted stays as it is; see `ytquota correct` for that.

    Examples:
        ytquota reset 1 --reason "the console still shows 4,000 units"
    """
    _go(rotation.preview_reset, rotation.reset, number, reason=reason, yes=yes, as_json=as_json)


def disable(*, number: _N, reason: _Reason = "", yes: _Yes = False, as_json: _Json = False) -> None:
    """Switch a credential set off.

    New services do not use it until it is enabled again.

    Examples:
        ytquota disable 10 --reason "its owner asked"
    """
    _go(rotation.preview_disable, rotation.disable, number, reason=reason, yes=yes, as_json=as_json)


def enable(*, number: _N, reason: _Reason = "", yes: _Yes = False, as_json: _Json = False) -> None:
    """Switch a credential set on again.

    Examples:
        ytquota enable 10
    """
    _go(rotation.preview_enable, rotation.enable, number, reason=reason, yes=yes, as_json=as_json)


def undo(*, row: _Row = None, reason: _Reason = "", yes: _Yes = False, as_json: _Json = False) -> None:
    """Take back what an operator changed.

    The last rotate, exhaust, reset, disable, enable or correction of today's
    count, or the one in ROW of the audit trail.

    Examples:
        ytquota undo
        ytquota undo 7 --yes
    """
    _go(rotation.preview_undo, rotation.undo, row, reason=reason, yes=yes, as_json=as_json)


def _go(
    preview: Callable[..., str],
    act: Callable[..., Outcome],
    *details: Any,
    reason: str,
    yes: bool,
    as_json: bool,
) -> None:
    """Show what would happen, ask, do it, tell what happened."""
    out = console(stderr=as_json)
    with Desk.open() as desk:
        if act is not rotation.undo:  # that takes a row; all others a set, or none
            check_set(desk, details[0], option="N")
        if not yes:
            will = preview(desk.settings, desk.monitor, *details)
            if not will.startswith("Nothing to"):  # then doing it says the same, and changes nothing
                out.print(will)
                confirm("Go ahead?")
        outcome = act(desk.settings, desk.monitor, *details, why=reason)
    if as_json:
        print_json({"changed": outcome.changed, "message": outcome.message, "row": outcome.row})
        return
    out.print(outcome.message)
    if outcome.changed and act is not rotation.undo:
        out.print(f"Audit row {outcome.row}; `ytquota undo {outcome.row}` takes it back.", style="dim")
