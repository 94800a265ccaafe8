"""The ledger: whether every balance can be read and trusted, and which calls nobody settled."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from ytquota.errors import LedgerUnavailable, YTQuotaError
from ytquota.monitor import lines
from ytquota.monitor.places import days_in, project_name
from ytquota.monitor.repair import GIVEN_UP_AFTER, Examination
from ytquota.monitor.repair import examine as read_whole
from ytquota.monitor.tail import read_state
from ytquota.operations.doctor import mending
from ytquota.operations.doctor.finding import Finding
from ytquota.operations.doctor.scan import Scan
from ytquota.prices import PriceBook

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from pathlib import Path

    from ytquota.operations.doctor.install import Install

_MOMENT = 0.05
"""Seconds after which a line that was being written when we looked is whole."""


@dataclass(frozen=True)
class _Day:
    """A journal of today or yesterday, read from its first line to its last."""

    install: Install
    path: Path
    day: date
    found: Examination
    scan: Scan

    @property
    def project(self) -> str:
        return project_name(self.path.stem)

    @property
    def is_today(self) -> bool:
        return self.day == self.install.today

    def repair(self) -> partial[str] | None:
        """What mends it; where a Redis counts, its word stands and a line of ours would be no mending."""
        if not self.install.counts_here:
            return None
        return partial(mending.mend, self.install, self.project, self.day)


def check(install: Install) -> Iterator[Finding]:
    """Read the journals of today and yesterday whole, of older days the last line."""
    recent: list[_Day] = []
    for day in days_in(install.calls):
        for path in sorted((install.calls / day.isoformat()).glob("*.jsonl")):
            try:
                state, _ = read_state(path)
                if state is not None and state["v"] > lines.VERSION:
                    yield _newer(path, state["v"])
                    continue
            except LedgerUnavailable as error:
                if error.__cause__ is not None:  # the disk's word, not ours about a line
                    yield Finding("ledger", "error", str(path), *_halves(error))
                    continue
                if day < install.today - timedelta(days=1):
                    yield from _garbled(_Day(install, path, day, read_whole(path), Scan()))
            if day >= install.today - timedelta(days=1):
                recent.append(_Day(install, path, day, read_whole(path), install.scan(path)))
    for one in recent:
        yield from _torn(one)
        yield from _garbled(one)
        yield from _sums(one)
        yield from _unsettled(one)
    yield from _unpriced(install, recent)


def _newer(path: Path, version: int) -> Finding:
    return Finding(
        "newer",
        "error",
        str(path),
        f"It was written by a newer ytquota (format {version}, this one writes {lines.VERSION}); calls are "
        "denied here.",
        "Run `pip install --upgrade ytquota` in this environment.",
    )


def _halves(error: LedgerUnavailable) -> tuple[str, str]:
    what, dot, remedy = str(error).partition(". ")
    return what + dot.strip(), remedy


def _torn(one: _Day) -> Iterator[Finding]:
    if one.found.is_torn and _is_still_torn(one.path):
        yield Finding(
            "torn",
            "warning",
            str(one.path),
            "It ends in half a line: a program was killed, or the power failed, while it wrote.",
            "Run `ytquota doctor --fix`; or leave it: the next call sets the half line aside by itself.",
            repair=one.repair(),
        )


def _is_still_torn(path: Path) -> bool:
    before = path.stat().st_size
    time.sleep(_MOMENT)
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 1))
        return size == before and file.read(1) not in {b"\n", b""}


def _garbled(one: _Day) -> Iterator[Finding]:
    found = one.found
    listed = ", ".join(map(str, found.unreadable[:5])) + (", ..." if len(found.unreadable) > 5 else "")  # noqa: PLR2004
    if not found.last_is_readable:
        repair = one.repair()
        yield Finding(
            "garbled",
            "error",
            str(one.path),
            f"Its last line (of {found.lines:,}) cannot be read, so the units used are unknown and calls of "
            f"project {one.project} are denied.",
            "Run `ytquota doctor --fix`: it adds a line with the balance that the readable lines prove."
            if repair
            else f"Run `mv {one.path} {one.path}.broken`: the count itself is safe in the Redis.",
            repair=repair,
        )
    elif any(number > one.scan.mended_upto for number in found.unreadable):
        yield Finding(
            "garbled",
            "note",
            str(one.path),
            f"Of its lines, {listed} cannot be read. The balances after them are whole: nothing is "
            "miscounted, but those calls are missing from the log.",
            "Nothing needs to be done; do not edit journals.",
        )


def _sums(one: _Day) -> Iterator[Finding]:
    """Whether the lines add up to the balance; only today's matters, and only where it is counted here."""
    found = one.found
    if found.unreadable or not one.is_today or not one.install.counts_here:
        return
    for bucket in sorted({*found.replayed, *found.stated}):
        lines_say, stated = found.replayed.get(bucket, 0), found.stated.get(bucket, 0)
        if lines_say != stated:
            pool = f"{one.project}/{bucket}"
            command = f'`ytquota correct {pool} ={lines_say} --reason "the lines add up to {lines_say}"`'
            yield Finding(
                "sums",
                "warning" if lines_say > stated else "note",
                str(one.path),
                f"The balance of {pool} says {stated:,} units used, its lines add up to {lines_say:,}: the "
                "file was edited, or two systems wrote to it.",
                f"Run {command}"
                + ("." if lines_say > stated else ", if you are sure; else nothing is lost."),
            )


