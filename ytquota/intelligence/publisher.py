"""Publishes the forecast for bots: for whatever runs beside them and has pandas."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ytquota.intelligence.declared import Declarations
from ytquota.intelligence.forecaster import Forecaster
from ytquota.intelligence.kept import kept_curves
from ytquota.intelligence.published import DUE, is_due, publish
from ytquota.monitor.ledger import PoolKey
from ytquota.monitor.lines import HOST

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ytquota.intelligence.outlook import Forecast
    from ytquota.monitor.metering import QuotaMonitor

_LEFT_OUT = {"fan", "days_ahead", "checked", "days", "official_days"}  # is looked at by people only


class Publisher:
    """Keeps ``memory/forecast.json`` fresh; keep it, and the next forecasts read only what is new.

    Args:
        monitor: whose pools.
        forecaster: makes the forecasts; one of its own by default.
    """

    def __init__(self, monitor: QuotaMonitor, forecaster: Forecaster | None = None) -> None:
        self._monitor = monitor
        self._forecaster = forecaster or Forecaster(monitor)

    def publish_if_due(self, every: float = DUE) -> bool:
        """Publish unless somebody did so in the last minutes; returns whether it was written.

        Args:
            every: how old (seconds) the published forecast must be.
        """
        if not is_due(self._monitor.folder, self._monitor.clock.time(), every):
            return False
        declared = Declarations(self._monitor.folder).ahead(self._monitor.clock.time())
        return self.publish(self._forecaster.forecasts(declared, check=False, ahead=False), every)

    def publish(self, forecasts: Iterable[Forecast], every: float = 0.0) -> bool:
        """Publish forecasts of all pools that were just made with the same forecaster."""
        now = self._monitor.clock.time()
        pools = [self._facts(forecast, now) for forecast in forecasts]
        by = f"{HOST} pid {os.getpid()}"
        return publish(self._monitor.folder, now, pools, by=by, every=every)

    def _facts(self, forecast: Forecast, now: float) -> dict[str, Any]:
        declared = Declarations(self._monitor.folder).ahead(now)
        key = PoolKey(forecast.project, forecast.bucket)
        kept = kept_curves(self._forecaster.reader, key, forecast.limit, now, declared)
        return {name: fact for name, fact in forecast.as_dict().items() if name not in _LEFT_OUT} | {
            "kept": kept
        }
