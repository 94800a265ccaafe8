"""Every quarter of an hour beside Google's counters, for as long as a watch runs. No count is changed."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ytquota.cloud import CloudError, connect
from ytquota.operations.reconcile.comparing import DAYS, compare_project, projects_of

if TYPE_CHECKING:
    from ytquota.cloud import Cloud
    from ytquota.monitor.metering import QuotaMonitor
    from ytquota.settings import Settings

EVERY = 900.0
"""Seconds between two comparisons."""

_LATELY = 2  # finished days that are looked at once the older ones are known

logger = logging.getLogger("ytquota.alerts")


class Routine:
    """Keep it, and call `step` as often as you like.

    Args:
        settings: whether there is an account for Google's counters; without one, nothing is done.
        monitor: on the ledger.
    """

    def __init__(self, settings: Settings, monitor: QuotaMonitor) -> None:
        self._settings, self._monitor = settings, monitor
        self._is_wanted = settings.cloud_credentials is not None
        self._cloud: Cloud | None = None
        self._next_at = float("-inf")
        self._known: set[str] = set()  # projects whose six weeks were read
        self._told: dict[str, str] = {}

    def step(self) -> None:
        """Compare if it is time to. What Google refuses is logged once, and tried again a quarter later.

        Raises:
            LedgerUnavailable: a file cannot be read or written.
        """
        now = self._monitor.clock.time()
        if not self._is_wanted or now < self._next_at:
            return
        self._next_at = now + EVERY
        try:
            self._cloud = self._cloud or connect(self._settings, clock=self._monitor.clock)
        except CloudError as error:
            self._tell("", str(error))
            return
        for project in projects_of(self._settings, self._monitor):
            self._compare(self._cloud, project)

    def _compare(self, cloud: Cloud, project: str) -> None:
        days = _LATELY if project in self._known else DAYS
        try:
            compare_project(self._settings, self._monitor, cloud, project, days=days, causes=False)
        except CloudError as error:
            self._tell(project, str(error))
        else:
            self._known.add(project)
            if self._told.pop(project, ""):
                logger.info("Google's counters of project %s can be read again.", project)

    def _tell(self, project: str, why: str) -> None:
        if self._told.get(project) != why:  # once, and not every quarter of an hour
            whose = f" of project {project}" if project else ""
            logger.warning("The counts%s could not be held against Google's: %s", whose, why)
        self._told[project] = why
