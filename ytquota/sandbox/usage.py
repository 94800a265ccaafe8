"""What was billed, minute by minute, and what Cloud Monitoring has of it: late, and sometimes with holes."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

MINUTE = 60
DEFAULT_LAG = 7 * MINUTE
"""Seconds until a minute can be read; measured by one project in March 2026, and stated nowhere."""


class SeriesKey(NamedTuple):
    """What one series is about."""

    project: str
    bucket: str
    method: str


class Gap(NamedTuple):
    """Minutes that were lost on the way to Monitoring; epoch seconds, `end` exclusive; no project: all."""

    start: float
    end: float
    project: str | None


class Usage:
    """Units by project, bucket, method and minute.

    `lag`: seconds until a minute can be read; `partial`: a younger minute shows half of its units instead of
    nothing; `page_points`: the most points that one page carries; `limit_names`: each series comes twice,
    once for the limit per day and once for the limit per minute.
    """

    def __init__(self) -> None:
        self.lag: float = DEFAULT_LAG
        self.partial = False
        self.page_points = 100_000
        self.limit_names = False
        self._gaps: list[Gap] = []
        self._units: defaultdict[SeriesKey, defaultdict[int, int]] = defaultdict(lambda: defaultdict(int))

    def add(self, key: SeriesKey, at: float, units: int) -> None:
        """Count units at epoch second `at`; negative ones are taken back."""
        self._units[key][int(at // MINUTE) * MINUTE] += units

    def lose(self, gap: Gap) -> None:
        """Lose the minutes of a gap."""
        self._gaps.append(gap)

    def series(
        self, project: str, after: float, until: float, now: float
    ) -> Iterator[tuple[SeriesKey, list[tuple[int, int]]]]:
        """Yield what can be read at `now`: series, and their (minute, units), oldest first.

        A minute is in the interval if it ends after `after` and not after `until`. A series without a point
        in the interval is left out.
        """
        for key in sorted(self._units):
            if key.project == project:
                points = [
                    (minute, seen)
                    for minute, units in sorted(self._units[key].items())
                    if after < minute + MINUTE <= until and (seen := self._seen(key, minute, units, now))
                ]
                if points:
                    yield key, points

    def _seen(self, key: SeriesKey, minute: int, units: int, now: float) -> int:
        if any(
            gap.project in (None, key.project) and gap.start < minute + MINUTE and minute < gap.end
            for gap in self._gaps
        ):
            return 0
        if minute + MINUTE <= now - self.lag:
            return units
        return units // 2 if self.partial and minute <= now else 0
