"""Fleet: where the quota of several ledgers, hosts, projects and people went."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from ytquota import clock as clocks
from ytquota.errors import SettingsError
from ytquota.intelligence import frames
from ytquota.intelligence.roll_up import KEYS, roll_up_parts
from ytquota.monitor.fleet import FleetList, FleetView
from ytquota.monitor.fleet.log import FleetLog

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime
    from pathlib import Path

    from distributed import Client

    from ytquota.monitor.fleet.archives import Part
    from ytquota.monitor.fleet.counts import Look
    from ytquota.monitor.fleet.listed import Listed
    from ytquota.monitor.fleet.log import Written

FleetGrouping = Literal[
    "owner", "project", "ledger", "host", "method", "credential_set", "tag", "bucket", "hour"
]

WHOSE = ("ledger", "owner", "host")
"""The columns that a fleet's sums have besides those of `frames.SUMS`; "" where nobody is named."""


class Fleet:
    """Reports over the ledgers and archives of a list; nothing is written to any of them.

    Args:
        fleet: the list, or the path of its file; without it, the one that YTQUOTA_FLEET names.
        clock: the time, injected.
        client: a `distributed.Client` whose workers read the archives; without it this process does.

    A project is named as in the list. `first` and `last` are quota days, both included; None: as far as there
    is anything. Archived days are read from their roll-ups, so that years are read at once.

    Raises:
        SettingsError: there is no list, or it is wrong.
    """

    def __init__(
        self,
        fleet: FleetList | Path | None = None,
        *,
        clock: clocks.Clock | None = None,
        client: Client | None = None,
    ) -> None:
        self.fleet = fleet if isinstance(fleet, FleetList) else FleetList.load(fleet or _of_settings())
        self._clock, self._client = clock or clocks.SystemClock(), client
        self._log = FleetLog(self.fleet)

    @property
    def problems(self) -> Sequence[Look]:
        """The ledgers that the last report lacks, each with `problem` and `remedy`."""
        return self._log.problems

    def status(self) -> dict[str, Any]:
        """What `ytquota status --all --json` prints: every pool today, who spent it, and every ledger."""
        with FleetView(self.fleet, clock=self._clock) as view:
            return view.report()

    def daily_burn(
        self,
        first: date | None = None,
        last: date | None = None,
        *,
        project: str | None = None,
        bucket: str | None = None,
    ) -> pd.DataFrame:
        """Units per quota day and pool, over all ledgers, with the columns of `frames.DAILY`."""
        return frames.daily_burn(self.sums(first, last, project=project, bucket=bucket))

    def burn_by(
        self,
        what: FleetGrouping,
        first: date | None = None,
        last: date | None = None,
        *,
        project: str | None = None,
        bucket: str | None = None,
    ) -> pd.DataFrame:
        """Units per bucket and owner, project, ledger, host, method, set, tag or hour; dearest first.

        The columns are bucket, `what` and those of `frames.BURN`; `share` is the part of its bucket's units.
        """
        sums = self.sums(first, last, project=project, bucket=bucket)
        return frames.burn_by(sums, what)  # type: ignore[arg-type]  # it groups by whatever column there is

    def sums(
        self,
        first: date | None = None,
        last: date | None = None,
        *,
        project: str | None = None,
        bucket: str | None = None,
    ) -> pd.DataFrame:
        """What the reports are made of: the columns of `frames.SUMS`, and those of `WHOSE`.

        A row of an archived day stands for a quarter of an hour of calls alike, any other for a call.
        """
        since = clocks.day_start(first) if first else None
        until = clocks.utc(clocks.bounds_of(last).end) if last else None
        parts = list(self._parts(since, until))
        whole = pd.concat([_empty(), *(part for part in parts if len(part))], ignore_index=True)
        seconds = whole["at"].astype("int64") / 1e6
        wanted = pd.Series(data=True, index=whole.index)
        if since is not None:
            wanted &= seconds >= since.timestamp()
        if until is not None:
            wanted &= seconds < until.timestamp()
        for name, value in (("project", project), ("bucket", bucket)):
            if value is not None:
                wanted &= whole[name] == (self.fleet.number_of(value) if name == "project" else value)
        return self._named(whole[wanted].reset_index(drop=True))

    # -- inside

    def _parts(self, since: datetime | None, until: datetime | None) -> Iterator[pd.DataFrame]:
        """The frames of each ledger: archived days rolled up, the others call by call."""
        days = self._log.span(since, until)
        journals = self._log.journals(*days)
        for listed, parts in self._log.archived("rollup", *days, journals):
            yield self._rolled(listed, parts)
        yield from self._called(journals, since, until)

    def _rolled(self, listed: Listed, parts: Sequence[Part]) -> pd.DataFrame:
        rolled = roll_up_parts(parts, by=[key for key in KEYS if key != "day"], client=self._client)
        frame = rolled.rename(columns={"slot": "at", "set": "credential_set", "refused": "unmet"})
        frame["at"] = frame["at"].dt.as_unit("us")
        pairs = zip(frame["credential_set"], frame["host"], strict=True)
        return frame.assign(
            day=frames.quota_days(pd.DatetimeIndex(frame["at"])),
            ledger=listed.name,
            owner=pd.Series([listed.owner_of(*pair) for pair in pairs], dtype="str"),
        )[[*frames.SUMS, *WHOSE]]

    def _called(self, journals: Sequence[Written], since: Any, until: Any) -> Iterator[pd.DataFrame]:
        found = self._log.unarchived(since, until, journals)
        while rows := list(islice(found, _CHUNK)):
            calls = frames.calls_frame(rows)[list(frames.SUMS)]
            whose = {name: [row.get(name) or "" for row in rows] for name in WHOSE}
            yield calls.assign(**whose).astype(dict.fromkeys(_TEXTS, "str"))

    def _named(self, sums: pd.DataFrame) -> pd.DataFrame:
        """The same with projects by their names."""
        named = sums["project"].map(self.fleet.name_of)
        return sums.assign(project=named).astype(dict.fromkeys(_TEXTS, "category"))


_CHUNK = 65_536
_TEXTS = (*(name for name in frames.SUMS if frames.CALLS[name] == "category"), *WHOSE)


def _empty() -> pd.DataFrame:
    kinds = {name: frames.CALLS[name] for name in frames.SUMS} | dict.fromkeys(_TEXTS, "str")
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()})


def _of_settings() -> Path:
    from ytquota.settings import Settings  # noqa: PLC0415 - a list given by hand needs none

    path = Settings.load().fleet
    if path is None:
        raise SettingsError(
            "YTQUOTA_FLEET: it names no list of ledgers; docs/fleet.md shows how to write one."
        )
    return path
