"""A long history: thirty archived days of ten million calls, and reading them in a fresh process."""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.calls import ITEMS, PROJECT, RECORDS

if TYPE_CHECKING:
    from datetime import date

    import numpy as np
    import pyarrow as pa

    from ytquota.intelligence import QuotaIntelligence

# what reads the history is measured with its imports, so each is made where it is needed
# ruff: noqa: PLC0415

CALLS, DAYS = 10_000_000, 30
_CLOSED = timedelta(days=3)
"""The youngest day that is archived; before that a day may still be settled."""
_SEED = 20261123

_METHODS = {
    "videos.list": 0.42,
    "liveChatMessages.list": 0.31,
    "channels.list": 0.10,
    "playlistItems.list": 0.10,
    "commentThreads.list": 0.05,
    "liveChatMessages.insert": 0.02,
}
_PRICES = (1, 5, 1, 1, 1, 50)
_TAGS = {"nightly-crawler": 0.4, "live-chat": 0.33, "new-videos": 0.17, "comments": 0.1}
_OUTCOMES = {"ok": 0.985, "error": 0.009, "refused": 0.004, "lost": 0.002}
_REPEATED = 0.35
"""Share of calls whose parameters are some of a few hundred that are polled again and again."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read the daily burn by method: seconds after pandas is imported, and peak memory in MB."""

    seconds: float
    import_pandas: float
    megabytes: float
    rows: int
    is_ours: bool


@dataclass(frozen=True, slots=True)
class History:
    """The archive's size in bytes per call, and readings by name."""

    calls: int
    days: int
    calls_bytes: float
    rollup_bytes: float
    readings: dict[str, Reading]

    @property
    def bytes_per_call(self) -> float:
        """Calls and roll-ups together."""
        return self.calls_bytes + self.rollup_bytes


def measure(folder: Path, *, calls: int = CALLS, days: int = DAYS, turns: int = 5) -> History:
    """Write the archive, then read it several times, each time in a new process."""
    write(folder, calls, days)
    calls_bytes, rollup_bytes = (
        sum(path.stat().st_size for path in (folder / "archive" / kind).rglob("*.parquet")) / calls
        for kind in ("calls", "rollup")
    )
    readings = {name: _median(name, folder, turns) for name in READERS}
    return History(calls, days, calls_bytes, rollup_bytes, readings)


