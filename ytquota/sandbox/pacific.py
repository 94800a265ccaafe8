"""Quota days: calendar dates on the Pacific coast of the United States.

Worked out from the rule in force since 2007 (summer time from the second Sunday of March, 02:00, to the first
Sunday of November, 02:00) instead of a time zone database, so that a mistake in one is seen in the other.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

_HOUR = 3600
_WINTER = 8 * _HOUR  # seconds behind UTC
_SUMMER = 7 * _HOUR
_SUNDAY = 6


class QuotaDay(NamedTuple):
    """One quota day: its date, and where it starts and ends (epoch seconds, end exclusive)."""

    date: date
    start: float
    end: float


class DayFinder:
    """Finds the quota day of an instant; asking again within the same day costs next to nothing."""

    def __init__(self) -> None:
        self._last = QuotaDay(date.min, 0.0, 0.0)

    def at(self, moment: float) -> QuotaDay:
        """The quota day that `moment` (epoch seconds) falls in."""
        if not self._last.start <= moment < self._last.end:
            self._last = day_at(moment)
        return self._last


def day_at(moment: float) -> QuotaDay:
    """The quota day that `moment` (epoch seconds) falls in."""
    local = datetime.fromtimestamp(moment - _behind_utc(moment), UTC).date()
    return QuotaDay(local, _midnight(local), _midnight(local + timedelta(days=1)))


def _midnight(day: date) -> float:
    as_if_utc = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
    if _behind_utc(as_if_utc + _WINTER) == _WINTER:
        return as_if_utc + _WINTER
    return as_if_utc + _SUMMER


def _behind_utc(moment: float) -> int:
    begins, ends = _summer(datetime.fromtimestamp(moment, UTC).year)
    return _SUMMER if begins <= moment < ends else _WINTER


@lru_cache(maxsize=64)
def _summer(year: int) -> tuple[float, float]:
    begins = _nth_sunday(year, month=3, nth=2) + 2 * _HOUR + _WINTER
    ends = _nth_sunday(year, month=11, nth=1) + 2 * _HOUR + _SUMMER
    return begins, ends


def _nth_sunday(year: int, *, month: int, nth: int) -> float:
    first = datetime(year, month, 1, tzinfo=UTC)
    days = (_SUNDAY - first.weekday()) % 7 + 7 * (nth - 1)
    return (first + timedelta(days=days)).timestamp()
