"""A SQLite ledger that keeps what the journal keeps, so that equal work is compared.

Per quota day and bucket a balance with a mark; holds with names that any process may settle, once; a log that
is only ever appended to, each row with the balances after it; a reserve that is checked with the charge.
"""

from __future__ import annotations

import os
import sqlite3
import time
import uuid

from benchmarks.calls import BUCKET, PROJECT, RECORDS
from benchmarks.contestant import Contestant, Opened, Place
from ytquota.clock import bounds_at
from ytquota.monitor import lines
from ytquota.prices import BUCKETS, DEFAULT_LIMITS

_PATIENCE = 60.0

_SCHEMA = """
PRAGMA journal_mode = WAL;
CREATE TABLE balance (
  project TEXT, day TEXT, bucket TEXT, used INTEGER, refused INTEGER, quota INTEGER, exhausted_until REAL,
  PRIMARY KEY (project, day, bucket)
) WITHOUT ROWID;
CREATE TABLE log (
  seq INTEGER PRIMARY KEY, id TEXT, kind TEXT, at REAL, project TEXT, day TEXT, balances TEXT, units INTEGER,
  fields TEXT
);
CREATE INDEX log_by_id ON log (id);
"""
_CHARGE = """
UPDATE balance SET used = used + :units
WHERE project = :project AND day = :day AND bucket = :bucket AND used + :units <= quota - :keep
  AND (exhausted_until IS NULL OR exhausted_until <= :at)
"""
_BALANCES = "SELECT bucket, used, refused, quota, exhausted_until FROM balance WHERE project = ? AND day = ?"
_APPEND = """
INSERT INTO log (id, kind, at, project, day, balances, units, fields) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
_SETTLED = "SELECT 1 FROM log WHERE id = ? AND kind IN ('settle', 'release')"
_GIVE_BACK = "UPDATE balance SET used = used - ? WHERE project = ? AND day = ? AND bucket = ?"


def _today() -> str:
    return bounds_at(time.time()).day.isoformat()


def _prepare(place: Place) -> None:
    connection = sqlite3.connect(place.folder / "statement.sqlite")
    connection.executescript(_SCHEMA)
    for bucket in BUCKETS:
        quota = place.budget if bucket == BUCKET else DEFAULT_LIMITS[bucket]
        connection.execute(
            "INSERT INTO balance VALUES (?, ?, ?, 0, 0, ?, NULL)", (PROJECT, _today(), bucket, quota)
        )
    connection.commit()
    connection.close()


def _open(place: Place) -> Opened:
    """Two transactions a call on one connection, statements prepared once by sqlite3's own cache."""
    connection = sqlite3.connect(place.folder / "statement.sqlite", timeout=_PATIENCE, isolation_level=None)
    connection.execute("PRAGMA synchronous = NORMAL")
    execute, pid, day = connection.execute, os.getpid(), _today()

    def append(id_: str, kind: str, at: float, units: int, fields: dict[str, object]) -> None:
        balances = {row[0]: row[1:] for row in execute(_BALANCES, (PROJECT, day))}
        execute(_APPEND, (id_, kind, at, PROJECT, day, lines.encode(balances), units, lines.encode(fields)))

    def hold(units: int) -> str | None:
        at, id_ = time.time(), uuid.uuid4().hex
        execute("BEGIN IMMEDIATE")
        wanted = {"units": units, "project": PROJECT, "day": day, "bucket": BUCKET, "keep": 0, "at": at}
        if not execute(_CHARGE, wanted).rowcount:
            execute("ROLLBACK")
            return None
        append(id_, "hold", at, units, {"pid": pid})
        execute("COMMIT")
        return id_

    def pair(units: int) -> bool:
        id_ = hold(units)
        if id_ is None:
            return False
        (call,) = RECORDS[units]
        execute("BEGIN IMMEDIATE")
        if execute(_SETTLED, (id_,)).fetchone() is None:
            if call.released:
                execute(_GIVE_BACK, (call.released, PROJECT, day, BUCKET))
            append(id_, "settle", time.time(), call.units, lines.call_fields(call, pid))
        execute("COMMIT")
        return True

    return Opened(pair, connection.close)


STATEMENT = Contestant(
    "statement",
    "SQLite, same promises",
    "the journal's work in SQLite (WAL, NORMAL): named holds, marks, reserve, append-only log with balances",
    _open,
    _prepare,
)
