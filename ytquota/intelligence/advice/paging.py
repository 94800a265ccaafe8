"""Lists that are read in smaller pages than they come in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ytquota.intelligence.advice.calls import SAME_BOT, answered, by_bot, runs
from ytquota.intelligence.advice.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

_LISTS = (5, 50)
PAGES: dict[str, tuple[int, int]] = {
    "activities.list": _LISTS,
    "channels.list": _LISTS,
    "commentThreads.list": (20, 100),
    "comments.list": (20, 100),
    "liveBroadcasts.list": _LISTS,
    "liveChatModerators.list": _LISTS,
    "liveStreams.list": _LISTS,
    "members.list": (5, 1000),
    "playlistItems.list": _LISTS,
    "playlists.list": _LISTS,
    "search.list": _LISTS,
    "subscriptions.list": _LISTS,
    "superChatEvents.list": _LISTS,
    "videos.list": _LISTS,
}
"""Method -> items on a page by default and at most, from the API's discovery document."""

PATIENCE = 120.0
"""Seconds after which a further page is taken for the beginning of another list."""


def small_pages(left: pd.DataFrame, _whole: pd.DataFrame) -> Iterator[Finding]:
    """Lists of several pages that larger pages would have brought in fewer calls."""
    lists = answered(left[left["method"].isin(list(PAGES))])
    if lists.empty:
        return
    methods = lists["method"].astype("object")
    usual = methods.map({name: sizes[0] for name, sizes in PAGES.items()}).to_numpy(dtype="int64")
    most = methods.map({name: sizes[1] for name, sizes in PAGES.items()}).to_numpy(dtype="int64")
    given = lists["max_results"].fillna(0).to_numpy(dtype="int64")
    lists = lists.assign(size=np.where(given > 0, given, usual), most=most)
    lists = lists[lists["size"] < lists["most"]]
    for rows, gone in by_bot(lists, _further_pages(lists)):
        yield _finding(rows, gone)


def _further_pages(lists: pd.DataFrame) -> list[int]:
    """The calls that larger pages spare: of each list all but as many as its items need."""
    ordered = runs(lists, (*SAME_BOT, "credential_set", "parts", "size"))
    is_first = (
        ~ordered["page"]
        | (ordered["group"].diff().fillna(1.0) != 0)
        | (ordered["seconds"].diff().fillna(0.0) > PATIENCE)
    )
    pages = ordered.groupby(is_first.cumsum().to_numpy(), sort=False)
    items = pages["page"].transform("size") * ordered["size"]
    needed = -(-items // ordered["most"])
    spared: list[int] = ordered.index[pages.cumcount() >= needed].tolist()
    return spared


def _finding(rows: pd.DataFrame, gone: list[int]) -> Finding:
    tag, method = str(rows["tag"].iloc[0]), str(rows["method"].iloc[0])
    read = rows.loc[gone]
    size, most = int(read["size"].mode().iloc[0]), PAGES[method][1]
    left_out = bool(read["max_results"].isna().mean() > 0.5)  # noqa: PLR2004 - most of them
    why = "maxResults is left at its default" if left_out else f"maxResults is {size}"
    resource, _, verb = method.partition(".")
    return Finding(
        rule="page-size",
        title=f"{tag} reads {method} {size} at a time ({why}); {most} fit",
        rows=rows,
        spared=gone,
        change=f"Say maxResults={most}: a page costs the same, whatever is on it.",
        code=_CODE.format(resource=resource, verb=verb, most=most),
        certainty="estimated",
        assumption="All pages but the last were full, and the bot wants as many items as before.",
    )


_CODE = """\
request = youtube.{resource}().{verb}(maxResults={most}, **wanted)
while request is not None:
    answer = request.execute()
    request = youtube.{resource}().{verb}_next(request, answer)"""
