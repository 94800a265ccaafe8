"""Rolling up the archives of a fleet: one function, run by pandas here or by Dask on many machines.

An archive has a file for each day, host and project, so the work comes in parts by itself. Whoever works on a
part reads one row group after the other and rolls each up at once; what is left is a thousandth of it, and is
rolled up again with what is left of the others. `roll_up` is the same function at every level and in both
engines: sums of whole numbers and maxima come out the same in whatever order they are taken.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ytquota.monitor.archive_tables import LATENCY, MEASURED, ROLLUP_KEYS, SLOT_MINUTES, SUMMED, measured
from ytquota.monitor.fleet.archives import Part, not_opened, open_archive, parts_of, unique

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import date

    from distributed import Client

    from ytquota.monitor.archive import Stored
    from ytquota.monitor.fleet.archives import Kind

Frame = TypeVar("Frame")
"""A DataFrame of pandas or of Dask."""

KEYS = ("slot", "day", "host", *ROLLUP_KEYS[1:])
"""What is rolled up by unless somebody asks for less, or more."""

FINER = ("priority", "reason", "prov")
"""Further keys, which only the calls themselves tell apart."""

MEASURES = {**dict.fromkeys((*SUMMED, LATENCY), "sum"), f"{LATENCY}_max": "max"}
"""How each measure is brought together; units and refused are quota units."""

_BATCH = 8 << 20
"""Bytes of files that one task reads, some 800,000 calls: many small files must not become as many tasks."""
_SLOT = "datetime64[ms, UTC]"
_A_DAY = 1440


def roll_up(frame: Frame, by: Sequence[str] = KEYS) -> Frame:
    """The measures of every group.

    Args:
        frame: calls with their measures (`archive_tables.measured`), or roll-ups of them: a DataFrame of
            pandas, or of Dask, which rolls up each partition by itself before it brings them together.
        by: the key columns.

    Returns:
        A DataFrame of the same kind: the columns `by` and those of `MEASURES`, whole numbers.
    """
    anything: Any = frame
    # sorted groups are brought together in a tree; else Dask would send every row to the worker of its group
    rolled: Frame = anything.groupby(list(by), observed=True, sort=True).agg(MEASURES).reset_index()
    return rolled


def roll_up_archives(
    addresses: Iterable[str],
    *,
    by: Sequence[str] = KEYS,
    minutes: int = SLOT_MINUTES,
    first: date | None = None,
    last: date | None = None,
    source: Kind = "rollup",
    client: Client | None = None,
) -> pd.DataFrame:
    """Roll up what archives hold of a span of days.

    Args:
        addresses: folders, or whatever fsspec opens. A file that two archives hold is read once.
        by: the key columns: of `KEYS` and, from calls, of `FINER`.
        minutes: length of a `slot`; from roll-ups a multiple of 15.
        first: the first quota day; by default the first there is.
        last: the last quota day, included; by default the last there is.
        source: "rollup" reads what the archiver has rolled up already, some hundredths of the bytes; "calls"
            reads the calls.
        client: a `distributed.Client` whose workers do the reading; they need ytquota, and the store's
            credentials. Without it this process reads one file after the other.

    Returns:
        One row per group, sorted by `by`: these columns, and those of `MEASURES`. Slots are UTC.

    Raises:
        ValueError: a key or a length of slots that the source cannot tell.
        Unreachable: an archive cannot be read.
    """
    parts = unique(part for address in addresses for part in parts_of(address, source, first, last))
    return roll_up_parts(parts, by=by, minutes=minutes, source=source, client=client)


def roll_up_parts(
    parts: Sequence[Part],
    *,
    by: Sequence[str] = KEYS,
    minutes: int = SLOT_MINUTES,
    source: Kind = "rollup",
    client: Client | None = None,
) -> pd.DataFrame:
    """Roll up files; the arguments and the answer are those of `roll_up_archives`."""
    _check(by, minutes, source)
    step = partial(_roll_up_files, by=tuple(by), minutes=minutes, source=source)
    batches = list(_batches(parts))
    if client is None or not batches:
        rolled = roll_up(pd.concat([_nothing(by), *map(step, batches)], ignore_index=True), by)
    else:
        rolled = _on_workers(step, batches, by, client)
    return in_order(rolled, by)


def _on_workers(
    step: Callable[[list[Part]], pd.DataFrame], batches: list[list[Part]], by: Sequence[str], client: Any
) -> pd.DataFrame:
    import dask.dataframe as dd  # noqa: PLC0415 - an extra, and a second to import

    load: Any = dd.from_map
    rolled: pd.DataFrame = client.compute(roll_up(load(step, batches, meta=_nothing(by)), by), sync=True)
    return rolled


# -- on a worker


def _roll_up_files(parts: Sequence[Part], *, by: tuple[str, ...], minutes: int, source: Kind) -> pd.DataFrame:
    """What is left of some files when each of their row groups has been rolled up."""
    left = [_nothing(by)]
    for part in parts:
        for frame in measured_frames(part, by=by, minutes=minutes, source=source):
            left.append(roll_up(frame, by).astype(_dtypes(by)))  # noqa: PERF401 - one frame at a time
    return roll_up(pd.concat(left, ignore_index=True), by)


def measured_frames(
    part: Part, *, by: Sequence[str] = KEYS, minutes: int = SLOT_MINUTES, source: Kind = "calls"
) -> Iterator[pd.DataFrame]:
    """What one file has to roll up, a frame for each row group: the keys `by`, and the measures.

    Raises:
        Unreachable: the file cannot be read.
    """
    for table in _row_groups(part, by, source):
        yield _named(_whole(_measured(table, by, minutes, source)), part.stored, by).to_pandas()


def _row_groups(part: Part, by: Sequence[str], source: Kind) -> Iterator[pa.Table]:
    """A file by its row groups, the needed columns only: a large file never is in memory as a whole."""
    keys = [key for key in by if key in {*ROLLUP_KEYS[1:], *FINER}]
    columns = list(dict.fromkeys([*keys, *MEASURED])) if source == "calls" else None
    try:
        with open_archive(part.address).opened(part.stored) as file:
            parquet = pq.ParquetFile(file)
            for number in range(parquet.num_row_groups):
                yield parquet.read_row_group(number, columns=columns)
    except (OSError, pa.ArrowException) as error:
        raise not_opened(f"{part.address} ({part.stored.path})", error) from error


def _measured(table: pa.Table, by: Sequence[str], minutes: int, source: Kind) -> pa.Table:
    """Calls or roll-ups with measures in whole numbers."""
    if source == "calls":
        return measured(table, keys=[key for key in by if key in table.column_names], minutes=minutes)
    milliseconds = {
        name: pc.round(pc.multiply(table[column], 1000.0)).cast(pa.int64())
        for name, column in ((LATENCY, "latency_sum"), (f"{LATENCY}_max", "latency_max"))
    }
    slot = pc.floor_temporal(table["slot"], minutes, "minute")
    kept = {key: table[key] for key in ROLLUP_KEYS[1:] if key in by}
    return pa.table({"slot": slot, **kept, **{name: table[name] for name in SUMMED}, **milliseconds})


def _whole(table: pa.Table) -> pa.Table:
    """The same without gaps: grouping would drop their units. Nobody named a set for a call that was lost."""
    for place, name in enumerate(table.column_names):
        column = table[name]
        if column.null_count:
            plain = column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column
            table = table.set_column(
                place, name, plain.fill_null("" if pa.types.is_string(plain.type) else 0)
            )
    return table


def _named(table: pa.Table, file: Stored, by: Sequence[str]) -> pa.Table:
    """The same with the keys that only the file's name tells."""
    told = {"day": file.day.isoformat(), "host": file.host}
    for key in (key for key in told if key in by):
        same = pa.DictionaryArray.from_arrays(pa.array([0] * table.num_rows, pa.int8()), [told[key]])
        table = table.append_column(key, same)
    return table


