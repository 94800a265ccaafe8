"""What takes seconds to read and changes slowly: the days before today, what is to come, and advice."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from ytquota import clock as clocks
from ytquota.dashboard.snapshot import Advised, Today
from ytquota.monitor.ledger import PoolKey

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from ytquota.dashboard.history import History
    from ytquota.intelligence import QuotaIntelligence
    from ytquota.intelligence.outlook import Forecast
    from ytquota.monitor import QuotaMonitor

ADVICE_DAYS = 14
"""Quota days that advice is taken from, today included: enough for habits, and not too much to read."""

_FORECAST_EVERY = 180.0
_ADVICE_EVERY = 3600.0
_DAYS_KEPT = 6
_log = logging.getLogger("ytquota")


@dataclass
class Seldom:
    """Reads it for one dashboard. Its methods block: call them off the loop, one at a time.

    Args:
        monitor: whose ledger.
    """

    monitor: QuotaMonitor
    history: History | None = None
    forecasts: Mapping[PoolKey, Forecast] = field(default_factory=dict)
    advice: Advised | None = None
    _days: dict[date, dict[PoolKey, Today]] = field(default_factory=dict)
    _intelligence: QuotaIntelligence | None = None
    _imported: int = 0  # when official days last changed, as far as the history knows
    _forecast_at: float = float("-inf")
    _advice_at: float = float("-inf")

    def due(self, *, ahead: bool) -> list[Callable[[], None]]:
        """Return what it is time to read, in the order in which people miss it.

        Args:
            ahead: whether forecasts and advice are wanted, too.
        """
        now = self.monitor.clock.time()
        steps: list[Callable[[], None]] = []
        if self._is_history_due(clocks.quota_day(now)):
            steps.append(self._read_history)
        if ahead and not 0 <= now - self._forecast_at < _FORECAST_EVERY:
            steps.append(self._look_ahead)
        if ahead and not 0 <= now - self._advice_at < _ADVICE_EVERY:
            steps.append(self._ask_for_advice)
        return steps

    def day(self, day: date) -> Mapping[PoolKey, Today]:
        """Every pool on an earlier quota day; read once, then kept."""
        if day not in self._days:
            from ytquota.dashboard.history import read_day  # noqa: PLC0415 - pandas

            kept = dict(list(self._days.items())[1 - _DAYS_KEPT :])
            self._days = kept | {day: read_day(self.monitor, day)}
        return self._days[day]

    def _is_history_due(self, today: date) -> bool:
        if self.history is None or self.history.today != today:
            return True
        return self.monitor.official.stamp() != self._imported

    def _read_history(self) -> None:
        from ytquota.dashboard.history import read_history  # noqa: PLC0415 - pandas, after the first paint

        self._imported, self._days = self.monitor.official.stamp(), {}
        self.history = read_history(self.monitor, clocks.quota_day(self.monitor.clock.time()))

    def _look_ahead(self) -> None:
        """Forecast every pool. Where that fails nothing is shown: today's numbers do not depend on it."""
        self._forecast_at = self.monitor.clock.time()
        try:
            made = self._thinking().forecast(check=False)
        except Exception as error:  # noqa: BLE001 - see above
            _log.warning("No forecast could be made: %s", error)
            made = []
        self.forecasts = {PoolKey(one.project, one.bucket): one for one in made if one.total is not None}

    def _ask_for_advice(self) -> None:
        self._advice_at = self.monitor.clock.time()
        today = clocks.quota_day(self._advice_at)
        since = clocks.day_start(today - timedelta(days=ADVICE_DAYS - 1))
        try:
            self.advice = Advised(self._advice_at, tuple(self._thinking().advise(since)))
        except Exception as error:  # noqa: BLE001 - told in its place; all else goes on
            self.advice = Advised(self._advice_at, problem=str(error) or type(error).__name__)

    def _thinking(self) -> QuotaIntelligence:
        from ytquota.intelligence import QuotaIntelligence  # noqa: PLC0415 - pandas, after the first paint

        self._intelligence = self._intelligence or QuotaIntelligence(self.monitor)
        return self._intelligence
