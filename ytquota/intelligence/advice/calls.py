"""The log as advice reads it: every call with the facts that were kept about its parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ytquota.intelligence import frames
from ytquota.monitor.facts import joined, whole
from ytquota.monitor.official import TAG as OFFICIAL
from ytquota.monitor.polled import interval_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

FACTS: dict[str, str] = {
    "max_results": "Int32",  # maxResults, where it was given
    "page": "bool",  # whether a pageToken was given
    "parts": "category",  # joined by commas
    "filters": "category",  # names of a search's filters, and `eventType=live`; joined by commas
    "polling_interval": "Int32",  # milliseconds that the answer to a poll of a chat asked to wait, if it did
    "process": "category",  # host and process number
    "hash": "category",  # eight hex digits that tell equal parameters from different ones; "" if unknown
}

CALLS: dict[str, str] = frames.CALLS | FACTS
"""Columns and dtypes of what `advise` reads."""

SAME_BOT = ("project", "bucket", "tag", "method")
"""Whose calls one piece of advice is about."""

_HASH = 8  # hex digits that the archive keeps

Rows = list[int]
"""Labels of rows of a frame of calls."""


def read(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """One row per logged call, oldest first, with the columns of `CALLS`.

    Args:
        rows: lines as `QuotaMonitor.log()` yields them.
    """
    facts: dict[str, list[Any]] = {name: [] for name in FACTS}
    calls = frames.calls_frame(_noting(rows, facts))
    columns: dict[str, Any] = {
        "max_results": pd.array(facts["max_results"], dtype="Int32"),
        "page": np.array(facts["page"], dtype="bool"),
        "polling_interval": pd.array(facts["polling_interval"], dtype="Int32"),
    }
    columns |= {name: pd.Categorical(facts[name]) for name in ("parts", "filters", "process", "hash")}
    return calls.assign(**columns)


def _noting(rows: Iterable[Mapping[str, Any]], facts: dict[str, list[Any]]) -> Iterator[Mapping[str, Any]]:
    """Pass the rows on, and keep their facts on the way, so that the log is read once.

    What Google counted has no facts to judge a bot by, and is left out.
    """
    for row in rows:
        if row["kind"] == OFFICIAL:
            continue
        known = row.get("facts") or {}
        facts["max_results"].append(whole(known.get("maxResults")))
        facts["page"].append(bool(known.get("page")))
        facts["parts"].append(joined(known.get("parts")) or "")
        facts["filters"].append(joined(known.get("filters")) or "")
        facts["polling_interval"].append(interval_of(known))
        facts["process"].append(f"{row.get('host')}/{row.get('pid')}")
        facts["hash"].append(str(known.get("hash") or "")[:_HASH])
        yield row


def answered(calls: pd.DataFrame) -> pd.DataFrame:
    """The calls that were charged and brought something."""
    return calls[(calls["outcome"] == "ok") & (calls["units"] > 0)]


def runs(calls: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """The calls, those of the same keys together and each lot in order of time.

    Two columns are added: `group`, a number for each lot, and `seconds` (epoch).
    """
    group = calls.groupby(list(keys), observed=True, sort=False).ngroup().to_numpy()
    seconds = pd.DatetimeIndex(calls["at"]).asi8 / 1e6
    return calls.assign(group=group, seconds=seconds).iloc[np.lexsort((seconds, group))]


def thinned(ordered: pd.DataFrame, seconds: float | Sequence[float]) -> Rows:
    """Rows of `runs` that come sooner than so many seconds after the last one of their lot that is kept."""
    waits = np.broadcast_to(np.asarray(seconds, dtype="float64"), len(ordered)).tolist()
    spared, lot, kept = [], -1, 0.0
    walk = zip(ordered.index, ordered["group"].tolist(), ordered["seconds"].tolist(), waits, strict=True)
    for label, group, at, wait in walk:
        if group != lot or at - kept >= wait:
            lot, kept = group, at
        else:
            spared.append(label)
    return spared


def by_bot(rows: pd.DataFrame, spared: Iterable[int]) -> Iterator[tuple[pd.DataFrame, Rows]]:
    """The rows of each project, bucket, tag and method, and which of them were spared, where any were."""
    is_spared = pd.Series(data=False, index=rows.index)
    is_spared[list(spared)] = True
    for _, mine in rows.groupby(list(SAME_BOT), observed=True):
        chosen = mine.index[is_spared[mine.index]].tolist()
        if chosen:
            yield mine, chosen
