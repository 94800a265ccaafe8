"""Look things up by id, fifty for the price of one.

::

    from ytquota import batch

    for video in batch.videos(youtube, ids, part="snippet,statistics"):
        ...

Calls made at the same time from several threads, with the same service, method, options and tag, are made as
one. Use a `Batcher` to keep answers for a while, an `AsyncBatcher` in asyncio.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ytquota.service.lookup import AsyncBatcher, Batcher, shared_batcher
from ytquota.service.lookup_found import Found

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "AsyncBatcher",
    "Batcher",
    "Found",
    "channels",
    "look_up",
    "playlist_items",
    "playlists",
    "statistics",
    "videos",
]


def videos(service: Any, ids: Iterable[str], part: str | Iterable[str] = "snippet", **options: Any) -> Found:
    """Videos by id: 1 unit for 50, whatever the parts. See `Batcher.look_up` for arguments and errors."""
    return shared_batcher(service).videos(ids, part, **options)


def channels(
    service: Any, ids: Iterable[str], part: str | Iterable[str] = "snippet", **options: Any
) -> Found:
    """Channels by id: 1 unit for 50."""
    return shared_batcher(service).channels(ids, part, **options)


def playlists(
    service: Any, ids: Iterable[str], part: str | Iterable[str] = "snippet", **options: Any
) -> Found:
    """Playlists by id: 1 unit for 50."""
    return shared_batcher(service).playlists(ids, part, **options)


def playlist_items(
    service: Any, ids: Iterable[str], part: str | Iterable[str] = "snippet", **options: Any
) -> Found:
    """Entries of playlists by their own ids: 1 unit for 50."""
    return shared_batcher(service).playlist_items(ids, part, **options)


def statistics(service: Any, ids: Iterable[str]) -> Found:
    """Views, likes and comments of videos, from a pool of its own. See `Batcher.statistics`."""
    return shared_batcher(service).statistics(ids)


def look_up(
    service: Any, method: str, ids: Iterable[str], part: str | Iterable[str] = "snippet", **options: Any
) -> Found:
    """Any list method that takes ids, by its name. See `Batcher.look_up`."""
    return shared_batcher(service).look_up(method, ids, part, **options)
