"""From a snapshot to what the tabs show: charts of one pool, and a table of what went wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from html import escape
from typing import TYPE_CHECKING

from ytquota.clock import PACIFIC, bounds_of
from ytquota.dashboard import charts
from ytquota.dashboard.axes import NARROW, WIDE
from ytquota.dashboard.cards import name_of, outlook, unit_of
from ytquota.dashboard.curve import Day, day_curve
from ytquota.dashboard.snapshot import Pool, Snapshot, Today

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ytquota.dashboard.figures import Chart
    from ytquota.dashboard.history import PoolHistory
    from ytquota.dashboard.snapshot import Trouble
    from ytquota.monitor.ledger import PoolKey

_WIDTHS = (WIDE, NARROW)
_HAPPENED = {
    "refused": "refused by Google for quota; nothing was charged",
    "error": "failed at Google; charged all the same",
    "lost": "sent, but no answer came; charged all the same",
    "not_sent": "never left this machine; nothing was charged",
    "free": "refused for its credentials; nothing was charged",
    "denied": "not sent: its pool had too little left",
}
_DENIED = {
    "exhausted": "not sent: its pool was marked as exhausted",
    "by_operator": "not sent: an operator had marked its pool as exhausted",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A figure of a tab: a caption, a name for its file, and its drawings, the widest first."""

    caption: str
    name: str
    drawn: Sequence[Chart]


def today_figures(snapshot: Snapshot, pool: Pool, now: float) -> list[Shown]:
    """Return the day's curve and where the units went, for one pool."""
    today = snapshot.today.get(pool.key, Today())
    before = _history(snapshot, pool.key)
    forecast = snapshot.forecasts.get(pool.key)
    is_gone = pool.is_gone(now)
    ahead = [] if forecast is None or is_gone else forecast.fan
    day = Day(
        bounds_of(snapshot.day), now, today.totals, before.yesterday if before else (), pool.limit, pool.left,
        unit=unit_of(pool.bucket), gone_at=today.last_charged if is_gone else None,
        fan=[(point.at.timestamp(), *point.total) for point in ahead],
        ahead=outlook(forecast) if forecast is not None else "",
    )  # fmt: skip
    return [_curve(day, f"{_whose(pool)}, today"), *_burns(today, day.unit)]


def past_figures(day: date, pool: Pool, then: Today, before: Today) -> list[Shown]:
    """Return the curve of an earlier day and where its units went; `before` is the day before it."""
    bounds = bounds_of(day)
    facts = Day(
        bounds, bounds.end, then.totals, before.totals, pool.limit, pool.left,
        unit=unit_of(pool.bucket), is_over=True,
    )  # fmt: skip
    caption = f"{_whose(pool)}, {day:%A %-d %B %Y}; the limit is today's"
    return [_curve(facts, caption), *_burns(then, facts.unit)]


def _curve(day: Day, caption: str) -> Shown:
    return Shown(caption, "curve", [day_curve(day, width=width) for width in _WIDTHS])


def _burns(today: Today, unit: str) -> list[Shown]:
    kinds = {
        "method": today.methods,
        "credential set": {f"set {number}": units for number, units in today.sets.items()},
        "tag": today.tags,
    }
    return [
        Shown(
            f"{unit} by {kind}".capitalize(), f"by-{kind.split()[-1]}", [charts.burn_bars(units, unit=unit)]
        )
        for kind, units in kinds.items()
    ]


def month_figures(snapshot: Snapshot, pool: Pool) -> list[Shown]:
    """Return four weeks of one pool: units per day, and the usual hours; nothing before they are read."""
    history, before = snapshot.history, _history(snapshot, pool.key)
    if history is None:
        return []
    days = [*history.days, snapshot.day]
    units = [*(before.units if before else [0] * len(history.days)), pool.used]
    unmet = [*(before.unmet if before else [0] * len(history.days)), pool.refused]
    unit = unit_of(pool.bucket)
    official = before.official if before else frozenset()
    bars = [
        charts.daily_bars(days, units, unmet, pool.limit, official=official, unit=unit, width=width)
        for width in _WIDTHS
    ]
    shown = [Shown(f"{_whose(pool)}, {len(days)} days", "days", bars)]
    if before is not None:
        heat = [charts.heat_map(before.heat, unit=unit, width=width) for width in _WIDTHS]
        shown.append(Shown("By hour and weekday", "hours", heat))
    return shown


def figures_page(shown: Sequence[Shown]) -> str:
    """Return figures as HTML: those for every width side by side, the others in rows of their own."""
    if not shown:
        return '<p class="ytq-note">Reading the days before today ...</p>'
    wide = "".join(figure(one.caption, one.drawn) for one in shown if len(one.drawn) > 1)
    small = "".join(figure(one.caption, one.drawn) for one in shown if len(one.drawn) == 1)
    return wide + (f'<div class="ytq-grid">{small}</div>' if small else "")


def save_figures(shown: Sequence[Shown], folder: Path, name: str) -> list[Path]:
    """Write figures as PNG and SVG, each with its title; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    return [
        one.drawn[0].save(folder / f"{name}-{one.name}.{kind}") for one in shown for kind in ("png", "svg")
    ]


def _whose(pool: Pool) -> str:
    return f"{name_of(pool.bucket)} of project {pool.project}"


def _history(snapshot: Snapshot, key: PoolKey) -> PoolHistory | None:
    return snapshot.history.pools.get(key) if snapshot.history else None


def figure(caption: str, drawn: Sequence[Chart]) -> str:
    """Return a chart with its finding above it; of two, the page shows the one that fits."""
    classes = ("ytq-wide", "ytq-narrow") if len(drawn) > 1 else ("",)
    pictures = "".join(
        f'<div class="{name}">{chart.svg()}</div>' for name, chart in zip(classes, drawn, strict=True)
    )
    return (
        f'<div class="ytq-chart"><p class="ytq-sub">{escape(caption)}</p>'
        f"<h4>{escape(drawn[0].title)}</h4>{pictures}</div>"
    )


def troubles_page(troubles: Sequence[Trouble]) -> str:
    """Return today's refused and failed calls in plain words, the latest first."""
    if not troubles:
        return '<p class="ytq-note">Today no call was refused and none failed.</p>'
    rows = "".join(
        f"<tr><td>{datetime.fromtimestamp(one.at, PACIFIC):%H:%M:%S}</td>"
        f'<td class="is-number">{one.times:,}</td><td><code>{escape(one.method)}</code></td>'
        f"<td>{escape(_happened(one))}</td><td>{escape(one.credential_set)}</td><td>{escape(one.tag)}</td></tr>"
        for one in troubles
    )
    return (
        '<div class="ytq-scroll"><table class="ytq-log"><thead><tr><th>last, Pacific</th>'
        '<th class="is-number">times</th><th>method</th><th>what happened</th><th>set</th><th>tag</th></tr>'
        f"</thead><tbody>{rows}</tbody></table></div>"
    )


def _happened(one: Trouble) -> str:
    told = _HAPPENED.get(one.outcome, one.outcome)
    if one.outcome == "denied":
        return _DENIED.get(one.reason, told)
    facts = " ".join(str(fact) for fact in (one.status, one.reason) if fact)
    return f"{told} ({facts})" if facts else told
