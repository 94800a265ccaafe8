"""``ytquota log``: the calls that were counted, filtered, as a table, JSON lines or CSV."""

from __future__ import annotations

import csv
import sys
from collections import Counter, deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer
from rich.table import Table
from rich.text import Text

from ytquota.cli import known, log_sums
from ytquota.cli.desk import Desk
from ytquota.cli.fleet import fleet_of
from ytquota.cli.log_usual import usual_before
from ytquota.cli.output import at_most, console, count, hint, plural, print_bytes
from ytquota.cli.progress import with_progress
from ytquota.cli.times import parse_day, parse_moment
from ytquota.clock import PACIFIC, day_start, quota_day
from ytquota.monitor.fleet.log import FleetLog
from ytquota.monitor.log import calls_of
from ytquota.prices import BUCKETS, canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from ytquota.cli.log_usual import Usual

COLUMNS = (
    *("at", "project", "set", "tag", "method", "priority", "bucket", "units", "price", "provenance"),
    *("outcome", "status", "reason", "attempts", "retry", "latency", "refused", "calls"),
    *("ids", "maxResults", "page", "parts", "hash", "host", "pid", "kind", "id"),
)  # fmt: skip
"""The columns of --csv."""

OF_FLEET = ("ledger", "owner")
"""What --csv --all has at the end of each line."""

OUTCOMES = ("ok", "error", "refused", "denied", "lost", "not_sent", "free")
_SHOWN = 40
_NOTHING = "No call matches. Without --day or --since only today's are looked at, since midnight Pacific."


@dataclass(frozen=True, slots=True)
class Filter:
    """What a row must be to be shown; None admits everything. Methods may end in ``*``."""

    method: str | None = None
    credential_set: str | None = None
    tag: str | None = None
    outcome: str | None = None
    bucket: str | None = None

    def __call__(self, row: dict[str, Any]) -> bool:
        """Whether the row is one of them."""
        return (
            (self.method is None or _matches(row.get("method", ""), self.method))
            and self.credential_set in {None, row.get("set")}
            and self.tag in {None, row.get("tag")}
            and self.outcome in {None, row.get("outcome")}
            and self.bucket in {None, row.get("bucket", "default")}
        )


def log(
    *,
    day: Annotated[str | None, typer.Option(help="One quota day: 2026-11-20, today, yesterday.")] = None,
    since: Annotated[
        str | None, typer.Option(help="From here on: 14:30, 2026-11-20T14:30, 90m, 2h, 3d.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Up to here, written like --since.")] = None,
    method: Annotated[str | None, typer.Option(help="One method, or a beginning: liveChat*")] = None,
    credential_set: Annotated[str | None, typer.Option("--set", help="One credential set.")] = None,
    tag: Annotated[str | None, typer.Option(help="One tag.")] = None,
    project: Annotated[str | None, typer.Option(help="One project (its number).")] = None,
    outcome: Annotated[str | None, typer.Option(help=f"One of {', '.join(OUTCOMES)}.")] = None,
    bucket: Annotated[str | None, typer.Option(help=f"One of {', '.join(BUCKETS)}.")] = None,
    by: Annotated[
        str | None, typer.Option(help=f"Add up by one or more of {', '.join(log_sums.NAMES)}.")
    ] = None,
    last: Annotated[int | None, typer.Option(min=1, help="Only the newest N; the table shows 40.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Comma-separated, with a head line.")] = False,
    all_ledgers: Annotated[
        bool, typer.Option("--all", help="Calls of every ledger that YTQUOTA_FLEET lists.")
    ] = False,
) -> None:
    """Show calls, oldest first, or add them up.

    Without a time, today's. Quota days begin at midnight Pacific. Times without a zone are local.
    A retry is a line and a price of its own, but no further call.
    With --all each call has its ledger and owner, and a project may be named as in the list.
    --by also says what is usual: the median of what the same calls had spent by the same time on the last
    14 quota days; of a past --day, on the whole of the 14 before it. It takes three days of log.

    Examples:
        ytquota log --by tag,method
        ytquota log --tag crawler --outcome error
        ytquota log --day yesterday --method 'liveChat*' --csv > chat.csv
        ytquota log --since 2h --json | jq -s 'map(.units) | add'
    """
    if as_json and as_csv:
        raise typer.BadParameter("choose one of --json and --csv", param_hint="--json / --csv")
    if outcome is not None and outcome not in OUTCOMES:
        raise typer.BadParameter(f"{outcome!r} is none of {', '.join(OUTCOMES)}", param_hint="--outcome")
    if bucket is not None and bucket not in BUCKETS:
        raise typer.BadParameter(f"{bucket!r} is none of {', '.join(BUCKETS)}", param_hint="--bucket")
    names = _names(by, last, all_ledgers=all_ledgers) if by is not None else ()
    wanted = Filter(canonical(method) if method else None, credential_set, tag, outcome, bucket)
    with Desk.open() as desk:
        first, end = _window(day, since, until, desk.today)
        if not all_ledgers:
            known.check_project(desk, project)
            known.check_set(desk, credential_set, _found(desk, first, end, project), option="--set")
        found = _found(desk, first, end, project, all_ledgers=all_ledgers)
        rows: Iterable[dict[str, Any]] = filter(wanted, with_progress(found, first, end))
        if names:
            whole_day = not (since or until or all_ledgers)
            usual = _usual(desk, day, names, wanted, project) if whole_day else None
            _sums(rows, names, usual, as_json=as_json, as_csv=as_csv)
        elif as_json or as_csv:
            rows = rows if last is None else deque(rows, maxlen=last)
            _json_lines(rows) if as_json else _csv(rows, (*COLUMNS, *(OF_FLEET if all_ledgers else ())))
        else:
            _table(rows, last or _SHOWN)


