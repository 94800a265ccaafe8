"""Pieces of the page as HTML: header, pool cards, notes. Every text that comes from outside is escaped."""

from __future__ import annotations

from datetime import datetime
from html import escape
from typing import TYPE_CHECKING

from ytquota.clock import PACIFIC, utc
from ytquota.dashboard.marked import marked

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ytquota.auth.sets import CredentialSet
    from ytquota.dashboard.snapshot import Pool, Snapshot
    from ytquota.intelligence.outlook import Forecast
    from ytquota.monitor.ledger import PoolKey
    from ytquota.monitor.reconciled import Check

_NAMES = {
    "default": ("Units", "unit", "units"),
    "search_list": ("Searches", "search", "searches"),
    "video_insert": ("Uploads", "upload", "uploads"),
    "video_batch_get_stats": ("Batch statistics", "call", "calls"),
}
"""How people call a bucket, and one and several of what is counted in it."""

WARM = 0.8
"""Share of a limit from which a pool is shown as nearly used up."""

_OLD = 15.0
_HOUR = 60
_LIMIT_SAYS = {"operator": "limit set by you", "server": "limit told by Google", "default": "default limit"}


def name_of(bucket: str) -> str:
    """Return how people call a bucket."""
    return _NAMES.get(bucket, (bucket,))[0]


def unit_of(bucket: str, count: int = 2) -> str:
    """Return what is counted in a bucket, in the plural unless there is one of it."""
    return _NAMES.get(bucket, ("", "unit", "units"))[1 if count == 1 else 2]


def duration(seconds: float) -> str:
    """Return a length of time in its two largest parts: "5 h 12 m", "40 s"."""
    whole = max(0, round(seconds))
    hours, minutes = whole // 3600, whole % 3600 // 60
    if hours:
        return f"{hours} h {minutes} m"
    return f"{minutes} m" if minutes else f"{whole} s"


def clock_time(at: float) -> str:
    """Return an instant as the time in Pacific and, where it differs, local zone."""
    pacific, local = datetime.fromtimestamp(at, PACIFIC), utc(at).astimezone()
    if pacific.utcoffset() == local.utcoffset():
        return f"{pacific:%H:%M %Z}"
    return f"{pacific:%H:%M %Z} ({local:%H:%M %Z} here)"


def header(
    snapshot: Snapshot, now: float, checked_at: float, *, live: bool, title: str = "Quota today"
) -> str:
    """Return the head of the page: which day, which ledger, what the numbers are and how old."""
    day = f"{snapshot.day:%A %-d %B %Y}"
    age = max(0.0, now - checked_at)
    old = not live or age > _OLD
    told = "paused" if not live else ("live" if not old else f"not refreshed for {duration(age)}")
    since = snapshot.counted_since
    first = (
        f" Counted since {clock_time(since)}: what was spent before is not in it."
        if since is not None and snapshot.is_first_day
        else ""
    )
    return (
        '<div class="ytq-head"><div><h2>' + escape(title) + "</h2>"
        f"<p>{escape(day)}, Pacific time. Resets at {clock_time(snapshot.resets_at)}, "
        f"in {duration(snapshot.resets_at - now)}.</p></div>"
        f'<div><p class="ytq-live{" is-old" if old else ""}"><span aria-live="off">{told}</span>, '
        f"as of {datetime.fromtimestamp(checked_at, PACIFIC):%H:%M:%S} Pacific</p>"
        f"<p>{_basis(snapshot)}{first}</p></div></div>"
        f'<p class="ytq-note ytq-path">Ledger: <code>{escape(snapshot.ledger)}</code></p>'
    )


def _basis(snapshot: Snapshot) -> str:
    """Whose numbers these are."""
    known = [pool.check is not None and not pool.check.rest for pool in snapshot.pools]
    if known and all(known):
        return "Count of the calls made through ytquota, reconciled with Google's."
    return "Local count of the calls made through ytquota on this ledger."


def projects(snapshot: Snapshot, now: float, hints: Mapping[PoolKey, str]) -> str:
    """Return a section per project with one card per pool; `hints` say what to do about some of them."""
    ahead = {key: outlook(forecast) for key, forecast in snapshot.forecasts.items()}
    names = dict.fromkeys(pool.project for pool in snapshot.pools)
    return "".join(
        _project(
            name,
            [pool for pool in snapshot.pools if pool.project == name],
            snapshot.sets,
            now,
            ahead | dict(hints),
        )
        for name in names
    )


def _project(
    name: str, pools: Iterable[Pool], sets: Sequence[CredentialSet], now: float, told: Mapping[PoolKey, str]
) -> str:
    cards = "".join(card(pool, now, told.get(pool.key, "")) for pool in pools)
    return (
        f'<section class="ytq-project"><h3>Project {escape(name)} {_whose(name, sets)}</h3>'
        f'<div class="ytq-cards">{cards}</div></section>'
    )


def _whose(project: str, sets: Sequence[CredentialSet]) -> str:
    own = [one for one in sets if one.project == project]
    if not own:
        return "<span>no credential set here uses it</span>"
    word = "set" if len(own) == 1 else "sets"
    numbers = " and ".join(str(one.number) for one in own)
    channels = ", ".join(dict.fromkeys(one.channel_title or one.channel_id or "" for one in own)).strip(", ")
    return f"<span>{word} {numbers}{', ' if channels else ''}{escape(channels)}</span>"