def _unsettled(one: _Day) -> Iterator[Finding]:
    before = lines.stamp(one.install.clock.time() - GIVEN_UP_AFTER)
    units: Counter[str] = Counter()
    holds = []
    for hold in one.found.unsettled:
        counted = {bucket: n for bucket, n in hold.items if hold.at > one.scan.corrected.get(bucket, "")}
        if hold.at < before and counted:
            units.update(counted)
            holds.append(hold)
    if not holds:
        return
    told = " and ".join(f"{n:,} of {bucket}" for bucket, n in sorted(units.items()))
    commands = " and ".join(
        f'`ytquota correct {one.project}/{bucket} -{n} --reason "never sent"`'
        for bucket, n in sorted(units.items())
    )
    calls = "1 call was" if len(holds) == 1 else f"{len(holds)} calls were"
    yield Finding(
        "unsettled",
        "note",
        f"project {one.project}",
        f"{calls} charged on {one.day} and never settled, units: {told} (the first: "
        f"{holds[0].method or 'unknown'}, process {holds[0].pid}, {holds[0].at[:19]} UTC). The program was "
        "killed, or still waits; the units stay spent, as the calls may have gone out.",
        f"Nothing needs to be done. If you know that they never went out: {commands}."
        if one.is_today
        else "Nothing needs to be done: that day is over.",
    )


def _unpriced(install: Install, recent: list[_Day]) -> Iterator[Finding]:
    settings = install.settings
    calls: Counter[str] = Counter()
    for one in recent:
        calls.update(one.scan.unpriced)
    try:
        book = PriceBook.load(settings.price_profile, settings.prices_file)
    except YTQuotaError as error:
        remedy = "Correct that line, or remove YTQUOTA_PRICES_FILE."
        yield Finding("prices", "error", str(settings.prices_file), str(error), remedy)
        return
    file = settings.prices_file or settings.root / "my_prices.csv"
    for method, count in sorted(calls.items()):
        price = book.price_of(method, on=install.today)
        if price.flag == "unpriced":
            yield Finding(
                "unpriced",
                "warning",
                method,
                f"Nobody knows what it costs, so its {count:,} calls since yesterday were charged "
                f"{price.units} units each, as the dearest of their kind.",
                f"Write the line `{method},<units>` into {file} (first line: `method,units`)"
                + (
                    "."
                    if settings.prices_file
                    else f" and YTQUOTA_PRICES_FILE={file.name} into {install.env_file}."
                )
                + " If the name is a typing error, correct it in your program.",
            )