def write(folder: Path, calls: int, days: int) -> None:
    """Archive so many seeded calls, spread evenly over the days; today has a journal with one call."""
    import numpy as np

    from ytquota.clock import quota_day
    from ytquota.monitor.archive import Archive
    from ytquota.monitor.archive_tables import rollup
    from ytquota.monitor.journal import Journal

    archive, chance = Archive(folder / "archive", host="bench"), np.random.default_rng(_SEED)
    first = quota_day(time.time()) - _CLOSED - timedelta(days=days)
    for number in range(days):
        day = first + timedelta(days=number)
        table = day_of_calls(chance, day, calls // days)
        for kind, content in (("calls", table), ("rollup", rollup(table))):
            archive._write(kind, day, PROJECT, content)  # noqa: SLF001  (its journals would be 9 GB)
    journal = Journal(folder / "calls")
    journal.settle(journal.hold(PROJECT, ITEMS[1]), RECORDS[1])
    journal.close()


def day_of_calls(chance: np.random.Generator, day: date, calls: int, *, project: str = PROJECT) -> pa.Table:
    """One day of calls with the columns of the archive, busy by day and quiet by night."""
    import numpy as np
    import pyarrow as pa

    from ytquota.clock import bounds_of
    from ytquota.monitor.archive_tables import CALLS as SCHEMA

    def drawn(shares: dict[str, float]) -> tuple[np.ndarray, pa.Array]:
        picked = chance.choice(len(shares), calls, p=list(shares.values()))
        return picked, pa.DictionaryArray.from_arrays(pa.array(picked, pa.int32()), list(shares))

    bounds = bounds_of(day)
    share_of_day = (chance.beta(2.2, 1.8, calls) + chance.random(calls)) / 2
    at = np.sort(((bounds.start + share_of_day * (bounds.end - bounds.start)) * 1e3).astype("int64"))
    method, methods = drawn(_METHODS)
    outcome, outcomes = drawn(_OUTCOMES)
    price, refused = np.array(_PRICES, "int32")[method], outcome == 2
    few, many = chance.integers(0, 2**32, 400), chance.integers(0, 2**32, calls)
    hashes = np.where(chance.random(calls) < _REPEATED, few[chance.integers(0, 400, calls)], many)
    columns: dict[str, Any] = {
        "at": pa.array(at, pa.timestamp("ms", "UTC")),
        "project": project, "bucket": "default", "set": "1", "priority": "normal", "prov": "documented",
        "reason": "", "host": "bench", "parts": "snippet,statistics", "filters": "order=date,type=video",
        "kind": pa.DictionaryArray.from_arrays(pa.array(refused, pa.int32()), ["settle", "release"]),
        "method": methods, "tag": drawn(_TAGS)[1], "outcome": outcomes,
        "units": np.where(refused, 0, price), "refused": np.where(refused, price, 0), "price": price,
        "calls": np.ones(calls), "attempts": np.ones(calls), "retry": np.zeros(calls),
        "status": np.array([200, 404, 403, 0])[outcome],
        "latency_ms": chance.lognormal(4.4, 0.45, calls),
        "pid": chance.choice([4242, 4243, 4311, 5120], calls),
        "ids": np.where(method == 0, 50, 0), "max_results": np.full(calls, 50), "page": method == 3,
        "polling_interval": pa.nulls(calls),  # one a poll adds 0.1 to 0.6 bytes to a call
        "hash": hashes,
    }  # fmt: skip
    return pa.table([_column(columns[field.name], field.type, calls) for field in SCHEMA], schema=SCHEMA)


def _column(values: Any, kind: pa.DataType, calls: int) -> pa.Array:
    import numpy as np
    import pyarrow as pa

    if isinstance(values, str):
        return pa.DictionaryArray.from_arrays(pa.array(np.zeros(calls, "int32")), [values])
    if isinstance(values, pa.Array):
        return values.cast(kind)
    return pa.array(values if values.dtype == bool else values.astype("int64")).cast(kind)


# -- in a fresh process


def _intelligence(folder: str) -> QuotaIntelligence:
    from ytquota.intelligence import QuotaIntelligence
    from ytquota.monitor import QuotaMonitor
    from ytquota.monitor.journal import Journal

    memory = Path(folder)
    return QuotaIntelligence(QuotaMonitor(Journal(memory / "calls"), folder=memory))


def _daily_burn(folder: str) -> int:
    return len(_intelligence(folder).daily_burn())


def _burn_by_method(folder: str) -> int:
    return len(_intelligence(folder).burn_by("method"))


def _from_parquet(folder: str) -> int:
    """For comparison: pandas over the archived calls, by day and method, the needed columns only."""
    import pandas as pd

    frame = pd.read_parquet(f"{folder}/archive/calls", columns=["day", "bucket", "method", "units"])
    return len(frame.groupby(["day", "bucket", "method"], observed=True)["units"].sum())


READERS = {
    "daily_burn()": _daily_burn,
    'burn_by("method")': _burn_by_method,
    "pandas over the raw Parquet": _from_parquet,
}


def _median(name: str, folder: Path, turns: int) -> Reading:
    command = [sys.executable, "-m", "benchmarks.history", name, str(folder)]
    runs = [
        json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        for _ in range(turns)
    ]
    figures = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
    return Reading(**{**figures, "rows": int(figures["rows"])}, is_ours=READERS[name] is not _from_parquet)


def _read(name: str, folder: str) -> dict[str, float]:
    began = time.perf_counter()
    import pandas  # noqa: F401, ICN001  (timed by itself)

    imported = time.perf_counter()
    rows = READERS[name](folder)
    ended = time.perf_counter()
    return {
        "seconds": ended - imported,
        "import_pandas": imported - began,
        "megabytes": peak_memory(),
        "rows": rows,
    }


def peak_memory() -> float:
    """Most memory this process ever had, in MB; not by getrusage on Linux, which counts the parent's in."""
    try:
        status = Path("/proc/self/status").read_text(encoding="utf-8")
    except FileNotFoundError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)
    return int(status.partition("VmHWM:")[2].split()[0]) / (1 << 10)


if __name__ == "__main__":
    print(json.dumps(_read(*sys.argv[1:3])))
