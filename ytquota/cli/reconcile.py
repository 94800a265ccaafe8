"""``ytquota reconcile``: today's counts and past days beside Google's own counters."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads it
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group
from rich.text import Text

from ytquota.auth.people import whoami
from ytquota.cli.desk import Desk
from ytquota.cli.drift_page import correction_line, facts_of, page
from ytquota.cli.output import FAILURE, confirm, console, count, fail, print_json
from ytquota.cloud import CloudError, connect
from ytquota.operations import reconcile as reconciling

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ytquota.operations.reconcile import Compared, Corrected

_Found = tuple[list["Compared"], dict[str, str]]


def reconcile(
    *,
    days: Annotated[
        int, typer.Option("--days", min=1, max=reconciling.DAYS, help="Finished days to look at.")
    ] = reconciling.DAYS,
    project: Annotated[str | None, typer.Option("--project", help="Only this project (its number).")] = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Make today's counts equal Google's, after asking.")
    ] = False,
    prices: Annotated[
        Path | None,
        typer.Option("--prices", metavar="FILE", help="Write prices that were measured to differ to a file."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Hold the counts against Google's own, and say where a drift comes from.

    Google's counters are some minutes late: compared is what has settled.
    Days without own calls are imported, so that forecasts have a history;
    limits are learned. Today's count changes only with --apply. Needs a Google account that may
    read the counters: see docs/google-counters.md.

    Examples:
        ytquota reconcile
        ytquota reconcile --days 7 --apply
        ytquota reconcile --prices prices.csv
        ytquota reconcile --json | jq '.projects[].pools.default.drift'
    """
    with Desk.open() as desk:
        compared, failed = _compare(desk, days, project)
        wanted = reconciling.to_correct(compared)
        if not as_json:
            console().print(Group(*(part for one in compared for part in page(one))))
        if wanted and apply and not yes:
            out = console(stderr=as_json)
            for one in wanted:
                out.print(correction_line(one, desk.monitor))
            confirm("Correct today's count?" if len(wanted) == 1 else "Correct these counts of today?")
        done = reconciling.apply(desk.monitor, wanted, who=whoami()) if apply else []
        rows = _write_prices(compared, prices, yes=yes, quiet=as_json) if prices else 0
    if as_json:
        print_json(
            {
                "projects": [facts_of(one) for one in compared],
                "failed": failed,
                "corrected": [{name: getattr(one, name) for name in one.__slots__} for one in done],
                "prices_written": rows,
            }
        )
    else:
        _tell(wanted, done, applied=apply and bool(compared))
    _end(failed)


def _compare(desk: Desk, days: int, project: str | None) -> _Found:
    """Each project beside Google's counters; one that cannot be read does not keep the others from it."""
    monitor = desk.monitor
    cloud = connect(desk.settings, clock=monitor.clock)
    names = [project] if project else reconciling.projects_of(desk.settings, monitor)
    if not names:
        fail(
            "No project is known here yet: name a credential set in .env (`ytquota sets` says what is "
            "missing), or pass --project with its number."
        )
    compared, failed = [], {}
    for name in names:
        try:
            with console(stderr=True).status(f"Reading Google's counters of project {name}"):
                compared.append(reconciling.compare_project(desk.settings, monitor, cloud, name, days=days))
        except CloudError as error:
            failed[name] = str(error)
    return compared, failed


def _write_prices(compared: Sequence[Compared], path: Path, *, yes: bool, quiet: bool) -> int:
    """Write what was measured to differ from the table; returns how many prices."""
    from ytquota.intelligence.price_proposals import write_proposals  # noqa: PLC0415 - seldom wanted

    rows = [row for one in compared if one.explained for row in one.explained.proposals()]
    out = console(stderr=quiet)
    if not rows:
        out.print("No price was measured to differ for sure, so nothing is written.")
        return 0
    for row in rows:
        out.print(f"  {row['method']}: {row['units']} of {row['bucket']}, from {row['valid_from']} on")
    if not yes:
        confirm(f"Write {'this price' if len(rows) == 1 else 'these prices'} to {path}?")
    write_proposals(path, rows)
    out.print(f"Written. They count once .env says YTQUOTA_PRICES_FILE={path}", soft_wrap=True)
    return len(rows)


def _tell(wanted: Sequence[object], done: Sequence[Corrected], *, applied: bool) -> None:
    out = console()
    for one in done:
        out.print(
            f"Corrected {one.bucket} of project {one.project} by {one.units:+,}: {count(one.used)} used, "
            f"{count(one.left)} left."
        )
        out.print(Text(f"Audit row {one.row}; `ytquota undo {one.row}` takes it back.", style="dim"))
    if applied and not done:
        out.print("Nothing to correct today.")
    if wanted and not applied:
        out.print("Today's counts stay as they are; `ytquota reconcile --apply` makes them Google's.")


def _end(failed: Mapping[str, str]) -> None:
    for name, why in failed.items():
        console(stderr=True).print(Text(f"Project {name}: {why}", style="red"), soft_wrap=True)
    if failed:
        raise typer.Exit(FAILURE)
