"""The journal's line, version 1: one JSON object per line, each with the balance after it.

`bal` is {bucket: [used, refused, limit, exhausted_until]}; `lim`, where somebody said what a limit is, holds
{bucket: {"operator": n, "server": n}}; `provisional` lists the buckets whose mark is provisional,
`by_operator` those whose mark an operator set. Only the
last line is read to admit a call, so whatever the next writer must know stands on every line.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import orjson

from ytquota.prices import BUCKETS, DEFAULT_LIMITS

if TYPE_CHECKING:
    from ytquota.monitor.ledger import CallRecord, LimitSource

VERSION = 1
HEADER = b'{"v":1,"kind":"'

decode = orjson.loads


def encode(line: Mapping[str, Any]) -> bytes:
    """A line as JSON, whatever a caller put into it: the request went out already, so nothing may be raised.

    What JSON has no place for, as a set among a call's facts or half a character in a tag, is kept as text.
    """
    try:
        return orjson.dumps(line)
    except TypeError:
        return orjson.dumps(_encodable(line))


def _encodable(value: object) -> object:
    if isinstance(value, Mapping):
        return {_text(name): _encodable(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_encodable(part) for part in value]
    is_plain = value is None or type(value) in {bool, float} or (type(value) is int and value in _INTEGERS)
    return value if is_plain else _text(value)


def _text(value: object) -> str:
    return str(value).encode("utf-8", "replace").decode()


_INTEGERS = range(-(2**63), 2**63)


_second: tuple[int, str] = (0, "1970-01-01T00:00:00")


def stamp(at: float) -> str:
    """An instant as ISO 8601 in UTC with microseconds, so that lines sort and read as text."""
    global _second  # noqa: PLW0603 - one cached tuple, replaced whole: most lines share their second
    second = int(at)
    cached, text = _second
    if cached != second:
        text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        _second = second, text
    return f"{text}.{int((at - second) * 1_000_000):06d}Z"


@lru_cache(maxsize=8)
def _compact(day: date) -> str:
    return day.strftime("%Y%m%d")


def nonce() -> str:
    """What tells the holds of one open journal from those of another."""
    return f"{random.getrandbits(32):08x}"


def hold_id(day: date, offset: int, nonce: str) -> str:
    """Day, byte offset of the hold's line, and a nonce: enough to find the line again without a search."""
    return f"{_compact(day)}-{offset:x}-{nonce}"


def parse_id(id_: str) -> tuple[date, int]:
    """The quota day and byte offset inside a hold's id.

    Raises:
        ValueError: the text is not a hold's id.
    """
    day, offset, _nonce = id_.split("-")
    return date(int(day[:4]), int(day[4:6]), int(day[6:])), int(offset, 16)


def effective_limit(bucket: str, said: dict[str, int] | None) -> tuple[int, LimitSource]:
    """The limit in force and who said it.

    The operator, unless the server says less; the server; the default.
    """
    operator, server = (said or {}).get("operator"), (said or {}).get("server")
    if operator is not None and (server is None or operator <= server):
        return operator, "operator"
    if server is not None:
        return server, "server"
    return DEFAULT_LIMITS.get(bucket, 0), "default"


def empty_balances() -> dict[str, list[Any]]:
    """A day on which nothing has been used."""
    return {bucket: [0, 0, DEFAULT_LIMITS[bucket], None] for bucket in BUCKETS}


HOST = os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")


def call_fields(record: CallRecord, pid: int) -> dict[str, Any]:
    """What a settle, release or refuse line says about the call."""
    fields = {
        "method": record.method,
        "set": record.credential_set,
        "tag": record.tag,
        "priority": record.priority,
        "bucket": record.bucket,
        "units": record.units,
        "price": record.price,
        "prov": record.provenance,
        "outcome": record.outcome,
        "status": record.status,
        "reason": record.reason,
        "attempts": record.attempts,
        "retry": record.retry,
        "latency": round(record.latency, 6),
        "host": HOST,
        "pid": pid,
    }
    if record.outcome in {"refused", "denied"}:
        fields["refused"] = record.released
    elif record.released:
        fields["released"] = record.released
    if record.facts:
        fields["facts"] = record.facts
    return fields
