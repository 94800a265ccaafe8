"""Time as YouTube's quota counts it: days that begin at midnight Pacific and last 23, 24 or 25 hours.

Nothing in ytquota reads the time except through a :class:`Clock`, so that a test or a simulation can set it.
Instants are epoch seconds (float, UTC) where speed matters and aware datetimes where people read them. All
day arithmetic goes through the zone's own rules; there is no daylight-saving rule in this file.
"""

from __future__ import annotations

import time
import warnings
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from math import floor
from threading import Lock
from typing import Literal, NamedTuple, Protocol

ZONE_NAME = "America/Los_Angeles"
ZoneSource = Literal["zoneinfo", "pytz", "fixed"]


class Clock(Protocol):
    """Anything that tells the time as epoch seconds (UTC)."""

    def time(self) -> float:
        """Return the seconds since 1970-01-01 00:00 UTC."""
        ...


class SystemClock:
    """The clock of this machine. Never a monotonic one: its scale says nothing about midnight."""

    def time(self) -> float:
        """Return the seconds since 1970-01-01 00:00 UTC."""
        return time.time()


class ManualClock:
    """A clock that stands still until it is told to move; safe to share between threads.

    Args:
        at: where it starts, an aware datetime or epoch seconds.
    """

    def __init__(self, at: datetime | float) -> None:
        self._lock = Lock()
        self._at = epoch(at)

    def time(self) -> float:
        """Return the instant this clock was last put to, in epoch seconds."""
        return self._at

    def advance(self, seconds: float) -> None:
        """Move on by so many seconds (negative moves back)."""
        with self._lock:
            self._at += seconds

    def set(self, at: datetime | float) -> None:
        """Put the clock to an aware datetime or to epoch seconds."""
        with self._lock:
            self._at = epoch(at)


class DayBounds(NamedTuple):
    """One quota day: its Pacific date and its instants in epoch seconds, the end not included."""

    day: date
    start: float
    end: float


def bounds_at(at: float) -> DayBounds:
    """Return the quota day that contains an instant, given in epoch seconds."""
    global _latest  # noqa: PLW0603 - one cached tuple, replaced whole, spares the hot path a zone look-up
    bounds = _latest
    if bounds.start <= at < bounds.end:
        return bounds
    # whole seconds, rounded down: datetime rounds to the nearest microsecond, which may be tomorrow's first
    _latest = bounds = bounds_of(datetime.fromtimestamp(floor(at), PACIFIC).date())
    return bounds


@lru_cache(maxsize=512)
def bounds_of(day: date) -> DayBounds:
    """Return the instants at which a quota day, named by its Pacific date, begins and ends."""
    return DayBounds(day, _midnight(day), _midnight(day + timedelta(days=1)))


def quota_day(at: datetime | float) -> date:
    """Return the Pacific date on which a call at this instant is counted."""
    return bounds_at(epoch(at)).day


def day_start(day: date) -> datetime:
    """Return the midnight at which a quota day begins, as an aware Pacific datetime."""
    return datetime.fromtimestamp(bounds_of(day).start, PACIFIC)


def next_reset(at: datetime | float) -> datetime:
    """Return the first reset after an instant, as an aware Pacific datetime."""
    return datetime.fromtimestamp(bounds_at(epoch(at)).end, PACIFIC)


def seconds_to_reset(at: datetime | float) -> float:
    """Return how many seconds lie between an instant and the next reset; at a reset, a whole day."""
    seconds = epoch(at)
    return bounds_at(seconds).end - seconds


def utc(at: float) -> datetime:
    """Return epoch seconds as an aware datetime in UTC."""
    return datetime.fromtimestamp(at, UTC)


def pacific_iso(at: float) -> str:
    """Return epoch seconds as ISO text, Pacific."""
    return utc(at).astimezone(PACIFIC).isoformat()


