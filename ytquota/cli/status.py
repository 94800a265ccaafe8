"""``ytquota status``: what every pool has used and has left, and in which state the credential sets are."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer
from rich.live import Live

from ytquota.auth.sets import load_sets
from ytquota.cli.desk import START, Desk
from ytquota.cli.fleet import show_fleet
from ytquota.cli.known import check_project
from ytquota.cli.output import FAILURE, console, print_json
from ytquota.cli.pools import page
from ytquota.cli.sets import facts_of
from ytquota.cli.severity import Ahead, code_of, dead_sets, published_ahead
from ytquota.clock import SystemClock, next_reset, seconds_to_reset


def status(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    check: Annotated[
        bool,
        typer.Option("--check", help="End with 10 over 80 % used, 20 over 95 %, 30 exhausted."),
    ] = False,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Go on showing it until Ctrl-C.")] = False,
    every: Annotated[float, typer.Option("--every", min=0.2, help="Seconds between two looks.")] = 2.0,
    project: Annotated[str | None, typer.Option("--project", help="Only this project (its number).")] = None,
    all_ledgers: Annotated[
        bool, typer.Option("--all", help="Every ledger that YTQUOTA_FLEET lists, in one view.")
    ] = False,
) -> None:
    """Show what every pool has used and has left.

    With the next reset, the credential sets, and where the ledger is.
    --check ends with 20, too, where a forecast of the last half hour says
    that a pool will more likely than not run out. It makes none itself, to
    be quick: `ytquota check` does where `ytquota watch` published none.
    With --all also who spent it; --check then ends with 1 where a ledger
    cannot be looked at and no pool is worse.

    Examples:
        ytquota status --watch
        ytquota status --json | jq '.projects[].default.left'
        ytquota status --check > /dev/null || echo "think twice"
    """
    with Desk.open() as desk:
        if all_ledgers:
            show_fleet(desk.settings, as_json=as_json, check=check, watch=watch, every=every, project=project)
            return
        check_project(desk, project)
        if watch and not as_json:
            _watch(desk, every, project)
        report = gather(desk, project)
    if as_json:
        print_json(report)
    elif desk.is_bare:
        typer.echo("\n".join(START))
    else:
        console().print(page(report))
    if check:
        raise typer.Exit(severity(report, published_ahead(desk.settings.memory_dir) or {}))


def gather(desk: Desk, project: str | None = None) -> dict[str, Any]:
    """Return what ``status --json`` prints: the usage summary and, under ``sets``, the credential sets."""
    if desk.is_bare:
        return _nothing(desk)
    wanted = [project] if project is not None else []
    sets = [facts_of(credential_set) for credential_set in load_sets(desk.settings, desk.monitor)]
    report = desk.monitor.get_usage_summary(
        projects=[*(facts["project"] for facts in sets if facts["project"]), *wanted]
    )
    report["is_first_day"] = desk.is_first_day
    report["unknown_settings"] = list(desk.settings.unknown)
    if project is not None:
        report["projects"] = {name: pools for name, pools in report["projects"].items() if name == project}
        sets = [facts for facts in sets if facts["project"] == project]
    return report | {"sets": sets}


def _nothing(desk: Desk) -> dict[str, Any]:
    """Return the report of a folder in which nothing was ever counted."""
    now = SystemClock().time()
    return {
        "day": desk.today.isoformat(),
        "resets_at": next_reset(now).isoformat(),
        "seconds_to_reset": round(seconds_to_reset(now), 3),
        "counted_since": None,
        "ledger": str(desk.settings.memory_dir / "calls"),
        "projects": {},
        "is_first_day": True,
        "unknown_settings": list(desk.settings.unknown),
        "sets": [],
    }


def severity(report: dict[str, Any], ahead: Ahead) -> int:
    """Return the exit code of ``--check``: that of the worst pool, and 1 where a credential set is broken."""
    worst = max(
        (
            code_of(pool, ahead.get((project, bucket), (0.0, ""))[0])
            for project, pools in report["projects"].items()
            for bucket, pool in pools.items()
        ),
        default=0,
    )
    return worst or (FAILURE if dead_sets(report["sets"]) else 0)


def _watch(desk: Desk, every: float, project: str | None) -> None:
    with Live(page(gather(desk, project)), console=console(), auto_refresh=False) as live:
        while True:
            time.sleep(every)
            live.update(page(gather(desk, project)), refresh=True)
