"""``ytquota check``: one line per pool, and an exit code for cron and scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ytquota.cli.desk import START, Desk
from ytquota.cli.output import fail, from_iso, print_json
from ytquota.cli.status import ALMOST, GONE, NEARLY, gather
from ytquota.clock import SystemClock, both_zones
from ytquota.errors import SettingsError
from ytquota.intelligence.published import VALID, read_published

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LIKELY = 0.5
_WORDS = {0: "ok", NEARLY: "nearly", ALMOST: "almost", GONE: "gone"}
_Ahead = dict[tuple[str, str], tuple[float, str]]


def check(
    *,
    project: Annotated[str | None, typer.Option("--project", help="Only this project (its number).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Say in one line per pool how it stands, and end with the worst.

    0 fine, 10 over 80 % used, 20 over 95 % or more likely than not to run out
    before the reset, 30 exhausted. The probability is that of a forecast of
    the last half hour, as `ytquota watch` publishes it, else made now.

    Examples:
        ytquota check > /dev/null || echo "think twice"
        ytquota check --json | jq '.pools[] | select(.code >= 20)'
    """
    with Desk.open() as desk:
        if desk.is_bare:
            fail(SettingsError("\n".join(START)))
        report = gather(desk, project)
        if project is not None and project not in report["projects"]:
            fail(f"Project {project} is not known here: no credential set and no call is of it.")
        pools = list(_judged(report, _ahead(desk)))
    code = max((pool["code"] for pool in pools), default=0)
    if as_json:
        print_json({"code": code, "day": report["day"], "resets_at": report["resets_at"], "pools": pools})
    else:
        for pool in pools:
            typer.echo(_line(pool))
    raise typer.Exit(code)


def _judged(report: Mapping[str, Any], ahead: _Ahead) -> Iterator[dict[str, Any]]:
    for project, pools in report["projects"].items():
        for bucket, pool in pools.items():
            likely, when = ahead.get((project, bucket), (None, ""))
            code = _code(pool, likely)
            yield {
                "project": project,
                "bucket": bucket,
                "code": code,
                "state": _WORDS[code],
                **{name: pool[name] for name in ("used", "left", "limit", "share", "exhausted_until")},
                "run_out_probability": likely,
                "run_out_at": when or None,
            }


def _code(pool: Mapping[str, Any], likely: float | None) -> int:
    if pool["exhausted_until"] or pool["left"] <= 0:
        return GONE
    if pool["share"] > 0.95 or (likely or 0.0) > LIKELY:  # noqa: PLR2004 - the shares named above
        return ALMOST
    return NEARLY if pool["share"] > 0.8 else 0  # noqa: PLR2004


def _line(pool: Mapping[str, Any]) -> str:
    words = f"{pool['state']:<7}{pool['project']}/{pool['bucket']} {pool['used']:,} of {pool['limit']:,}"
    if pool["code"] == GONE:
        until = pool["exhausted_until"]
        return (
            f"{words}, exhausted until {both_zones(from_iso(until))}" if until else f"{words}, nothing left"
        )
    likely = pool["run_out_probability"]
    if likely is None:
        return f"{words}, {pool['share']:.0%}"
    when = f" at {both_zones(from_iso(pool['run_out_at']))}" if pool["run_out_at"] else ""
    return f"{words}, {pool['share']:.0%}, runs out{when}: {likely:.0%} likely"


def _ahead(desk: Desk) -> _Ahead:
    """Probability and time of the run-out by pool; nothing where nobody can forecast."""
    now = SystemClock().time()
    found = read_published(desk.settings.memory_dir)
    if found is not None and 0 <= now - from_iso(found["made_at"]).timestamp() <= VALID:
        return _of(found["pools"])
    try:
        from ytquota.intelligence.forecaster import Forecaster  # noqa: PLC0415 - pandas is an extra
    except ImportError:
        return {}
    made = Forecaster(desk.monitor).forecasts(check=False, ahead=False)
    return _of([one.as_dict() for one in made])


def _of(pools: list[dict[str, Any]]) -> _Ahead:
    return {
        (one["project"], one["bucket"]): (
            one["run_out_probability"],
            one["run_out_at"]["middle"] or one["run_out_at"]["low"] or "",
        )
        for one in pools
        if one.get("run_out_probability") is not None
    }
