"""From a fleet's report to its dashboard, as HTML. Every text that comes from outside is escaped."""

from __future__ import annotations

from datetime import date, datetime
from html import escape
from typing import TYPE_CHECKING, Any

from ytquota.clock import PACIFIC
from ytquota.dashboard import cards, charts
from ytquota.dashboard.snapshot import Pool
from ytquota.dashboard.views import figure
from ytquota.monitor.ledger import PoolKey

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

_NOT_NAMED = "not named"
_HEADS = {
    "second-ledger": "Counted apart",
    "copy": "Listed twice",
    "lost": "A Redis lost counts",
}
_ONE_PERCENT = 0.01


def header(report: Mapping[str, Any], now: float) -> str:
    """Return the head of the page: which day, which list, how many ledgers answer."""
    ledgers = report["ledgers"]
    answer = sum(ledger["reachable"] for ledger in ledgers)
    whole = answer == len(ledgers)
    count = f"{len(ledgers)} ledger{'s' * (len(ledgers) != 1)}"
    told = count if whole else f"{answer} of {count} answer"
    resets = datetime.fromisoformat(report["resets_at"]).timestamp()
    return (
        '<div class="ytq-head"><div><h2>Quota of the fleet today</h2>'
        f"<p>{date.fromisoformat(report['day']):%A %-d %B %Y}, Pacific time. "
        f"Resets at {cards.clock_time(resets)}, in {cards.duration(resets - now)}.</p></div>"
        f'<div><p class="ytq-live{"" if whole else " is-old"}">{told}, '
        f"as of {datetime.fromtimestamp(now, PACIFIC):%H:%M:%S} Pacific</p></div></div>"
        f'<p class="ytq-note ytq-path">List: <code>{escape(report["fleet"])}</code></p>'
    )


def complaints(report: Mapping[str, Any]) -> str:
    """Return what cannot be looked at, and what makes a sum less than sure."""
    gone = [
        cards.alert(f"{ledger['name']} cannot be looked at", f"{ledger['problem']}. {ledger['remedy']}")
        for ledger in report["ledgers"]
        if not ledger["reachable"]
    ]
    notes = [
        cards.alert(f"{ledger['name']} is not up to date", ledger["note"])
        for ledger in report["ledgers"]
        if ledger["note"]
    ]
    sums = [
        cards.alert(_HEADS[warning["kind"]], f"{warning['text']} {warning['remedy']}")
        for warning in report["warnings"]
    ]
    return "".join((*gone, *notes, *sums))


def projects(report: Mapping[str, Any], now: float) -> str:
    """Return a section per project with a card for each pool that is in use, and who spent it."""
    if not report["projects"]:
        return '<p class="ytq-note">No ledger of the list has counted anything yet.</p>'
    resets = datetime.fromisoformat(report["resets_at"]).timestamp()
    return "".join(_project(number, its, resets, now) for number, its in report["projects"].items())


def ledgers(report: Mapping[str, Any]) -> str:
    """Return the ledgers as a table: whose, of which kind, and what was written last by whom."""
    rows = "".join(
        f"<tr><td>{escape(one['name'])}</td><td>{escape(one['owner'] or '')}</td>"
        f"<td>{escape(one['kind'] or '')}</td><td>{escape(_written(one))}</td>"
        f"<td><code>{escape(one['address'])}</code></td></tr>"
        for one in report["ledgers"]
    )
    return (
        '<section class="ytq-project"><h3>Ledgers</h3>'
        '<div class="ytq-scroll"><table class="ytq-log"><thead><tr><th>ledger</th><th>owner</th><th>what</th>'
        f"<th>last written</th><th>where</th></tr></thead><tbody>{rows}</tbody></table></div></section>"
    )


def past(burn: pd.DataFrame, days: int) -> str:
    """Return who spent what of each bucket over the last days, as bars.

    Args:
        burn: `Fleet.burn_by("owner")`.
        days: over how many days.
    """
    shown = []
    for bucket, its in burn[burn["units"] > 0].groupby("bucket", sort=False):
        units = {
            owner or _NOT_NAMED: int(spent) for owner, spent in zip(its["owner"], its["units"], strict=True)
        }
        caption = f"{cards.name_of(str(bucket))} by owner, {days} days"
        shown.append(figure(caption, [charts.burn_bars(units, unit=cards.unit_of(str(bucket)))]))
    if not shown:
        return ""
    return f'<section class="ytq-project"><div class="ytq-grid">{"".join(shown)}</div></section>'


def _project(number: str, its: Mapping[str, Any], resets: float, now: float) -> str:
    whose = f"<span>{escape(number)}</span>" if its["name"] != number else ""
    pools = "".join(
        cards.card(Pool.of(PoolKey(its["name"], bucket), pool, resets), now, _shares(pool["owners"]))
        for bucket, pool in its["pools"].items()
        if bucket == "default" or pool["used"] or pool["refused"] or pool["exhausted_until"]
    )
    return (
        f'<section class="ytq-project"><h3>{escape(its["name"])} {whose}</h3>'
        f'<div class="ytq-cards">{pools}</div></section>'
    )


def _shares(owners: Sequence[Mapping[str, Any]]) -> str:
    if not owners:
        return ""
    parts = (f"{part['owner'] or _NOT_NAMED} {_percent(part['share'])}" for part in owners)
    return f"spent by {', '.join(parts)}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= _ONE_PERCENT else "under 1 %"


def _written(ledger: Mapping[str, Any]) -> str:
    if not ledger["reachable"]:
        return "cannot be looked at"
    if ledger["archived"]:
        archived = ledger["archived"]
        return f"{archived['days']:,} days, {archived['first']} to {archived['last']}"
    if ledger["last_at"] is None:
        return "nothing today"
    at = cards.clock_time(datetime.fromisoformat(ledger["last_at"]).timestamp())
    return f"{at} by {ledger['last_host']}" if ledger["last_host"] else at