def _names(by: str, last: int | None, *, all_ledgers: bool) -> tuple[str, ...]:
    """What calls are to be added up by."""
    names = tuple(dict.fromkeys(name.strip() for name in by.split(",")))
    allowed = log_sums.NAMES if all_ledgers else tuple(one for one in log_sums.NAMES if one not in OF_FLEET)
    for name in names:
        if name not in allowed:
            raise typer.BadParameter(f"{name!r} is none of {', '.join(allowed)}", param_hint="--by")
    if last is not None:
        raise typer.BadParameter("the newest lines alone add up to nothing", param_hint="--last")
    return names


def _usual(
    desk: Desk, day: str | None, names: tuple[str, ...], wanted: Filter, project: str | None
) -> Usual | None:
    """What is usual by now, or on the whole of a past day; None where the groups are of one day or hour."""
    chosen = desk.today if day is None else parse_day(day, desk.today)
    if desk.is_bare or chosen > desk.today or {"day", "hour"} & set(names):
        return None
    at = datetime.now(PACIFIC) if chosen == desk.today else None
    return usual_before(desk.monitor, chosen, log_sums.keys(names), at=at, wanted=wanted, project=project)


def _sums(
    rows: Iterable[dict[str, Any]],
    names: tuple[str, ...],
    usual: Usual | None,
    *,
    as_json: bool,
    as_csv: bool,
) -> None:
    sums = log_sums.add_up(rows, names, usual)
    if as_json:
        log_sums.show_json(sums, names)
    elif as_csv:
        log_sums.show_csv(sums, names)
    elif sums:
        log_sums.show(sums, names, usual)
    else:
        hint(_NOTHING)


def _found(
    desk: Desk, first: datetime, end: datetime | None, project: str | None, *, all_ledgers: bool = False
) -> Iterator[dict[str, Any]]:
    if all_ledgers:
        fleet = fleet_of(desk.settings)
        calls, number = FleetLog(fleet), None if project is None else fleet.number_of(project)
        if (
            number is not None
            and number not in fleet.projects
            and not known.any_of(calls.rows(project=number))
        ):
            known.unknown("project", number, fleet.projects.values(), "--project")
        return calls.rows(first, end, project=number)
    return iter(()) if desk.is_bare else desk.monitor.log(first, end, project=project)


