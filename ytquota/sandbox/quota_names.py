"""What Google calls the limits of each bucket."""

from __future__ import annotations

from typing import NamedTuple

from ytquota.sandbox.price_list import DEFAULT, SEARCH, STATS, UPLOAD


class Names(NamedTuple):
    """Of a bucket: what the console calls the metric, and the first half of the ids of its limits."""

    shown: str
    limit_id: str

    @property
    def per_day(self) -> str:
        """The id of the limit per day."""
        return f"{self.limit_id}PerDayPerProject"


NAMES = {
    DEFAULT: Names("Queries", "default"),
    SEARCH: Names("Search Queries", "defaultSearchList"),
    UPLOAD: Names("Video Uploads", "defaultVideoInsert"),
    STATS: Names("Video Batch Get Stats Queries", "defaultVideoBatchGetStats"),
}


def limit_names(bucket: str) -> tuple[str, str]:
    """The ids of a bucket's limits: per minute, per day."""
    return f"{NAMES[bucket].limit_id}PerMinutePerProject", NAMES[bucket].per_day
