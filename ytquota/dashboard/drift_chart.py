"""Drift by day and cause: how far Google's count was from ours, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.ticker import MaxNLocator

from ytquota.dashboard.axes import NARROW, WIDE
from ytquota.dashboard.figures import TEXT, Chart, Palette
from ytquota.intelligence.drift.causes import TITLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from ytquota.intelligence.drift import Cause, Drift
    from ytquota.intelligence.drift.causes import Kind

_LOOKS: Mapping[Kind, tuple[str, str]] = {
    "elsewhere": ("red", ""),
    "second_ledger": ("red", "///"),
    "missing_host": ("red", "..."),
    "price": ("orange", ""),
    "over_counted": ("blue", ""),
    "under_counted": ("blue", "///"),
    "source": ("muted", "..."),
    "unexplained": ("muted", ""),
}
"""Colour and hatch of each kind of cause: no two share both."""


def drift_bars(drift: Drift, bucket: str = "default", *, unit: str = "units", width: int = WIDE) -> Chart:
    """Units that Google counted more (up) or less (down) than this ledger, by quota day, stacked by cause.

    Args:
        drift: of one project.
        bucket: which of its pools.
        unit: what is counted, in the plural.
        width: of the chart, in pixels.
    """
    days = sorted(set(drift.days["day"]))
    causes = [cause for cause in drift.causes if cause.bucket == bucket]
    kinds = [kind for kind in _LOOKS if any(cause.kind == kind for cause in causes)]

    def draw(axes: Any, palette: Palette) -> None:
        up, down = [0.0] * len(days), [0.0] * len(days)
        for kind in kinds:
            units = [sum(one.units for one in causes if (one.day, one.kind) == (day, kind)) for day in days]
            bottom = [up[n] if more > 0 else down[n] for n, more in enumerate(units)]
            colour, hatch = _LOOKS[kind]
            axes.bar(
                range(len(days)), units, width=0.72, bottom=bottom, color=getattr(palette, colour),
                edgecolor=palette.surface, hatch=hatch, linewidth=0, label=TITLES[kind],
            )  # fmt: skip
            up = [at + max(0, more) for at, more in zip(up, units, strict=True)]
            down = [at + min(0, more) for at, more in zip(down, units, strict=True)]
        axes.axhline(0, color=palette.muted, lw=1)
        _day_axis(axes, days, width)
        axes.set_ylim(min([*down, 0]) * 1.15 - 1, max([*up, 0]) * 1.15 + 1)
        axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
        axes.yaxis.set_major_formatter(lambda units, _: f"{units:+,.0f}" if units else "0")
        axes.set_ylabel(f"{unit}, Google less ours", color=palette.muted, fontsize=TEXT)
        axes.set_xlabel("quota day, Pacific time", color=palette.muted, fontsize=TEXT)
        if kinds:
            axes.figure.legend(
                loc="outside lower left", ncols=3 if width > NARROW else 1, frameon=False, fontsize=TEXT,
                labelcolor=palette.ink,
            )  # fmt: skip

    rows = -(-len(kinds) // 3) if width > NARROW else len(kinds)
    return Chart(_title(days, causes, unit), (width, (270 if width > NARROW else 230) + 18 * rows), draw)


def _day_axis(axes: Any, days: Sequence[date], width: int) -> None:
    every = max(1, -(-len(days) // (8 if width > NARROW else 3)))
    marks = [place for place in range(len(days)) if (len(days) - 1 - place) % every == 0]
    axes.set_xticks(marks, [f"{days[mark]:%a %-d %b}" for mark in marks])
    axes.set_xlim(-0.6, max(len(days), 1) - 0.4)


def _title(days: Sequence[date], causes: Sequence[Cause], unit: str) -> str:
    if not days:
        return "Nothing has been compared with Google's counters yet"
    if not causes:
        return f"Google counts what this ledger counts, on {_days(len(days))}"
    sums: dict[Kind, int] = {}
    for cause in causes:
        sums[cause.kind] = sums.get(cause.kind, 0) + cause.units
    kind = max(sums, key=lambda name: abs(sums[name]))
    over = len({cause.day for cause in causes})
    return f"{over} of {_days(len(days))} differ, mostly by {TITLES[kind]}: {sums[kind]:+,} {unit}"


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"
