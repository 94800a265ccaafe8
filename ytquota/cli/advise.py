"""``ytquota advise``: what the bots could spare, and how."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from textwrap import indent
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ytquota.cli.desk import Desk
from ytquota.cli.known import check_project
from ytquota.cli.output import console, fail, print_json
from ytquota.clock import day_start, quota_day

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from ytquota.intelligence.advice import Advice


def advise(
    *,
    days: Annotated[int, typer.Option(min=1, help="How many quota days to look at, today included.")] = 28,
    project: Annotated[str | None, typer.Option(help="Only this project.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Say what the bots could spare, what shows it in the log, and how.

    That which saves the largest share of its pool comes first. Nothing is
    advised that saves less than 1 % of a pool. Nothing is changed.

    Examples:
        ytquota advise --days 7
        ytquota advise --json | jq -r '.advice[] | [.saving, .title] | @tsv'
    """
    first = quota_day(datetime.now(UTC)) - timedelta(days=days - 1)
    with Desk.open() as desk:
        check_project(desk, project)
        found = _found(desk, first, project)
    if as_json:
        print_json({"since": day_start(first), "days": days, "advice": [one.to_json() for one in found]})
    else:
        console().print(Group(*_page(found, days)))


def _found(desk: Desk, first: date, project: str | None) -> list[Advice]:
    monitor = desk.monitor
    try:
        from ytquota.intelligence import QuotaIntelligence  # noqa: PLC0415 - pandas, which is an extra

        return QuotaIntelligence(monitor).advise(day_start(first), project=project)
    except ImportError as error:
        fail(f"Advice needs {error.name}, which is not installed: pip install 'ytquota[analysis]'.")


def _page(found: list[Advice], days: int) -> Iterator[RenderableType]:
    span = f"the last {days} days" if days > 1 else "today"
    if not found:
        yield Text(f"Nothing to advise from {span}: no change would save 1 % of a pool.")
        return
    for number, advice in enumerate(found, 1):
        yield _numbered(number, advice)
        yield Text()
    yield Text(f"From the log of {span}. Savings of one pool add up; those of different pools never do.")


def _numbered(number: int, advice: Advice) -> Table:
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(width=2)
    table.add_column()
    table.add_row(Text(str(number), style="bold"), Text(advice.title, style="bold"))
    table.add_row("", Text(advice.worth(), style="green"))
    table.add_row("", Text(advice.evidence(), style="dim"))
    table.add_row("", Text(advice.change))
    table.add_row("", Text(indent(advice.code, "  "), style="cyan"))
    table.add_row("", Text(f"Assumed: {advice.assumption}", style="dim"))
    return table
