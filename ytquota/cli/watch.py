"""``ytquota watch``: tells operators when a pool runs low or will run out, and a login ends or is refused."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections import Counter
from typing import Annotated

import typer

from ytquota.auth.sets import load_sets
from ytquota.cli.desk import START, Desk
from ytquota.cli.output import FAILURE, fail, hint, plural, print_json
from ytquota.cli.sets import facts_of
from ytquota.cli.severity import dead_line, dead_sets
from ytquota.clock import PACIFIC
from ytquota.errors import SettingsError
from ytquota.operations.watch import EVERY, Watch, only_one

_DAYS = 30


def watch(
    *,
    once: Annotated[bool, typer.Option("--once", help="Look once, tell, and end.")] = False,
    every: Annotated[float, typer.Option("--every", min=1.0, help="Seconds between two looks.")] = EVERY,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell nobody: show what would have been told lately.")
    ] = False,
    days: Annotated[
        int | None,
        typer.Option("--days", min=1, max=365, help="How many days a dry run looks back; else 30."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a dry run as one JSON document.")] = False,
) -> None:
    """Look every minute, and tell operators what they should know.

    When a pool passes 80 %, will probably run out before its reset, refuses
    calls, or a login is refused, broken, or ends within 48 hours: once a day
    and pool, and once more when it is over. With an account for Google's counters it
    compares the counts every 15 minutes. YTQUOTA_ALERT_... say whom to tell;
    the history is memory/quota_alerts.json. One watch per ledger; SIGTERM and
    Ctrl-C end it.

    Examples:
        ytquota watch
        ytquota watch --once
        ytquota watch --dry-run --days 30
        ytquota watch --dry-run --json | jq '.alerts[] | {at, rule, text}'
    """
    if as_json and not dry_run:
        raise typer.BadParameter("it goes with --dry-run", param_hint="--json")
    if days is not None and not dry_run:
        raise typer.BadParameter("it goes with --dry-run", param_hint="--days")
    with Desk.open() as desk:
        if desk.is_bare:
            fail(SettingsError("\n".join(START)))
        if dry_run:
            _replay(desk, days or _DAYS, as_json=as_json)
            return
        _speak()
        with only_one(desk.settings.memory_dir):
            keeper = Watch(desk.settings, desk.monitor)
            if once:
                _once(keeper, desk)
            else:
                _keep(keeper, every, desk)


def _speak() -> None:
    """Let the log of alerts appear on stdout, where systemd and people look for it."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log = logging.getLogger("ytquota.alerts")
    log.handlers, log.propagate = [handler], False
    log.setLevel(logging.INFO)


def _keep(keeper: Watch, every: float, desk: Desk) -> None:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    told = [name for name in ("urls", "webhook", "command") if getattr(desk.settings.alerts, name)]
    hint(f"Watching {desk.monitor.ledger.location}; tells {', '.join(told) or 'nobody but this log'}.")
    keeper.run(stop, every=every)


def _once(keeper: Watch, desk: Desk) -> None:
    """Look once; what a person sees is never nothing, and a login that cannot be used is a failure."""
    told = keeper.look()
    dead = dead_sets(facts_of(one) for one in load_sets(desk.settings, desk.monitor))
    for line in map(dead_line, dead):
        typer.echo(line)
    if not told and not dead:
        typer.echo("Nothing new to tell.")
    if dead:
        raise typer.Exit(FAILURE)


def _replay(desk: Desk, days: int, *, as_json: bool) -> None:
    from ytquota.operations.alerts.dry_run import dry_run  # noqa: PLC0415 - needs pandas

    told = dry_run(desk.settings, desk.monitor, days=days)
    if as_json:
        print_json({"days": days, "alerts": [alert.to_json() for alert in told]})
        return
    kinds = Counter[str]()
    for alert in told:
        kinds[alert.kind] += 1
        typer.echo(
            f"{alert.at.astimezone(PACIFIC):%a %d %b %H:%M}  {alert.kind:<8}  {alert.rule:<9}  {alert.text}"
        )
    typer.echo(
        f"In the last {plural(days, 'day')}, {plural(kinds['alert'], 'alert')} would have been given, and "
        f"{kinds['recovery']} told as over."
    )
