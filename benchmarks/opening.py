"""Opening a day: does the first call of a fresh process take longer when a million calls stand before it?"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.calls import BUCKET, ITEMS, NO_END, PROJECT, RECORDS
from ytquota.monitor.journal import Journal

CALLS = 1_000_000
_BLOCK = 10_000


@dataclass(frozen=True, slots=True)
class Opening:
    """Median milliseconds from making a journal to its first hold: an empty day, and a full one."""

    calls: int
    gigabytes: float
    empty: float
    full: float

    @property
    def more(self) -> float:
        """Milliseconds that the full day takes longer."""
        return self.full - self.empty


def measure(folder: Path, *, calls: int = CALLS, turns: int = 11) -> Opening:
    """Open either day by turns, each time in a new process.

    Args:
        folder: an empty folder; the full day needs about a gigabyte in it.
        calls: how many calls the full day holds, two lines each.
        turns: how often either is opened.
    """
    full, empty = folder / "full", folder / "empty"
    size = fill(full, calls)
    times: dict[Path, list[float]] = {full: [], empty: []}
    for _ in range(turns):
        shutil.rmtree(empty, ignore_errors=True)
        for day in (empty, full):
            times[day].append(_in_fresh_process(day))
    shutil.rmtree(full)
    shutil.rmtree(empty)
    return Opening(calls, size / 1e9, statistics.median(times[empty]), statistics.median(times[full]))


def fill(folder: Path, calls: int) -> int:
    """Write today's journal with so many calls, a block of real lines over and over; returns its bytes."""
    journal = _journal(folder)
    for _ in range(min(_BLOCK, calls)):
        journal.settle(journal.hold(PROJECT, ITEMS[1]), RECORDS[1])
    journal.close()
    path = next(folder.rglob("*.jsonl"))
    block = path.read_bytes()
    with path.open("ab") as file:
        for _ in range(calls // _BLOCK - 1):
            file.write(block)
        file.flush()
        os.fsync(file.fileno())  # what is still on its way to the disk would slow down whoever comes next
    return path.stat().st_size


def _journal(folder: Path) -> Journal:
    return Journal(folder, limits=lambda _project, bucket: NO_END if bucket == BUCKET else None)


def _in_fresh_process(folder: Path) -> float:
    command = [sys.executable, "-m", "benchmarks.opening", str(folder)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _first_call(folder: Path) -> float:
    """Milliseconds of the first hold in this process, which has imported everything and opened nothing."""
    began = time.perf_counter()
    _journal(folder).hold(PROJECT, ITEMS[1])
    return (time.perf_counter() - began) * 1e3


if __name__ == "__main__":
    print(_first_call(Path(sys.argv[1])))
