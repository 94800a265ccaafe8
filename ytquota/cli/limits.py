"""``ytquota limits``: what each pool may use a day, who says so, and whether more can be asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from ytquota.cli.desk import START, Desk
from ytquota.cli.known import check_project
from ytquota.cli.known import projects as known_projects
from ytquota.cli.output import console, count, fail, hint, print_json
from ytquota.errors import SettingsError
from ytquota.prices import BUCKETS

if TYPE_CHECKING:
    from ytquota.operations.limits import Learned

_SAID_BY = {"operator": "you", "server": "Google", "default": "nobody (default)"}


def limits(
    *,
    learn: Annotated[
        bool, typer.Option("--learn", help="Ask Google, and keep to what it says from now on.")
    ] = False,
    project: Annotated[str | None, typer.Option("--project", help="Only this project (its number).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Show each pool's limit a day and who says so.

    With --learn Google is asked through Cloud Quotas. A limit of Google's
    below yours is in force and reported; one above yours changes nothing.

    Examples:
        ytquota limits
        ytquota limits --learn
        ytquota limits --json | jq '.limits[] | select(.bucket == "default")'
    """
    with Desk.open() as desk:
        if desk.is_bare:
            fail(SettingsError("\n".join(START)))
        check_project(desk, project)
        projects = known_projects(desk) if project is None else [project]
        learned = _learned(desk, projects) if learn else []
        rows = _rows(desk, projects, {(one.project, one.bucket): one for one in learned})
    if as_json:
        print_json({"limits": rows})
        return
    console().print(_table(rows))
    for one in learned:
        if one.remark:
            console().print(Text(one.remark, style="yellow" if one.is_below_operators else ""))
    if not learn:
        hint("Ask Google: ytquota limits --learn")


def _learned(desk: Desk, projects: list[str]) -> list[Learned]:
    from ytquota.cloud import connect  # noqa: PLC0415 - few ask Google
    from ytquota.operations.limits import learn  # noqa: PLC0415

    return learn(connect(desk.settings), desk.monitor.ledger, desk.settings, projects)


def _rows(desk: Desk, projects: list[str], learned: dict[tuple[str, str], Learned]) -> list[dict[str, Any]]:
    """Return what ``--json`` prints: a row for each pool."""
    rows = []
    for project in projects:
        balances = desk.monitor.ledger.usage(project)[project]
        for bucket in BUCKETS:
            balance, one = balances[bucket], learned.get((project, bucket))
            rows.append(
                {
                    "project": project,
                    "bucket": bucket,
                    "limit": balance.limit,
                    "source": balance.limit_source,
                    "set": desk.settings.limit_for(bucket, project),
                    "google": one.limit.value if one else None,
                    "adjustable": one.limit.adjustable if one else None,
                    "why_not": one.limit.why_not if one else "",
                    "request": one.limit.request_address if one else "",
                }
            )
    return rows


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("project", "pool"):
        table.add_column(name, no_wrap=True)
    table.add_column("a day", justify="right", no_wrap=True)
    table.add_column("says", no_wrap=True)
    if any(row["google"] is not None for row in rows):
        table.add_column("more")
    for row in rows:
        cells = [row["project"], row["bucket"], count(row["limit"]), _SAID_BY[row["source"]]]
        table.add_row(*cells, *([_more(row)] if len(table.columns) > len(cells) else []))
    return table


def _more(row: dict[str, Any]) -> str:
    if row["google"] is None:
        return ""
    return "can be asked for" if row["adjustable"] else "by the form"
