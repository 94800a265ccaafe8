"""The live dashboard: quota at a glance, and the rotation console as one of its tabs."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import ipywidgets as w

from ytquota.dashboard import cards, views
from ytquota.dashboard.advice_view import advice_page, advice_title
from ytquota.dashboard.console import ConsolePanel
from ytquota.dashboard.live import Live, put
from ytquota.dashboard.proposals import propose
from ytquota.dashboard.snapshot import Today

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from ytquota.dashboard.snapshot import Pool, Snapshot
    from ytquota.monitor import QuotaMonitor
    from ytquota.monitor.ledger import PoolKey
    from ytquota.settings import Settings

TABS = ("Today", "Four weeks", "Advice", "Credential sets", "Refused and failed")
_TODAY, _MONTH, _ADVICE = range(3)
_REDRAW = 10.0
_TODAY_LIVE = ("today, live", "")  # None would be no choice at all
_ALL_PROJECTS = ("all", "")


class Dashboard(Live):
    """Quota at a glance. Show it as the last line of a cell; a second one in the same kernel stops the first.

    Args:
        settings: without them, those of the environment and `.env`.
        monitor: without it, the one that the settings describe.
        interval: seconds between two looks at the ledger.
        redraw: seconds between two drawings of the charts, at least.
    """

    _looks_ahead = True

    def __init__(
        self,
        settings: Settings | None = None,
        monitor: QuotaMonitor | None = None,
        *,
        interval: float = 1.0,
        redraw: float = _REDRAW,
    ) -> None:
        self._redraw = redraw
        self._drawn: dict[int, tuple[object, list[views.Shown]]] = {}
        self._drawn_at = float("-inf")
        super().__init__(settings, monitor, interval=interval)

    def _parts(self) -> list[Any]:
        self.cards, self.saved = w.HTML(), w.HTML()
        self.projects = w.Dropdown(
            description="Project", options=[_ALL_PROJECTS], layout=w.Layout(display="none")
        )
        self.pools = w.Dropdown(description="Charts of", options=[], layout=w.Layout(display="none"))
        self.days = w.Dropdown(description="Day", options=[_TODAY_LIVE], layout=w.Layout(display="none"))
        self.live = w.Button(description="Back to live", layout=w.Layout(display="none"))
        self.save = w.Button(
            description="Save pictures", tooltip="Write the charts of this tab as PNG and SVG"
        )
        self.pause = w.Button(description="Pause", tooltip="Stop or resume looking at the ledger")
        self.today, self.month, self.advice, self.troubles = (w.HTML() for _ in range(4))
        self.sets = ConsolePanel(lambda: self._feed.desk, self.refresh_now)
        self.tabs = w.Tab([self.today, self.month, self.advice, self.sets, self.troubles], titles=TABS)
        self._chosen = w.HBox([self.projects, self.pools, self.days, self.live])
        self._tools = w.HBox([self._chosen, w.HBox([self.save, self.pause])])
        self._tools.add_class("ytq-tools")
        for row in self._tools.children:
            row.add_class("ytq-tools-part")
        self.pause.on_click(self._paused_or_resumed)
        self.save.on_click(lambda _: self._tasks.start(self._save))
        self.live.on_click(lambda _: self.days.set_trait("value", ""))
        self.projects.observe(self._project_changed, "value")
        for choice, trait in ((self.pools, "value"), (self.days, "value"), (self.tabs, "selected_index")):
            choice.observe(self._choice_changed, trait)
        return [self.head, self.problem, self.cards, self._tools, self.saved, self.tabs]

    async def refresh_now(self) -> None:
        """Look at the ledger at once, and redraw the charts whenever that was last done."""
        self._drawn_at = float("-inf")
        await self.refresh()

    def close(self) -> None:
        """Stop, let go of the ledger, and dispose of every widget."""
        if self._closed:
            return
        choices = (self.projects, self.pools, self.days)
        for choice in (*choices, self.tabs):
            choice.unobserve_all()
        super().close()
        pages = self.tabs.children
        for part in (*pages, *choices, self.live, self.save, self.pause, *self._tools.children):
            part.close()

    # -- showing

    def _show(self, snapshot: Snapshot, now: float) -> None:
        self._offer_projects(snapshot)
        chosen = self._of_chosen(snapshot)
        self._offer_pools(chosen, now)
        self._offer_days(snapshot)
        self.sets.show(snapshot, now)
        put(self.advice, advice_page(chosen.advice))
        put(self.troubles, views.troubles_page(chosen.troubles))
        titles = tuple(advice_title(chosen.advice) if name == TABS[_ADVICE] else name for name in TABS)
        if titles != self.tabs.titles:
            self.tabs.titles = titles

    def _tick(self, snapshot: Snapshot, now: float) -> None:
        put(self.head, cards.header(snapshot, now, self._checked_at, live=self.is_live))
        hints = {one.key: one.hint for one in propose(snapshot, now)}
        page = (
            cards.empty(snapshot)
            if snapshot.is_empty
            else cards.projects(self._of_chosen(snapshot), now, hints)
        )
        put(self.cards, page)
        self.sets.tick(now)

    def _more_was_read(self) -> None:
        self._drawn_at = float("-inf")

    def _of_chosen(self, snapshot: Snapshot) -> Snapshot:
        return snapshot.of_project(self.projects.value) if self.projects.value else snapshot

    def _offer_projects(self, snapshot: Snapshot) -> None:
        names = dict.fromkeys(pool.project for pool in snapshot.pools)
        offer(self.projects, [_ALL_PROJECTS, *((name, name) for name in names)], "")
        self.projects.layout.display = "" if len(names) > 1 else "none"

    def _offer_pools(self, snapshot: Snapshot, now: float) -> None:
        used = [pool for pool in snapshot.pools if pool.used or any(pool.trend)]
        offer(self.pools, [(_pool_name(pool), pool.key) for pool in used], _most_telling(used, now))
        self.pools.layout.display = "" if used else "none"

    def _offer_days(self, snapshot: Snapshot) -> None:
        days = snapshot.history.days if snapshot.history else ()
        offer(self.days, [_TODAY_LIVE, *((f"{day:%a %-d %b}", day) for day in reversed(days))], "")
        self.days.layout.display = "" if days else "none"

    async def _draw(self, snapshot: Snapshot) -> None:
        """Redraw the charts of the tab in view, off the loop, if their data changed and it is time."""
        loop, tab = asyncio.get_running_loop(), self.tabs.selected_index
        pool = snapshot.pool(self.pools.value) if self.pools.value else None
        if tab not in {_TODAY, _MONTH} or pool is None or loop.time() - self._drawn_at < self._redraw:
            return
        day = (self.days.value or None) if tab == _TODAY else None
        data = _drawn_from(snapshot, pool, tab, day)
        if self._drawn.get(tab, (None,))[0] == data:
            return
        make = partial(self._past, day, pool) if day else _figures(tab, snapshot, pool, self._feed.now())
        shown, page = await asyncio.to_thread(_made, make)
        self._drawn[tab], self._drawn_at = (data, shown), loop.time()
        put(self.today if tab == _TODAY else self.month, page)

    def _past(self, day: date, pool: Pool) -> list[views.Shown]:
        then, before = (self._feed.day(one).get(pool.key, Today()) for one in (day, day - timedelta(days=1)))
        return views.past_figures(day, pool, then, before)

    # -- clicks

    def _paused_or_resumed(self, _: Any) -> None:
        self._paused = not self._paused
        self.pause.description = "Resume" if self._paused else "Pause"
        self._tasks.start(self._stand_still if self._paused else self.refresh_now)

    async def _stand_still(self) -> None:
        if self._snapshot is not None:
            self._tick(self._snapshot, self._feed.now())

    def _project_changed(self, _: Any) -> None:
        if self._snapshot is not None:
            self._show(self._snapshot, self._feed.now())
        self._choice_changed(_)

    def _choice_changed(self, _: Any) -> None:
        self.live.layout.display = "" if self.days.value else "none"
        self.save.layout.display = "" if self.tabs.selected_index in {_TODAY, _MONTH} else "none"
        put(self.saved, "")
        self._tasks.start(self.refresh_now)

    async def _save(self) -> None:
        _, shown = self._drawn.get(self.tabs.selected_index, (None, []))
        key, snapshot = self.pools.value, self._snapshot
        if not shown or key is None or snapshot is None:
            put(self.saved, cards.status("Nothing was saved", "There is no chart here yet."))
            return
        folder = self._feed.desk[0].memory_dir / "exports"
        past = self.days.value if self.tabs.selected_index == _TODAY else ""
        name = f"{past or snapshot.day}-{key.project.replace(':', '-')}-{key.bucket}"
        try:
            paths = await asyncio.to_thread(views.save_figures, shown, folder, name)
        except OSError as error:
            put(self.saved, cards.alert("The pictures were not saved", f"{folder}: {error.strerror}"))
        else:
            told = f"{len(paths)} pictures, PNG and SVG, are in {folder}: {paths[0].name} and the like."
            put(self.saved, cards.status("Saved", told))


def offer(choice: Any, options: list[tuple[str, Any]], default: Any) -> None:
    """Let a person choose from these; what was chosen stays chosen, if it is still there."""
    if options != list(choice.options):
        kept = choice.value if choice.value in dict(options).values() else default
        choice.options = options
        choice.value = kept


def _figures(tab: int, snapshot: Snapshot, pool: Pool, now: float) -> Callable[[], list[views.Shown]]:
    if tab == _TODAY:
        return partial(views.today_figures, snapshot, pool, now)
    return partial(views.month_figures, snapshot, pool)


def _made(make: Callable[[], list[views.Shown]]) -> tuple[list[views.Shown], str]:
    shown = make()
    return shown, views.figures_page(shown)


def _drawn_from(snapshot: Snapshot, pool: Pool, tab: int, day: date | None) -> object:
    """What the charts of a tab depend on."""
    if day is not None:
        return (pool.key, pool.limit, day)
    if tab == _MONTH:
        return (pool, snapshot.history)
    return (pool, snapshot.today.get(pool.key), snapshot.history, snapshot.forecasts.get(pool.key))


def _most_telling(pools: list[Pool], now: float) -> PoolKey | None:
    """The pool to look at first: one in trouble, else the busiest of the default bucket."""
    ranked = sorted(
        pools,
        key=lambda pool: (pool.is_gone(now), pool.share >= cards.WARM, pool.bucket == "default", pool.share),
    )
    return ranked[-1].key if ranked else None


def _pool_name(pool: Pool) -> str:
    return f"{cards.name_of(pool.bucket)} of project {pool.project}"
