"""Lookups that ask for few ids at a time, and those that ask for statistics alone."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from ytquota.intelligence.advice.calls import answered, by_bot, runs
from ytquota.intelligence.advice.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

MOST_IDS = 50
TAKE_MANY = ("videos.list", "channels.list", "playlists.list", "playlistItems.list", "videos.batchGetStats")
"""Methods that take 50 ids in a call."""

GAP, SPAN = 10.0, 120.0
"""Lookups that follow one another within GAP seconds, for SPAN seconds at most, could have been one."""

STATISTICS = "video_batch_get_stats"


def few_ids(left: pd.DataFrame, _whole: pd.DataFrame) -> Iterator[Finding]:
    """Several lookups in a row that fit into one: fewer than 50 ids in each."""
    asked = left["method"].isin(TAKE_MANY) & (left["ids"].fillna(0) > 0) & (left["calls"] > 0)
    lookups = answered(left[asked])
    spared = [label for lot in _bursts(lookups) for label in lot.labels[lot.calls_needed :]]
    for rows, gone in by_bot(lookups, spared):
        tag, method = str(rows["tag"].iloc[0]), str(rows["method"].iloc[0])
        usual = int(rows.loc[gone, "ids"].median())
        each = "one id" if usual == 1 else f"{usual} ids"
        yield Finding(
            rule="ids-per-call",
            title=f"{tag} asks {method} for {each} a call; {MOST_IDS} fit",
            rows=rows,
            spared=gone,
            change=f"Collect the ids and ask for up to {MOST_IDS} at once: a call costs the same.",
            code=_LOOK_UP.format(service=_service(method), method=method.partition(".")[2]),
            certainty="estimated",
            assumption=(
                f"Ids asked for within {GAP:.0f} s of one another, {SPAN:.0f} s at most in all, could have "
                "been asked for together."
            ),
        )


def statistics_only(left: pd.DataFrame, _whole: pd.DataFrame) -> Iterator[Finding]:
    """videos.list for nothing but statistics: another method does that from a bucket of its own."""
    parts = left["parts"].isin(("statistics", "id,statistics", "statistics,id"))
    lookups = answered(
        left[(left["method"] == "videos.list") & parts & (left["ids"].fillna(0) > 0) & (left["calls"] > 0)]
    )
    for rows, gone in by_bot(lookups, lookups.index):
        calls = sum(lot.calls_needed for lot in _bursts(rows))
        yield Finding(
            rule="statistics-only",
            title=f"{rows['tag'].iloc[0]} reads only statistics with videos.list",
            rows=rows,
            spared=gone,
            change="Read them with videos.batchGetStats, which has a daily allowance of its own.",
            code=_STATISTICS,
            certainty="measured",
            assumption="Nothing but the counts is needed; viewers of a live stream are not among them.",
            cost={STATISTICS: calls},
        )


class _Lot:
    """Lookups that could have been one, or as few as their ids need."""

    def __init__(self) -> None:
        self.labels: list[int] = []
        self.ids = 0
        self.begun = self.last = 0.0

    @property
    def calls_needed(self) -> int:
        return ceil(self.ids / MOST_IDS)


def _bursts(lookups: pd.DataFrame) -> Iterator[_Lot]:
    ordered = runs(lookups, ("project", "bucket", "credential_set", "tag", "method", "parts"))
    lot, group_before = _Lot(), -1
    columns = (ordered[name].tolist() for name in ("group", "seconds", "ids"))
    for label, group, at, ids in zip(ordered.index.tolist(), *columns, strict=True):
        if group != group_before or at - lot.last > GAP or at - lot.begun > SPAN:
            if lot.labels:
                yield lot
            lot, group_before = _Lot(), group
            lot.begun = at
        lot.last = at
        lot.ids += ids
        lot.labels.append(label)
    if lot.labels:
        yield lot


def _service(method: str) -> str:
    return method.partition(".")[0]


_LOOK_UP = """\
for start in range(0, len(ids), 50):
    some = ",".join(ids[start : start + 50])
    answer = youtube.{service}().{method}(part=parts, id=some).execute()"""

_STATISTICS = """\
for start in range(0, len(ids), 50):
    some = ",".join(ids[start : start + 50])
    request = youtube.videos().batchGetStats(part="id,statistics", id=some)
    answer = request.execute()"""
