"""What ``status --all`` shows: the pools of every project, who spent them, and the ledgers they stand in."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ytquota.cli.known import unknown
from ytquota.cli.output import FAILURE, at_most, console, count, from_iso, plural, print_json
from ytquota.cli.severity import code_of
from ytquota.clock import both_zones, moment, span
from ytquota.errors import SettingsError
from ytquota.monitor.fleet import FleetList, FleetView

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ytquota.settings import Settings

_STYLES = {0: "green", 10: "yellow", 20: "red", 30: "red"}
_NOT_NAMED = "not named"
_ONE_PERCENT = 0.01


def fleet_of(settings: Settings) -> FleetList:
    """Return the fleet's list that the settings name.

    Raises:
        SettingsError: they name none, or it cannot be read.
    """
    if settings.fleet is None:
        raise SettingsError(
            "There is no list of ledgers to show. Write one (docs/fleet.md shows how), and name it: "
            "YTQUOTA_FLEET=fleet.toml"
        )
    return FleetList.load(settings.fleet)


def show_fleet(
    settings: Settings, *, as_json: bool, check: bool, watch: bool, every: float, project: str | None
) -> None:
    """Show every ledger of the list in one view, once or until Ctrl-C.

    Raises:
        typer.Exit: with ``check``: 10, 20, 30 by the worst pool, 1 where a ledger cannot be looked at.
        SettingsError: there is no list, or it is wrong.
    """
    with FleetView(fleet_of(settings)) as view:
        if watch and not as_json:
            _watch(view, every, project)
        report = gather(view, project)
    if as_json:
        print_json(report)
    else:
        console().print(page(report))
    if check:
        raise typer.Exit(severity(report))


def gather(view: FleetView, project: str | None = None) -> dict[str, Any]:
    """Return the view's report, of one project (its number or name) if that is asked for.

    Raises:
        typer.BadParameter: no ledger counts that project.
    """
    report = view.report()
    if project is not None:
        wanted = view.fleet.number_of(project)
        if wanted not in report["projects"]:
            unknown("project", project, map(view.fleet.name_of, report["projects"]), "--project")
        report["projects"] = {name: its for name, its in report["projects"].items() if name == wanted}
        report["warnings"] = [one for one in report["warnings"] if one["project"] == wanted]
    return report


def severity(report: Mapping[str, Any]) -> int:
    """Return the exit code of ``--check``: that of the worst pool, and 1 where one is out of sight."""
    codes = [code_of(pool) for its in report["projects"].values() for pool in its["pools"].values()]
    blind = any(not ledger["reachable"] for ledger in report["ledgers"])
    return max(codes, default=0) or (FAILURE if blind else 0)


def page(report: Mapping[str, Any]) -> RenderableType:
    """Return a report as people read it, at 80 columns."""
    return Group(*_parts(report))


def _parts(report: Mapping[str, Any]) -> Iterator[RenderableType]:
    reset, left = both_zones(from_iso(report["resets_at"])), span(report["seconds_to_reset"])
    yield Text.assemble("Quota day ", (report["day"], "bold"), f", resets in {left} at {reset}")
    yield Text()
    if report["projects"]:
        yield _pools(report["projects"])
        yield Text()
    else:
        yield Text("No ledger of the list has counted anything yet.", style="dim")
    if any(pool["owners"] for _, _, pool in _pools_shown(report["projects"])):
        yield _owners(report["projects"])
        yield Text()
    yield _ledgers(report["ledgers"])
    yield Text()
    yield from _complaints(report)
    yield Text(f"List {report['fleet']}", style="dim", overflow="fold")


def _pools(projects: Mapping[str, Any]) -> Table:
    table = _table(("project", 22), ("pool", 21), "used", "left", "limit", "")
    before = None
    for name, bucket, pool in _pools_shown(projects):
        code = code_of(pool)
        marked = "marked" if pool["marked_by"] == "operator" else "exhausted"
        state = marked if pool["exhausted_until"] else f"{pool['share']:.0%}"
        numbers = (count(pool["used"]), count(pool["left"]), count(pool["limit"]))
        shown = Text("" if name == before else name, style="bold")
        table.add_row(shown, bucket, *numbers, Text(state, style=_STYLES[code], justify="right"))
        before = name
    return table


def _pools_shown(projects: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """The pools that were asked for anything today, the default one of each project in any case."""
    for its in projects.values():
        for bucket, pool in its["pools"].items():
            if bucket == "default" or pool["used"] or pool["refused"] or pool["exhausted_until"]:
                yield its["name"], bucket, pool


def _owners(projects: Mapping[str, Any]) -> Table:
    table = _table(("who spent it", 22), ("project", 22), ("pool", 21), "units", "share")
    for name, bucket, pool in _pools_shown(projects):
        for part in pool["owners"]:
            share = f"{part['share']:.0%}" if part["share"] >= _ONE_PERCENT else "<1%"
            shares = (count(part["units"]), share)
            table.add_row(Text(part["owner"] or _NOT_NAMED), Text(name), bucket, *shares)
    return table


def _ledgers(ledgers: Sequence[Mapping[str, Any]]) -> Table:
    table = _table(("ledger", 18), ("owner", 16), ("what", 7), ("written", 36))
    for ledger in ledgers:
        what = ledger["kind"] or ""
        said = Text(_written(ledger), style="" if ledger["reachable"] else "red")
        table.add_row(Text(ledger["name"]), Text(ledger["owner"] or ""), what, said)
    return table


def _written(ledger: Mapping[str, Any]) -> str:
    if not ledger["reachable"]:
        return "cannot be looked at"
    archived = ledger["archived"]
    if archived:
        hosts = len(ledger["hosts"])
        return f"{plural(archived['days'], 'day')} up to {archived['last']}, {plural(hosts, 'host')}"
    if ledger["last_at"] is None:
        return plural(len(ledger["hosts"]), "host") if ledger["hosts"] else "nothing today"
    by = f" by {ledger['last_host']}" if ledger["last_host"] else ""
    return f"{moment(from_iso(ledger['last_at']))}{by}"


def _complaints(report: Mapping[str, Any]) -> Iterator[Text]:
    for ledger in report["ledgers"]:
        if not ledger["reachable"]:
            yield Text(f"{ledger['name']}: {ledger['problem']}. {ledger['remedy']}", style="red")
        elif ledger["note"]:
            yield Text(f"{ledger['name']}: {ledger['note']}", style="yellow")
    for warning in report["warnings"]:
        yield Text(f"{warning['text']} {warning['remedy']}", style="yellow")


def _table(*columns: str | tuple[str, int]) -> Table:
    """A table whose columns are texts of at most so many characters, or numbers."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    for column in columns:
        if isinstance(column, tuple):
            table.add_column(column[0], no_wrap=True, max_width=at_most(column[1]), overflow="ellipsis")
        else:
            table.add_column(column, justify="right", no_wrap=True)
    return table


def _watch(view: FleetView, every: float, project: str | None) -> None:
    with Live(page(gather(view, project)), console=console(), auto_refresh=False) as live:
        while True:
            time.sleep(every)
            live.update(page(gather(view, project)), refresh=True)
