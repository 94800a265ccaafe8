"""The live dashboard: one widget that looks at the ledger every second and never blocks the kernel."""

from __future__ import annotations

import asyncio
import weakref
from typing import TYPE_CHECKING, Any

import ipywidgets as w

from ytquota.dashboard import cards, views
from ytquota.dashboard.data import Feed
from ytquota.dashboard.figures import style
from ytquota.dashboard.sets_panel import SetsPanel
from ytquota.dashboard.tasks import Tasks

if TYPE_CHECKING:
    from ytquota.dashboard.snapshot import Pool, PoolKey, Snapshot
    from ytquota.monitor import QuotaMonitor
    from ytquota.settings import Settings

TABS = ("Today", "Four weeks", "Credential sets", "Refused and failed")
_TODAY, _MONTH, _SETS, _TROUBLES = range(4)
_REDRAW = 10.0
_current: weakref.ref[Dashboard] | None = None


class Dashboard(w.VBox):  # type: ignore[misc]  # ipywidgets is untyped
    """Quota at a glance. Show it as the last line of a cell; a second one in the same kernel stops the first.

    Args:
        settings: without them, those of the environment and `.env`.
        monitor: without it, the one that the settings describe.
        interval: seconds between two looks at the ledger.
        redraw: seconds between two drawings of the charts, at least.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        monitor: QuotaMonitor | None = None,
        *,
        interval: float = 1.0,
        redraw: float = _REDRAW,
    ) -> None:
        self._feed = Feed(settings, monitor)
        self._interval, self._redraw = interval, redraw
        self._tasks = Tasks(self._show_error)
        self._turn = asyncio.Lock()
        self._snapshot: Snapshot | None = None
        self._checked_at = 0.0
        self._drawn: dict[int, object] = {}
        self._drawn_at = float("-inf")
        self._paused = self._closed = self._reading_history = False
        super().__init__(self._parts())
        self.add_class("ytq")
        _replace_current(self)
        self.start()

    def _parts(self) -> list[Any]:
        """Every widget of the page, top to bottom."""
        self.head = w.HTML('<p class="ytq-note">Reading the ledger ...</p>')
        self.problem = w.HTML()
        self.cards = w.HTML()
        self.pools = w.Dropdown(description="Charts of", options=[], layout=w.Layout(display="none"))
        self.pause = w.Button(description="Pause", tooltip="Stop or resume looking at the ledger")
        self.today, self.month, self.troubles = w.HTML(), w.HTML(), w.HTML()
        self.sets = SetsPanel(lambda: self._feed.desk, self.refresh_now)
        self.tabs = w.Tab([self.today, self.month, self.sets, self.troubles], titles=TABS)
        self._style = w.HTML(style())
        self._tools = w.HBox([self.pools, self.pause])
        self._tools.add_class("ytq-tools")
        self.pause.on_click(self._paused_or_resumed)
        self.pools.observe(self._choice_changed, "value")
        self.tabs.observe(self._choice_changed, "selected_index")
        return [self._style, self.head, self.problem, self.cards, self._tools, self.tabs]

    # -- life

    @property
    def is_live(self) -> bool:
        """Whether it looks at the ledger by itself."""
        return not self._paused and not self._closed

    def start(self) -> None:
        """Begin to look at the ledger, where a loop runs (in a kernel it does); else call `refresh`."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return
        self._tasks.start(self._run)

    async def refresh_now(self) -> None:
        """Look at the ledger at once, and redraw the charts whenever that was last done."""
        self._drawn_at = float("-inf")
        await self.refresh()

    def close(self) -> None:
        """Stop, let go of the ledger, and dispose of every widget."""
        if self._closed:
            return
        self._closed = True
        self._tasks.close()
        self.pools.unobserve_all()
        self.tabs.unobserve_all()
        self._feed.close()
        for part in (
            self.today,
            self.month,
            self.sets,
            self.troubles,
            self.pools,
            self.pause,
            *self.children,
        ):
            part.close()
        super().close()

    async def _run(self) -> None:
        while not self._closed:
            if self.is_live:
                await self.refresh()
                if self._snapshot is not None and self._feed.needs_history:
                    self._tasks.start(self.load_history)
            await asyncio.sleep(self._interval)

    async def refresh(self) -> None:
        """Look at the ledger once and show what is new; an error is shown, and the next look tries again."""
        async with self._turn:
            try:
                snapshot = await asyncio.to_thread(self._feed.read)
                self._checked_at = self._feed.now()
                if snapshot is not None:
                    self._show(snapshot)
                self._tick()
                await self._draw()
            except Exception as error:  # noqa: BLE001 - whatever it is, it belongs on the page
                self._show_error(error)
            else:
                _put(self.problem, "")

    async def load_history(self) -> None:
        """Read the days before today, which takes a second or two; the next refresh shows them."""
        if self._reading_history:
            return
        self._reading_history = True
        try:
            await asyncio.to_thread(self._feed.load_history)
            self._drawn_at = float("-inf")
        finally:
            self._reading_history = False

    # -- showing

    def _show(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        now = self._feed.now()
        self._offer_pools(snapshot, now)
        self.sets.show(snapshot, now)
        _put(self.troubles, views.troubles_page(snapshot.troubles))

    def _tick(self) -> None:
        """Bring texts with a running time up to date."""
        if self._snapshot is None:
            return
        now = self._feed.now()
        _put(self.head, cards.header(self._snapshot, now, self._checked_at, live=self.is_live))
        page = cards.empty(self._snapshot) if self._snapshot.is_empty else cards.projects(self._snapshot, now)
        _put(self.cards, page)

    def _offer_pools(self, snapshot: Snapshot, now: float) -> None:
        offered = {_pool_name(pool): pool.key for pool in snapshot.pools if pool.used or any(pool.trend)}
        if list(offered.items()) == list(self.pools.options):
            return
        chosen = self.pools.value
        if chosen not in offered.values():
            chosen = _most_telling([pool for pool in snapshot.pools if pool.key in offered.values()], now)
        self.pools.options = list(offered.items())
        self.pools.value = chosen
        self.pools.layout.display = "" if offered else "none"

    async def _draw(self) -> None:
        """Redraw the charts of the tab in view, off the loop, if their data changed and it is time."""
        loop = asyncio.get_running_loop()
        snapshot, tab = self._snapshot, self.tabs.selected_index
        if snapshot is None or tab not in {_TODAY, _MONTH} or loop.time() - self._drawn_at < self._redraw:
            return
        pool = snapshot.pool(self.pools.value) if self.pools.value else None
        if pool is None:
            return
        now = self._feed.now()
        data = _drawn_from(snapshot, pool, tab)
        if self._drawn.get(tab) == data:
            return
        page = await asyncio.to_thread(_page, tab, snapshot, pool, now)
        self._drawn[tab], self._drawn_at = data, loop.time()
        _put(self.today if tab == _TODAY else self.month, page)

    def _show_error(self, error: Exception) -> None:
        told = str(error) or type(error).__name__
        _put(self.problem, cards.alert("The numbers below are not up to date", told))

    # -- clicks

    def _paused_or_resumed(self, _: Any) -> None:
        self._paused = not self._paused
        self.pause.description = "Resume" if self._paused else "Pause"
        self._tasks.start(self._stand_still if self._paused else self.refresh_now)

    async def _stand_still(self) -> None:
        self._tick()

    def _choice_changed(self, _: Any) -> None:
        self._tasks.start(self.refresh_now)


def _page(tab: int, snapshot: Snapshot, pool: Pool, now: float) -> str:
    return views.today_page(snapshot, pool, now) if tab == _TODAY else views.month_page(snapshot, pool)


def _drawn_from(snapshot: Snapshot, pool: Pool, tab: int) -> object:
    """What the charts of a tab depend on."""
    return (
        (pool, snapshot.today.get(pool.key), snapshot.history) if tab == _TODAY else (pool, snapshot.history)
    )


def _most_telling(pools: list[Pool], now: float) -> PoolKey | None:
    """The pool to look at first: one in trouble, else the busiest of the default bucket."""
    ranked = sorted(
        pools,
        key=lambda pool: (pool.is_gone(now), pool.share >= cards.WARM, pool.bucket == "default", pool.share),
    )
    return ranked[-1].key if ranked else None


def _pool_name(pool: Pool) -> str:
    return f"{cards.name_of(pool.bucket)} of project {pool.project}"


def _put(widget: Any, text: str) -> None:
    """Set a widget's text, unless it says so already: every assignment is a message to the browser."""
    if widget.value != text:
        widget.value = text


def _replace_current(panel: Dashboard) -> None:
    global _current  # noqa: PLW0603 - one live dashboard per kernel
    before = _current() if _current is not None else None
    if before is not None:
        before.close()
    _current = weakref.ref(panel)
