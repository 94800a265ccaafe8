"""Closed days as tables: the columns of a call, and the roll-up that long histories are read from.

One row per line of the log; 9 to 12 bytes a call as zstd Parquet. Times are kept to the millisecond.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from ytquota.monitor.facts import joined, whole
from ytquota.monitor.polled import INTERVAL, interval_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_TEXT = pa.dictionary(pa.int32(), pa.string())

CALLS = pa.schema(
    {
        "at": pa.timestamp("ms", "UTC"),
        "kind": _TEXT,  # settle, release, refuse
        "project": _TEXT,
        "bucket": _TEXT,
        "method": _TEXT,
        "set": _TEXT,
        "tag": _TEXT,
        "priority": _TEXT,
        "outcome": _TEXT,
        "reason": _TEXT,
        "prov": _TEXT,  # where the price comes from
        "units": pa.int32(),  # charged
        "refused": pa.int32(),  # wanted and not given
        "price": pa.int32(),
        "calls": pa.int32(),  # more than 1 where refused demand was summed
        "attempts": pa.int16(),
        "retry": pa.int16(),
        "status": pa.int16(),
        "latency_ms": pa.int32(),
        "host": _TEXT,
        "pid": pa.int32(),
        "ids": pa.int16(),
        "max_results": pa.int16(),
        "page": pa.bool_(),
        "parts": _TEXT,  # joined by commas
        "filters": _TEXT,  # of a search, joined by commas: names, and words of the API's own
        "polling_interval": pa.int32(),  # milliseconds that the answer to a poll of a chat asked to wait
        "hash": pa.uint32(),  # of the parameters, keyed; its first 32 bits tell calls of one day apart
    }
)

ROLLUP_KEYS = ("slot", "project", "bucket", "set", "tag", "method", "outcome")
SLOT_MINUTES = 15
SUMMED = ("calls", "attempts", "units", "refused")
LATENCY = "latency_ms"
MEASURED = ("at", "outcome", "retry", *SUMMED, LATENCY)
"""The columns of a call that `measured` reads, besides its keys."""

_CHUNK = 65_536


def calls_table(rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Rows of the log as one table with the columns of `CALLS`."""
    rows = iter(rows)
    batches = []
    while chunk := list(islice(rows, _CHUNK)):
        batches.append(pa.RecordBatch.from_pylist([_flat(row) for row in chunk], schema=CALLS))
    return pa.Table.from_batches(batches, schema=CALLS).unify_dictionaries()


def rows_of(table: pa.Table) -> Iterator[dict[str, Any]]:
    """The rows of an archived table as the journal would have given them."""
    for batch in table.to_batches(max_chunksize=_CHUNK):
        for flat in batch.to_pylist():
            yield _row(flat)


def measured(
    calls: pa.Table, *, keys: Sequence[str] = ROLLUP_KEYS[1:], minutes: int = SLOT_MINUTES
) -> pa.Table:
    """Calls with what roll-ups add up, in whole numbers: the slot, the keys and the measures.

    `calls` is what a program asked for (a retry is no further call), `attempts` the requests that were sent,
    `units` and `refused` are quota units, `latency_ms` and `latency_ms_max` milliseconds.

    Args:
        calls: an archived table, with at least the columns of `keys` and of `MEASURED`.
        keys: the key columns to keep.
        minutes: length of a slot, a divisor of a day's minutes.
    """
    answered = pc.not_equal(calls["outcome"].cast(pa.string()), "denied")
    first = pc.equal(calls["retry"], 0)
    latency = calls["latency_ms"].cast(pa.int64())
    return pa.table(
        {
            "slot": pc.floor_temporal(calls["at"], minutes, "minute"),
            **{key: calls[key] for key in keys},
            "calls": pc.if_else(first, calls["calls"], 0).cast(pa.int64()),
            "attempts": pc.if_else(answered, calls["attempts"].cast(pa.int64()), 0),
            "units": calls["units"].cast(pa.int64()),
            "refused": calls["refused"].cast(pa.int64()),
            LATENCY: latency,
            f"{LATENCY}_max": latency,
        }
    )


def rollup(calls: pa.Table) -> pa.Table:
    """Calls, attempts, units, refused units, latency sum and maximum (seconds) of every quarter of an hour.

    The keys are `ROLLUP_KEYS`; the measures are those of `measured`.
    """
    table = measured(calls)
    for place, key in enumerate(ROLLUP_KEYS[1:], start=1):
        table = table.set_column(place, key, table[key].cast(pa.string()))
    grouped = table.group_by(list(ROLLUP_KEYS)).aggregate(
        [*((name, "sum") for name in (*SUMMED, LATENCY)), (f"{LATENCY}_max", "max")]
    )
    seconds = {
        name: pc.divide(grouped[column].cast(pa.float64()), 1000.0)
        for name, column in (("latency_sum", f"{LATENCY}_sum"), ("latency_max", f"{LATENCY}_max_max"))
    }
    whole = {name: grouped[f"{name}_sum"] for name in SUMMED}
    columns = {key: grouped[key] for key in ROLLUP_KEYS} | whole | seconds
    return pa.table(columns).sort_by([(key, "ascending") for key in ROLLUP_KEYS])


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    facts = row.get("facts") or {}
    return {
        **{name: row.get(name) for name in CALLS.names},
        "at": _milliseconds(row["at"]),
        "refused": row.get("refused", 0),
        "calls": row.get("calls", 1),
        "latency_ms": round(row.get("latency", 0.0) * 1000),
        "ids": whole(facts.get("ids")),
        "max_results": whole(facts.get("maxResults")),
        "page": True if facts.get("page") else None,
        "parts": joined(facts.get("parts")),
        "filters": joined(facts.get("filters")),
        "polling_interval": interval_of(facts),
        "hash": _beginning(facts.get("hash")),
    }


def _beginning(fingerprint: object) -> int | None:
    """The first 32 bits of a hash; None where it is none, for which no day must stay out of the archive."""
    try:
        return int(str(fingerprint)[:8], 16) & 0xFFFF_FFFF
    except ValueError:
        return None


def _row(flat: dict[str, Any]) -> dict[str, Any]:
    facts = {
        "ids": flat.pop("ids"),
        "maxResults": flat.pop("max_results"),
        "page": flat.pop("page"),
        "parts": flat.pop("parts"),
        "filters": flat.pop("filters", None),  # not in tables of old, nor is the next
        INTERVAL: flat.pop("polling_interval", None),
        "hash": flat.pop("hash"),
    }
    if facts["hash"] is not None:
        facts["hash"] = f"{facts['hash']:08x}"
    for name in ("parts", "filters"):
        if facts[name] is not None:
            facts[name] = facts[name].split(",")
    known = {name: value for name, value in facts.items() if value is not None}
    flat["at"] = flat["at"].strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    flat["latency"] = flat.pop("latency_ms") / 1000
    flat["id"] = ""
    return flat | ({"facts": known} if known else {})


def _milliseconds(stamp: str) -> int:
    """Epoch milliseconds of a line's `at`; cheaper than a datetime for every row."""
    return _epoch_minute(stamp[:16]) + int(stamp[17:19]) * 1000 + int(stamp[20:23])


@lru_cache(maxsize=2048)
def _epoch_minute(minute: str) -> int:
    return int(datetime.fromisoformat(f"{minute}:00+00:00").timestamp()) * 1000
