"""The dashboard's charts: what each one shows, and the finding that is its title."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from matplotlib.colors import to_rgba
from matplotlib.ticker import MaxNLocator

from ytquota.clock import PACIFIC, DayBounds
from ytquota.dashboard.figures import TEXT, Chart, Palette

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

WIDE, NARROW = 1180, 360
"""Widths in pixels that a chart is drawn in; the page shows the one that fits."""

_HOUR = 3600.0
_STEP = 300 / _HOUR
_BARS = 6
_FLAT = 0.2
_LATE = 19


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
        return (self.now - self.bounds.start) / _HOUR

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
        hours = [*(step * _STEP for step in range(len(day.today))), day.hour]
        totals = [0, *day.today][: len(hours)]
        axes.plot(
            [step * _STEP for step in range(len(day.yesterday) + 1)], [0, *day.yesterday],
            color=palette.muted, lw=1.4, ls=(0, (4, 3)),
        )  # fmt: skip
        axes.fill_between(hours, totals, color=palette.blue, alpha=0.16, linewidth=0)
        axes.plot(hours, totals, color=palette.blue, lw=2.4, solid_capstyle="round")
        if not day.is_over:
            axes.plot(hours[-1:], totals[-1:], "o", color=palette.blue, ms=9, mec=palette.surface, mew=2)
        _fan(axes, palette, day)
        _limit_line(axes, palette, day.limit, day.top)
        _name_curves(axes, palette, day)
        _hours(axes, palette, day.bounds, width)
        _count_axis(axes, palette, day.top, day.unit)

    return Chart(_curve_title(day), (width, 290 if width > NARROW else 240), draw)


def _fan(axes: Any, palette: Palette, day: Day) -> None:
    """From now on: the middle of what is expected, and a band that holds 8 of 10 days."""
    if not day.fan:
        return
    hours = [(at - day.bounds.start) / _HOUR for at, *_ in day.fan]
    low, middle, high = ([min(point[place], day.top) for point in day.fan] for place in (1, 2, 3))
    axes.fill_between(hours, low, high, color=palette.sky, alpha=0.28, linewidth=0)
    axes.plot(hours, middle, color=palette.blue, lw=1.6, ls=(0, (1, 2)))
    # away from the label of yesterday's curve
    is_above = not day.yesterday or day.fan[-1][2] >= day.yesterday[-1]
    axes.annotate(
        f"forecast {day.fan[-1][2]:,.0f}", (hours[-1], middle[-1]), xytext=(-2, 5 if is_above else -5),
        textcoords="offset points", ha="right", va="bottom" if is_above else "top",
        color=palette.blue, fontsize=TEXT,
    )  # fmt: skip


def _limit_line(axes: Any, palette: Palette, limit: int, top: float) -> None:
    if limit > top:
        text, at, side = f"limit {limit:,}, far above this scale", top * 0.98, "top"
    else:
        axes.axhline(limit, color=palette.red, lw=1.6)
        text, at, side = f"limit {limit:,}", limit + top * 0.012, "bottom"
    places = axes.get_yaxis_transform()
    axes.text(0.008, at, text, color=palette.red, fontsize=TEXT, va=side, transform=places)


def _name_curves(axes: Any, palette: Palette, day: Day) -> None:
    late = day.hour > _LATE
    below = day.used > 0.8 * day.top
    axes.annotate(
        f"{day.used:,}", (day.hour, day.used), xytext=(-10 if late else 10, -17 if below else 5),
        textcoords="offset points",
        ha="right" if late else "left", color=palette.ink, fontsize=TEXT + 3, fontweight="bold",
    )  # fmt: skip
    if day.yesterday and day.yesterday[-1]:
        end = day.yesterday[-1]
        axes.annotate(
            f"{_before(day)} {end:,}", (len(day.yesterday) * _STEP, end), xytext=(-2, 5),
            textcoords="offset points", ha="right", va="bottom", color=palette.muted, fontsize=TEXT,
        )  # fmt: skip


def _hours(axes: Any, palette: Palette, bounds: DayBounds, width: int) -> None:
    length = round((bounds.end - bounds.start) / _HOUR)
    marks = list(range(0, length, 3 if width > NARROW else 6))
    names = [f"{datetime.fromtimestamp(bounds.start + hour * _HOUR, PACIFIC):%H}" for hour in marks]
    axes.set_xlim(0, length)
    axes.set_xticks([*marks, length], [*names, "24"])
    axes.set_xlabel("hour of the quota day, Pacific time", color=palette.muted, fontsize=TEXT)


def _count_axis(axes: Any, palette: Palette, top: float, what: str) -> None:
    axes.set_ylim(0, top)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.set_ylabel(what, color=palette.muted, fontsize=TEXT)


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


def burn_bars(units: Mapping[str, int], *, unit: str = "units", width: int = 370) -> Chart:
    """Where the units went: one bar per method, set or tag, the dearest first, the small ones added up.

    Args:
        units: units by name.
        unit: what is counted, in the plural.
        width: of the chart, in pixels.
    """
    ranked = sorted(((name, count) for name, count in units.items() if count), key=lambda one: -one[1])
    if len(ranked) > _BARS:
        rest = ranked[_BARS - 1 :]
        ranked = [*ranked[: _BARS - 1], (f"{len(rest)} others", sum(count for _, count in rest))]
    whole = sum(units.values())

    def draw(axes: Any, palette: Palette) -> None:
        top = max((count for _, count in ranked), default=1)
        for row, (name, count) in enumerate(ranked):
            axes.barh(row, top, height=0.2, color=palette.line, alpha=0.6)
            axes.barh(row, count, height=0.2, color=palette.blue)
            place = {"y": row - 0.17, "va": "bottom", "fontsize": TEXT + 1}
            axes.text(0, s=name, color=palette.ink, **place)
            axes.text(top * 0.87, s=f"{count:,}", color=palette.ink, ha="right", **place)
            axes.text(top, s=f"{100 * count / whole:.0f} %", color=palette.muted, ha="right", **place)
        axes.set_axis_off()
        axes.set_xlim(0, top)
        axes.set_ylim(max(len(ranked), 1) - 0.7, -0.75)

    return Chart(_burn_title(ranked, whole, unit), (width, 12 + 38 * max(len(ranked), 1)), draw)


def _burn_title(ranked: Sequence[tuple[str, int]], whole: int, unit: str) -> str:
    if not ranked:
        return f"No {unit} used yet"
    name, count = ranked[0]
    return f"{name} took all of it" if len(ranked) == 1 else f"{name} took {100 * count / whole:.0f} %"


def daily_bars(
    days: Sequence[date],
    units: Sequence[int],
    unmet: Sequence[int],
    limit: int,
    *,
    unit: str = "units",
    width: int = WIDE,
) -> Chart:
    """Units per quota day against today's limit; hatched on top what was asked for and not to be had.

    Args:
        days: quota days, oldest first, the last of them today.
        units: charged on each day.
        unmet: asked for on each day, and refused.
        limit: the pool's limit today.
        unit: what is counted, in the plural.
        width: of the chart, in pixels.
    """

    def draw(axes: Any, palette: Palette) -> None:
        places = list(range(len(days)))
        top = max([*units, limit, 1]) * 1.12
        axes.bar(places, units, width=0.72, color=[*[palette.blue] * (len(days) - 1), palette.sky])
        over = [min(more, top - used) for used, more in zip(units, unmet, strict=True)]
        axes.bar(places, over, width=0.72, bottom=units, fc="none", ec=palette.orange, hatch="/////", lw=0)
        _limit_line(axes, palette, limit, top)
        every = 7 if width > NARROW else 14
        marks = [place for place in places if (places[-1] - place) % every == 0]
        axes.set_xticks(marks, ["today" if m == places[-1] else f"{days[m]:%a %-d %b}" for m in marks])
        axes.set_xlim(-0.6, len(days) - 0.4)
        _count_axis(axes, palette, top, f"{unit} per quota day")

    return Chart(_daily_title(units, unmet, unit), (width, 270 if width > NARROW else 230), draw)


def _daily_title(units: Sequence[int], unmet: Sequence[int], unit: str) -> str:
    if not any(units):
        return "Nothing was used in these days"
    before = sorted(units[:-1])
    usual = before[len(before) // 2] if before else units[-1]
    short = sum(1 for more in unmet if more)
    told = f"Calls were refused on {short} of {len(units)} days" if short else "No call was refused for quota"
    return f"{told}; a usual day takes {usual:,} {unit}"


def heat_map(heat: pd.DataFrame, *, unit: str = "units", width: int = WIDE) -> Chart:
    """Mean units per hour of the day and weekday: the deeper the colour, the more.

    Args:
        heat: a frame of `QuotaIntelligence.heatmap()`.
        unit: what is counted, in the plural.
        width: of the chart, in pixels.
    """
    values = heat.fillna(0.0).to_numpy().T
    highest = float(values.max()) if values.size else 0.0

    def draw(axes: Any, palette: Palette) -> None:
        for row, hours in enumerate(values):
            cells = {"height": 0.88, "width": 0.92, "bottom": row - 0.44}
            depths = [(value / highest) ** 0.5 if highest else 0.0 for value in hours]
            axes.bar(range(24), color=to_rgba(palette.line, 0.7), **cells)
            axes.bar(range(24), color=[to_rgba(palette.blue, depth) for depth in depths], **cells)
        axes.grid(visible=False)
        axes.spines["bottom"].set_visible(False)
        axes.set_yticks(range(7), list(heat.columns))
        axes.set_xticks(range(0, 24, 3), [f"{hour:02d}" for hour in range(0, 24, 3)])
        axes.set_ylim(6.6, -0.6)
        axes.set_xlim(-0.6, 23.6)
        axes.set_xlabel("hour of the day, Pacific time", color=palette.muted, fontsize=TEXT)

    return Chart(_heat_title(heat, highest, unit), (width, 230), draw)


def _heat_title(heat: pd.DataFrame, highest: float, unit: str) -> str:
    if highest <= 0:
        return "No hour stands out: nothing was used"
    weekday = heat.max().idxmax()
    hour = heat[weekday].idxmax()
    return f"The busiest hour is {weekday} {hour:02d}:00 Pacific, with {highest:,.0f} {unit} on average"
