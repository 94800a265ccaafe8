"""``ytquota plan``: does this work fit beside the usual load, and if not, on which days does it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from ytquota.cli.desk import START, Desk
from ytquota.cli.forecast import intelligence_of
from ytquota.cli.known import check_project, projects
from ytquota.cli.output import BAD_USAGE, console, count, fail, print_json
from ytquota.cli.prices import not_priced
from ytquota.cli.times import parse_day
from ytquota.errors import SettingsError
from ytquota.prices import BUCKETS

if TYPE_CHECKING:
    from ytquota.intelligence.plan import Plan

_WORK = re.compile(r"([A-Za-z][\w.]*)\s*=\s*(\d{1,9})")
_LIMIT = re.compile(rf"({'|'.join(BUCKETS)})\s*=\s*(\d{{1,9}})")


def plan(
    work: Annotated[list[str], typer.Argument(help="Methods and how many calls: search.list=400")],
    *,
    by: Annotated[str | None, typer.Option("--by", help="The last quota day allowed: 2026-12-01.")] = None,
    project: Annotated[str | None, typer.Option("--project", help="Whose quota (its number).")] = None,
    limit: Annotated[
        list[str] | None, typer.Option("--limit", help="What if: search_list=400; may be repeated.")
    ] = None,
    confidence: Annotated[
        float, typer.Option("--confidence", min=0.01, max=0.99, help="How sure each day is to be.")
    ] = 0.8,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Say whether work fits beside the usual load, and if not today, when.

    Ends with 0 if all of it is done in time, with 1 if not.

    Examples:
        ytquota plan search.list=400 videos.insert=20 --by 2026-12-01
        ytquota plan search.list=400 --limit search_list=500 --json
    """
    calls = _counts(work, _WORK, "WORK", "search.list=400")
    limits = _counts(limit or [], _LIMIT, "--limit", "search_list=400")
    with Desk.open() as desk:
        deadline = None if by is None else parse_day(by, desk.today, option="--by")
        if deadline is not None and deadline < desk.today:
            raise typer.BadParameter(f"{deadline} is over", param_hint="--by")
        if desk.is_bare:
            fail(SettingsError("\n".join(START)))
        check_project(desk, project)
        for method in calls:
            if why := not_priced(desk.monitor.prices, method, desk.today):
                raise typer.BadParameter(why, param_hint="WORK")
        try:
            made = intelligence_of(desk).plan(
                calls,
                deadline=deadline,
                project=project or _only_project(desk),
                limits=limits,
                confidence=confidence,
            )
        except ValueError as error:
            fail(error, code=BAD_USAGE)
    if as_json:
        print_json(made.as_dict())
    else:
        _show(made)
    if not made.meets_deadline:
        raise typer.Exit(1)


def _only_project(desk: Desk) -> str:
    """The one project that sets and ledger know: on a new install nothing is counted yet."""
    known = projects(desk)
    if len(known) != 1:
        which = f"one of {', '.join(known)}" if known else "its number, as 123456789012"
        raise typer.BadParameter(f"whose quota is it? Name {which}", param_hint="--project")
    return known[0]


def _counts(texts: list[str], form: re.Pattern[str], name: str, example: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for text in texts:
        match = form.fullmatch(text.strip())
        if match is None:
            raise typer.BadParameter(f"{text!r} is not written like {example}", param_hint=name)
        found[match[1]] = found.get(match[1], 0) + int(match[2])
    return found


def _show(made: Plan) -> None:
    out = console()
    out.print(Text(f"Project {made.project}", style="bold"))
    for sentence in made.sentences():
        out.print(Text(sentence))
    out.print(_pools(made))
    if not made.fits_today and made.days:
        out.print(_days(made))


def _pools(made: Plan) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("bucket", no_wrap=True)
    for name in ("needed", "used", "usual", "free", "limit", "fits today"):
        table.add_column(name, justify="right", no_wrap=True)
    for pool in made.pools:
        figures = map(count, (pool.needed, pool.used, pool.usual, pool.room, pool.limit))
        table.add_row(pool.bucket, *figures, f"{pool.probability:.0%}")
    return table


def _days(made: Plan) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("day", no_wrap=True)
    table.add_column("calls")
    table.add_column("sure", justify="right", no_wrap=True)
    for one in made.days:
        calls = ", ".join(f"{number:,} x {method}" for method, number in one.calls.items())
        style = "red" if made.deadline is not None and one.day > made.deadline else ""
        table.add_row(f"{one.day:%a %d %b}", calls, f"{one.probability:.0%}", style=style)
    return table
