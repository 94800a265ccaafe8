"""How to open one and the same ledger from several processes: picklable, so that they can be handed over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ytquota.monitor.failmode import FailOpen
from ytquota.monitor.journal import Journal
from ytquota.monitor.redis_ledger import RedisLedger

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ytquota.clock import Clock
    from ytquota.testing.case import Opener


@dataclass(frozen=True)
class JournalOpener:
    """Opens the journal in a folder."""

    folder: Path

    def __call__(self, clock: Clock, limits: Mapping[str, int]) -> Journal:
        """The journal, with the operator's limits by bucket."""
        return Journal(self.folder, clock=clock, limits=lambda _project, bucket: limits.get(bucket))


@dataclass(frozen=True)
class RedisOpener:
    """Opens the ledger on a server, with this host's lines in a folder; time is the clock's."""

    url: str
    folder: Path

    def __call__(self, clock: Clock, limits: Mapping[str, int]) -> RedisLedger:
        """The ledger, with the operator's limits by bucket."""
        return RedisLedger(
            self.url,
            self.folder,
            clock=clock,
            limits=lambda _project, bucket: limits.get(bucket),
            server_time=False,
        )


@dataclass(frozen=True)
class FailOpenOpener:
    """Opens another ledger in fail mode "open"."""

    inner: Opener
    folder: Path
    budget: int

    def __call__(self, clock: Clock, limits: Mapping[str, int]) -> FailOpen:
        """The inner ledger, with a budget for when it is out of reach."""
        return FailOpen(self.inner(clock, limits), self.folder, budget=self.budget, clock=clock)
