"""What a look at the ledger brings back: plain facts that never change once they are made."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ytquota.monitor.ledger import PoolKey

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from ytquota.auth.sets import CredentialSet
    from ytquota.dashboard.history import History
    from ytquota.intelligence.advice import Advice
    from ytquota.intelligence.outlook import Forecast
    from ytquota.monitor.reconciled import Check


@dataclass(frozen=True, slots=True)
class Pool:
    """One pool as it stands. Counts are quota units, instants epoch seconds.

    `check` is how today's count compared with Google's, where somebody looked; `marked_by` is who set a mark
    that holds, "server" or "operator".
    """

    project: str
    bucket: str
    used: int
    refused: int
    limit: int
    left: int
    limit_source: str
    exhausted_until: float | None
    resets_at: float
    trend: tuple[int, ...] = ()
    check: Check | None = None
    marked_by: str | None = None

    @classmethod
    def of(
        cls,
        key: PoolKey,
        facts: Mapping[str, Any],
        resets_at: float,
        *,
        check: Check | None = None,
        trend: tuple[int, ...] = (),
    ) -> Pool:
        """Make one of what a usage summary says of it."""
        until = facts["exhausted_until"]
        return cls(
            project=key.project,
            bucket=key.bucket,
            used=facts["used"],
            refused=facts["refused"],
            limit=facts["limit"],
            left=facts["left"],
            limit_source=facts["limit_source"],
            exhausted_until=datetime.fromisoformat(until).timestamp() if until else None,
            resets_at=resets_at,
            trend=trend,
            check=check,
            marked_by=facts["marked_by"],
        )

    @property
    def key(self) -> PoolKey:
        """Project and bucket."""
        return PoolKey(self.project, self.bucket)

    @property
    def share(self) -> float:
        """Used part of the limit, from 0 to 1 (or above, where the server allowed more)."""
        return self.used / self.limit if self.limit else 1.0

    def is_gone(self, now: float) -> bool:
        """Whether nothing may be spent: used up, or marked so until an instant to come."""
        return self.left == 0 or self._is_marked(now)

    def is_by_operator(self, now: float) -> bool:
        """Whether an operator's mark is all that keeps its units from being spent."""
        return self.left > 0 and self.marked_by == "operator" and self._is_marked(now)

    def left_to_show(self, now: float) -> int:
        """Units left: none where it is gone, unless an operator's mark is all that keeps them."""
        return 0 if self.is_gone(now) and not self.is_by_operator(now) else self.left

    def _is_marked(self, now: float) -> bool:
        return self.exhausted_until is not None and now < self.exhausted_until


@dataclass(frozen=True, slots=True)
class Trouble:
    """Sends of today that were refused or failed alike; `at` is the last of them (epoch seconds)."""

    at: float
    times: int
    project: str
    method: str
    credential_set: str
    tag: str
    bucket: str
    outcome: str
    status: int | None
    reason: str

    def is_like(self, other: Trouble) -> bool:
        """Whether both tell the same story."""
        return replace(self, at=other.at, times=other.times) == other


@dataclass(frozen=True, slots=True)
class Today:
    """Today's burn of one pool: running totals per five minutes up to now, and sums by name."""

    totals: tuple[int, ...] = ()
    methods: Mapping[str, int] = field(default_factory=dict)
    sets: Mapping[str, int] = field(default_factory=dict)
    tags: Mapping[str, int] = field(default_factory=dict)
    last_charged: float | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """What today's calls of one credential set were: units by bucket and tag, and the last of them.

    `last` is in epoch seconds, and None for a set that has not called today.
    """

    last: float | None = None
    last_tag: str = ""
    units: Mapping[tuple[str, str], int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuditRow:
    """A row of the audit trail, in plain words."""

    row: int
    at: datetime
    who: str
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Desk:
    """What operators decided: which sets may stand in for one another, which is in use, who changed what.

    Attributes:
        rotation: the sets of YTQUOTA_ROTATION, in its order.
        env_file: the file that such a line belongs in.
        in_use: the set that a new service would use now; None if there is none.
        trail: the last rows of the audit trail, the newest first.
        undo: what undoing the last action would do; empty where there is nothing to undo.
    """

    rotation: tuple[int, ...] = ()
    env_file: str = ".env"
    in_use: int | None = None
    trail: tuple[AuditRow, ...] = ()
    undo: str = ""


@dataclass(frozen=True, slots=True)
class Advised:
    """What the log says could be spared, when it was asked (epoch seconds), and why it said nothing."""

    at: float
    found: tuple[Advice, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything the dashboard shows, at one instant. `resets_at` and `counted_since` are epoch seconds."""

    day: date
    resets_at: float
    ledger: str
    counted_since: float | None
    is_first_day: bool
    pools: tuple[Pool, ...]
    sets: tuple[CredentialSet, ...]
    today: Mapping[PoolKey, Today]
    troubles: tuple[Trouble, ...]
    history: History | None = None
    uses: Mapping[int, Use] = field(default_factory=dict)
    desk: Desk = field(default_factory=Desk)
    forecasts: Mapping[PoolKey, Forecast] = field(default_factory=dict)
    advice: Advised | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever counted on this ledger."""
        return not self.pools

    def pool(self, key: PoolKey) -> Pool | None:
        """The pool of a key, if there is one."""
        return next((pool for pool in self.pools if pool.key == key), None)

    def of_project(self, project: str) -> Snapshot:
        """Return the same for one project only: its pools, sets and troubles, and the advice about them."""
        advice = self.advice
        if advice is not None:
            advice = replace(advice, found=tuple(one for one in advice.found if one.project == project))
        return replace(
            self,
            pools=tuple(one for one in self.pools if one.project == project),
            sets=tuple(one for one in self.sets if one.project == project),
            troubles=tuple(one for one in self.troubles if one.project == project),
            advice=advice,
        )
