"""Limits from their source: what Google's Cloud Quotas says is noted in the ledger, and compared with ours.

The limit in force is the operator's, unless Google says less; then Google's; then the default. A limit of
Google's above the operator's changes nothing: who set less wants less.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ytquota.cloud import UNLIMITED
from ytquota.prices import BUCKETS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ytquota.cloud import QuotaLimit
    from ytquota.monitor.ledger import Ledger, LimitSource
    from ytquota.settings import Settings


class Source(Protocol):
    """Whoever knows Google's limits; see :class:`ytquota.cloud.Cloud`."""

    def limits(self, project: str) -> list[QuotaLimit]:
        """Return a project's limits per day."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What was learned about the limit of one pool. All figures are units (or calls) a day.

    Attributes:
        project: number of the project.
        limit: what Google says, and whether more can be asked for.
        operators: what the operator set, if anything.
        before: the limit that was in force.
        in_force: the limit that is in force now.
        source: who says the latter.
    """

    project: str
    limit: QuotaLimit
    operators: int | None
    before: int
    in_force: int
    source: LimitSource

    @property
    def bucket(self) -> str:
        """Which daily allowance."""
        return self.limit.bucket

    @property
    def is_below_operators(self) -> bool:
        """Whether Google allows less than the operator set, and Google's is in force."""
        return self.operators is not None and UNLIMITED < self.limit.value < self.operators

    @property
    def remark(self) -> str:
        """What the operator should know, in a sentence; empty if all agree."""
        pool, googles = f"Pool {self.bucket} of project {self.project}", f"{self.limit.value:,}"
        if self.is_below_operators:
            name = f"YTQUOTA_LIMIT_{self.bucket.upper()}_{self.project}"
            return (
                f"{pool}: Google allows {googles} a day, less than the {self.operators:,} that are set, and "
                f"that is in force; write {name}={self.limit.value} into .env, or remove the setting."
            )
        if self.source == "operator" and self.limit.value != self.operators:
            return (
                f"{pool}: Google allows {googles} a day; the {self.operators:,} that are set stay in force."
            )
        if self.source == "server" and self.before != self.in_force:
            return f"{pool}: the limit is {self.in_force:,} a day, as Google says, and not {self.before:,}."
        return ""


def learn(source: Source, ledger: Ledger, settings: Settings, projects: Iterable[str]) -> list[Learned]:
    """Ask Google for the limits of projects, note them in the ledger, and return them, by project and bucket.

    They are in force from now on, by the order of precedence above, and carry over to the following days.
    A bucket that we do not know is left out, and so is an allowance without a limit.

    Args:
        source: asks Google.
        ledger: notes what is in force.
        settings: the operator's own limits.
        projects: numbers of projects; provisional pools of API keys are left out.

    Raises:
        CloudError: a project cannot be read; the projects before it are noted.
        LedgerUnavailable: the ledger cannot be written.
    """
    learned = []
    for project in sorted(name for name in set(projects) if name.isdecimal()):
        limits = [limit for limit in source.limits(project) if limit.bucket in BUCKETS]
        before = ledger.usage(project)[project]
        for limit in limits:
            if limit.value > UNLIMITED:
                ledger.limit(project, limit.bucket, limit.value, source="server")
        after = ledger.usage(project)[project]
        learned += [
            Learned(
                project=project,
                limit=limit,
                operators=settings.limit_for(limit.bucket, project),
                before=before[limit.bucket].limit,
                in_force=after[limit.bucket].limit,
                source=after[limit.bucket].limit_source,
            )
            for limit in limits
        ]
    return learned
