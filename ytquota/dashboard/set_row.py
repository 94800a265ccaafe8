"""One credential set: how it stands, and what an operator may do to it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import ipywidgets as w

from ytquota.auth import lifetime, rotation
from ytquota.clock import PACIFIC, utc
from ytquota.dashboard import moves
from ytquota.dashboard.cards import duration, name_of, unit_of
from ytquota.dashboard.confirm import Action, ActionBar
from ytquota.dashboard.login_box import LoginBox
from ytquota.dashboard.marked import marked
from ytquota.prices import BUCKETS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ytquota.auth.actions import Outcome
    from ytquota.auth.sets import CredentialSet
    from ytquota.dashboard.snapshot import Pool, Snapshot
    from ytquota.monitor import QuotaMonitor
    from ytquota.settings import Settings

    Desk = Callable[[], tuple[Settings, QuotaMonitor]]
    Seen = Callable[[], tuple[Snapshot, float]]

_MOODS = {
    "ready": "is-ready",
    "exhausted": "is-gone",
    "half-open": "is-warm",
    "quarantined": "is-gone",
    "disabled": "is-warm",
    "missing": "is-warm",
    "unusable": "is-gone",
}
_RECENT = 120.0


class SetRow(w.VBox):  # type: ignore[misc]  # ipywidgets is untyped
    """A set's facts, its actions, and its login.

    Args:
        number: the credential set.
        desk: gives settings and monitor when an action needs them.
        seen: gives the last snapshot, and the time.
        on_done: awaited after an action, to refresh what is shown.
    """

    def __init__(self, number: int, desk: Desk, seen: Seen, on_done: Callable[[], Awaitable[None]]) -> None:
        self.facts = w.HTML()
        self.login = LoginBox(number, desk, on_done=on_done)
        self.bar = ActionBar(set_actions(number, desk, seen), beside=[self.login.ask], on_done=on_done)
        super().__init__([self.facts, self.bar, self.login])
        self.add_class("ytq-set")

    def show(self, one: CredentialSet, snapshot: Snapshot, now: float, *, recommended: bool = False) -> None:
        """Show how the set stands, and offer what makes sense."""
        facts = set_facts(one, snapshot, now)
        if self.facts.value != facts:
            self.facts.value = facts
        names = ["reset", "enable" if one.state == "disabled" else "disable"]
        names += ["exhaust"] if one.project else []
        names += ["rotate"] if one.number != snapshot.desk.in_use and len(snapshot.sets) > 1 else []
        self.bar.offer(names, first="rotate" if recommended else "")
        display = "none" if one.is_read_only else ""
        if self.login.ask.layout.display != display:
            self.login.ask.layout.display = display

    def close(self) -> None:
        """Dispose of the row."""
        for part in (self.facts, self.bar, self.login):
            part.close()
        super().close()


def set_actions(number: int, desk: Desk, seen: Seen) -> dict[str, Action]:
    """Return what can be done to a set, by name: the functions of the command line, behind a question."""

    def act(function: Callable[..., Outcome]) -> Callable[[str, str], tuple[bool, str]]:
        def acts(reason: str, choice: str) -> tuple[bool, str]:
            outcome = function(*desk(), number, *([choice] if choice else []), why=reason)
            return outcome.changed, outcome.message

        return acts

    def preview(function: Callable[..., str]) -> Callable[[str], str]:
        return lambda choice: function(*desk(), number, *([choice] if choice else []))

    return {
        "rotate": Action(
            f"Rotate to set {number}",
            preview(rotation.preview_rotate),
            act(rotation.rotate),
            adds=lambda _: moves.rotation_moves(seen()[0], number, seen()[1]),
        ),
        "reset": Action(
            f"Reset set {number}", preview(rotation.preview_reset), act(rotation.reset), is_destructive=True
        ),
        "exhaust": Action(
            f"Mark set {number} exhausted",
            preview(rotation.preview_exhaust),
            act(rotation.exhaust),
            adds=lambda bucket: moves.pool_users(seen()[0], number, bucket),
            choices=tuple((f"{name_of(bucket)} ({bucket})", bucket) for bucket in BUCKETS),
            is_destructive=True,
        ),
        "disable": Action(
            f"Disable set {number}",
            preview(rotation.preview_disable),
            act(rotation.disable),
            adds=lambda _: moves.set_users(seen()[0], number),
            is_destructive=True,
        ),
        "enable": Action(f"Enable set {number}", preview(rotation.preview_enable), act(rotation.enable)),
    }


def set_facts(one: CredentialSet, snapshot: Snapshot, now: float) -> str:
    """Return what there is to know about a set, as HTML."""
    marks = ["<b>in use by new services</b>"] * (one.number == snapshot.desk.in_use)
    marks += [_ending(one.login_ends_at, utc(now))] * lifetime.is_near(one.login_ends_at, utc(now))
    marks += ["preferred"] * one.preferred + ["in the rotation list"] * one.in_rotation
    facts = [
        ("Left today", _left(one, snapshot, now)),
        ("Last used", _used(one, snapshot, now)),
        ("Login", _login(one, now)),
        ("Access token", _token(one, now)),
        ("Why", one.why),
    ]
    told = "".join(f"<div><dt>{name}</dt><dd>{marked(fact)}</dd></div>" for name, fact in facts if fact)
    return (
        f'<div class="ytq-set-head"><h4>Set {one.number}</h4>'
        f'<span class="ytq-pill {_MOODS[one.state]}">{one.state}</span>'
        f'<span class="ytq-note">{", ".join(marks)}</span></div><dl class="ytq-facts">{told}</dl>'
    )


def _left(one: CredentialSet, snapshot: Snapshot, now: float) -> str:
    """What the set's pools have left; those nobody touches are not worth a word."""
    told = [
        _pool_left(pool, now)
        for pool in snapshot.pools
        if pool.project == one.project and (pool.used or pool.bucket == "default" or pool.is_gone(now))
    ]
    return ", ".join(told) or "everything: nothing was counted for its project"