def card(pool: Pool, now: float, told: str = "") -> str:
    """Return one pool: what is left, what was used, a bar, when it is full again, and what else is `told`."""
    title = name_of(pool.bucket)
    gone, warm = pool.is_gone(now), pool.share >= WARM
    mood = " is-gone" if gone else " is-warm" if warm else "" if pool.used else " is-idle"
    share = min(1.0, pool.share)
    by_operator = pool.is_by_operator(now)
    left = pool.left_to_show(now)
    label = f"{title} of project {pool.project}: {left:,} of {pool.limit:,} left"
    return (
        f'<div class="ytq-card{mood}" role="group" aria-label="{escape(label, quote=True)}">'
        f'<div class="ytq-card-top"><span class="ytq-card-name" title="{escape(pool.bucket, quote=True)}">'
        f"{escape(title)}</span>{_pill(pool, gone=gone, by_operator=by_operator, warm=warm)}</div>"
        f'<div class="ytq-row"><span class="ytq-big">{left:,} <small>of {pool.limit:,} left</small></span>'
        f"{spark(pool.trend)}</div>"
        f'<div class="ytq-bar" title="{escape(_LIMIT_SAYS[pool.limit_source])}">'
        f'<i style="width:{share:.1%}"></i></div>'
        f'<div class="ytq-foot"><span>{_used(pool)}</span>'
        f'<span class="ytq-when">{_when(pool, now)}</span></div>'
        + (f'<div class="ytq-foot ytq-ahead">{escape(told)}</div>' if told else "")
        + (f'<div class="ytq-foot"><span>{_beside_google(pool.check)}</span></div>' if pool.check else "")
        + "</div>"
    )


def outlook(forecast: Forecast) -> str:
    """Return what a forecast says in a few words: "runs out 14:05 PST ± 40 min", or "lasts"."""
    low, middle, high = forecast.run_out_at
    if forecast.total is None or forecast.basis in {"frozen", "withheld"}:
        return ""
    few = " (little history yet)" if forecast.basis == "simple" else ""
    likely = f"{100 * (forecast.run_out_probability or 0):.0f} % likely"
    if middle is None:
        return f"may run out after {low:%H:%M %Z}, {likely}{few}" if low else f"lasts{few}"
    if low is None or high is None:
        return f"runs out about {middle:%H:%M %Z}, {likely}{few}"
    spread = max(5, 5 * round((high - low).total_seconds() / 600))
    return (
        f"runs out {middle:%H:%M %Z} ± {duration(60 * spread) if spread >= _HOUR else f'{spread} min'}{few}"
    )


def _pill(pool: Pool, *, gone: bool, by_operator: bool, warm: bool) -> str:
    if gone:
        return (
            f'<span class="ytq-pill is-gone">{"marked by an operator" if by_operator else "exhausted"}</span>'
        )
    told = f"{100 * pool.share:.0f} % used" if pool.used else "untouched"
    return f'<span class="ytq-pill{" is-warm" if warm else ""}">{told}</span>'


def _used(pool: Pool) -> str:
    if pool.refused:
        return f"{pool.used:,} used, <b>{pool.refused:,} refused</b>"
    return f"{pool.used:,} {unit_of(pool.bucket, pool.used)} used"


def _beside_google(check: Check) -> str:
    """How the count compared with Google's, and up to when."""
    until = f"{datetime.fromtimestamp(check.until, PACIFIC):%H:%M %Z}"
    if not check.rest:
        return f"reconciled with Google up to {until}"
    word = "more" if check.rest > 0 else "less"
    return f"<b>Google counts {abs(check.rest):,} {word}</b> ({until})"


def _when(pool: Pool, now: float) -> str:
    until = pool.exhausted_until
    if until is not None and now < until < pool.resets_at - 1:
        what = "the mark ends" if pool.is_by_operator(now) else "tried again"
        return f"{what} in {duration(until - now)}"
    return f"resets in {duration(pool.resets_at - now)}"


def spark(trend: Sequence[int]) -> str:
    """Return the units of the last days as a small row of bars, today last."""
    if not any(trend[:-1]):
        return ""
    wide, high, top, step = 84, 26, max(trend), 6
    left = wide - step * len(trend)
    bars = "".join(
        f'<rect x="{left + place * step}" width="{step - 1.5}" y="{high - tall:.1f}" height="{tall:.1f}"/>'
        for place, tall in enumerate(max(1.5, high * count / top) for count in trend)
    )
    label = f"Last {len(trend)} days: up to {top:,} a day"
    return (
        f'<svg class="ytq-spark" viewBox="0 0 {wide} {high}" preserveAspectRatio="none" role="img" '
        f'aria-label="{label}"><title>{label}</title>{bars}</svg>'
    )


def alert(title: str, text: str) -> str:
    """Return an error that screen readers announce at once."""
    return f'<div class="ytq-alert" role="alert"><b>{escape(title)}</b>{marked(text)}</div>'


def status(title: str, text: str) -> str:
    """Return a success that screen readers announce when they are free."""
    return f'<div class="ytq-status" role="status"><b>{escape(title)}</b>{marked(text)}</div>'


def empty(snapshot: Snapshot) -> str:
    """Return how to start, for somebody who has no history yet."""
    first = (
        "Connect an account: <code>ytquota init</code> names the credentials that lie in your bot's folder, "
        "<code>ytquota login 1</code> makes a token."
        if not snapshot.sets
        else "Make a call: <code>service = ytquota.get_authenticated_service(); "
        'service.videos().list(part="snippet", id="...").execute()</code>'
    )
    return (
        '<div class="ytq-empty"><h4>Nothing has been counted on this ledger yet</h4>'
        f"<p>{first}</p><p>Or look around first, without any account: <code>ytquota demo</code>.</p></div>"
    )
