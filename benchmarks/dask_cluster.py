"""A Dask cluster on loopback: a scheduler and workers, each a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_START_TIME = 60.0


@dataclass(frozen=True, slots=True)
class DaskCluster:
    """A running cluster: its address, and the processes, the scheduler's first."""

    address: str
    processes: tuple[subprocess.Popen[bytes], ...]

    def peaks(self) -> list[float]:
        """The most memory that each process ever had, in MB; the scheduler's first."""
        return [_peak(process.pid) for process in self.processes]


@contextmanager
def dask_cluster(folder: Path, workers: int = 2) -> Iterator[DaskCluster]:
    """Start a scheduler and workers of one thread each; all of them are gone afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    contact = folder / "scheduler.json"
    common = ["--scheduler-file", str(contact), "--host", "127.0.0.1", "--no-dashboard"]
    single = ["--nthreads", "1", "--nworkers", "1", "--no-nanny", "--local-directory", str(folder)]
    with ExitStack() as stack:
        scheduler = _start(stack, folder, "scheduler", [*common, "--port", "0"])
        deadline = time.monotonic() + _START_TIME
        while not (address := _address(contact)):
            if scheduler.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((folder / "scheduler.log").read_text(encoding="utf-8")[-2000:])
            time.sleep(0.02)
        others = [
            _start(stack, folder, "worker", [*common, *single, "--death-timeout", "60"], number)
            for number in range(workers)
        ]
        yield DaskCluster(address, (scheduler, *others))


def _start(
    stack: ExitStack, folder: Path, role: str, options: list[str], number: int = 0
) -> subprocess.Popen[bytes]:
    log = stack.enter_context((folder / f"{role}{number or ''}.log").open("wb"))
    process = subprocess.Popen([sys.executable, "-m", "dask", role, *options], stdout=log, stderr=log)
    stack.callback(_stop, process)
    return process


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)


def _address(contact: Path) -> str:
    """Where the scheduler listens, as soon as its file is whole."""
    try:
        return str(json.loads(contact.read_text(encoding="utf-8"))["address"])
    except (FileNotFoundError, ValueError, KeyError):
        return ""


def _peak(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) / (1 << 10)