def _window(
    day: str | None, since: str | None, until: str | None, today: date
) -> tuple[datetime, datetime | None]:
    if day is not None:
        if since is not None or until is not None:
            raise typer.BadParameter("a day has its own beginning and end", param_hint="--day")
        chosen = parse_day(day, today)
        return day_start(chosen), day_start(chosen + timedelta(days=1))
    now = datetime.now(UTC)
    end = None if until is None else parse_moment(until, now, option="--until")
    return day_start(today) if since is None else parse_moment(since, now, option="--since"), end


def _matches(method: str, pattern: str) -> bool:
    return method.startswith(pattern[:-1]) if pattern.endswith("*") else method == pattern


def _json_lines(rows: Iterable[dict[str, Any]]) -> None:
    for row in rows:
        print_bytes(orjson.dumps(row))


def _csv(rows: Iterable[dict[str, Any]], columns: tuple[str, ...]) -> None:
    writer = csv.DictWriter(sys.stdout, columns, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        facts = row.get("facts", {})
        flat = facts | row | {"provenance": row.get("prov", ""), "parts": " ".join(facts.get("parts", ()))}
        writer.writerow(flat)


def _table(rows: Iterable[dict[str, Any]], shown: int) -> None:
    newest: deque[dict[str, Any]] = deque(maxlen=shown)
    lines, calls, charged = 0, 0, Counter[str]()
    for row in rows:
        newest.append(row)
        lines += 1
        calls += calls_of(row)
        charged[row.get("bucket", "default")] += row.get("units", 0)
    if not newest:
        hint(_NOTHING)
        return
    out = console()
    for day, its in groupby(newest, key=lambda row: quota_day(_at(row))):
        out.print(f"Quota day {day.isoformat()}", style="bold")
        out.print(_day_table(list(its)))
    more = f"the newest {plural(len(newest), 'line')} of " if lines > len(newest) else ""
    spent = ", ".join(f"{count(units)} of {bucket}" for bucket, units in charged.most_common() if units)
    out.print(f"{more}{plural(calls, 'call')}; charged: {spent or 'nothing'}", style="dim")


def _day_table(rows: list[dict[str, Any]]) -> Table:
    zones = _zones(_at(rows[0]))
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    for zone in zones:
        table.add_column(f"{_at(rows[0]).astimezone(zone):%Z}", no_wrap=True, min_width=8)
    of_fleet = "ledger" in rows[0]
    if of_fleet:
        table.add_column("ledger", max_width=at_most(12), min_width=6, no_wrap=True)
    table.add_column("set", no_wrap=True, min_width=3)
    table.add_column("tag", max_width=at_most(13), min_width=8, no_wrap=True)
    table.add_column("method", max_width=at_most(26), min_width=20, no_wrap=True)
    table.add_column("units", justify="right", no_wrap=True)
    table.add_column("outcome", no_wrap=True)
    for row in rows:
        times = [f"{_at(row).astimezone(zone):%H:%M:%S}" for zone in zones]
        told, style = _outcome(row)
        facts = (row.get("set", ""), row.get("tag", ""), row.get("method", ""), count(row.get("units", 0)))
        whose = (Text(row["ledger"]),) if of_fleet else ()
        table.add_row(*times, *whose, *facts, Text(told, style=style))
    return table


def _zones(at: datetime) -> list[tzinfo | None]:
    """Pacific, and the local zone (None) where it tells another time."""
    same = at.astimezone(PACIFIC).utcoffset() == at.astimezone().utcoffset()
    return [PACIFIC] if same else [PACIFIC, None]


def _outcome(row: dict[str, Any]) -> tuple[str, str]:
    """How a call ended, and the colour for it."""
    outcome, times = row.get("outcome", row["kind"]), row.get("calls", 1)
    if outcome == "ok":
        return "ok", ""
    status = f" {row['status']}" if row.get("status") else ""
    return f"{outcome}{status}{f' x {times}' if times > 1 else ''}", "yellow"


def _at(row: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(row["at"])
