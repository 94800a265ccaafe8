"""``ytquota check``: one line per pool, and an exit code for cron and scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ytquota.cli.desk import START, Desk
from ytquota.cli.known import check_project
from ytquota.cli.output import FAILURE, fail, from_iso, print_json
from ytquota.cli.severity import (
    ALMOST,
    GONE,
    NEARLY,
    Ahead,
    ahead_of,
    code_of,
    dead_line,
    dead_sets,
    published_ahead,
)
from ytquota.cli.status import gather
from ytquota.clock import both_zones
from ytquota.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_KEPT = ("used", "left", "limit", "share", "exhausted_until", "marked_by")
_WORDS = {0: "ok", NEARLY: "nearly", ALMOST: "almost", GONE: "gone"}


def check(
    *,
    project: Annotated[str | None, typer.Option("--project", help="Only this project (its number).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Say in one line per pool how it stands, and end with the worst.

    0 fine, 10 over 80 % used, 20 over 95 % or more likely than not to run out
    before the reset, 30 exhausted; 1 where no pool is worse and a credential
    set is broken: its token is gone or garbled, or Google refuses it. The
    probability is that of a forecast of the last half hour, as
    `ytquota watch` publishes it, else made now, which takes seconds:
    `ytquota status --check` does not.

    Examples:
        ytquota check > /dev/null || echo "think twice"
        ytquota check --json | jq '.pools[] | select(.code >= 20)'
    """
    with Desk.open() as desk:
        if desk.is_bare:
            fail(SettingsError("\n".join(START)))
        check_project(desk, project)
        report = gather(desk, project)
        pools = list(_judged(report, _ahead(desk)))
    dead = dead_sets(report["sets"])
    code = max((pool["code"] for pool in pools), default=0) or (FAILURE if dead else 0)
    if as_json:
        times = {name: report[name] for name in ("day", "resets_at")}
        broken = [{name: one[name] for name in ("number", "project", "state", "why")} for one in dead]
        print_json({"code": code, **times, "pools": pools, "broken": broken})
    else:
        for line in map(dead_line, dead):
            typer.echo(line)
        for pool in pools:
            typer.echo(_line(pool))
    raise typer.Exit(code)


def _judged(report: Mapping[str, Any], ahead: Ahead) -> Iterator[dict[str, Any]]:
    for project, pools in report["projects"].items():
        for bucket, pool in pools.items():
            likely, when = ahead.get((project, bucket), (None, ""))
            code = code_of(pool, likely)
            yield {
                "project": project,
                "bucket": bucket,
                "code": code,
                "state": _WORDS[code],
                **{name: pool[name] for name in _KEPT},
                "run_out_probability": likely,
                "run_out_at": when or None,
            }


def _line(pool: Mapping[str, Any]) -> str:
    words = f"{pool['state']:<7}{pool['project']}/{pool['bucket']} {pool['used']:,} of {pool['limit']:,}"
    if pool["code"] == GONE:
        until = pool["exhausted_until"]
        who = "marked by an operator" if pool["marked_by"] == "operator" else "exhausted"
        return f"{words}, {who} until {both_zones(from_iso(until))}" if until else f"{words}, nothing left"
    likely = pool["run_out_probability"]
    if likely is None:
        return f"{words}, {pool['share']:.0%}"
    when = f" at {both_zones(from_iso(pool['run_out_at']))}" if pool["run_out_at"] else ""
    return f"{words}, {pool['share']:.0%}, runs out{when}: {likely:.0%} likely"


def _ahead(desk: Desk) -> Ahead:
    """Probability and time of the run-out by pool; nothing where nobody can forecast."""
    published = published_ahead(desk.settings.memory_dir)
    if published is not None:
        return published
    try:
        from ytquota.intelligence.forecaster import Forecaster  # noqa: PLC0415 - pandas is an extra
    except ImportError:
        return {}
    made = Forecaster(desk.monitor).forecasts(check=False, ahead=False)
    return ahead_of([one.as_dict() for one in made])
