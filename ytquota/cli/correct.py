"""``ytquota correct``: put a pool's count right, on record."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from ytquota.auth.people import whoami
from ytquota.cli.desk import Desk
from ytquota.cli.known import check_project
from ytquota.cli.output import confirm, console, count
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
) -> None:
    """Put right what is counted in a pool today.

    Examples:
        ytquota correct default =5200 --reason "the console says 5,200"
        ytquota correct 482913375516/search_list -3 --reason "three never arrived"
    """
    change = _UNITS.fullmatch(units.replace(",", ""))
    if change is None:
        raise typer.BadParameter(f"{units!r} is no change; write +120, -120 or =5200", param_hint="UNITS")
    with Desk.open() as desk:
        project, bucket = _pool(pool, desk)
        used = desk.monitor.ledger.usage(project)[project][bucket].used
        target = max(0, {"+": used, "-": used, "=": 0}[change[1]] + int(change[1].strip("=") + change[2]))
        out = console()
        if target == used:
            out.print(f"Nothing to do: {count(used)} are counted in {bucket} of project {project}.")
            return
        if not yes:
            out.print(
                f"{bucket} of project {project}: {count(used)} counted today, to become {count(target)}."
            )
            confirm("Go ahead?")
        who = whoami()
        after, row = put_right(desk.monitor, project, bucket, target - used, reason=reason, who=who)
        out.print(
            f"Corrected {bucket} of project {project}: {count(after.used)} used, {count(after.left)} left."
        )
        out.print(f"Audit row {row['row']}; `ytquota undo {row['row']}` takes it back.", style="dim")


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