def _pool_left(pool: Pool, now: float) -> str:
    mark = " (marked by an operator)" if pool.is_by_operator(now) else ""
    return f"{pool.left_to_show(now):,} {unit_of(pool.bucket, pool.left)}{mark}"


def _used(one: CredentialSet, snapshot: Snapshot, now: float) -> str:
    use = snapshot.uses.get(one.number)
    if use is not None and use.last is not None:
        at = datetime.fromtimestamp(use.last, PACIFIC)
        when = "just now" if now - use.last < _RECENT else f"at {at:%H:%M} Pacific"
        return f"{when} by {use.last_tag or 'somebody'}"
    before = snapshot.history.last_use.get(str(one.number)) if snapshot.history else None
    if before is None:
        return "not today" if snapshot.history is None else "not in the last weeks"
    return f"on {datetime.fromtimestamp(before, PACIFIC):%a %-d %b at %H:%M} Pacific"


def _ending(end: datetime | None, now: datetime) -> str:
    return f"<b>login {'has ended' if end is not None and end <= now else 'ends soon'}</b>"


def _login(one: CredentialSet, now: float) -> str:
    """Since when there is a login, and when it ends, as far as that is known."""
    if one.is_read_only:
        return "an API key: it does not expire, and only reads"
    given = f"consent of {one.granted_at.astimezone(PACIFIC):%-d %b %Y}" if one.granted_at else ""
    ends = lifetime.in_words(one.login_ends_at, utc(now)) if one.login_ends_at else ""
    return "; ".join(filter(None, (ends, given)))


def _token(one: CredentialSet, now: float) -> str:
    if one.token_expiry is None:
        return ""
    left = one.token_expiry.timestamp() - now
    if left > 0:
        return f"ends in {duration(left)} and is then renewed by itself"
    return "has ended; the next call renews it"
