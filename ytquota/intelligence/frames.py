"""From the log's rows to tidy frames: one row per call, then sums by day, by hand, by hour.

Every frame has its columns and dtypes even when nothing has been logged. Units are never added across
buckets: a search costs one of a hundred in its own bucket, a list call one of ten thousand in another.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from ytquota.clock import PACIFIC, bounds_of
from ytquota.monitor.facts import whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

Grouping = Literal["method", "credential_set", "tag", "bucket", "hour", "project", "priority"]

STEP = 300
"""Seconds per step of the intraday curve."""

DEMAND_NOT_MET = ("refused", "denied")
"""Outcomes of calls that had no quota: refused by the server, denied by us before they were sent."""

FAILED = ("error", "lost")
"""Outcomes of calls that were charged and brought nothing."""

REACHED = ("ok", "error", "lost", "free")
"""Outcomes of calls that were sent and not refused for quota."""

CALLS: dict[str, str] = {
    "at": "datetime64[us, UTC]",  # when the call ended
    "day": "datetime64[us]",  # its quota day: the calendar date in Pacific time
    "project": "category",  # Google Cloud project number
    "bucket": "category",
    "method": "category",
    "credential_set": "category",
    "tag": "category",
    "priority": "category",
    "outcome": "category",  # ok, error, refused, denied, lost, not_sent, free
    "reason": "category",  # Google's machine reason, or ours
    "provenance": "category",  # of the price; "official": counted by Google, some minutes a row
    "status": "Int16",  # HTTP status; missing when no answer came
    "units": "int64",  # quota units charged in the end
    "price": "int64",  # quota units of one attempt
    "calls": "int64",  # calls this line stands for: 1, 0 for a retry, more where refused demand was summed
    "attempts": "int64",  # times the call was sent
    "unmet": "int64",  # quota units that were asked for and not to be had
    "latency": "float64",  # seconds from the first byte sent to the last one read; missing if official
    "ids": "Int32",  # ids asked for in one call, where the method takes them
}

SUMS = (
    *("at", "day", "project", "bucket", "method", "credential_set", "tag", "outcome"),
    *("units", "calls", "unmet"),
)
"""What sums are made of: those columns of `CALLS` that a roll-up of archived days has too."""

DAILY: dict[str, str] = {
    "day": "datetime64[us]",
    "project": "object",
    "bucket": "object",
    "units": "int64",  # quota units charged
    "calls": "int64",  # calls that were sent and not refused for quota
    "failed": "int64",  # of these, the ones whose first send was charged and brought nothing
    "refused": "int64",  # calls that had no quota, whether we denied them or the server did
    "unmet": "int64",  # quota units that the refused calls would have cost
}

BURN: tuple[str, ...] = ("units", "calls", "failed", "refused", "unmet", "share")

INTRADAY: dict[str, str] = {
    "at": "datetime64[us, UTC]",  # end of the five minutes
    "project": "object",
    "bucket": "object",
    "units": "int64",  # charged in these five minutes
    "total": "int64",  # charged since the quota day began
}

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

_TEXTS = tuple(name for name, dtype in CALLS.items() if dtype == "category")
_WHOLE = {"units": 0, "price": 0, "calls": 1, "attempts": 1, "unmet": 0}
_READ: dict[str, object] = dict.fromkeys(_TEXTS, "") | _WHOLE | {"status": None, "latency": 0.0, "retry": 0}
"""What is read from a row, and what stands where the row says nothing."""
_KEYS = {"credential_set": "set", "provenance": "prov", "unmet": "refused"}
_CHUNK = 4096


def calls_frame(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """One row per logged call, oldest first, with the columns of `CALLS`.

    Args:
        rows: lines as `QuotaMonitor.log()` yields them.
    """
    values = _columns(rows)
    at = pd.to_datetime(values["at"], format="ISO8601", utc=True).as_unit("us")
    columns: dict[str, Any] = {"at": at, "day": quota_days(at)}
    columns |= {name: pd.Categorical(values[name]) for name in _TEXTS}
    columns |= {name: np.array(values[name], dtype="int64") for name in _WHOLE}
    columns["calls"] = np.where(np.array(values["retry"], dtype="int64") > 0, 0, columns["calls"])
    columns["status"] = pd.array(values["status"], dtype="Int16")
    columns["ids"] = pd.array(values["ids"], dtype="Int32")
    columns["latency"] = np.array(values["latency"], dtype="float64")
    return pd.DataFrame(columns, columns=list(CALLS))


def sums_frame(tables: Sequence[Any], rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """The log for adding up, as `QuotaMonitor.summable` gives it: the columns of `SUMS`.

    A row of an archived day stands for a quarter of an hour of calls of one hand, method and outcome.
    """
    frames = [frame for frame in [calls_frame(rows)[list(SUMS)]] if len(frame) or not tables]
    if tables:
        import pyarrow as pa  # noqa: PLC0415 - only where something was archived

        table = pa.concat_tables(tables)
        for place, field in enumerate(table.schema):  # a call that nobody settled has no set and no tag
            if pa.types.is_string(field.type):
                table = table.set_column(place, field.name, table[field.name].fill_null(""))
        rolled = table.to_pandas(strings_to_categorical=True)
        rolled = rolled.rename(columns={"slot": "at", "set": "credential_set", "refused": "unmet"})
        rolled["at"] = rolled["at"].dt.as_unit("us")
        rolled["day"] = quota_days(pd.DatetimeIndex(rolled["at"]))
        frames.insert(0, rolled[list(SUMS)])
    for name in (name for name in SUMS if CALLS[name] == "category"):
        seen = pd.api.types.union_categoricals([frame[name] for frame in frames])
        frames = [frame.assign(**{name: frame[name].cat.set_categories(seen.categories)}) for frame in frames]
    return pd.concat(frames, ignore_index=True).astype({name: CALLS[name] for name in SUMS})


def _columns(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """The rows as lists, column by column.

    In chunks: with all the dicts of four weeks alive at once, the garbage collector doubles the time.
    """
    values: dict[str, list[Any]] = {name: [] for name in ("at", "ids", *_READ)}
    rows = iter(rows)
    while chunk := list(islice(rows, _CHUNK)):
        values["at"].extend([row["at"] for row in chunk])
        values["ids"].extend([whole((row.get("facts") or {}).get("ids")) for row in chunk])
        for name, default in _READ.items():
            key = _KEYS.get(name, name)
            values[name].extend([row.get(key, default) for row in chunk])
    return values


def quota_days(at: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """The quota day of each instant, as a date without a zone."""
    return at.tz_convert(PACIFIC).tz_localize(None).normalize()


def daily_burn(calls: pd.DataFrame) -> pd.DataFrame:
    """Units per quota day and pool, with the columns of `DAILY`; a day without a call has zeros."""
    sums = _sums(calls, ["day", "project", "bucket"])
    if sums.empty:
        return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in DAILY.items()})
    days = _days(calls)
    pools = sorted({(project, bucket) for _day, project, bucket in sums.index})
    every = pd.MultiIndex.from_tuples(
        [(day, *pool) for pool in pools for day in days], names=["day", "project", "bucket"]
    )
    return sums.reindex(every, fill_value=0).reset_index().astype(DAILY)


def burn_by(calls: pd.DataFrame, what: Grouping) -> pd.DataFrame:
    """Units per bucket and `what`, dearest first: bucket, `what` and the columns of `BURN`.

    Hours of the day (Pacific) come in their order. `share` is the part of its bucket's units, from 0 to 1.
    """
    if what == "hour":
        calls = calls.assign(hour=calls["at"].dt.tz_convert(PACIFIC).dt.hour)
    keys = ["bucket"] if what == "bucket" else ["bucket", what]
    burn = _sums(calls, keys).reset_index()
    burn[[key for key in keys if key != "hour"]] = burn[[key for key in keys if key != "hour"]].astype(
        "object"
    )
    whole = burn.groupby("bucket", observed=True)["units"].transform("sum")
    burn["share"] = (burn["units"] / whole.where(whole > 0)).fillna(0.0).astype("float64")
    order = ["bucket", "hour"] if what == "hour" else ["bucket", "units"]
    burn = burn.sort_values(order, ascending=[True, what == "hour"], kind="stable", ignore_index=True)
    return burn[[*keys, *BURN]]


def _days(calls: pd.DataFrame) -> pd.DatetimeIndex:
    """Every quota day from the first to the last of the frame."""
    if calls.empty:
        return pd.DatetimeIndex([])
    return pd.date_range(calls["day"].min(), calls["day"].max(), freq="D", unit="us")


def _sums(calls: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Units, calls, failed, refused and unmet per group."""
    outcome, count = calls["outcome"], calls["calls"]
    counted = calls[[*keys, "units", "unmet"]].assign(
        calls=count.where(outcome.isin(REACHED), 0),
        failed=count.where(outcome.isin(FAILED), 0),
        refused=count.where(outcome.isin(DEMAND_NOT_MET), 0),
    )
    return counted.groupby(keys, observed=True)[list(BURN[:-1])].sum().astype("int64")


