"""Charts of the forecast: today's fan, how it did, whether it is calibrated, and the days ahead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ytquota.clock import bounds_of, quota_day
from ytquota.dashboard.axes import HOUR, WIDE, hour_axis, limit_line
from ytquota.dashboard.cards import unit_of
from ytquota.dashboard.figures import TEXT, Chart, Palette
from ytquota.intelligence.replay import calibration

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

    from ytquota.intelligence.outlook import Forecast

_FEW = 10  # cases, below which a calibration is chance


def fan_chart(forecast: Forecast, intraday: pd.DataFrame, *, width: int = WIDE) -> Chart:
    """Today's running total so far, and where it may go: the median, and the band that holds 80 %.

    Args:
        forecast: of one pool.
        intraday: today by five minutes, as `QuotaIntelligence.intraday(project=..., bucket=...)` gives it.
        width: of the chart, in pixels.
    """
    bounds = bounds_of(quota_day(forecast.made_at))
    start = bounds.start
    hours = [0.0, *((at.timestamp() - start) / HOUR for at in intraday["at"])]
    made = (forecast.made_at.timestamp() - start) / HOUR
    seen = [min(hour, made) for hour in hours]
    totals = [0, *intraday["total"]]
    ahead = [(point.at.timestamp() - start) / HOUR for point in forecast.fan]
    low, middle, high = (
        np.array([point.total[level] for point in forecast.fan], dtype=float) for level in range(3)
    )

    def draw(axes: Any, palette: Palette) -> None:
        axes.fill_between(ahead, low, high, color=palette.sky, alpha=0.3, linewidth=0, label="80 % band")
        axes.plot(ahead, middle, color=palette.blue, lw=1.6, ls=(0, (4, 2)), label="median")
        axes.plot(seen, totals, color=palette.blue, lw=2.4, label="used")
        highest = max([forecast.used, *high, 1.0])
        top = 1.15 * (max(highest, forecast.limit) if forecast.limit <= 2 * highest else highest)
        limit_line(axes, palette, forecast.limit, top)
        axes.set_ylim(0, top)
        hour_axis(axes, palette, bounds, width)
        _counted(axes, palette, unit_of(forecast.bucket))
        axes.legend(frameon=False, fontsize=TEXT, labelcolor=palette.ink, ncols=3, loc="upper right")

    return Chart(str(forecast), (width, 300), draw)


def backtest_chart(cases: pd.DataFrame, *, hour: int = 12, unit: str = "units", width: int = WIDE) -> Chart:
    """What the forecast of an hour said of each finished day's total, and what came.

    Args:
        cases: of `QuotaIntelligence.replay`.
        hour: which forecasts of the day.
        unit: what is counted, in the plural.
        width: of the chart, in pixels.
    """
    own = cases[cases["hour"] == hour].reset_index(drop=True)
    inside = (own["total"] >= own["low"]) & (own["total"] <= own["high"])
    title = f"Known at {hour:02d}:00 Pacific: {inside.sum()} of {len(own)} days lay inside the 80 % band"

    def draw(axes: Any, palette: Palette) -> None:
        places = np.arange(len(own))
        axes.vlines(places, own["low"], own["high"], color=palette.sky, lw=6, alpha=0.5, label="80 % band")
        axes.plot(places, own["middle"], "_", color=palette.blue, ms=12, mew=2, label="median")
        for held, colour, mark, name in (
            (True, palette.ink, "o", "came"),
            (False, palette.red, "D", "outside"),
        ):
            chosen = inside.to_numpy() == held
            axes.plot(places[chosen], own["total"][chosen], mark, color=colour, ms=5, label=name)
        marks = places[:: max(1, len(own) // 8)]
        axes.set_xticks(marks, [f"{own['day'][place]:%-d %b}" for place in marks])
        axes.set_ylim(0, 1.2 * max([*own["high"], *own["total"], 1.0]))
        axes.set_xlabel("quota day, Pacific time", color=palette.muted, fontsize=TEXT)
        _counted(axes, palette, f"{unit} per quota day")
        axes.legend(frameon=False, fontsize=TEXT, labelcolor=palette.ink, ncols=4, loc="upper left")

    return Chart(title if len(own) else _TOO_FEW, (width, 280), _unless_empty(own, draw))


def calibration_chart(cases: pd.DataFrame, *, width: int = 420) -> Chart:
    """How often what came lay below each quantile: on the diagonal, if the forecast knows how sure it is."""
    observed = calibration(cases)
    inside = ((cases["rank"] >= 0.1) & (cases["rank"] <= 0.9)).mean() if len(cases) else 0.0  # noqa: PLR2004
    title = f"The 80 % band held {100 * inside:.0f} % of {len(cases)} forecasts"

    def draw(axes: Any, palette: Palette) -> None:
        axes.plot([0, 1], [0, 1], color=palette.muted, lw=1, ls=(0, (4, 3)))
        axes.plot(observed.index, observed, "o-", color=palette.blue, lw=1.6, ms=4)
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        axes.set_xlabel("quantile of the forecast", color=palette.muted, fontsize=TEXT)
        axes.set_ylabel("share of days below it", color=palette.muted, fontsize=TEXT)

    return Chart(title if len(cases) >= _FEW else _TOO_FEW, (width, 340), _unless_empty(cases, draw))


def days_ahead_chart(forecast: Forecast, *, width: int = WIDE) -> Chart:
    """The next quota days: total (10, 50, 90 %), and how likely each runs out."""
    days = forecast.days_ahead
    risky = [day for day in days if day.run_out_probability >= 0.5]  # noqa: PLR2004 - rather than not
    told = ", ".join(f"{day.day:%a %-d %b}" for day in risky)
    title = f"Likely to run out: {told}" if risky else "None of the next days is likely to run out"

    def draw(axes: Any, palette: Palette) -> None:
        for place, day in enumerate(days):
            colour = palette.red if day in risky else palette.blue
            axes.vlines(place, day.total.low, day.total.high, color=colour, lw=8, alpha=0.35)
            axes.plot(place, day.total.middle, "_", color=colour, ms=16, mew=2.5)
        names = [f"{day.day:%a %-d %b}\n{100 * day.run_out_probability:.0f} %" for day in days]
        axes.set_xticks(range(len(days)), names)
        top = 1.15 * max([forecast.limit, *(day.total.high for day in days)])
        limit_line(axes, palette, forecast.limit, top)
        axes.set_ylim(0, top)
        axes.set_xlabel(
            "quota day, Pacific time, and how likely it runs out", color=palette.muted, fontsize=TEXT
        )
        _counted(axes, palette, f"{unit_of(forecast.bucket)} per quota day")

    return Chart(title if days else _TOO_FEW, (width, 260), _unless_empty(days, draw))


def _counted(axes: Any, palette: Palette, what: str) -> None:
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.set_ylabel(what, color=palette.muted, fontsize=TEXT)


_TOO_FEW = "There is too little history for this yet"


def _unless_empty(
    what: Sequence[Any] | pd.DataFrame, draw: Callable[[Any, Palette], None]
) -> Callable[[Any, Palette], None]:
    def nothing(axes: Any, palette: Palette) -> None:
        del palette
        axes.set_axis_off()

    return draw if len(what) else nothing
