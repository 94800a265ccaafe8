"""A lean SQLite ledger: the least that somebody who knows SQLite would write to hold and settle exactly."""

from __future__ import annotations

import os
import sqlite3
import time

from benchmarks.calls import BUCKET, PROJECT, RECORDS
from benchmarks.contestant import Contestant, Opened, Place
from ytquota.monitor import lines

_PATIENCE = 60.0
"""Seconds a writer waits for its turn; longer than any heat."""

_SCHEMA = """
PRAGMA journal_mode = WAL;
CREATE TABLE balance (
  project TEXT, bucket TEXT, used INTEGER, quota INTEGER, PRIMARY KEY (project, bucket)
) WITHOUT ROWID;
CREATE TABLE log (
  id INTEGER PRIMARY KEY, at REAL, project TEXT, bucket TEXT, units INTEGER, pid INTEGER, settled REAL,
  method TEXT, credential_set TEXT, tag TEXT, priority TEXT, price INTEGER, provenance TEXT, outcome TEXT,
  status INTEGER, reason TEXT, attempts INTEGER, retry INTEGER, latency REAL, host TEXT, facts TEXT
);
"""
_CHARGE = (
    "UPDATE balance SET used = used + ? WHERE project = ? AND bucket = ? AND used + ? <= quota RETURNING used"
)
_HOLD = "INSERT INTO log (at, project, bucket, units, pid) VALUES (?, ?, ?, ?, ?)"
_GIVE_BACK = "UPDATE balance SET used = used - ? WHERE project = ? AND bucket = ?"
_SETTLE = (
    "UPDATE log SET units = ?, settled = ?, method = ?, credential_set = ?, tag = ?, priority = ?, "
    "price = ?, provenance = ?, outcome = ?, status = ?, reason = ?, attempts = ?, retry = ?, latency = ?, "
    "host = ?, facts = ? WHERE id = ? AND settled IS NULL"
)


def _prepare(place: Place) -> None:
    connection = sqlite3.connect(place.folder / "ledger.sqlite")
    connection.executescript(_SCHEMA)
    connection.execute("INSERT INTO balance VALUES (?, ?, 0, ?)", (PROJECT, BUCKET, place.budget))
    connection.commit()
    connection.close()


def _open(place: Place) -> Opened:
    """Two transactions a call on one connection; a row of the log is found again by its rowid."""
    connection = sqlite3.connect(place.folder / "ledger.sqlite", timeout=_PATIENCE, isolation_level=None)
    connection.execute("PRAGMA synchronous = NORMAL")
    execute, pid = connection.execute, os.getpid()

    def hold(units: int) -> int | None:
        execute("BEGIN IMMEDIATE")
        if execute(_CHARGE, (units, PROJECT, BUCKET, units)).fetchone() is None:
            execute("ROLLBACK")
            return None
        held = execute(_HOLD, (time.time(), PROJECT, BUCKET, units, pid)).lastrowid
        execute("COMMIT")
        return held

    def pair(units: int) -> bool:
        held = hold(units)
        if held is None:
            return False
        (call,) = RECORDS[units]
        row = (
            call.units, time.time(), call.method, call.credential_set, call.tag, call.priority, call.price,
            call.provenance, call.outcome, call.status, call.reason, call.attempts, call.retry, call.latency,
            lines.HOST, lines.encode(call.facts), held,
        )  # fmt: skip
        execute("BEGIN IMMEDIATE")
        settled = execute(_SETTLE, row).rowcount
        if settled and call.released:
            execute(_GIVE_BACK, (call.released, PROJECT, BUCKET))
        execute("COMMIT")
        return True

    return Opened(pair, connection.close)


SQLITE = Contestant(
    "sqlite",
    "SQLite, lean",
    "WAL, NORMAL; hold + settle in two transactions, a balance row, a log row updated; no marks, no reserve",
    _open,
    _prepare,
)
