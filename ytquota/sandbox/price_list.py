"""What the sandbox charges for each method, and since when.

Written by hand from Google's quota table and the revision history of the API, on purpose apart from the
price data that ytquota itself works with: the two are compared by letting both count the same calls.

One row is `(first quota day, bucket, units)`. Rows are in order of time; in force on a day is the last one
that began on or before it, and before the first row the first row.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import NamedTuple

DEFAULT = "default"
SEARCH = "search_list"
UPLOAD = "video_insert"
STATS = "video_batch_get_stats"

DAILY_LIMITS = {DEFAULT: 10_000, SEARCH: 100, UPLOAD: 100, STATS: 10_000}
"""Bucket -> units (or calls) a new project may use on one quota day."""


class Price(NamedTuple):
    """What one call costs: so many units, out of that bucket."""

    bucket: str
    units: int


_BASE = "2020-08-01"  # prices stopped depending on `part`
_LATER = "2024-01-01"  # methods that came after the table was written
_SPLIT = "2026-06-01"  # searches and uploads left the default bucket
_PLAIN = "2026-09-15"  # live methods listed by the plain rule: a read 1, a write 50
_AUTUMN = "2026-10-03"  # live methods repriced

_READ = ((_BASE, DEFAULT, 1),)
_WRITE = ((_BASE, DEFAULT, 50),)
_LATE_READ = ((_LATER, DEFAULT, 1),)
_LATE_WRITE = ((_LATER, DEFAULT, 50),)
_LIVE_READ = ((_BASE, DEFAULT, 1), (_PLAIN, DEFAULT, 1), (_AUTUMN, DEFAULT, 1))
_LIVE_WRITE = ((_BASE, DEFAULT, 50), (_PLAIN, DEFAULT, 50), (_AUTUMN, DEFAULT, 1))

HISTORY: dict[str, tuple[tuple[str, str, int], ...]] = {
    "abuseReports.insert": _LATE_WRITE,
    "activities.list": _READ,
    "captions.delete": ((_BASE, DEFAULT, 50),),
    "captions.download": ((_BASE, DEFAULT, 200),),
    "captions.insert": ((_BASE, DEFAULT, 400),),
    "captions.list": ((_BASE, DEFAULT, 50),),
    "captions.update": ((_BASE, DEFAULT, 450),),
    "channelBanners.insert": _WRITE,
    "channelSections.delete": _WRITE,
    "channelSections.insert": _WRITE,
    "channelSections.list": _READ,
    "channelSections.update": _WRITE,
    "channels.list": _READ,
    "channels.update": _WRITE,
    "commentThreads.insert": _WRITE,
    "commentThreads.list": _READ,
    "comments.delete": _WRITE,
    "comments.insert": _WRITE,
    "comments.list": _READ,
    "comments.markAsSpam": _LATE_WRITE,
    "comments.setModerationStatus": _WRITE,
    "comments.update": _WRITE,
    "i18nLanguages.list": _READ,
    "i18nRegions.list": _READ,
    "liveBroadcasts.bind": _LIVE_WRITE,
    "liveBroadcasts.delete": _LIVE_WRITE,
    "liveBroadcasts.insert": _LIVE_WRITE,
    "liveBroadcasts.insertCuepoint": ((_PLAIN, DEFAULT, 50), (_AUTUMN, DEFAULT, 1)),
    "liveBroadcasts.list": _LIVE_READ,
    "liveBroadcasts.transition": _LIVE_WRITE,
    "liveBroadcasts.update": _LIVE_WRITE,
    "liveChatBans.delete": ((_BASE, DEFAULT, 50), (_AUTUMN, DEFAULT, 200)),
    "liveChatBans.insert": ((_BASE, DEFAULT, 50), (_AUTUMN, DEFAULT, 200)),
    "liveChatMessages.delete": ((_BASE, DEFAULT, 50), (_AUTUMN, DEFAULT, 20)),
    "liveChatMessages.insert": ((_BASE, DEFAULT, 50), (_AUTUMN, DEFAULT, 20)),
    # the table of September said 1; everybody who measured was charged 5, before and after
    "liveChatMessages.list": ((_BASE, DEFAULT, 5),),
    "liveChatMessages.streamList": ((_AUTUMN, DEFAULT, 5),),
    "liveChatMessages.transition": ((_PLAIN, DEFAULT, 50), (_AUTUMN, DEFAULT, 20)),
    "liveChatModerators.delete": ((_PLAIN, DEFAULT, 50), (_AUTUMN, DEFAULT, 200)),
    "liveChatModerators.insert": ((_PLAIN, DEFAULT, 50), (_AUTUMN, DEFAULT, 200)),
    "liveChatModerators.list": ((_PLAIN, DEFAULT, 1), (_AUTUMN, DEFAULT, 50)),
    "liveStreams.delete": _LIVE_WRITE,
    "liveStreams.insert": _LIVE_WRITE,
    "liveStreams.list": _LIVE_READ,
    "liveStreams.update": _LIVE_WRITE,
    "members.list": _READ,
    "membershipsLevels.list": _READ,
    "playlistImages.delete": _LATE_WRITE,
    "playlistImages.insert": _LATE_WRITE,
    "playlistImages.list": _LATE_READ,
    "playlistImages.update": _LATE_WRITE,
    "playlistItems.delete": _WRITE,
    "playlistItems.insert": _WRITE,
    "playlistItems.list": _READ,
    "playlistItems.update": _WRITE,
    "playlists.delete": _WRITE,
    "playlists.insert": _WRITE,
    "playlists.list": _READ,
    "playlists.update": _WRITE,
    "search.list": ((_BASE, DEFAULT, 100), (_SPLIT, SEARCH, 1)),
    "subscriptions.delete": _WRITE,
    "subscriptions.insert": _WRITE,
    "subscriptions.list": _READ,
    "superChatEvents.list": _READ,
    "tests.insert": _LATE_WRITE,
    "thirdPartyLinks.delete": _LATE_WRITE,
    "thirdPartyLinks.insert": _LATE_WRITE,
    "thirdPartyLinks.list": _LATE_READ,
    "thirdPartyLinks.update": _LATE_WRITE,
    "thumbnails.set": _WRITE,
    "videoAbuseReportReasons.list": _READ,
    "videoCategories.list": _READ,
    "videoTrainability.get": _LATE_READ,
    "videos.batchGetStats": (("2026-06-03", STATS, 1),),
    "videos.delete": _WRITE,
    "videos.getRating": _READ,
    "videos.insert": ((_BASE, DEFAULT, 1600), ("2025-12-04", DEFAULT, 100), (_SPLIT, UPLOAD, 1)),
    "videos.list": _READ,
    "videos.rate": _WRITE,
    "videos.reportAbuse": _WRITE,
    "videos.update": _WRITE,
    "watermarks.set": _WRITE,
    "watermarks.unset": _WRITE,
}


@lru_cache(maxsize=4096)
def price_on(method: str, day: date) -> Price:
    """The price of `method` ("videos.list") on quota day `day`, in units of its bucket.

    Raises:
        KeyError: the method is none of the API's.
    """
    rows = HISTORY[method]
    _, bucket, units = rows[0]
    for since, row_bucket, row_units in rows:
        if date.fromisoformat(since) <= day:
            bucket, units = row_bucket, row_units
    return Price(bucket, units)
