"""Advice in plain words: what a bot could spare, how much that is, and the code that does it."""

from __future__ import annotations

from datetime import datetime
from html import escape
from typing import TYPE_CHECKING

from ytquota.clock import PACIFIC
from ytquota.dashboard import cards
from ytquota.dashboard.seldom import ADVICE_DAYS

if TYPE_CHECKING:
    from ytquota.dashboard.snapshot import Advised
    from ytquota.intelligence.advice import Advice


def advice_page(advised: Advised | None) -> str:
    """Return every piece of advice, that which saves most first; or why there is none."""
    if advised is None:
        return '<p class="ytq-note">Reading the log of the last weeks ...</p>'
    if advised.problem:
        return cards.alert("No advice could be made", advised.problem)
    span = f"the log of the last {ADVICE_DAYS} quota days"
    read = f"read at {datetime.fromtimestamp(advised.at, PACIFIC):%H:%M} Pacific"
    if not advised.found:
        return (
            '<div class="ytq-empty"><h4>Nothing to advise</h4>'
            f"<p>No change to a bot would save 1 % of a pool, by {span}, {read}.</p></div>"
        )
    rest = "Savings of one pool add up; those of different pools never do. Nothing is changed by itself."
    pieces = "".join(_piece(one, is_open=place == 0) for place, one in enumerate(advised.found))
    return f'<p class="ytq-note">From {span}, {read}. {rest}</p>{pieces}'


def advice_title(advised: Advised | None) -> str:
    """Return the name of the tab: it says how much advice there is."""
    return f"Advice ({len(advised.found)})" if advised is not None and advised.found else "Advice"


def _piece(one: Advice, *, is_open: bool) -> str:
    pool = cards.name_of(one.bucket).lower()
    share = f"{100 * one.share:.0f} % of the {pool}" if one.saving else "no units"
    return (
        '<article class="ytq-advice"><div class="ytq-set-head">'
        f'<h4>{escape(one.title)}</h4><span class="ytq-pill">{escape(share)}</span></div>'
        f'<p class="ytq-saving">{escape(one.worth())}</p>'
        f"<p>{escape(one.change)}</p>"
        f"<details{' open' * is_open}><summary>How, in Python</summary>"
        f"<pre>{escape(one.code)}</pre></details>"
        f'<p class="ytq-note">{escape(one.evidence())}. Assumed: {escape(one.assumption)}</p></article>'
    )
