"""The figures as a table for the console and as docs/benchmarks.md."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.table import Table

from benchmarks.contest import ATTEMPTS, BUDGET
from benchmarks.fleet import LABELS
from benchmarks.promises import Promise, check

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console

    from benchmarks.contest import Contest, Plan, Row
    from benchmarks.fleet import Fleet
    from benchmarks.history import History
    from benchmarks.opening import Opening

_COLUMNS = (
    "n",
    "ledger",
    "p50 µs",
    "p99 µs",
    "max ms",
    "pairs/s",
    "slowest",
    "p50/floor",
    "p50/SQLite",
    "p99/SQLite",
    "budget",
)
_TEXT_COLUMNS = {"ledger", "budget"}


@dataclass(frozen=True, slots=True)
class Results:
    """Everything that one run measured."""

    plan: Plan
    machine: dict[str, str]
    contest: Contest
    opening: Opening | None
    history: History | None
    fleet: Fleet | None = None

    @property
    def promises(self) -> list[Promise]:
        """The promises, each with its figure."""
        return check(self.contest, self.opening, self.history, self.fleet)


def show(results: Results, console: Console) -> None:
    """Print everything."""
    table = Table(
        title="hold + settle, medians of rounds",
        title_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1),
    )
    for name in _COLUMNS:
        table.add_column(name, justify="left" if name in _TEXT_COLUMNS else "right", no_wrap=True)
    before = 0
    for row in results.contest.rows:
        if before not in {0, row.processes}:
            table.add_section()
        before = row.processes
        table.add_row(*_cells(row, results.contest))
    console.print(table)
    for title, header, rows in _small_tables(results):
        small = Table(*header, title=title, title_justify="left", box=SIMPLE_HEAD)
        for cells in rows:
            small.add_row(*cells)
        console.print(small)


def markdown(results: Results) -> str:
    """The page docs/benchmarks.md."""
    contest = [_cells(row, results.contest) for row in results.contest.rows]
    parts = [_INTRODUCTION, _method(results.plan), "## Hold and settle\n", _grid(_COLUMNS, contest)]
    for title, header, rows in _small_tables(results):
        if not title.startswith(_FLEET):  # it has a section with words of its own
            parts += [f"\n## {title}\n", _grid(header, rows)]
    if results.history is None:
        parts.append("\nThe long history was not measured in this run: `python -m benchmarks --long`.\n")
    if results.fleet is not None:
        parts += ["", fleet_section(results.fleet, results.machine)]
    parts += ["\n## Who takes part\n", *_takers(results.contest)]
    return "\n".join(parts)


def _cells(row: Row, contest: Contest) -> list[str]:
    start = [str(row.processes), row.contestant.label]
    if row.failure:
        return [*start, *[""] * (len(_COLUMNS) - 3), row.failure]
    floor, sqlite, m = contest.row("floor", row.processes), contest.row("sqlite", row.processes), row.median
    budget = str(row.exactness) if row.exactness else "decides nothing"
    early = f"; {m.refused:.0%} refused with no end in sight" if m.refused else ""
    return [
        *start,
        _number(m.p50),
        _number(m.p99),
        f"{m.worst / 1e3:,.1f}",
        f"{m.rate:,.0f}",
        f"{m.slowest:.2f}",
        _times(row.against(floor, "p50")),
        _times(row.against(sqlite, "p50")),
        _times(row.against(sqlite, "p99")),
        budget + early,
    ]


def _small_tables(results: Results) -> Iterable[tuple[str, Sequence[str], list[list[str]]]]:
    if results.opening is not None:
        o = results.opening
        yield (
            "Opening a day",
            ("day", "first hold of a fresh process, ms"),
            [
                ["empty", f"{o.empty:.2f}"],
                [f"{o.calls:,} calls, {o.gigabytes:.1f} GB", f"{o.full:.2f}"],
            ],
        )
    if results.history is not None:
        h = results.history
        size = f"{h.calls_bytes:.2f} bytes a call, {h.rollup_bytes:.2f} more for roll-ups"
        title = f"A history of {h.calls:,} calls in {h.days} days: {size}"
        rows = [
            [name, f"{r.seconds:.2f}", f"{r.import_pandas:.2f}", f"{r.megabytes:,.0f}"]
            for name, r in h.readings.items()
        ]
        yield (
            title,
            ("read in a fresh process", "s after importing pandas", "importing pandas, s", "peak MB"),
            rows,
        )
    if results.fleet is not None:
        yield (f"{_FLEET} {_fleet_size(results.fleet)}", *fleet_table(results.fleet))
    yield (
        "Promises",
        ("promise", "bound", "measured", "kept"),
        [_promise(promise) for promise in results.promises],
    )
    yield "Machine", ("fact", "value"), [[name, value] for name, value in results.machine.items()]


def fleet_section(fleet: Fleet, machine: dict[str, str]) -> str:
    """The part of the page about a fleet's archive."""
    header, rows = fleet_table(fleet)
    return "\n".join((f"## {_FLEET} {_fleet_size(fleet)}", "", _FLEET_METHOD, _grid(header, rows), "", (
        f"Measured on {machine['Date']} with a load of {machine['Load before the run']} before the run. "
        f"{'All came to the same, row by row.' if fleet.is_equal else 'They DIFFER.'}"
    ), ""))  # fmt: skip


