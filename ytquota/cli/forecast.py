"""``ytquota forecast``: when the quota will run out, how sure that is, and how the next days look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from ytquota.cli.desk import START, Desk
from ytquota.cli.known import check_project
from ytquota.cli.output import console, count, fail, print_json
from ytquota.clock import both_zones
from ytquota.errors import SettingsError, YTQuotaError
from ytquota.prices import BUCKETS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

    from ytquota.intelligence.outlook import Forecast
    from ytquota.intelligence.usage import QuotaIntelligence


def forecast(
    *,
    project: Annotated[str | None, typer.Option("--project", help="Only this project (its number).")] = None,
    bucket: Annotated[str | None, typer.Option("--bucket", help=f"Only one of {', '.join(BUCKETS)}.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    publish: Annotated[
        bool, typer.Option("--publish", help="Bots leave by it, for half an hour, what matters more.")
    ] = False,
) -> None:
    """Say when each pool will run out, and how sure that is.

    With the day's total, the rate that would just last, how well such forecasts did lately, and the next
    days. Ranges hold with 80 %. Looking changes nothing: what bots may do changes only with --publish.

    Examples:
        ytquota forecast
        ytquota forecast --bucket default --json | jq '.[].run_out_probability'
    """
    if bucket is not None and bucket not in BUCKETS:
        raise typer.BadParameter(f"{bucket!r} is none of {', '.join(BUCKETS)}", param_hint="--bucket")
    with Desk.open() as desk:
        if desk.is_bare:
            fail(SettingsError("\n".join(START)))
        check_project(desk, project)
        intelligence = intelligence_of(desk)
        made = intelligence.forecast(project, bucket)
        if publish:
            intelligence.publish()
    if as_json:
        print_json([one.as_dict() for one in made])
    else:
        for part in _page(made):
            console().print(part)


def intelligence_of(desk: Desk) -> QuotaIntelligence:
    """Return what answers questions about the ledger of a desk.

    Raises:
        YTQuotaError: pandas is not installed.
    """
    from ytquota.intelligence.admission import Admission  # noqa: PLC0415 - needed by two commands only
    from ytquota.intelligence.usage import QuotaIntelligence  # noqa: PLC0415

    try:
        import pandas as pd  # noqa: F401, PLC0415 - an extra
    except ImportError as error:
        raise YTQuotaError(f"This needs pandas: pip install 'ytquota[analysis]' ({error}).") from error
    desk.monitor.admission = Admission(desk.settings, clock=desk.monitor.clock)
    return QuotaIntelligence(desk.monitor)


def _page(made: Sequence[Forecast]) -> Iterator[RenderableType]:
    shown = [one for one in made if one.basis != "withheld"]
    if not shown:
        yield Text("No pool has enough history for a forecast yet.")
    for one in shown:
        yield from _pool(one)
    silent = [f"{one.bucket} of {one.project} ({one.reason})" for one in made if one.basis == "withheld"]
    if silent:
        yield Text(f"No forecast: {'; '.join(silent)}.", style="dim")


def _pool(one: Forecast) -> Iterator[RenderableType]:
    unit = "units" if one.bucket == "default" else "calls"
    used = f"{count(one.used)} of {count(one.limit)} {unit} used"
    yield Text.assemble((one.bucket, "bold"), f"  project {one.project}  {used}")
    yield Text(f"  {one}", style=_style(one))
    if one.basis == "simple":
        yield Text(f"  Provisional: {one.reason}.", style="yellow")
    yield _figures(one, unit)
    if one.checked:
        yield Text(f"  {one.method}; {one.checked}.", style="dim")
    if one.official_days:
        yield Text(f"  {_official(one)}", style="dim")
    if one.days_ahead:
        yield _days(one)
    yield Text()


def _official(one: Forecast) -> str:
    """How much of its history was not counted here."""
    if one.days == 1:
        return "Its one day of history was counted by Google only."
    whose = "All" if one.official_days == one.days else count(one.official_days)
    were = "was" if one.official_days == 1 else "were"
    return f"{whose} of its {one.days} days of history {were} counted by Google only."


def _style(one: Forecast) -> str:
    probability = one.run_out_probability or 0.0
    return "red" if probability > 0.5 else "yellow" if probability > 0.1 else ""  # noqa: PLR2004


def _figures(one: Forecast, unit: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column("", style="dim", no_wrap=True, min_width=20)
    table.add_column("")
    if one.basis != "frozen" and any(one.run_out_at):
        times = ["lasts" if at is None else both_zones(at) for at in one.run_out_at]
        table.add_row("  runs out", f"{' | '.join(times)}  (10 | 50 | 90 %)")
    if one.total is not None:
        totals = [f"{value:,.0f}" for value in one.total]
        table.add_row(f"  {unit} by the reset", f"{' | '.join(totals)}  (10 | 50 | 90 %)")
    if one.declared:
        table.add_row("  of these declared", f"{one.declared:,.0f}")
    if one.basis != "frozen":
        table.add_row("  would just last", f"{one.sustainable_rate:,.0f} {unit} an hour")
    return table


def _days(one: Forecast) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("  next days", no_wrap=True, min_width=20)
    for name in ("10 %", "50 %", "90 %", "runs out"):
        table.add_column(name, justify="right", no_wrap=True, min_width=8)
    for ahead in one.days_ahead:
        totals = [f"{value:,.0f}" for value in ahead.total]
        table.add_row(f"  {ahead.day:%a %d %b}", *totals, f"{ahead.run_out_probability:.0%}")
    return table
