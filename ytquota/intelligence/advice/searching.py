"""Searches for what a list tells as well: a channel's uploads, or whether it is live."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from ytquota.intelligence.advice.calls import answered, by_bot
from ytquota.intelligence.advice.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

_OWNERS = {"channelId", "forMine"}
_LIVE = {"eventType=live", "eventType=upcoming"}
_UPLOADS_ALLOW = _OWNERS | {"order", "order=date", "type=video", "publishedAfter"}
_LIVE_ALLOW = _UPLOADS_ALLOW | _LIVE | {"order=relevance", "order=viewCount"}
_PAGE, _USUAL_PAGE = 50, 5


def search_for_uploads(left: pd.DataFrame, _whole: pd.DataFrame) -> Iterator[Finding]:
    """Searches with nothing but a channel, newest first or in no stated order."""
    searches = _those(left, lambda names: bool(names & _OWNERS) and names <= _UPLOADS_ALLOW)
    for rows, gone in by_bot(searches, searches.index):
        yield Finding(
            rule="search-for-uploads",
            title=f"{rows['tag'].iloc[0]} searches for the uploads of channels",
            rows=rows,
            spared=gone,
            change="Read the channel's uploads playlist: newest first, and not only the first 500.",
            code=_UPLOADS,
            certainty="measured",
            assumption="The searches only look for what a channel uploaded.",
            cost={"default": _pages(rows)},
        )


def search_for_live(left: pd.DataFrame, _whole: pd.DataFrame) -> Iterator[Finding]:
    """Searches that ask whether a channel is live, or will be."""
    searches = _those(
        left, lambda names: bool(names & _OWNERS) and bool(names & _LIVE) and names <= _LIVE_ALLOW
    )
    for rows, gone in by_bot(searches, searches.index):
        yield Finding(
            rule="search-for-live",
            title=f"{rows['tag'].iloc[0]} searches for live streams of channels",
            rows=rows,
            spared=gone,
            change=(
                "Of your own channel ask liveBroadcasts.list; of another look at its latest uploads, which "
                "a stream is among as soon as it is announced."
            ),
            code=_LIVE_CODE,
            certainty="measured",
            assumption="Two units of default take the place of a search: the latest uploads, their states.",
            cost={"default": 2 * len(rows)},
        )


def _those(left: pd.DataFrame, fits: Filter) -> pd.DataFrame:
    searches = answered(left[(left["method"] == "search.list") & (left["filters"] != "")])
    chosen = [name for name in searches["filters"].unique() if fits(frozenset(str(name).split(",")))]
    return searches[searches["filters"].isin(chosen)]


def _pages(rows: pd.DataFrame) -> int:
    """Pages of a playlist that hold what these searches asked for."""
    sizes = rows["max_results"].fillna(_USUAL_PAGE)
    return int(sum(ceil(size / _PAGE) for size in sizes))


_UPLOADS = """\
request = youtube.channels().list(part="contentDetails", id=channel_id)
channel = request.execute()["items"][0]["contentDetails"]
uploads = channel["relatedPlaylists"]["uploads"]  # never changes: keep it
answer = youtube.playlistItems().list(
    part="snippet", playlistId=uploads, maxResults=50
).execute()"""

_LIVE_CODE = """\
# your own channel: 1 unit
mine = youtube.liveBroadcasts().list(
    part="id,snippet", broadcastStatus="active"
).execute()
# any channel: 2 units; `uploads` is its uploads playlist
latest = youtube.playlistItems().list(
    part="contentDetails", playlistId=uploads, maxResults=50
).execute()
uploaded = [item["contentDetails"] for item in latest["items"]]
ids = ",".join(item["videoId"] for item in uploaded)
parts = "snippet,liveStreamingDetails"
states = youtube.videos().list(part=parts, id=ids).execute()["items"]
kinds = [video["snippet"]["liveBroadcastContent"] for video in states]
live = [v for v, kind in zip(states, kinds) if kind == "live"]"""

if TYPE_CHECKING:
    from collections.abc import Callable

    Filter = Callable[[frozenset[str]], bool]
