"""What is alive: a widget that looks at the ledger every second and never blocks the kernel."""

from __future__ import annotations

import asyncio
import weakref
from typing import TYPE_CHECKING, Any

import ipywidgets as w

from ytquota.dashboard import cards
from ytquota.dashboard.data import Feed
from ytquota.dashboard.figures import style
from ytquota.dashboard.tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ytquota.dashboard.snapshot import Snapshot
    from ytquota.monitor import QuotaMonitor
    from ytquota.settings import Settings

_SAY_AGAIN = (2.0, 3.0, 5.0, 10.0, 20.0)
"""Seconds from one full account of the page to the next. A page that is being loaded asks for the state of
all widgets, and listens to them a moment later; what is sent in between is lost."""

_current: dict[type[Alive], weakref.ref[Alive]] = {}


class Alive(w.VBox):  # type: ignore[misc]  # ipywidgets is untyped
    """Base of what keeps itself up to date. A second one of a kind in the same kernel stops the first.

    Args:
        note: what stands in the head until there is something to show.
    """

    _closed = True  # until it is open

    def __init__(self, note: str) -> None:
        self._tasks = Tasks(self._show_error)
        self._turn = asyncio.Lock()
        self.head = w.HTML(f'<p class="ytq-note">{note}</p>')
        self.problem = w.HTML()
        self._style = w.HTML(style())
        super().__init__([self._style, *self._parts()])
        self.add_class("ytq")
        self._closed = False
        _replace_current(self)
        self.start()

    # -- what the kinds differ in

    def _parts(self) -> list[Any]:
        """Every widget of the page, top to bottom."""
        raise NotImplementedError

    async def _run(self) -> None:
        """Look, and look again, until it is closed."""
        raise NotImplementedError

    def _let_go(self) -> None:
        """Let go of what was looked at."""
        raise NotImplementedError

    # -- life

    def start(self) -> None:
        """Begin to look, where a loop runs (in a kernel it does); else call `refresh`."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return
        self._tasks.start(self._run)
        self._tasks.start(self._say_again)

    def close(self) -> None:
        """Stop, let go of what was looked at, and dispose of every widget."""
        if self._closed:
            return
        self._closed = True
        self._tasks.close()
        self._let_go()
        for part in self.children:
            part.close()
        super().close()

    async def _say_again(self) -> None:
        for seconds in _SAY_AGAIN:
            await asyncio.sleep(seconds)
            for part in _shown_by(self):
                part.send_state()
                part.layout.send_state()

    def _show_error(self, error: Exception) -> None:
        told = str(error) or type(error).__name__
        put(self.problem, cards.alert("The numbers below are not up to date", told))


class Live(Alive):
    """Base of the dashboard and the console, which look at one ledger.

    Args:
        settings: without them, those of the environment and `.env`.
        monitor: without it, the one that the settings describe.
        interval: seconds between two looks at the ledger.
    """

    _looks_ahead = False
    """Whether forecasts and advice are shown."""

    def __init__(
        self, settings: Settings | None = None, monitor: QuotaMonitor | None = None, *, interval: float = 1.0
    ) -> None:
        self._feed = Feed(settings, monitor)
        self._interval = interval
        self._snapshot: Snapshot | None = None
        self._checked_at = 0.0
        self._paused = self._is_behind = False
        super().__init__("Reading the ledger ...")

    # -- what the kinds differ in

    def _show(self, snapshot: Snapshot, now: float) -> None:
        """Show what is new."""
        raise NotImplementedError

    def _tick(self, snapshot: Snapshot, now: float) -> None:
        """Bring texts with a running time up to date."""
        raise NotImplementedError

    async def _draw(self, snapshot: Snapshot) -> None:
        """Redraw what takes longer, off the loop."""

    # -- life

    @property
    def is_live(self) -> bool:
        """Whether it looks at the ledger by itself."""
        return not self._paused and not self._closed

    async def refresh_now(self) -> None:
        """Look at the ledger at once."""
        await self.refresh()

    def _let_go(self) -> None:
        self._feed.close()

    async def _run(self) -> None:
        while not self._closed:
            if self.is_live:
                await self.refresh()
                if self._snapshot is not None and not self._is_behind:
                    self._tasks.start(self.read_more)
            await asyncio.sleep(self._interval)

    async def refresh(self) -> None:
        """Look at the ledger once and show what is new; an error is shown, and the next look tries again."""
        async with self._turn:
            try:
                snapshot = await asyncio.to_thread(self._feed.read)
                now = self._checked_at = self._feed.now()
                if snapshot is not None:
                    self._snapshot = snapshot
                    self._show(snapshot, now)
                if self._snapshot is not None:
                    self._tick(self._snapshot, now)
                    await self._draw(self._snapshot)
            except Exception as error:  # noqa: BLE001 - whatever it is, it belongs on the page
                self._show_error(error)
            else:
                put(self.problem, "")

    async def read_more(self) -> None:
        """Read what is due beside the live numbers and takes seconds; the next refresh shows it."""
        if self._is_behind:
            return
        self._is_behind = True
        try:
            for read in self._feed.due(ahead=self._looks_ahead):
                await asyncio.to_thread(read)
                self._more_was_read()
        finally:
            self._is_behind = False

    def _more_was_read(self) -> None:
        """Show it soon."""


def _shown_by(part: Any) -> Iterator[Any]:
    """A widget and all within it; not those that a person may be typing into."""
    if not isinstance(part, w.Text):
        yield part
    for child in getattr(part, "children", ()):
        yield from _shown_by(child)


def put(widget: Any, text: str) -> None:
    """Set a widget's text, unless it says so already: every assignment is a message to the browser."""
    if widget.value != text:
        widget.value = text


def _replace_current(panel: Alive) -> None:
    """Stop the one of the same kind that was there before."""
    kind = type(panel)
    before = _current[kind]() if kind in _current else None
    if before is not None:
        before.close()
    _current[kind] = weakref.ref(panel)
