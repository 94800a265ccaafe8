"""The curve of one quota day: the running total against the limit, the day before, and what is to come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ytquota.clock import PACIFIC, DayBounds
from ytquota.dashboard.axes import HOUR, NARROW, WIDE, count_axis, hour_axis, limit_line
from ytquota.dashboard.figures import TEXT, Chart, Palette

if TYPE_CHECKING:
    from collections.abc import Sequence

STEP_HOURS = 300 / HOUR
"""Hours between two points of a curve."""

_FLAT = 0.2
_LATE = 19
_HIGH = 0.8
_LINE, _MARGIN = 16, 45
"""Pixels that a line of text takes, and that the hours below the curve take."""


@dataclass(frozen=True, slots=True)
class Day:
    """One pool on one quota day, as its curve needs it. Counts are quota units, instants epoch seconds.

    Attributes:
        bounds: the quota day.
        now: how far it has come.
        today: running total at the end of each five minutes, the last of them not over yet.
        yesterday: the same of the whole day before; empty if nothing was counted.
        limit: the pool's limit today.
        left: what it has left by our count.
        unit: what is counted, in the plural.
        gone_at: about when the pool ran out, if it did.
        is_over: whether it is an earlier day, looked at as a whole; `yesterday` is then the day before it.
        fan: from now on (instant, low, middle, high): what the running total is expected to be.
        ahead: what the forecast says, in a few words.
    """

    bounds: DayBounds
    now: float
    today: Sequence[int]
    yesterday: Sequence[int]
    limit: int
    left: int
    unit: str = "units"
    gone_at: float | None = None
    is_over: bool = False
    fan: Sequence[tuple[float, float, float, float]] = ()
    ahead: str = ""

    @property
    def hour(self) -> float:
        """Hours since the quota day began."""
        return (self.now - self.bounds.start) / HOUR

    @property
    def used(self) -> int:
        """Units used so far."""
        return self.today[-1] if self.today else 0

    @property
    def top(self) -> float:
        """The top of the axis: above the limit, unless the day is so quiet that its curve would lie flat."""
        highest = max([*self.today[-1:], *self.yesterday[-1:], *(point[2] for point in self.fan[-1:]), 1])
        return highest * 1.5 if highest < self.limit * _FLAT else max(self.limit, highest) * 1.12


def day_curve(day: Day, *, width: int = WIDE) -> Chart:
    """Today's running total against the limit, with yesterday's behind it."""

    def draw(axes: Any, palette: Palette) -> None:
        hours = [*(step * STEP_HOURS for step in range(len(day.today))), day.hour]
        totals = [0, *day.today][: len(hours)]
        axes.plot(
            [step * STEP_HOURS for step in range(len(day.yesterday) + 1)], [0, *day.yesterday],
            color=palette.muted, lw=1.4, ls=(0, (4, 3)),
        )  # fmt: skip
        axes.fill_between(hours, totals, color=palette.blue, alpha=0.16, linewidth=0)
        axes.plot(hours, totals, color=palette.blue, lw=2.4, solid_capstyle="round")
        if not day.is_over:
            axes.plot(hours[-1:], totals[-1:], "o", color=palette.blue, ms=9, mec=palette.surface, mew=2)
        _fan(axes, palette, day)
        limit_line(axes, palette, day.limit, day.top)
        _name_curves(axes, palette, day, width)
        hour_axis(axes, palette, day.bounds, width)
        count_axis(axes, palette, day.top, day.unit)

    return Chart(_curve_title(day), (width, _height(width)), draw)


def _fan(axes: Any, palette: Palette, day: Day) -> None:
    """From now on: the middle of what is expected, and a band that holds 8 of 10 days."""
    if not day.fan:
        return
    hours = [(at - day.bounds.start) / HOUR for at, *_ in day.fan]
    low, middle, high = ([min(point[place], day.top) for point in day.fan] for place in (1, 2, 3))
    axes.fill_between(hours, low, high, color=palette.sky, alpha=0.28, linewidth=0)
    axes.plot(hours, middle, color=palette.blue, lw=1.6, ls=(0, (1, 2)))


def _name_curves(axes: Any, palette: Palette, day: Day, width: int) -> None:
    """Write at each curve what it is and how high it came, one label above the other where they meet."""
    ends: list[tuple[float, str, str]] = []  # how high, what, colour
    if day.yesterday and day.yesterday[-1]:
        ends.append((day.yesterday[-1], f"{_before(day)} {day.yesterday[-1]:,}", palette.muted))
    if day.fan:
        end = day.fan[-1][2]
        ends.append((min(end, day.top), f"forecast {end:,.0f}", palette.blue))
    late, below = day.hour > _LATE, day.used > _HIGH * day.top
    gap = day.top * _LINE / (_height(width) - _MARGIN)
    # on a narrow chart the count of a late hour reaches into the labels at the end of the day
    taken = [day.used] if late and width <= NARROW and not day.is_over else []
    ends.sort()
    for at, (_, text, colour) in zip(_apart([at for at, *_ in ends], gap, taken), ends, strict=True):
        axes.annotate(
            text, ((day.bounds.end - day.bounds.start) / HOUR, at), xytext=(-2, 4),
            textcoords="offset points", ha="right", va="bottom", color=colour, fontsize=TEXT,
        )  # fmt: skip
    axes.annotate(
        f"{day.used:,}", (day.hour, day.used), xytext=(-10 if late else 10, -17 if below else 5),
        textcoords="offset points",
        ha="right" if late else "left", color=palette.ink, fontsize=TEXT + 3, fontweight="bold",
    )  # fmt: skip


def _apart(places: Sequence[float], gap: float, taken: Sequence[float]) -> list[float]:
    """Lift places (ascending) until each is `gap` away from the one below it, and from what is taken."""
    made: list[float] = []
    for place in places:
        free = place
        for other in sorted([*taken, *made]):
            if abs(free - other) < gap:
                free = other + gap
        made.append(free)
    return made


def _height(width: int) -> int:
    return 290 if width > NARROW else 240


def _before(day: Day) -> str:
    return "the day before" if day.is_over else "yesterday"


def _curve_title(day: Day) -> str:
    if day.is_over:
        return _past_title(day)
    told = _today_title(day)
    return f"{told}; {day.ahead}" if day.ahead and day.gone_at is None else told


def _past_title(day: Day) -> str:
    name = f"{day.bounds.day:%A %-d %B}"
    if not day.used:
        return f"Nothing was used on {name}"
    told = f"{day.used:,} {day.unit} used on {name}"
    before = day.yesterday[-1] if day.yesterday else 0
    return f"{told}, {_compared(day.used, before, 'on the day before')}" if before else told


def _today_title(day: Day) -> str:
    if day.gone_at is not None and day.left == 0:
        return f"All {day.used:,} {day.unit} were gone at {_clock(day.gone_at)} Pacific"
    if day.gone_at is not None:
        since = f"Exhausted since about {_clock(day.gone_at)} Pacific"
        return f"{since}, with {day.used:,} of {day.limit:,} {day.unit} counted here"
    if not day.used:
        return f"Nothing was used up to {_clock(day.now)} Pacific"
    before = day.yesterday[len(day.today) - 1] if len(day.yesterday) >= len(day.today) else 0
    if not before:
        return f"{day.used:,} of {day.limit:,} {day.unit} used by {_clock(day.now)} Pacific"
    compared = _compared(day.used, before, "yesterday at this time")
    return f"{day.used:,} {day.unit} used by {_clock(day.now)} Pacific, {compared}"


def _compared(used: int, before: int, then: str) -> str:
    change = round(100 * (used / before - 1))
    if not change:
        return f"as many as {then}"
    if change >= 100:  # noqa: PLR2004 - from here on times are easier to read than per cent
        return f"{used / before:.1f} times as many as {then}"
    return f"{abs(change)} % {'more' if change > 0 else 'fewer'} than {then}"


def _clock(at: float) -> str:
    return f"{datetime.fromtimestamp(at, PACIFIC):%H:%M}"
