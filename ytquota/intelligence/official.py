"""Google's own counters as a frame: units by stretch of time, bucket and method."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

OFFICIAL: dict[str, str] = {
    "start": "datetime64[us, UTC]",
    "end": "datetime64[us, UTC]",  # not included
    "bucket": "category",
    "method": "category",
    "units": "int64",  # quota units charged to the project between start and end
}
"""Columns of what Google counted for one project; stretches without use need no row."""


class Reading(Protocol):
    """One figure of a counter: what was charged between two instants (aware, the end not included)."""

    @property
    def start(self) -> datetime:
        """When the stretch begins."""

    @property
    def end(self) -> datetime:
        """When it ends."""

    @property
    def bucket(self) -> str:
        """The daily allowance."""

    @property
    def method(self) -> str:
        """The method, as `videos.list`."""

    @property
    def units(self) -> int:
        """Quota units."""


def official_frame(readings: Iterable[Reading]) -> pd.DataFrame:
    """One row per reading, oldest first, with the columns of `OFFICIAL`."""
    known = sorted(readings, key=lambda reading: (reading.start, reading.bucket, reading.method))
    times = {
        name: pd.to_datetime([getattr(reading, name) for reading in known], utc=True).as_unit("us")
        for name in ("start", "end")
    }
    return pd.DataFrame(
        {
            **times,
            "bucket": pd.Categorical([reading.bucket for reading in known]),
            "method": pd.Categorical([reading.method for reading in known]),
            "units": np.array([reading.units for reading in known], dtype="int64"),
        },
        columns=list(OFFICIAL),
    )
