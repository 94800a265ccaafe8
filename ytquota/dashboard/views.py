"""From a snapshot to what the tabs show: charts of one pool, and a table of what went wrong."""

from __future__ import annotations

from datetime import datetime
from html import escape
from typing import TYPE_CHECKING

from ytquota.clock import PACIFIC, bounds_of
from ytquota.dashboard import charts
from ytquota.dashboard.cards import name_of, unit_of
from ytquota.dashboard.snapshot import Pool, PoolKey, Snapshot, Today

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ytquota.dashboard.figures import Chart
    from ytquota.dashboard.history import PoolHistory
    from ytquota.dashboard.snapshot import Trouble

_HAPPENED = {
    "refused": "refused by Google for quota; nothing was charged",
    "error": "failed at Google; charged all the same",
    "lost": "sent, but no answer came; charged all the same",
    "not_sent": "never left this machine; nothing was charged",
    "free": "refused for its credentials; nothing was charged",
    "denied": "not sent: its pool had too little left",
}
_DENIED = {"exhausted": "not sent: its pool was marked as exhausted"}


def today_page(snapshot: Snapshot, pool: Pool, now: float) -> str:
    """Return the day's curve and where the units went, for one pool."""
    today = snapshot.today.get(pool.key, Today())
    before = _history(snapshot, pool.key)
    unit = unit_of(pool.bucket)
    gone_at = today.last_charged if pool.is_gone(now) else None
    day = charts.Day(
        bounds_of(snapshot.day), now, today.totals, before.yesterday if before else (), pool.limit, pool.left,
        unit=unit, gone_at=gone_at,
    )  # fmt: skip
    curves = [charts.day_curve(day, width=width) for width in (charts.WIDE, charts.NARROW)]
    kinds = {
        f"{unit} by method": today.methods,
        f"{unit} by credential set": {f"set {number}": units for number, units in today.sets.items()},
        f"{unit} by tag": today.tags,
    }
    bars = (
        figure(caption.capitalize(), [charts.burn_bars(units, unit=unit)]) for caption, units in kinds.items()
    )
    return figure(f"{_whose(pool)}, today", curves) + f'<div class="ytq-grid">{"".join(bars)}</div>'


def month_page(snapshot: Snapshot, pool: Pool) -> str:
    """Return the last four weeks of one pool: units per day, and the usual hours."""
    history, before = snapshot.history, _history(snapshot, pool.key)
    if history is None:
        return '<p class="ytq-note">Reading the days before today ...</p>'
    days = [*history.days, snapshot.day]
    units = [*(before.units if before else [0] * len(history.days)), pool.used]
    unmet = [*(before.unmet if before else [0] * len(history.days)), pool.refused]
    unit = unit_of(pool.bucket)
    widths = (charts.WIDE, charts.NARROW)
    page = figure(
        f"{_whose(pool)}, {len(days)} days",
        [charts.daily_bars(days, units, unmet, pool.limit, unit=unit, width=width) for width in widths],
    )
    if before is not None:
        page += figure(
            "By hour and weekday", [charts.heat_map(before.heat, unit=unit, width=w) for w in widths]
        )
    return page


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
        f'<td class="is-number">{one.calls:,}</td><td><code>{escape(one.method)}</code></td>'
        f"<td>{escape(_happened(one))}</td><td>{escape(one.credential_set)}</td><td>{escape(one.tag)}</td></tr>"
        for one in troubles
    )
    return (
        '<div class="ytq-scroll"><table class="ytq-log"><thead><tr><th>last, Pacific</th>'
        '<th class="is-number">calls</th><th>method</th><th>what happened</th><th>set</th><th>tag</th></tr>'
        f"</thead><tbody>{rows}</tbody></table></div>"
    )


def _happened(one: Trouble) -> str:
    told = _HAPPENED.get(one.outcome, one.outcome)
    if one.outcome == "denied":
        return _DENIED.get(one.reason, told)
    facts = " ".join(str(fact) for fact in (one.status, one.reason) if fact)
    return f"{told} ({facts})" if facts else told