def both_zones(at: datetime, local: tzinfo | None = None) -> str:
    """Return a time of day in Pacific and, if that differs, in the local zone: ``00:00 PST (09:00 CET)``."""
    pacific, here = at.astimezone(PACIFIC), at.astimezone(local)
    text = f"{pacific:%H:%M %Z}"
    return text if pacific.utcoffset() == here.utcoffset() else f"{text} ({here:%H:%M %Z})"


def span(seconds: float) -> str:
    """Return a duration in its two largest units: ``5 h 12 m``, ``3 d 4 h``, ``42 s``."""
    left = max(0, round(seconds))
    if left < 60:  # noqa: PLR2004 - a minute
        return f"{left} s"
    minutes, hours, days = left // 60 % 60, left // 3600 % 24, left // 86400
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} m" if hours else f"{minutes} m"


def moment(at: datetime, *, now: datetime | None = None) -> str:
    """Return an instant in Pacific and local time, ``00:00 PST (09:00 CET)``; dated unless it is today's."""
    pacific, local = at.astimezone(PACIFIC), at.astimezone()
    if pacific.utcoffset() == local.utcoffset():
        return _in_zone(pacific, now)
    local_text = f"{local:%H:%M %Z}" if local.date() == pacific.date() else _in_zone(local, now)
    return f"{_in_zone(pacific, now)} ({local_text})"


def _in_zone(at: datetime, now: datetime | None) -> str:
    today = (now or datetime.now(at.tzinfo)).astimezone(at.tzinfo).date()
    return f"{at:%H:%M %Z}" if at.date() == today else f"{at:%a %d %b %H:%M %Z}"


def epoch(at: datetime | float) -> float:
    """Return an aware datetime, or epoch seconds as they are, as epoch seconds.

    Raises:
        ValueError: the datetime is naive, so nobody can say which instant it means.
    """
    if not isinstance(at, datetime):
        return float(at)
    if at.tzinfo is None:
        raise ValueError(f"{at.isoformat()} has no time zone; give an aware datetime, or epoch seconds")
    return at.timestamp()


def _midnight(day: date) -> float:
    """Return the instant a Pacific date begins, by asking the zone for its offset around that midnight."""
    as_if_utc = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
    at = as_if_utc
    # The first round asks for the offset some hours early, the second at the midnight itself. Only the way
    # from UTC to local is used, which zoneinfo, pytz and a fixed offset all answer alike.
    for _ in range(2):
        offset = datetime.fromtimestamp(at, PACIFIC).utcoffset() or timedelta(0)
        at = as_if_utc - offset.total_seconds()
    return at


def _load_pacific() -> tuple[tzinfo, ZoneSource]:
    """Return the Pacific zone from the best source this machine has, and the name of that source."""
    try:
        from zoneinfo import ZoneInfo  # noqa: PLC0415 - may be missing from a trimmed Python

        return ZoneInfo(ZONE_NAME), "zoneinfo"
    except (ImportError, KeyError, OSError):
        pass
    try:
        import pytz  # noqa: PLC0415 - only where the system has no zone database

        return pytz.timezone(ZONE_NAME), "pytz"
    except (ImportError, KeyError, OSError):
        pass
    warnings.warn(
        f"No time zone database with {ZONE_NAME} was found, so quota days are counted at UTC-8 all year. "
        "From March to November the real reset comes one hour earlier than shown, and calls in the hour from "
        "07:00 to 08:00 UTC are counted on the wrong day. Remedy: pip install tzdata",
        RuntimeWarning,
        stacklevel=2,
    )
    return timezone(timedelta(hours=-8), "PST"), "fixed"


PACIFIC: tzinfo
ZONE_SOURCE: ZoneSource
PACIFIC, ZONE_SOURCE = _load_pacific()
ZONE_IS_EXACT = ZONE_SOURCE != "fixed"
"""False where days are counted at UTC-8 for want of a zone database; they are then up to one hour off."""

_latest = DayBounds(date(1970, 1, 1), 0.0, 0.0)
