"""What left for Google, minute by minute: the log as it is held against Google's counters.

A line of the log may stand for several sends (httplib2 repeats a read whose connection broke), and Google
counts a send when it arrives, not when its answer is there. How a send ended decides whether it is charged;
the endings here are finer than the log's outcomes, as Google may charge them differently.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ytquota import clock as clocks
from ytquota.monitor.official import TAG as OFFICIAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from ytquota.monitor.metering import QuotaMonitor

ENDINGS = ("ok", "unchanged", "4xx", "5xx", "lost", "refused", "free", "not_sent")
"""How a send may end: `unchanged` is a 304, `lost` one whose answer never came, `free` bad credentials."""

SENDS: dict[str, str] = {
    "minute": "datetime64[us, UTC]",  # the minute in which it was sent
    "bucket": "category",
    "method": "category",
    "ending": "category",  # one of ENDINGS
    "host": "category",
    "price": "int64",  # quota units of one send, as the log priced it
    "sends": "int64",
    "units": "int64",  # quota units that stayed charged
}

_KEYS = ["minute", "bucket", "method", "ending", "host", "price"]
_TEXTS = ("bucket", "method", "outcome", "host")
_NUMBERS = {"status": 0, "units": 0, "price": 0, "attempts": 1, "latency": 0.0}
_COLUMNS = ("at", *_TEXTS, "status", "units", "price", "attempts", "latency_ms")
_CHUNK = 4096
_NOT_MODIFIED, _CLIENT_ERROR, _SERVER_ERROR = 304, 400, 500


def read_sends(monitor: QuotaMonitor, project: str, since: datetime, until: datetime) -> pd.DataFrame:
    """The sends of one project between two instants (aware; until excluded), from a monitor's log.

    Archived days are read as tables, so that six weeks of a busy project take seconds. What the log has of
    Google's own count is no send of ours.
    """
    first, last = clocks.quota_day(since), clocks.quota_day(until)
    tables = monitor.archived_calls(first, last, ["project", *_COLUMNS])
    _, found = monitor.summable(clocks.day_start(first), None, project=project)
    rows = (row for row in found if row["kind"] != OFFICIAL)
    frame = sends_frame(rows, tables, project=project)
    inside = (frame["minute"] >= since) & (frame["minute"] < until)
    return frame[inside].reset_index(drop=True)


def sends_frame(
    rows: Iterable[Mapping[str, Any]], tables: Sequence[Any] = (), *, project: str | None = None
) -> pd.DataFrame:
    """Sends by minute, bucket, method, ending, host and price, oldest first, with the columns of `SENDS`.

    Args:
        rows: lines as `QuotaMonitor.log()` yields them.
        tables: archived calls (pyarrow) with at least the columns that this module names.
        project: only this project's; None where all that is passed belongs to one.
    """
    parts = [_counted(_from_rows(rows)), *(_counted(_from_table(table, project)) for table in tables)]
    parts = [part for part in parts if len(part)] or parts[:1]
    for name in ("bucket", "method", "ending", "host"):
        seen = pd.api.types.union_categoricals([part[name] for part in parts], sort_categories=True)
        parts = [part.assign(**{name: part[name].cat.set_categories(seen.categories)}) for part in parts]
    frame = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]
    return _grouped(frame)


def _from_rows(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    values: dict[str, list[Any]] = {name: [] for name in ("at", *_TEXTS, *_NUMBERS)}
    for chunk in _chunks(rows):
        values["at"].extend([row["at"] for row in chunk])
        for name in _TEXTS:
            values[name].extend([row.get(name) or "" for row in chunk])
        for name, default in _NUMBERS.items():
            values[name].extend([row.get(name, default) or 0 for row in chunk])
    at = pd.to_datetime(values["at"], format="ISO8601", utc=True).as_unit("us")
    texts = {name: pd.Categorical(values[name]) for name in _TEXTS}
    numbers = {name: np.array(values[name], dtype="float64") for name in _NUMBERS}
    return pd.DataFrame({"seconds": at.asi8 / 1e6, **texts, **numbers})


def _chunks(rows: Iterable[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    rows = iter(rows)
    while chunk := list(islice(rows, _CHUNK)):
        yield chunk


def _from_table(table: Any, project: str | None) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas(strings_to_categorical=True)
    if project is not None and "project" in frame:
        frame = frame[frame["project"] == project]
    seconds = pd.DatetimeIndex(frame["at"]).as_unit("us").asi8 / 1e6
    numbers = {name: frame[name].fillna(0).astype("float64") for name in ("status", "units", "price")}
    numbers |= {
        "attempts": frame["attempts"].fillna(1).astype("float64"),
        "latency": frame["latency_ms"].fillna(0).astype("float64") / 1000,
    }
    texts = {name: frame[name].astype("category") for name in _TEXTS}
    return pd.DataFrame({"seconds": seconds, **texts, **numbers})


def _counted(calls: pd.DataFrame) -> pd.DataFrame:
    """The sends of each line: the last one ended as the line says, those before it were lost."""
    calls = calls[calls["outcome"] != "denied"]
    last = calls.assign(
        ending=pd.Categorical(_endings(calls), categories=ENDINGS),
        sends=1,
        units=calls["units"] - (calls["attempts"] - 1).clip(lower=0) * calls["price"],
    )
    again = calls[calls["attempts"] > 1]
    before = again.assign(
        ending=pd.Categorical(["lost"] * len(again), categories=ENDINGS),
        sends=again["attempts"] - 1,
        units=(again["attempts"] - 1) * again["price"],
    )
    both = pd.concat([last, before], ignore_index=True) if len(before) else last
    sent = ((both["seconds"] - both["latency"]) // 60 * 60_000_000).astype("int64")
    minute = pd.DatetimeIndex(sent.to_numpy().view("datetime64[us]")).tz_localize("UTC")
    return _grouped(both.assign(minute=minute))


def _endings(calls: pd.DataFrame) -> np.ndarray[Any, np.dtype[Any]]:
    outcome, status = calls["outcome"].astype("object").to_numpy(), calls["status"].to_numpy()
    answered = (outcome == "ok") | (outcome == "error")
    conditions = [
        answered & (status == _NOT_MODIFIED),
        answered & (status >= _SERVER_ERROR),
        answered & (status >= _CLIENT_ERROR),
        outcome == "error",
    ]
    return np.select(conditions, ["unchanged", "5xx", "4xx", "lost"], default=outcome)


def _grouped(frame: pd.DataFrame) -> pd.DataFrame:
    whole = {"price": "int64", "sends": "int64", "units": "int64"}
    sums = frame.astype(whole).groupby(_KEYS, observed=True, sort=True)[["sends", "units"]].sum()
    return sums.reset_index().astype(SENDS)[list(SENDS)]
