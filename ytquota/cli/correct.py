"""``ytquota correct``: put a pool's count right, on record."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from ytquota.auth.people import whoami
from ytquota.cli.desk import Desk
from ytquota.cli.known import check_project
from ytquota.cli.output import confirm, console, count, print_json
from ytquota.monitor.correction import correct as put_right
from ytquota.prices import BUCKETS

_UNITS = re.compile(r"([+=-])(\d+)")


def correct(
    *,
    pool: Annotated[
        str, typer.Argument(metavar="POOL", help="PROJECT/BUCKET, or BUCKET where there is one project.")
    ],
    units: Annotated[str, typer.Argument(metavar="UNITS", help="+120 or -120 units, or =5200 in all.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, for the audit trail.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
) -> None:
    """Put right what is counted in a pool today.

    Examples:
        ytquota correct default =5200 --reason "the console says 5,200"
        ytquota correct 482913375516/search_list -3 --reason "three never arrived"
    """
    change = _UNITS.fullmatch(units.replace(",", ""))
    if change is None:
        raise typer.BadParameter(f"{units!r} is no change; write +120, -120 or =5200", param_hint="UNITS")
    if not reason.strip():
        raise typer.BadParameter("it is empty; say why, for the audit trail", param_hint="--reason")
    with Desk.open() as desk:
        project, bucket = _pool(pool, desk)
        used = desk.monitor.ledger.usage(project)[project][bucket].used
        wanted = {"+": used, "-": used, "=": 0}[change[1]] + int(change[1].strip("=") + change[2])
        target, cut = max(0, wanted), _cut(used, wanted)
        name = f"{bucket} of project {project}"
        if target == used:
            _tell(f"Nothing to do: {count(used)} are counted in {name}.{cut}", as_json=as_json)
            return
        if not yes:
            console(stderr=as_json).print(
                f"{name}: {count(used)} counted today, to become {count(target)}.{cut}"
            )
            confirm("Go ahead?")
        after, row = put_right(desk.monitor, project, bucket, target - used, reason=reason, who=whoami())
        said = f"Corrected {name}: {count(after.used)} used, {count(after.left)} left.{cut}"
        _tell(said, row["row"], as_json=as_json)


def _cut(used: int, wanted: int) -> str:
    """Say that no more can be taken away than is counted."""
    return f" No more than the {count(used)} that are counted can be taken away." if wanted < 0 else ""


def _tell(said: str, row: int | None = None, *, as_json: bool) -> None:
    """Tell the outcome; ``row`` is that of the audit trail, if something was changed."""
    if as_json:
        print_json({"changed": row is not None, "message": said, "row": row})
        return
    console().print(said)
    if row is not None:
        console().print(f"Audit row {row}; `ytquota undo {row}` takes it back.", style="dim")


def _pool(text: str, desk: Desk) -> tuple[str, str]:
    project, _, bucket = text.rpartition("/")
    if bucket not in BUCKETS:
        raise typer.BadParameter(f"{bucket!r} is none of {', '.join(BUCKETS)}", param_hint="POOL")
    if project:
        check_project(desk, project, option="POOL")
        return project, bucket
    known = sorted(desk.monitor.ledger.usage())
    if len(known) != 1:
        listed = " or ".join(f"{name}/{bucket}" for name in known) or "nothing is counted yet"
        raise typer.BadParameter(f"which project? {listed}", param_hint="POOL")
    return known[0], bucket
