"""Axes that several charts share: limits, counts, the hours of a quota day."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from matplotlib.ticker import MaxNLocator

from ytquota.clock import PACIFIC
from ytquota.dashboard.figures import TEXT

if TYPE_CHECKING:
    from ytquota.clock import DayBounds
    from ytquota.dashboard.figures import Palette

WIDE, NARROW = 1180, 360
"""Widths in pixels that a chart is drawn in; the page shows the one that fits."""

HOUR = 3600.0


def limit_line(axes: Any, palette: Palette, limit: int, top: float) -> None:
    """Draw a pool's limit; where it lies above the axis, say so."""
    if limit > top:
        text, at, side = f"limit {limit:,}, far above this scale", top * 0.98, "top"
    else:
        axes.axhline(limit, color=palette.red, lw=1.6)
        text, at, side = f"limit {limit:,}", limit + top * 0.012, "bottom"
    places = axes.get_yaxis_transform()
    axes.text(0.008, at, text, color=palette.red, fontsize=TEXT, va=side, transform=places)


def hour_axis(axes: Any, palette: Palette, bounds: DayBounds, width: int = WIDE) -> None:
    """Mark the hours of a quota day by the clock in Pacific time, on days of 23 and 25 hours, too."""
    length = round((bounds.end - bounds.start) / HOUR)
    marks = list(range(0, length, 3 if width > NARROW else 6))
    names = [f"{datetime.fromtimestamp(bounds.start + hour * HOUR, PACIFIC):%H}" for hour in marks]
    axes.set_xlim(0, length)
    axes.set_xticks([*marks, length], [*names, "24"])
    axes.set_xlabel("hour of the quota day, Pacific time", color=palette.muted, fontsize=TEXT)


def count_axis(axes: Any, palette: Palette, top: float, what: str) -> None:
    """Count from 0 to `top`, and say what."""
    axes.set_ylim(0, top)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.set_ylabel(what, color=palette.muted, fontsize=TEXT)
