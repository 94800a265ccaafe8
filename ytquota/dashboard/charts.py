"""Where the units went, by name, day and hour: what each chart shows, and the finding that is its title."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.colors import to_rgba
from matplotlib.offsetbox import AnchoredOffsetbox, DrawingArea, HPacker, TextArea
from matplotlib.patches import Rectangle

from ytquota.dashboard.axes import NARROW, WIDE, count_axis, limit_line
from ytquota.dashboard.figures import TEXT, Chart, Palette

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date

    import pandas as pd

_BARS = 6
_PALE = 0.4


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
    if len(ranked) == 1:
        return f"{name} took all {whole:,} {unit}" if whole > 1 else f"{name} took all of it"
    return f"{name} took {100 * count / whole:.0f} % of {whole:,} {unit}"


def daily_bars(
    days: Sequence[date],
    units: Sequence[int],
    unmet: Sequence[int],
    limit: int,
    *,
    official: Collection[date] = (),
    unit: str = "units",
    width: int = WIDE,
) -> Chart:
    """Units per quota day against today's limit; hatched on top what was asked for and not to be had.

    Args:
        days: quota days, oldest first, the last of them today.
        units: charged on each day.
        unmet: asked for on each day, and refused.
        limit: the pool's limit today.
        official: the days that Google counted, and not this ledger; they are drawn pale.
        unit: what is counted, in the plural.
        width: of the chart, in pixels.
    """

    def draw(axes: Any, palette: Palette) -> None:
        places = list(range(len(days)))
        top = max([*units, limit, 1]) * 1.12
        colours = [to_rgba(palette.blue, _PALE if day in official else 1.0) for day in days[:-1]]
        axes.bar(places, units, width=0.72, color=[*colours, palette.sky])
        if any(day in official for day in days):
            place = {"ha": "right", "va": "bottom", "transform": axes.transAxes, "fontsize": TEXT}
            axes.text(0.992, 1.0, "pale: as Google counted", color=palette.muted, **place)
        over = [min(more, top - used) for used, more in zip(units, unmet, strict=True)]
        axes.bar(places, over, width=0.72, bottom=units, fc="none", ec=palette.orange, hatch="/////", lw=0)
        limit_line(axes, palette, limit, top)
        every = 7 if width > NARROW else 14
        marks = [place for place in places if (places[-1] - place) % every == 0]
        axes.set_xticks(marks, ["today" if m == places[-1] else f"{days[m]:%a %-d %b}" for m in marks])
        axes.set_xlim(-0.6, len(days) - 0.4)
        axes.set_xlabel("quota day, Pacific time", color=palette.muted, fontsize=TEXT)
        count_axis(axes, palette, top, f"{unit} per quota day")

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
        axes.set_xlabel("hour of the day, Pacific time", color=palette.muted, fontsize=TEXT, loc="left")
        _heat_scale(axes, palette, f"{highest:,.0f} {unit} an hour", width)

    return Chart(_heat_title(heat, highest, unit), (width, 230 if width > NARROW else 250), draw)


def _heat_scale(axes: Any, palette: Palette, most: str, width: int) -> None:
    """What the depths mean, from nothing to the most, under the right end of the map."""
    cells = DrawingArea(5 * 14, 10)
    for place in range(5):
        cells.add_artist(Rectangle((place * 14, 0), 12, 10, color=to_rgba(palette.line, 0.7), lw=0))
        depth = (place / 4) ** 0.5
        cells.add_artist(Rectangle((place * 14, 0), 12, 10, color=to_rgba(palette.blue, depth), lw=0))
    text = {"color": palette.muted, "fontsize": TEXT}
    row = HPacker(
        children=[TextArea("0", textprops=text), cells, TextArea(most, textprops=text)],
        align="center", pad=0, sep=6,
    )  # fmt: skip
    below = -0.1 if width > NARROW else -0.24
    axes.add_artist(
        AnchoredOffsetbox(
            "upper right",
            child=row,
            pad=0,
            borderpad=0,
            frameon=False,
            bbox_to_anchor=(1, below),
            bbox_transform=axes.transAxes,
        )
    )


def _heat_title(heat: pd.DataFrame, highest: float, unit: str) -> str:
    if highest <= 0:
        return "No hour stands out: nothing was used"
    weekday = heat.max().idxmax()
    hour = heat[weekday].idxmax()
    return f"The busiest hour is {weekday} {hour:02d}:00 Pacific, with {highest:,.0f} {unit} on average"