def heatmap(calls: pd.DataFrame) -> pd.DataFrame:
    """Mean units per hour: 24 rows (hour of the day, Pacific) by 7 columns (Mon to Sun).

    A weekday that never occurred in the frame is missing (NaN), one on which nothing was called is 0.
    """
    local = calls["at"].dt.tz_convert(PACIFIC)
    cells = local.dt.hour.to_numpy() * 7 + local.dt.day_of_week.to_numpy()
    units = np.bincount(cells.astype("int64"), weights=calls["units"].to_numpy(), minlength=24 * 7)
    seen = np.bincount(_days(calls).day_of_week, minlength=7)
    means = units.reshape(24, 7) / np.where(seen > 0, seen, np.nan)
    return pd.DataFrame(
        means, index=pd.RangeIndex(24, name="hour"), columns=pd.Index(WEEKDAYS, name="weekday")
    )


def intraday(calls: pd.DataFrame, day: date, *, until: float | None = None) -> pd.DataFrame:
    """Units of one quota day in steps of five minutes, and their total: the columns of `INTRADAY`.

    Args:
        calls: a frame of `calls_frame`.
        day: the quota day; one of 23 or 25 hours has 276 or 300 steps.
        until: epoch seconds; later steps are left off, so that a curve ends where the day has come to.
    """
    bounds = bounds_of(day)
    end = bounds.end if until is None else min(max(until, bounds.start), bounds.end)
    steps = int(np.ceil((end - bounds.start) / STEP))
    edges = pd.to_datetime(bounds.start + STEP * np.arange(1, steps + 1), unit="s", utc=True).as_unit("us")
    seconds = pd.DatetimeIndex(calls["at"]).asi8 / 1e6
    inside = (seconds >= bounds.start) & (seconds < bounds.start + steps * STEP)
    place = ((seconds[inside] - bounds.start) // STEP).astype("int64")
    pools = []
    for (project, bucket), pool in (
        calls[inside].assign(place=place).groupby(["project", "bucket"], observed=True)
    ):
        units = np.bincount(pool["place"], weights=pool["units"], minlength=steps).astype("int64")
        columns = {"at": edges, "project": project, "bucket": bucket, "units": units, "total": units.cumsum()}
        pools.append(pd.DataFrame(columns))
    if not pools:
        return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in INTRADAY.items()})
    return pd.concat(pools, ignore_index=True).astype(INTRADAY)
