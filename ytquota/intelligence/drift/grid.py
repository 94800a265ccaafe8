"""Google's counters and our sends laid on one grid: quota days by slots of a few minutes.

A slot is as wide as the readings of the coarsest day, five minutes at least (a quarter of an hour where there
are many days) and an hour at most. A reading
that is longer is put where it ends, and nothing is made of the slots in its midst. Slots count from the
Pacific midnight, so that a day of 23, 24 or 25 hours has as many as it has.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from ytquota import clock as clocks
from ytquota.intelligence.drift.series import MINUTES, Bools, Floats, Series, series_of, sides

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    import pandas as pd
    from numpy.typing import NDArray

    from ytquota.intelligence.drift.series import Sides

FINEST = 5
"""Minutes of the narrowest slot: the counters are smeared by a minute or two."""

_COARSE, _MANY_DAYS = 15, 7
"""Minutes of the narrowest slot where there are more days: what they have in common tells enough."""

_WIDTHS = (1, 5, 15, 60)  # minutes, all divisors of MINUTES


@dataclass(frozen=True, eq=False, slots=True)
class Grid:
    """All series of a project over some quota days.

    Attributes:
        days: the quota days, oldest first, none left out.
        width: minutes of a slot.
        lengths: minutes of each day: ``int[days]``.
        valid: whether a slot belongs to its day and is settled: ``bool[days, slots]``.
        blurred: slots that a longer reading covers: ``bool[days, slots]``.
        between: slots that end in the midst of a longer reading: ``bool[days, slots]``.
        loud: minutes in whose reading Google counted anything: ``bool[days, minutes]``.
        series: one for each method of each bucket that either side knows.
        until: up to when all is counted, aware.
    """

    days: tuple[date, ...]
    width: int
    lengths: NDArray[np.int64]
    valid: Bools
    blurred: Bools
    between: Bools
    loud: Bools
    series: tuple[Series, ...]
    until: datetime

    @property
    def slots(self) -> int:
        """Slots of the longest day."""
        return MINUTES // self.width


def lay(official: pd.DataFrame, ours: pd.DataFrame, since: datetime, until: datetime) -> Grid:
    """Lay both sides on a grid.

    Args:
        official: with the columns of `OFFICIAL`.
        ours: with the columns of `SENDS`.
        since: in the first quota day, all of which is looked at (aware).
        until: up to when Google's counters are settled (aware).

    Raises:
        ValueError: there is no time between the two.
    """
    if until <= since:
        raise ValueError(
            f"There is nothing to compare between {since:%Y-%m-%d %H:%M} and {until:%Y-%m-%d %H:%M}."
        )
    days = _days(since, until)
    both = sides(official, ours, days, until)
    both = both._replace(theirs=_stamped(both.theirs))
    width = max(_width(both.theirs), _COARSE if len(days) > _MANY_DAYS else FINEST)
    bounds = [clocks.bounds_of(day) for day in days]
    long = both.theirs[both.theirs["minute"] // width > both.theirs["begins"] // width]
    return Grid(
        days=days,
        width=width,
        lengths=np.array([round(one.end - one.start) // 60 for one in bounds]),
        valid=_valid(days, width, until.timestamp()),
        blurred=_covered(
            long["day"], long["begins"] // width, long["minute"] // width + 1, _shape(days, width)
        ),
        between=_covered(long["day"], long["begins"] // width, long["minute"] // width, _shape(days, width)),
        loud=_loud(both.theirs, _shape(days, 1)),
        series=tuple(series_of(*name, both, width, len(days)) for name in _names(both)),
        until=until,
    )


def to_slots(minutes: Floats, width: int) -> Floats:
    """Sums of the last axis, minutes, by slots."""
    shape = (*minutes.shape[:-1], MINUTES // width, width)
    return np.asarray(minutes.reshape(shape).sum(axis=-1))


def _days(since: datetime, until: datetime) -> tuple[date, ...]:
    first, last = clocks.quota_day(since), clocks.quota_day(until.timestamp() - 1)
    return tuple(first + timedelta(days=day) for day in range((last - first).days + 1))


def _shape(days: tuple[date, ...], width: int) -> tuple[int, int]:
    return len(days), MINUTES // width


def _stamped(official: pd.DataFrame) -> pd.DataFrame:
    """Each reading at the last minute that it covers, with the one where it `begins`."""
    length = (official["end"] - official["start"]).dt.total_seconds().to_numpy() / 60
    begins = official["minute"].to_numpy()
    last = np.minimum(begins + np.maximum(0, np.ceil(length) - 1), MINUTES - 1).astype("int64")
    return official.assign(begins=begins, minute=last)


def _width(official: pd.DataFrame) -> int:
    """Minutes of a slot: of the usual reading on the coarsest day; days of longer readings do not count."""
    minutes = official["minute"] - official["begins"] + 1
    usual = minutes.groupby(official["day"]).quantile(0.9, interpolation="lower")
    widest = max((one for one in usual if one <= _WIDTHS[-1]), default=FINEST)
    return next(width for width in _WIDTHS if widest <= width)


def _names(both: Sides) -> Iterator[tuple[str, str]]:
    """Bucket and method of every series that either side knows."""
    pairs = {
        (str(bucket), str(method))
        for side in (both.theirs, both.now, both.late)
        for bucket, method in side[["bucket", "method"]].drop_duplicates().itertuples(index=False)
    }
    yield from sorted(pairs)


def _valid(days: tuple[date, ...], width: int, until: float) -> Bools:
    starts = np.array([clocks.bounds_of(day).start for day in days])
    ends = np.array([min(clocks.bounds_of(day).end, until) for day in days])
    begin = starts[:, None] + 60.0 * width * np.arange(MINUTES // width)
    return np.asarray(begin < ends[:, None])


def _loud(official: pd.DataFrame, shape: tuple[int, int]) -> Bools:
    counted = official[official["units"] > 0]
    return _covered(counted["day"], counted["begins"], counted["minute"] + 1, shape)


def _covered(
    day: pd.Series[int], begins: pd.Series[int], ends: pd.Series[int], shape: tuple[int, int]
) -> Bools:
    """Places from `begins` to before `ends` of some days: ``bool[shape]``."""
    steps = np.zeros((shape[0], shape[1] + 1), dtype="int64")
    np.add.at(steps, (day.to_numpy(), begins.to_numpy()), 1)
    np.add.at(steps, (day.to_numpy(), ends.to_numpy()), -1)
    return np.asarray(np.cumsum(steps, axis=1)[:, :-1] > 0)
