"""Looks at a ledger and says what the rules make of it."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from ytquota import clock as clocks
from ytquota.auth.sets import checked_token
from ytquota.auth.state import StateFile
from ytquota.errors import CredentialError
from ytquota.monitor.reconciled import ReconciledFile
from ytquota.operations.alerts.paces import Paces
from ytquota.operations.alerts.rules import (
    Condition,
    Pool,
    Thresholds,
    broken,
    judge,
    login_ends,
    quarantined,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from ytquota.auth.notes import Note
    from ytquota.intelligence.forecaster import Forecaster
    from ytquota.monitor.ledger import Balance
    from ytquota.monitor.log import Position
    from ytquota.monitor.metering import QuotaMonitor
    from ytquota.monitor.reconciled import Check, Reconciled
    from ytquota.operations.alerts.edges import Edges
    from ytquota.settings import Settings

FORECAST_EVERY = 240.0
"""Seconds between two forecasts; between them the last one holds."""

_PASSES = 300.0
"""Seconds that a set may be quarantined for the moment before it is worth an alert."""

_NEWS = 3600.0
"""Seconds for which a comparison with Google's counters is news."""

_FRESH = 240.0
"""Seconds: no older is a forecast that has to confirm a pace."""

logger = logging.getLogger("ytquota.alerts")


class Lookout:
    """Keep it, and each look reads only what is new.

    Args:
        settings: whose sets, and from where on there is an alert.
        monitor: on which ledger, and the clock.
        forecast_every: seconds between two forecasts, while no pool is spent too fast.
        publishes: whether the forecasts are published for the bots as well.
    """

    def __init__(
        self,
        settings: Settings,
        monitor: QuotaMonitor,
        *,
        forecast_every: float = FORECAST_EVERY,
        publishes: bool = True,
    ) -> None:
        self._publishes = publishes
        self._settings, self._monitor, self._every = settings, monitor, forecast_every
        self._thresholds = Thresholds(settings.alerts.share, settings.alerts.probability)
        self._paces = Paces()
        self._position: Position | None = None
        self._forecaster: Forecaster | None = None
        self._is_able = True  # to forecast: that takes pandas
        self._ahead: dict[tuple[str, str], tuple[float | None, datetime | None]] = {}
        self._forecast_at = float("-inf")

    def look(self, edges: Edges) -> list[Condition]:
        """What the rules say now, knowing what was told in vain.

        Raises:
            LedgerUnavailable: the ledger cannot be read.
        """
        now = self._monitor.clock.time()
        self._monitor.ledger.flush()
        rows, self._position = self._monitor.tail(self._position)
        self._paces.add(rows)
        pools = [
            self._pool(project, bucket, balance, now)
            for project, pools in self._monitor.ledger.usage().items()
            for bucket, balance in pools.items()
        ]
        pressing = any(pool.is_pressing for pool in pools)
        self._forecast(now, every=min(self._every, _FRESH) if pressing else self._every)
        compared = ReconciledFile(self._monitor.folder).read()
        seen = (self._seen(pool, edges, compared, now) for pool in pools)
        found = [one for pool in seen for one in judge(pool, self._thresholds)]
        return [*found, *self._sets(edges, now)]

    # -- inside

    def _pool(self, project: str, bucket: str, balance: Balance, now: float) -> Pool:
        pace = self._paces.of(project, bucket, now, since=clocks.bounds_at(now).start)
        return Pool(
            project,
            bucket,
            clocks.next_reset(now),
            clocks.seconds_to_reset(now),
            balance.used,
            balance.limit,
            balance.is_exhausted(now),
            *pace,
        )

    def _seen(self, pool: Pool, edges: Edges, compared: Reconciled, now: float) -> Pool:
        """The pool with what is expected of it, what was told in vain, and what Google had counted."""
        key = pool.project, pool.bucket
        likely, when = self._ahead.get(key, (None, None))
        return replace(
            pool,
            probability=likely,
            run_out_at=when,
            vain=edges.vain(*key, now),
            elsewhere=_elsewhere(compared.today(*key, now), now),
        )

    def _forecast(self, now: float, *, every: float) -> None:
        """Make and publish forecasts where the last ones are older than so many seconds, or of yesterday."""
        if not self._is_able or (now < self._forecast_at + every and self._is_of_today(now)):
            return
        try:
            from ytquota.intelligence.declared import Declarations  # noqa: PLC0415 - pandas is an extra
            from ytquota.intelligence.forecaster import Forecaster  # noqa: PLC0415
            from ytquota.intelligence.publisher import Publisher  # noqa: PLC0415
        except ImportError as error:
            self._is_able = False
            logger.warning(
                "No run-out is forecast, as that takes pip install 'ytquota[analysis]' (%s).", error
            )
            return
        self._forecaster = self._forecaster or Forecaster(self._monitor)
        declared = Declarations(self._monitor.folder).ahead(now)
        made = self._forecaster.forecasts(declared, check=False, ahead=False)
        if self._publishes:
            Publisher(self._monitor, self._forecaster).publish(made, every=self._every / 2)
        self._forecast_at = now
        self._ahead = {
            (one.project, one.bucket): (one.run_out_probability, one.run_out_at[1] or one.run_out_at[0])
            for one in made
            if one.basis in {"forecast", "simple"}
        }

    def _is_of_today(self, now: float) -> bool:
        return self._forecast_at >= clocks.bounds_at(now).start

    def _sets(self, edges: Edges, now: float) -> Iterator[Condition]:
        try:
            states = StateFile(self._settings.memory_dir, clock=self._monitor.clock).read()
        except CredentialError as error:
            logger.warning("How the credential sets are cannot be told: %s", error)
            return
        for number, chosen in self._settings.sets.items():
            note = states.quarantined.get(number)
            yield quarantined(number, note.reason if note and self._is_lasting(note) else None)
            try:
                token = checked_token(chosen) if chosen.token_file else None
            except CredentialError as error:  # then nothing can be said of its login
                yield broken(number, str(error))
                continue
            yield broken(number, None)
            if token is not None:
                end, rung = token.login_ends_at, edges.rung_login(number)
                refused = states.refuses(number, token.login)
                yield login_ends(number, end, now, login=token.login, rung=rung, refused=refused)

    def _is_lasting(self, note: Note) -> bool:
        """Whether a quarantine is for good, or trouble that passes has not passed for five minutes."""
        return note.is_final or self._monitor.clock.time() - note.since.timestamp() > _PASSES


def _elsewhere(check: Check | None, now: float) -> int | None:
    """Units that Google had counted beyond ours; None where nobody looked lately."""
    return None if check is None or now - check.at > _NEWS else check.rest
