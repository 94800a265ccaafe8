"""How today's counts compared with Google's when somebody looked last: `memory/reconciled.json`.

Read by status and dashboards, to say of each number whether it is ours alone or was held against Google's,
and when. No decision reads it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import orjson

from ytquota import clock as clocks
from ytquota.monitor.files import locked, replace_file, unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

FILE_NAME = "reconciled.json"
VERSION = 1


@dataclass(frozen=True, slots=True)
class Check:
    """One pool's count beside Google's: quota units since midnight Pacific; instants are epoch seconds.

    Attributes:
        at: when they were compared.
        until: up to when: Google's later counts had not settled.
        local: what this ledger had counted up to then, corrections included.
        official: what Google had.
        doubtful: units of requests that were under way at that instant.
        lost: units of ours in minutes that Google's counters lost.
        corrected: what the count was changed by after that, because of this.
    """

    at: float
    until: float
    local: int
    official: int
    doubtful: int = 0
    lost: int = 0
    corrected: int = 0

    @property
    def drift(self) -> int:
        """What Google had counted more (or less, if negative); doubt is held against nobody."""
        more = self.official + self.lost - self.local
        return 0 if abs(more) <= self.doubtful else more - (self.doubtful if more > 0 else -self.doubtful)

    @property
    def rest(self) -> int:
        """What is still to be corrected."""
        return self.drift - self.corrected

    def with_correction(self, units: int) -> Check:
        """The same after the count was changed by so many units."""
        return replace(self, corrected=self.corrected + units)

    @property
    def label(self) -> str:
        """`reconciled` where the count agrees with Google's, or was made to; else `local`."""
        return "local" if self.rest else "reconciled"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why Google's counters could not be read, and since when (epoch seconds)."""

    since: float
    why: str


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What the file says.

    Attributes:
        pools: the last comparison by (project, bucket).
        failures: projects whose counters could not be read when last tried.
    """

    pools: Mapping[tuple[str, str], Check] = field(default_factory=dict)
    failures: Mapping[str, Failure] = field(default_factory=dict)

    def today(self, project: str, bucket: str, now: float) -> Check | None:
        """The comparison of a pool's quota day of now, if there was one."""
        check = self.pools.get((project, bucket))
        return check if check and clocks.bounds_at(check.at).day == clocks.bounds_at(now).day else None


class ReconciledFile:
    """`memory/reconciled.json`.

    Args:
        folder: the memory folder.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME

    def read(self) -> Reconciled:
        """What was compared last; nothing where there is no file, or none that can be understood."""
        try:
            content = orjson.loads(self.path.read_bytes())
            return Reconciled(
                {_key(name): Check(**facts) for name, facts in content["pools"].items()},
                {name: Failure(**facts) for name, facts in content["failures"].items()},
            )
        except FileNotFoundError:
            return Reconciled()
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return Reconciled()  # a label that is lost reads as `local`; the next comparison writes it anew

    def note(self, project: str, checks: Mapping[str, Check]) -> None:
        """Keep the comparison of a project's pools, by bucket; it could be made, so no failure is left.

        Raises:
            LedgerUnavailable: the file cannot be written.
        """

        def step(before: Reconciled) -> Reconciled:
            pools = {key: check for key, check in before.pools.items() if key[0] != project}
            pools |= {(project, bucket): check for bucket, check in checks.items()}
            failures = {name: one for name, one in before.failures.items() if name != project}
            return Reconciled(pools, failures)

        self._change(step)

    def note_failure(self, project: str, at: float, why: str) -> bool:
        """Keep why a project could not be compared; False if the same was known already.

        Raises:
            LedgerUnavailable: the file cannot be written.
        """
        known = self.read().failures.get(project)
        if known is not None and known.why == why:
            return False
        self._change(lambda before: Reconciled(before.pools, {**before.failures, project: Failure(at, why)}))
        return True

    def note_correction(self, project: str, bucket: str, units: int, now: float) -> None:
        """Keep that today's count was changed by so many units since it was compared.

        Raises:
            LedgerUnavailable: the file cannot be written.
        """
        if self.read().today(project, bucket, now) is None:
            return

        def step(before: Reconciled) -> Reconciled:
            check = before.today(project, bucket, now)
            changed = {} if check is None else {(project, bucket): check.with_correction(units)}
            return Reconciled({**before.pools, **changed}, before.failures)

        self._change(step)

    def _change(self, step: Callable[[Reconciled], Reconciled]) -> None:
        try:
            with locked(self.path):
                facts = step(self.read())
                document = {
                    "v": VERSION,
                    "pools": {"/".join(key): asdict(check) for key, check in sorted(facts.pools.items())},
                    "failures": {name: asdict(one) for name, one in sorted(facts.failures.items())},
                }
                replace_file(self.path, orjson.dumps(document, option=orjson.OPT_INDENT_2))
        except OSError as error:
            raise unavailable(self.path, error) from error


def label_facts(check: Check | None) -> dict[str, Any]:
    """What a usage summary says of a pool's comparison: `basis`, and `reconciled` (None where there is none).

    Keys of `reconciled`: at, until (ISO, Pacific), local, official, drift, corrected (quota units).
    """
    if check is None:
        return {"basis": "local", "reconciled": None}
    return {
        "basis": check.label,
        "reconciled": {
            "at": clocks.pacific_iso(check.at),
            "until": clocks.pacific_iso(check.until),
            "local": check.local,
            "official": check.official,
            "drift": check.drift,
            "corrected": check.corrected,
        },
    }


def _key(name: str) -> tuple[str, str]:
    project, _, bucket = name.rpartition("/")
    return project, bucket
