"""What is done to use little: figures of thrift, what was advised and is done, and what is left to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ytquota.intelligence.advice import Advice, advise
from ytquota.intelligence.advice.batching import TAKE_MANY
from ytquota.intelligence.advice.calls import answered
from ytquota.intelligence.advice.repeating import repeated_reads
from ytquota.intelligence.frames import FAILED, REACHED
from ytquota.intelligence.need.evidence import Done, Habit
from ytquota.prices import is_write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pandas as pd

LATELY = 28
"""Days that count as now."""

_LEAST = 7  # days before them, to tell that anything has changed


@dataclass(frozen=True, slots=True)
class Thrift:
    """What was found.

    Attributes:
        habits: figures, then and now.
        done: what is no longer found.
        left: what is advised now, that which saves the largest share of its pool first.
    """

    habits: tuple[Habit, ...]
    done: tuple[Done, ...]
    left: tuple[Advice, ...]


def thrift(calls: pd.DataFrame, lately: pd.Timestamp, limits: Mapping[tuple[str, str], int]) -> Thrift:
    """Judge the calls of one project.

    Args:
        calls: with the columns of `advice.CALLS`.
        lately: the first of the last days.
        limits: (project, bucket) -> daily limit.
    """
    before, now = calls[calls["day"] < lately], calls[calls["day"] >= lately]
    left = tuple(advise(now, limits=limits))
    is_long = before["day"].nunique() >= _LEAST
    earlier = before if is_long else before.iloc[:0]
    found = advise(earlier, limits=limits) if is_long else []
    return Thrift(tuple(_habits(earlier, now)), tuple(_done(found, left, now)), left)


def _done(found: list[Advice], left: tuple[Advice, ...], now: pd.DataFrame) -> Iterator[Done]:
    """What was found and is not any more, at bots that still call."""
    still = {(one.rule, one.tag, one.method) for one in left}
    active = set(now["tag"].astype(str))
    for one in found:
        if one.saving and one.tag in active and (one.rule, one.tag, one.method) not in still:
            yield Done(one.rule, one.title, one.tag, one.bucket, one.saving)


def _habits(before: pd.DataFrame, now: pd.DataFrame) -> Iterator[Habit]:
    for method in TAKE_MANY:
        then, lately = _ids_per_call(before, method), _ids_per_call(now, method)
        if then is not None or lately is not None:
            yield Habit("ids per call", method, then, lately, is_share=False)
    shares: dict[str, Callable[[pd.DataFrame], float | None]] = {
        "repeated reads": _repeated,
        "failed calls": _failed,
    }
    for name, share in shares.items():
        then, lately = share(before), share(now)
        if then is not None or lately is not None:
            yield Habit(name, "", then, lately, is_share=True)


def _ids_per_call(calls: pd.DataFrame, method: str) -> float | None:
    lookups = answered(calls[(calls["method"] == method) & (calls["ids"].fillna(0) > 0)])
    return float(lookups["ids"].mean()) if len(lookups) else None


def _repeated(calls: pd.DataFrame) -> float | None:
    """The share of reads that asked again for what the answer before still told."""
    reads = answered(calls)
    reads = reads[~reads["method"].map(is_write).astype("bool") & (reads["hash"] != "")]
    if reads.empty:
        return None
    return sum(len(one.spared) for one in repeated_reads(reads, reads)) / len(reads)


def _failed(calls: pd.DataFrame) -> float | None:
    """The share of calls that were charged and brought nothing."""
    sent = int(calls["calls"].where(calls["outcome"].isin(REACHED), 0).sum())
    failed = np.where(calls["outcome"].isin(FAILED), calls["calls"], 0).sum()
    return float(failed) / sent if sent else None