# -- shapes


def in_order(rolled: pd.DataFrame, by: Sequence[str] = KEYS) -> pd.DataFrame:
    """A roll-up with plain texts and whole numbers, sorted by its keys: equal ones are then alike."""
    return rolled.astype(_dtypes(by)).sort_values(list(by), ignore_index=True)


def _check(by: Sequence[str], minutes: int, source: Kind) -> None:
    known = KEYS if source == "rollup" else (*KEYS, *FINER)
    for key in by:
        if key not in known:
            raise ValueError(f"{key!r} is no key of {source}; known are {', '.join(known)}.")
    if not by or len(set(by)) < len(by):
        raise ValueError("Name at least one key, and each once.")
    step = SLOT_MINUTES if source == "rollup" else 1
    if minutes < 1 or minutes % step or _A_DAY % minutes:
        raise ValueError(
            f"A slot of {minutes} minutes cannot be had from {source}; it must divide a day"
            + (f", in steps of {step}." if step > 1 else ".")
        )


def _batches(parts: Sequence[Part]) -> Iterator[list[Part]]:
    """Files in the order of their days, together until they are large enough for a task."""
    batch: list[Part] = []
    size = 0
    for part in parts:
        if batch and size + part.stored.size > _BATCH:
            yield batch
            batch, size = [], 0
        batch.append(part)
        size += part.stored.size
    if batch:
        yield batch


def _dtypes(by: Sequence[str]) -> dict[str, str]:
    return {key: _SLOT if key == "slot" else "str" for key in by} | dict.fromkeys(MEASURES, "int64")


def _nothing(by: Sequence[str]) -> pd.DataFrame:
    """The shape of a roll-up, empty."""
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in _dtypes(by).items()})