def with_section(page: str, section: str) -> str:
    """A page with the section about a fleet's archive replaced, or added before the last one."""
    parts = re.split(r"^(?=## )", page, flags=re.MULTILINE)
    kept = [part for part in parts if not part.startswith(f"## {_FLEET}")]
    return "".join([*kept[:-1], section + "\n", kept[-1]])


def fleet_table(fleet: Fleet) -> tuple[Sequence[str], list[list[str]]]:
    """Head and rows: seconds and memory of each way to roll up a fleet's archive."""
    header = ("every call rolled up by", "s", "of processors, s", "peak MB of each process", "rows")
    return header, [
        [
            LABELS[way.name],
            f"{way.seconds:.1f}",
            f"{way.cpu:.1f}",
            " + ".join(f"{peak:,.0f}" for peak in way.megabytes),
            f"{way.rows:,}",
        ]
        for way in fleet.ways
    ]


def _fleet_size(fleet: Fleet) -> str:
    return f"{fleet.calls:,} calls of {fleet.days} days in {fleet.files} files"


def _promise(promise: Promise) -> list[str]:
    sign = "at least" if promise.at_least else "at most"
    bound, measured = (f"{figure:,.2f}{promise.unit}" for figure in (promise.bound, promise.measured))
    return [promise.what, f"{sign} {bound}", measured, "yes" if promise.kept else "no"]


def _number(figure: float) -> str:
    return f"{figure:,.1f}" if figure < 100 else f"{figure:,.0f}"


def _times(figure: float | None) -> str:
    return "" if figure is None else f"{figure:,.2f}"


def _grid(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    rule = [":--" if name in _TEXT_COLUMNS or len(header) < len(_COLUMNS) else "--:" for name in header]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, rule, *rows))


def _takers(contest: Contest) -> Iterable[str]:
    for taker in {row.contestant.name: row.contestant for row in contest.rows}.values():
        fault = f" Known: {taker.fault}." if taker.fault else ""
        yield f"- **{taker.label}**: {taker.what}.{fault}"
    yield ""


_INTRODUCTION = """# Benchmarks

Made by `make bench` (`python -m benchmarks --write`; `--long` adds the long history and more rounds).
Absolute figures are this machine's; compare the ratios, which come from the same rounds.
"""


_FLEET = "A fleet's archive:"
_FLEET_METHOD = """Four hosts and two projects, rolled up by quarter of an hour, day, host, project, bucket,
set, tag, method and outcome, by one and the same function. Each way has fresh processes; the seconds are
without imports and without starting them, those of processors of all processes together. Of Dask's processes
the first is the client, the second the scheduler, the others the workers, all on this machine and its
processors: what Dask is for is an archive that one machine takes too long for.
On a busy machine, compare the seconds of processors.
"""


def _method(plan: Plan) -> str:
    return f"""*n* processes use one ledger at once. A *pair* is what one call costs its program: ask for one
unit, and log how the call ended. Rate limiters keep no record, so their pair is the asking alone. Each figure
is the median of {plan.rounds} rounds; a round goes through all contestants in turn, {plan.seconds:g} seconds
each, so that a machine that grows slower is slower for all. Latencies run from the end of one pair to the end
of the next. *slowest* is what the slowest process got of a fair part. Ratios are medians of the rounds'
ratios; below 1 is faster.

*budget*: {ATTEMPTS} calls of mixed prices (1, 50, 100) on {BUDGET:,} units, until they run out. Exact means
that every unit was given out and none over, and that nothing was refused while it would have fitted for
certain.

Redis runs on a socket of the same machine and keeps nothing on disk. "power" syncs after every step;
everything else on disk survives a killed process, not a power cut.
"""
