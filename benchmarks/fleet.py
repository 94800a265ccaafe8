"""A fleet's archive of ten million calls, rolled up call by call: by pandas, and by Dask on two processes."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from benchmarks.dask_cluster import dask_cluster
from benchmarks.history import CALLS, DAYS, day_of_calls, peak_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import numpy as np
    import pandas as pd
    import pyarrow as pa

    Timed = tuple[pd.DataFrame, float, float]

# each way is measured with its imports, so each is made where it is needed
# ruff: noqa: PLC0415

HOSTS = ("studio-1", "studio-2", "crawler-1", "crawler-2")
PROJECTS = ("482913375516", "730155829347")
_SEED = 20261126
_CLOSED = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Way:
    """One way to roll up: seconds without imports, those of processors in all processes, and the result.

    `megabytes` is the peak memory of each process.
    """

    name: str
    seconds: float
    cpu: float
    megabytes: tuple[float, ...]
    rows: int
    digest: str


@dataclass(frozen=True, slots=True)
class Fleet:
    """What was measured: on how many calls in how many files, and whether all ways came to the same."""

    calls: int
    days: int
    files: int
    ways: tuple[Way, ...]

    @property
    def is_equal(self) -> bool:
        """Whether every way gave the same rows, to the unit and the millisecond."""
        return len({way.digest for way in self.ways}) == 1


def measure(folder: Path, *, calls: int = CALLS, days: int = DAYS) -> Fleet:
    """Write the archive once, then roll it up each way in fresh processes."""
    address = str(folder / "archive")
    files = write(folder, calls, days)
    ways = [_apart(name, address) for name in WAYS]
    with dask_cluster(folder / "dask") as cluster:
        client = _apart("dask", address, cluster.address)
        ways.append(replace(client, megabytes=(*client.megabytes, *cluster.peaks())))
    return Fleet(calls, days, files, tuple(ways))


def write(folder: Path, calls: int, days: int, *, hosts: tuple[str, ...] = HOSTS) -> int:
    """Archive so many seeded calls, a file for each day, host and project; returns how many files."""
    import numpy as np

    from ytquota.clock import quota_day
    from ytquota.monitor.archive import Archive
    from ytquota.monitor.archive_tables import rollup

    chance = np.random.default_rng(_SEED)
    first = quota_day(time.time()) - _CLOSED - timedelta(days=days)
    places = [(host, project) for host in hosts for project in PROJECTS]
    shares = _shares(calls, days * len(places))
    for number in range(days):
        day = first + timedelta(days=number)
        for host, project in places:
            table = _varied(chance, day_of_calls(chance, day, next(shares), project=project))
            archive = Archive(folder / "archive", host)
            for kind, content in (("calls", table), ("rollup", rollup(table))):
                archive._write(kind, day, project, content)  # noqa: SLF001  (its journals would be 9 GB)
    return days * len(places)


def _shares(calls: int, files: int) -> Iterator[int]:
    """How many calls come into each file, so that none is left over."""
    for number in range(files):
        yield calls * (number + 1) // files - calls * number // files


def _varied(chance: np.random.Generator, table: pa.Table) -> pa.Table:
    """The same with retries, demand that was summed, and calls whose set nobody knows."""
    import numpy as np
    import pyarrow as pa

    size = table.num_rows
    columns = {
        "retry": pa.array(chance.choice([0, 0, 0, 0, 1, 2], size), pa.int16()),
        "attempts": pa.array(chance.choice([1, 1, 1, 2], size), pa.int16()),
        "calls": pa.array(np.where(chance.random(size) < 0.01, 17, 1), pa.int32()),
        "outcome": _some(chance, table["outcome"], "denied", 0.02),
        "set": _some(chance, table["set"], None, 0.01),
    }
    for name, values in columns.items():
        place = table.column_names.index(name)
        table = table.set_column(place, table.schema.field(name), values)
    return table


def _some(chance: np.random.Generator, column: pa.ChunkedArray, value: str | None, share: float) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    is_other = pa.array(chance.random(len(column)) < share)
    changed = pc.if_else(is_other, pa.scalar(value, pa.string()), column.cast(pa.string()))
    return pa.chunked_array(changed).dictionary_encode().cast(column.type)


# -- in a fresh process


def _file_by_file(address: str) -> Timed:
    from ytquota.intelligence.roll_up import roll_up_archives

    return _timed(lambda: roll_up_archives([address], source="calls"), time.process_time)


def _all_at_once(address: str) -> Timed:
    return _timed(lambda: _whole_frame(address), time.process_time)


def _whole_frame(address: str) -> pd.DataFrame:
    """For comparison: every call in one frame, and `roll_up` on it."""
    import pandas as pd

    from ytquota.intelligence import roll_up as module

    frames = [frame for part in module.parts_of(address, "calls") for frame in module.measured_frames(part)]
    for key in module.KEYS[1:]:
        seen = pd.api.types.union_categoricals([frame[key].astype("category") for frame in frames])
        for frame in frames:
            frame[key] = frame[key].astype("category").cat.set_categories(seen.categories)
    return module.in_order(module.roll_up(pd.concat(frames, ignore_index=True)))


def _on_dask(address: str, scheduler: str) -> Timed:
    from distributed import Client

    from ytquota.intelligence.roll_up import roll_up_archives

    with Client(scheduler) as client:
        client.wait_for_workers(2)
        client.run(_with_imports)

        def cpu() -> float:
            there = (*client.run(time.process_time).values(), client.run_on_scheduler(time.process_time))
            return time.process_time() + sum(there)

        return _timed(lambda: roll_up_archives([address], source="calls", client=client), cpu)


def _timed(step: Callable[[], pd.DataFrame], cpu: Callable[[], float]) -> Timed:
    """What a step gives, and the seconds it took: of the clock, and of processors."""
    used, began = cpu(), time.perf_counter()
    rolled = step()
    ended = time.perf_counter()
    return rolled, ended - began, cpu() - used


def _with_imports() -> None:
    import dask.dataframe  # noqa: F401

    import ytquota.intelligence.roll_up  # noqa: F401


WAYS: dict[str, Callable[..., Timed]] = {"file by file": _file_by_file, "all at once": _all_at_once}
LABELS = {
    "file by file": "pandas, file by file",
    "all at once": "pandas, every call in memory",
    "dask": "Dask, a scheduler and 2 workers",
}


def _apart(name: str, *arguments: str) -> Way:
    command = [sys.executable, "-m", "benchmarks.fleet", name, *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    facts: dict[str, Any] = json.loads(done.stdout)
    return Way(name, **{**facts, "megabytes": (facts["megabytes"],)})


def _run(name: str, *arguments: str) -> dict[str, float | int | str]:
    import pandas  # noqa: F401, ICN001  (not timed)

    _with_imports()

    rolled, seconds, cpu = (WAYS | {"dask": _on_dask})[name](*arguments)
    return {
        "seconds": seconds,
        "cpu": cpu,
        "megabytes": peak_memory(),
        "rows": len(rolled),
        "digest": digest_of(rolled),
    }


def digest_of(rolled: pd.DataFrame) -> str:
    """What two roll-ups have in common only if they are equal in every figure, name and order."""
    return hashlib.sha256(rolled.to_csv(index=False).encode()).hexdigest()


if __name__ == "__main__":
    print(json.dumps(_run(*sys.argv[1:])))
