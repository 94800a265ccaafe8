"""The credential sets: whose they are, how they stand, and a Reset that asks before it acts."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import ipywidgets as w

from ytquota.auth import rotation
from ytquota.dashboard.cards import unit_of
from ytquota.dashboard.confirm import Action, ConfirmButton

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from ytquota.auth.sets import CredentialSet
    from ytquota.dashboard.snapshot import Pool, Snapshot
    from ytquota.monitor import QuotaMonitor
    from ytquota.settings import Settings

_MOODS = {
    "ready": "is-ready",
    "exhausted": "is-gone",
    "quarantined": "is-gone",
    "disabled": "is-warm",
    "missing": "is-warm",
}


class SetsPanel(w.VBox):  # type: ignore[misc]  # ipywidgets is untyped
    """One row per credential set. Actions go through `auth.rotation`, like those of the command line.

    Args:
        desk: gives settings and monitor when an action needs them.
        on_done: awaited after an action, to refresh what is shown.
    """

    def __init__(
        self, desk: Callable[[], tuple[Settings, QuotaMonitor]], on_done: Callable[[], Awaitable[None]]
    ) -> None:
        self._desk, self._on_done = desk, on_done
        self._note = w.HTML()
        self.rows: dict[int, SetRow] = {}
        super().__init__([self._note])

    def show(self, snapshot: Snapshot, now: float) -> None:
        """Show the sets of a snapshot; questions that are open stay open."""
        numbers = [one.number for one in snapshot.sets]
        if numbers != list(self.rows):
            for row in self.rows.values():
                row.close()
            self.rows = {number: SetRow(self._reset_of(number), self._on_done) for number in numbers}
            self.children = [self._note, *self.rows.values()]
        for one in snapshot.sets:
            own = [pool for pool in snapshot.pools if pool.project == one.project]
            self.rows[one.number].show(one, own, now)
        note = (
            ""
            if numbers
            else "No credential set is named in <code>.env</code>; see <code>.env.example</code>."
        )
        if self._note.value != note:
            self._note.value = note

    def close(self) -> None:
        """Dispose of every row."""
        for row in self.rows.values():
            row.close()
        self._note.close()
        super().close()

    def _reset_of(self, number: int) -> Action:
        def act(reason: str) -> tuple[bool, str]:
            outcome = rotation.reset(*self._desk(), number, why=reason)
            return outcome.changed, outcome.message

        return Action(f"Reset set {number}", lambda: rotation.preview_reset(*self._desk(), number), act)


class SetRow(w.VBox):  # type: ignore[misc]  # ipywidgets is untyped
    """One set: its facts, and its actions."""

    def __init__(self, reset: Action, on_done: Callable[[], Awaitable[None]]) -> None:
        self.facts = w.HTML()
        self.reset = ConfirmButton(reset, on_done=on_done)
        super().__init__([self.facts, self.reset])
        self.add_class("ytq-set")

    def show(self, one: CredentialSet, pools: Sequence[Pool], now: float) -> None:
        """Show how the set stands."""
        facts = set_facts(one, pools, now)
        if self.facts.value != facts:
            self.facts.value = facts

    def close(self) -> None:
        """Dispose of the row."""
        self.facts.close()
        self.reset.close()
        super().close()


def set_facts(one: CredentialSet, pools: Sequence[Pool], now: float) -> str:
    """Return what there is to know about a set, as HTML."""
    kind = "API key, only reads" if one.is_read_only else f"speaks as {one.speaker}"
    marks = ["preferred"] * one.preferred + ["in the rotation list"] * one.in_rotation
    lines = [f"Project {one.project or 'unknown'} · {kind}", _left(pools, now), one.why]
    if one.same_project_as:
        others = " and ".join(str(number) for number in one.same_project_as)
        lines.append(f"Shares its pools with set {others}: rotating between them adds no quota.")
    told = "".join(f'<p class="ytq-note">{escape(line)}</p>' for line in lines if line)
    return (
        f'<div class="ytq-set-head"><h4>Set {one.number}</h4>'
        f'<span class="ytq-pill {_MOODS[one.state]}">{one.state}</span>'
        f'<span class="ytq-note">{", ".join(marks)}</span></div>{told}'
    )


def _left(pools: Sequence[Pool], now: float) -> str:
    """What the set's pools have left; those nobody touches are not worth a word."""
    told = [
        f"{0 if pool.is_gone(now) else pool.left:,} {unit_of(pool.bucket, pool.left)}"
        for pool in pools
        if pool.used or pool.bucket == "default" or pool.is_gone(now)
    ]
    return f"Left today: {', '.join(told)}" if told else "Nothing was counted for its project yet"
