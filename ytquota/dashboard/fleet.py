"""The dashboard of a fleet: the projects of several ledgers, who spends them, and who cannot be seen."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import ipywidgets as w

from ytquota import clock as clocks
from ytquota.dashboard import fleet_page
from ytquota.dashboard.live import Alive, put
from ytquota.intelligence.fleet import Fleet
from ytquota.monitor.fleet import FleetView

if TYPE_CHECKING:
    from pathlib import Path

    from ytquota.monitor.fleet import FleetList


class FleetDashboard(Alive):
    """A list of ledgers at a glance. Show it as the last line of a cell; a second one stops the first.

    It only looks: nothing is written to any ledger, and no credential is needed.

    Args:
        fleet: the list, or the path of its file; without it, the one that YTQUOTA_FLEET names.
        interval: seconds between two looks at the ledgers.
        days: over how many days it is told who spent what; read once, as it may take seconds.
        clock: the time, injected.

    Raises:
        SettingsError: there is no list, or it is wrong.
    """

    def __init__(
        self,
        fleet: FleetList | Path | None = None,
        *,
        interval: float = 5.0,
        days: int = 28,
        clock: clocks.Clock | None = None,
    ) -> None:
        self._clock = clock or clocks.SystemClock()
        self._reports = Fleet(fleet, clock=self._clock)
        self._view = FleetView(self._reports.fleet, clock=self._clock)
        self._interval, self._days = interval, days
        super().__init__("Looking at the ledgers ...")

    def _parts(self) -> list[Any]:
        self.cards, self.ledgers, self.past = w.HTML(), w.HTML(), w.HTML()
        return [self.head, self.problem, self.cards, self.ledgers, self.past]

    async def refresh(self) -> None:
        """Look at every ledger once and show it; an error is shown, and the next look tries again."""
        async with self._turn:
            try:
                report = await asyncio.to_thread(self._view.report)
                now = self._clock.time()
                put(self.head, fleet_page.header(report, now))
                put(self.cards, fleet_page.projects(report, now))
                put(self.ledgers, fleet_page.ledgers(report))
                put(self.problem, fleet_page.complaints(report))
            except Exception as error:  # noqa: BLE001 - whatever it is, it belongs on the page
                self._show_error(error)

    async def load_past(self) -> None:
        """Read who spent what over the last days, from journals and archives."""
        last = clocks.quota_day(self._clock.time())
        first = last - timedelta(days=self._days - 1)
        burn = await asyncio.to_thread(self._reports.burn_by, "owner", first, last)
        put(self.past, await asyncio.to_thread(fleet_page.past, burn, self._days))

    def _let_go(self) -> None:
        self._view.close()

    async def _run(self) -> None:
        self._tasks.start(self.load_past)
        while not self._closed:
            await self.refresh()
            await asyncio.sleep(self._interval)
