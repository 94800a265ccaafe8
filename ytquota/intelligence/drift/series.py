"""One method of one bucket: what Google counted of it by slot, and what we sent by minute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ytquota import clock as clocks
from ytquota.intelligence.sends import ENDINGS

if TYPE_CHECKING:
    from datetime import date, datetime

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

MINUTES = 25 * 60
"""Minutes of the longest quota day."""

EARLIER = 5
"""Minutes before the first day whose sends may still be counted on it."""


@dataclass(frozen=True, eq=False, slots=True)
class Series:
    """One method of one bucket.

    Attributes:
        bucket: the daily allowance.
        method: the method.
        taken: units that Google counted, by slot: ``float[days, slots]``.
        sent: our sends by the minute in which they left: ``float[endings, days, minutes]``.
        units: units that our log charged for them: ``float[endings, days]``.
        price: what our log priced a send at, by day; 0 on days without a send: ``int[days]``.
        before: our sends in the last minutes before the first day, the latest last: ``float[EARLIER]``.
        unsettled: units of sends that Google cannot have counted yet: ``float[days]``.
    """

    bucket: str
    method: str
    taken: Floats
    sent: Floats
    units: Floats
    price: NDArray[np.int64]
    before: Floats
    unsettled: Floats


class Sides(NamedTuple):
    """Both sides of a comparison, each row with its `day` (number) and `minute` (into the day)."""

    theirs: pd.DataFrame  # readings
    now: pd.DataFrame  # our sends that are settled
    late: pd.DataFrame  # our sends that are not
    earlier: pd.DataFrame  # our sends just before the first day, with their `place` among those minutes

    def of(self, bucket: str, method: str) -> Sides:
        """The rows of one method."""
        return Sides(*(side[(side["bucket"] == bucket) & (side["method"] == method)] for side in self))


def sides(official: pd.DataFrame, ours: pd.DataFrame, days: tuple[date, ...], until: datetime) -> Sides:
    """Both sides of a comparison.

    Args:
        official: with the columns of `OFFICIAL`.
        ours: with the columns of `SENDS`.
        days: the quota days.
        until: up to when Google's counters are settled (aware).
    """
    starts = np.array([clocks.bounds_of(day).start for day in days])
    theirs = inside(official, "start", days)
    sent = placed(inside(ours, "minute", days), "minute", starts)
    settled = sent["at"] < until
    return Sides(
        placed(theirs[theirs["end"] <= until], "start", starts),
        sent[settled],
        sent[~settled],
        _before(ours, starts[0]),
    )


def series_of(bucket: str, method: str, both: Sides, width: int, days: int) -> Series:
    """The series of one method, Google's side by slots of `width` minutes."""
    theirs, now, late, earlier = both.of(bucket, method)
    place = _endings(now) * days + now["day"].to_numpy()
    return Series(
        bucket=bucket,
        method=method,
        taken=summed(theirs, theirs["minute"].to_numpy() // width, (days, MINUTES // width)),
        sent=_counts(now, days),
        units=_binned(place, now["units"].to_numpy(), (len(ENDINGS), days)),
        price=_usual_price(now, days),
        before=_earlier(earlier),
        unsettled=_binned(late["day"].to_numpy(), late["units"].to_numpy(), (days,)),
    )


def place_sends(
    frame: pd.DataFrame, days: tuple[date, ...], until: datetime
) -> dict[tuple[str, str], Floats]:
    """Settled sends of another frame by bucket and method: ``float[endings, days, minutes]`` each."""
    starts = np.array([clocks.bounds_of(day).start for day in days])
    frame = inside(frame, "minute", days)
    known = placed(frame[frame["minute"] < until], "minute", starts)
    return {
        (str(bucket), str(method)): _counts(mine, len(days))
        for (bucket, method), mine in known.groupby(["bucket", "method"], observed=True)
    }


def inside(frame: pd.DataFrame, column: str, days: tuple[date, ...]) -> pd.DataFrame:
    """The rows whose instant lies on one of the days."""
    low, high = clocks.bounds_of(days[0]).start, clocks.bounds_of(days[-1]).end
    at = frame[column]
    return frame[(at >= clocks.utc(low)) & (at < clocks.utc(high))]


def placed(frame: pd.DataFrame, column: str, starts: Floats) -> pd.DataFrame:
    """The frame with `day` (number), `minute` (into the day) and `at` (the instant) of some instants."""
    seconds = pd.DatetimeIndex(frame[column]).as_unit("us").asi8 / 1e6
    day = np.searchsorted(starts, seconds, side="right") - 1
    into = ((seconds - starts[day]) // 60).astype("int64") if len(frame) else np.zeros(0, dtype="int64")
    return frame.assign(at=frame[column], day=day, minute=np.clip(into, 0, MINUTES - 1))


def summed(frame: pd.DataFrame, place: NDArray[np.int64], shape: tuple[int, int]) -> Floats:
    """Units by day and place."""
    return _binned(frame["day"].to_numpy() * shape[1] + place, frame["units"].to_numpy(), shape)


def _before(ours: pd.DataFrame, start: float) -> pd.DataFrame:
    """Our sends of the last minutes before the first day."""
    low, high = clocks.utc(start - 60 * EARLIER), clocks.utc(start)
    late = ours[(ours["minute"] >= low) & (ours["minute"] < high)]
    return late.assign(place=((late["minute"] - low).dt.total_seconds() // 60).astype("int64"))


def _earlier(late: pd.DataFrame) -> Floats:
    left = late[late["ending"] != "not_sent"]
    return _binned(left["place"].to_numpy(), left["sends"].to_numpy(), (EARLIER,))


def _endings(sent: pd.DataFrame) -> NDArray[np.int64]:
    return pd.Categorical(sent["ending"], categories=ENDINGS).codes.astype("int64")


def _counts(sent: pd.DataFrame, days: int) -> Floats:
    """Sends by ending, day and minute."""
    place = (_endings(sent) * days + sent["day"].to_numpy()) * MINUTES + sent["minute"].to_numpy()
    return _binned(place, sent["sends"].to_numpy(), (len(ENDINGS), days, MINUTES))


def _binned(place: NDArray[np.int64], weights: NDArray[np.int64], shape: tuple[int, ...]) -> Floats:
    sums = np.bincount(place, weights=weights, minlength=int(np.prod(shape)))
    return sums.astype("float64").reshape(shape)


def _usual_price(mine: pd.DataFrame, days: int) -> NDArray[np.int64]:
    """The price at which most sends of a day were logged; 0 on days without a send."""
    prices = np.zeros(days, dtype="int64")
    sums = mine.groupby(["day", "price"])["sends"].sum()
    for day, price in sums.sort_values(kind="stable").index.tolist():
        prices[day] = price
    return prices
