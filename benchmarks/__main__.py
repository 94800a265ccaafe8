"""`python -m benchmarks`: measure, print, and with --write keep the page docs/benchmarks.md."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from benchmarks import fleet, history, machine, opening
from benchmarks.contest import PROCESSES, Contest, Plan, run
from benchmarks.contestants import CONTESTANTS
from benchmarks.redis_server import RedisServer, redis_server
from benchmarks.report import Results, fleet_section, markdown, show, with_section

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
_WIDTH = 142
"""Columns that the table needs, however narrow the terminal."""
QUICK, LONG = Plan(), Plan(rounds=11, seconds=1.0)


def main() -> None:
    """Run what the command line asks for."""
    asked = _arguments()
    console = Console(width=max(_WIDTH, Console().width))
    plan = LONG if asked.long else QUICK
    if asked.only:
        plan = Plan(plan.rounds, plan.seconds, PROCESSES, asked.only)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=asked.folder) as name:
        if asked.fleet:
            _fleet_alone(Path(name), console, write=asked.write)
            return
        results = _measure(plan, Path(name), console, long=asked.long)
    show(results, console)
    if asked.write:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(markdown(results), encoding="utf-8")
        console.print(f"Written: {PAGE.name}")


def _measure(plan: Plan, folder: Path, console: Console, *, long: bool) -> Results:
    with redis_server(folder) as server, Progress(console=console, transient=True) as progress:
        facts = machine.facts(folder, server)
        contest = _contest(plan, folder, server, progress)
        progress.add_task("opening a day", total=None)
        opened = opening.measure(folder / "days")
        read = rolled = None
        if long:
            progress.add_task("a long history", total=None)
            read = history.measure(folder / "history")
            progress.add_task("a fleet's archive", total=None)
            rolled = fleet.measure(folder / "fleet")
    return Results(plan, facts, contest, opened, read, rolled)


def _fleet_alone(folder: Path, console: Console, *, write: bool) -> None:
    facts = machine.facts(folder, None)
    with console.status("a fleet's archive"):
        measured = fleet.measure(folder)
    section = fleet_section(measured, facts)
    console.print(section)
    if write:
        PAGE.write_text(with_section(PAGE.read_text(encoding="utf-8"), section), encoding="utf-8")


def _contest(plan: Plan, folder: Path, server: RedisServer | None, progress: Progress) -> Contest:
    heats = len(plan.processes) * len(plan.contestants) * (plan.rounds + 1)
    task = progress.add_task("", total=heats)

    def on_heat(what: str) -> None:
        progress.update(task, advance=1, description=what)

    return run(plan, folder, server, on_heat=on_heat)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    pace = parser.add_mutually_exclusive_group()
    pace.add_argument("--quick", action="store_true", help="under three minutes (the default)")
    pace.add_argument("--long", action="store_true", help="more rounds, and a history of ten million calls")
    pace.add_argument("--fleet", action="store_true", help="only the roll-up of a fleet's archive")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    parser.add_argument("--only", metavar="NAMES", help=f"some of {','.join(CONTESTANTS)}")
    parser.add_argument(
        "--folder", type=Path, help="on the disk to measure; default: that of temporary files"
    )
    asked = parser.parse_args()
    asked.only = tuple(filter(None, (asked.only or "").split(",")))
    if unknown := set(asked.only) - set(CONTESTANTS):
        parser.error(f"no contestant is called {', '.join(sorted(unknown))}")
    return asked


if __name__ == "__main__":
    main()
