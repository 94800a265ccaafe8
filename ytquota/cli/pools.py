"""The page that ``status`` shows: a table of pools and a list of sets for each project, at 80 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from ytquota.cli.output import count, from_iso
from ytquota.cli.sets import brief
from ytquota.clock import both_zones, moment, span

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_BAR = 16
_SHARES = ((0.95, "red"), (0.8, "yellow"))


def page(report: Mapping[str, Any]) -> RenderableType:
    """Return a status report (``status --json``) as people read it."""
    return Group(*_parts(report))


def _parts(report: Mapping[str, Any]) -> Iterator[RenderableType]:
    yield _headline(report)
    by_project: dict[str, list[Mapping[str, Any]]] = {name: [] for name in report["projects"]}
    for facts in report["sets"]:
        by_project.setdefault(facts["project"] or "", []).append(facts)
    for project, sets in by_project.items():
        yield Text()
        yield Text(f"Project {project}" if project else "No project known", style="bold")
        pools = report["projects"].get(project)
        if pools:
            yield _table(pools)
        for facts in sets:
            yield from brief(facts)
    yield Text()
    yield from _foot(report)


def _headline(report: Mapping[str, Any]) -> Text:
    reset = both_zones(from_iso(report["resets_at"]))
    left = span(report["seconds_to_reset"])
    return Text.assemble("Quota day ", (report["day"], "bold"), f", resets in {left} at {reset}")


def _table(pools: Mapping[str, Mapping[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column("  pool", no_wrap=True, min_width=23)
    for name in ("used", "left"):
        table.add_column(name, justify="right", no_wrap=True, min_width=6)
    table.add_column("limit", no_wrap=True, min_width=15)
    table.add_column("")
    for bucket, pool in pools.items():
        limit = f"{count(pool['limit'])} {pool['limit_source']}"
        style, words = _condition(pool)
        last = Text(words, style=f"{style} bold") if words else _Bar(pool["share"], style)
        table.add_row(f"  {bucket}", count(pool["used"]), count(pool["left"]), limit, last)
    return table


def _condition(pool: Mapping[str, Any]) -> tuple[str, str]:
    """Return a pool's colour, and the words that take the place of its bar when it is empty."""
    if pool["exhausted_until"]:
        word = "marked" if pool["marked_by"] == "operator" else "exhausted"
        return "red", f"{word} until {both_zones(from_iso(pool['exhausted_until']))}"
    if pool["left"] <= 0:
        return "red", "nothing left"
    return next((style for share, style in _SHARES if pool["share"] > share), "green"), ""


class _Bar:
    """A share and a bar whose empty part is drawn too, so that it reads without colours."""

    def __init__(self, share: float, style: str) -> None:
        self._share, self._style = share, style

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        full, empty = ("#", ".") if options.ascii_only else ("\u2588", "\u2591")
        length = min(_BAR, round(self._share * _BAR) or int(self._share > 0))
        share = f"{self._share:4.0%} "
        yield Text.assemble((share + full * length, self._style), (empty * (_BAR - length), "dim"))

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(_BAR + 5, _BAR + 5)


def _beside_google(projects: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Iterator[Text]:
    """How the counts compared with Google's, where somebody looked today."""
    agreeing: dict[str, list[str]] = {}
    for project, pools in projects.items():
        compared = {bucket: pool for bucket, pool in pools.items() if pool["reconciled"]}
        if not compared:
            continue
        until = moment(max(from_iso(pool["reconciled"]["until"]) for pool in compared.values()))
        differing = [bucket for bucket, pool in compared.items() if pool["basis"] != "reconciled"]
        if not differing:
            agreeing.setdefault(until, []).append(project)
        for bucket in differing:
            yield _drift(compared[bucket]["reconciled"], bucket, project, until)
    for until, names in agreeing.items():
        whose = "" if len(names) == len(projects) else f", project {' and '.join(names)}"
        yield Text(f"Agreed with Google's counters up to {until}{whose}", style="dim")


def _drift(check: Mapping[str, Any], bucket: str, project: str, until: str) -> Text:
    rest = check["drift"] - check["corrected"]
    word = "more" if rest > 0 else "less"
    return Text(
        f"Google counts {count(abs(rest))} {word} of {bucket} up to {until}, project {project}: "
        "see `ytquota reconcile`",
        style="yellow",
    )


def _whose_mark(pool: Mapping[str, Any], bucket: str, project: str) -> Text:
    left = f", {count(pool['left'])} of {count(pool['limit'])} left by our count" if pool["left"] > 0 else ""
    if pool["marked_by"] == "operator":
        return Text(f"Marked by an operator: {bucket}, project {project}{left}; `ytquota reset N` clears it")
    return Text(f"Marked by Google's word: {bucket}, project {project}{left}")


def _foot(report: Mapping[str, Any]) -> Iterator[Text]:
    for project, pools in report["projects"].items():
        for bucket, pool in pools.items():
            if pool["marked_by"]:
                yield _whose_mark(pool, bucket, project)
            if pool["refused"]:
                word = "units" if bucket == "default" else "calls"
                yield Text(f"Refused today: {count(pool['refused'])} {word} of {bucket}, project {project}")
    yield from _beside_google(report["projects"])
    since = report["counted_since"]
    if since is None:
        yield Text("Nothing has been counted today.", style="dim")
    elif report["is_first_day"]:
        yield Text(
            f"Counted since {moment(from_iso(since))}; what was used before is not known.", style="dim"
        )
    if report["unknown_settings"]:
        names = ", ".join(report["unknown_settings"])
        yield Text(f"No setting of ytquota: {names} (misspelt? see .env.example)", style="yellow")
    yield Text(f"Ledger {report['ledger']}", style="dim", overflow="fold")
