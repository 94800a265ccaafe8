"""The rotation console: every credential set, what to do about what ran out, and who changed what.

`ConsolePanel` is the tab of the dashboard; `Console` is the same, alive on its own.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets as w

from ytquota.auth import rotation
from ytquota.auth.sets import by_project
from ytquota.dashboard import cards
from ytquota.dashboard.confirm import Action, ActionBar
from ytquota.dashboard.health import HealthCard
from ytquota.dashboard.live import Live, put
from ytquota.dashboard.proposals import proposals_page, propose
from ytquota.dashboard.set_row import SetRow
from ytquota.dashboard.trail import trail_page

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from ytquota.auth.sets import CredentialSet
    from ytquota.dashboard.snapshot import Snapshot
    from ytquota.monitor import QuotaMonitor
    from ytquota.settings import Settings

_NO_SETS = "No credential set is named in <code>.env</code>; see <code>.env.example</code>."


class ConsolePanel(w.VBox):  # type: ignore[misc]  # ipywidgets is untyped
    """Sets by project and channel. Actions go through `auth.rotation`, like those of the command line.

    Args:
        desk: gives settings and monitor when an action needs them.
        on_done: awaited after an action, to refresh what is shown.
    """

    def __init__(
        self, desk: Callable[[], tuple[Settings, QuotaMonitor]], on_done: Callable[[], Awaitable[None]]
    ) -> None:
        self._desk, self._on_done = desk, on_done
        self._snapshot: Snapshot | None = None
        self._now = 0.0
        self._shown: list[Any] = []
        self.rows: dict[int, SetRow] = {}
        self.groups: dict[tuple[str, tuple[int, ...]], w.HTML] = {}
        self.proposals, self.note, self.trail = w.HTML(), w.HTML(), w.HTML()
        self.health = HealthCard(desk)
        self.undo = ActionBar({"undo": self._undoing()}, on_done=on_done)
        super().__init__([self.proposals, self.note])

    def show(self, snapshot: Snapshot, now: float) -> None:
        """Show a snapshot; questions that are open stay open."""
        self._snapshot, self._now = snapshot, now
        put(self.note, "" if snapshot.sets else _NO_SETS)
        self._arrange(snapshot)
        recommended = {one.rotate_to for one in propose(snapshot, now)}
        for one in snapshot.sets:
            self.rows[one.number].show(one, snapshot, now, recommended=one.number in recommended)
        put(self.trail, f'<h3 class="ytq-part">Who changed what</h3>{trail_page(snapshot.desk.trail)}')
        self.undo.offer(["undo"] if snapshot.desk.undo else [])
        self.tick(now)

    def tick(self, now: float) -> None:
        """Bring texts with a running time up to date."""
        self._now = now
        self.health.tick(now)
        if self._snapshot is not None:
            put(self.proposals, proposals_page(propose(self._snapshot, now)))

    def close(self) -> None:
        """Dispose of every part."""
        for part in (*self.rows.values(), *self.groups.values()):
            part.close()
        for part in (self.proposals, self.note, self.health, self.trail, self.undo):
            part.close()
        super().close()

    def _arrange(self, snapshot: Snapshot) -> None:
        """Make rows for new sets, and put all of them under the head of their project and channel."""
        numbers = [one.number for one in snapshot.sets]
        for gone in self.rows.keys() - set(numbers):
            self.rows.pop(gone).close()
        for number in numbers:
            if number not in self.rows:
                self.rows[number] = SetRow(number, self._desk, self._seen, self._on_done)
        heads = dict(_heads(snapshot.sets))
        for old in self.groups.keys() - heads.keys():
            self.groups.pop(old).close()
        order: list[Any] = [self.proposals, self.note]
        for key, head in heads.items():
            if key not in self.groups:
                self.groups[key] = w.HTML()
            put(self.groups[key], head)
            order += [self.groups[key], *(self.rows[number] for number in key[1])]
        order += [self.health]
        order += [self.trail, self.undo] if numbers else []
        self._order(order)

    def _order(self, parts: list[Any]) -> None:
        """Put parts in an order; where they stand in it already, the browser hears nothing."""
        if parts != self._shown:
            self.children = self._shown = parts

    def _seen(self) -> tuple[Snapshot, float]:
        assert self._snapshot is not None  # rows are made from one
        return self._snapshot, self._now

    def _undoing(self) -> Action:
        def act(reason: str, _: str) -> tuple[bool, str]:
            outcome = rotation.undo(*self._desk(), why=reason)
            return outcome.changed, outcome.message

        return Action("Undo the last action", lambda _: rotation.preview_undo(*self._desk()), act)


def _heads(sets: Sequence[CredentialSet]) -> list[tuple[tuple[str, tuple[int, ...]], str]]:
    """The sets of each project and channel, in this order, each with its head as HTML."""
    heads = []
    for project, own in by_project(sets).items():
        channels: dict[str | None, list[CredentialSet]] = {}
        for one in own:
            channels.setdefault(one.channel_id, []).append(one)
        first = True
        for channel, speaking in channels.items():
            head = _project_head(project, own) if first else ""
            head += f'<p class="ytq-channel">{_channel_head(speaking[0])}</p>'
            key = f"{project} {channel}", tuple(one.number for one in speaking)
            heads.append((key, head))
            first = False
    return heads


def _project_head(project: str | None, own: Sequence[CredentialSet]) -> str:
    name = f"Project {escape(project)}" if project else "Project not known"
    numbers = " and ".join(str(one.number) for one in own)
    shared = (
        f'<p class="ytq-note">Sets {numbers} share the pools of this project: rotating between them adds no '
        "quota.</p>"
        if project and len(own) > 1
        else ""
    )
    return f'<h3 class="ytq-part">{name}</h3>{shared}'


def _channel_head(one: CredentialSet) -> str:
    if one.is_read_only:
        return "Speaks for nobody: an API key only reads"
    also = f", as set {' and '.join(map(str, one.same_channel_as))} does" if one.same_channel_as else ""
    return f"Speaks as {escape(one.speaker)}{also}"


class Console(Live):
    """The rotation console. Show it as a cell's last line; a second one in the same kernel stops the first.

    Args:
        settings: without them, those of the environment and `.env`.
        monitor: without it, the one that the settings describe.
        interval: seconds between two looks at the ledger.
    """

    def _parts(self) -> list[Any]:
        self.panel = ConsolePanel(lambda: self._feed.desk, self.refresh_now)
        return [self.head, self.problem, self.panel]

    def _show(self, snapshot: Snapshot, now: float) -> None:
        self.panel.show(snapshot, now)

    def _tick(self, snapshot: Snapshot, now: float) -> None:
        title = "Credential sets"
        put(self.head, cards.header(snapshot, now, self._checked_at, live=self.is_live, title=title))
        self.panel.tick(now)
