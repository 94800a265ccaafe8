"""References of our own: the floor under any ledger in Python, and the JSON file that many bots keep."""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
import time
from pathlib import Path

from benchmarks.calls import BUCKET, ITEMS, NO_END, PROJECT, RECORDS
from benchmarks.contestant import Contestant, Opened, Place
from ytquota.monitor import lines
from ytquota.monitor.journal import Journal


def line_lengths() -> tuple[int, int]:
    """Bytes of the journal's line of a hold and of its settlement, newlines included."""
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder), limits=lambda _project, bucket: NO_END if bucket == BUCKET else None)
        journal.settle(journal.hold(PROJECT, ITEMS[1]), RECORDS[1])
        journal.close()
        held, settled = next(Path(folder).rglob("*.jsonl")).read_bytes().splitlines(keepends=True)[-2:]
    return len(held), len(settled)


def _floor(place: Place) -> Opened:
    """Lock, read the tail, append, unlock; twice; no decision, no encoding, no Python but the loop."""
    held, settled = (b"x" * (length - 1) + b"\n" for length in line_lengths())
    tail = len(settled)
    fd = os.open(place.folder / "floor", os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)

    def pair(_units: int) -> bool:
        for line in (held, settled):
            fcntl.flock(fd, fcntl.LOCK_EX)
            os.pread(fd, tail, max(0, os.lseek(fd, 0, os.SEEK_END) - tail))
            os.write(fd, line)
            fcntl.flock(fd, fcntl.LOCK_UN)
        return True

    return Opened(pair, lambda: os.close(fd))


def _prepare_json(place: Place) -> None:
    state = {"quota": {BUCKET: place.budget}, "used": {BUCKET: 0}, "calls": {}, "last": None}
    (place.folder / "quota.json").write_text(json.dumps(state), encoding="utf-8")


def _json(place: Place) -> Opened:
    """A small JSON file, read and replaced as a whole under a lock, once to reserve and once to commit."""
    path, fresh = place.folder / "quota.json", place.folder / f"quota.json.{os.getpid()}"
    lock = os.open(place.folder / "quota.lock", os.O_RDWR | os.O_CREAT, 0o666)

    def write(state: dict[str, object]) -> None:
        fresh.write_text(json.dumps(state), encoding="utf-8")
        fresh.replace(path)

    def pair(units: int) -> bool:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            state = json.loads(path.read_text(encoding="utf-8"))
            if state["used"][BUCKET] + units > state["quota"][BUCKET]:
                return False
            state["used"][BUCKET] += units
            write(state)
        finally:
            fcntl.flock(lock, fcntl.LOCK_UN)
        (call,) = RECORDS[units]
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            state = json.loads(path.read_text(encoding="utf-8"))
            state["calls"][call.method] = state["calls"].get(call.method, 0) + 1
            state["last"] = lines.call_fields(call, os.getpid()) | {"at": time.time()}
            write(state)
        finally:
            fcntl.flock(lock, fcntl.LOCK_UN)
        return True

    return Opened(pair, lambda: os.close(lock))


FLOOR = Contestant(
    "floor",
    "floor (bare os calls)",
    "lock, read tail, append, unlock, twice, with lines as long as the journal's; no decision",
    _floor,
    decides=False,
)
JSON = Contestant(
    "json",
    "JSON file under a lock",
    "reserve + commit, each reads and replaces a small file; no log",
    _json,
    _prepare_json,
)
