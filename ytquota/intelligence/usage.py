"""QuotaIntelligence: may an operation run, where did the quota go, and when will it run out."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from ytquota import clock as clocks
from ytquota.intelligence.answer import Answer, ask
from ytquota.intelligence.declared import Declaration, Declarations
from ytquota.intelligence.monitors import monitor_of
from ytquota.intelligence.payer import payer_of
from ytquota.intelligence.plan import CONFIDENCE, Plan

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    import pandas as pd

    from ytquota.intelligence.advice import Advice
    from ytquota.intelligence.forecaster import Forecaster
    from ytquota.intelligence.frames import Grouping
    from ytquota.intelligence.need import Evidence
    from ytquota.intelligence.outlook import Forecast
    from ytquota.monitor.metering import QuotaMonitor

# pandas costs half a second to import: a bot that only asks `can_perform_operation` must not pay for it
# ruff: noqa: PLC0415


class QuotaIntelligence:
    """Answers about quota, from the log of one ledger.

    Args:
        monitor: whose ledger to read; without it, this process's of the ledger that the environment and
            `.env` describe.

    Every frame is read from the log anew. `since` and `until` are aware datetimes (until excluded), `project`
    is a project number, `bucket` a bucket; None means all. Columns, dtypes and units are those named in
    `ytquota.intelligence.frames`, also when nothing has been logged.
    """

    def __init__(self, monitor: QuotaMonitor | None = None) -> None:
        self.monitor = monitor or monitor_of()

    def can_perform_operation(
        self,
        operation: str,
        credential_set: int | None = None,
        count: int = 1,
        priority: str = "",
        *,
        service: Any = None,
        project: str | None = None,
    ) -> Answer:
        """Whether `count` calls of a method fit into what its pool has left now.

        Args:
            operation: a method, such as `videos.list`.
            credential_set: the number of the set it would be made with.
            count: how many times.
            priority: critical and high may use the fixed reserve, normal and low may not; each leaves what
                more important work of other tags may still need. By default that of the service, the tag or
                the method.
            service: the metered service that it would be made with, instead of a set's number; tells who pays
                and by which ledger, the tag and the priority.
            project: without a service, the project that pays; a bot that is in no set has no number.

        Raises:
            SettingsError: it cannot be told whose quota it is.
            ValueError: count is less than 1.
        """
        if count < 1:
            raise ValueError(f"count must be at least 1, not {count}")
        payer = payer_of(self.monitor, service=service, credential_set=credential_set, project=project)
        return ask(payer, operation, count, priority)

    def calls(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        *,
        project: str | None = None,
        bucket: str | None = None,
    ) -> pd.DataFrame:
        """One row per logged call, oldest first, with the columns of `frames.CALLS`."""
        from ytquota.intelligence import frames

        calls = frames.calls_frame(self.monitor.log(since, until, project=project))
        return calls if bucket is None else calls[calls["bucket"] == bucket].reset_index(drop=True)

    def daily_burn(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        *,
        project: str | None = None,
        bucket: str | None = None,
    ) -> pd.DataFrame:
        """Units per quota day and pool, days without calls included, with the columns of `frames.DAILY`."""
        from ytquota.intelligence import frames

        return frames.daily_burn(self._sums(since, until, project, bucket))

    def burn_by(
        self,
        what: Grouping,
        since: datetime | None = None,
        until: datetime | None = None,
        *,
        project: str | None = None,
        bucket: str | None = None,
    ) -> pd.DataFrame:
        """Units per bucket and method, credential_set, tag, hour, project or priority; dearest first."""
        from ytquota.intelligence import frames

        if what == "priority":  # the one thing that roll-ups do not tell apart
            return frames.burn_by(self.calls(since, until, project=project, bucket=bucket), what)
        return frames.burn_by(self._sums(since, until, project, bucket), what)

    def heatmap(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        *,
        project: str | None = None,
        bucket: str = "default",
    ) -> pd.DataFrame:
        """Mean units per hour of one bucket: hour of the day (Pacific) by weekday."""
        from ytquota.intelligence import frames

        return frames.heatmap(self._sums(since, until, project, bucket))

    def intraday(
        self, day: date | None = None, *, project: str | None = None, bucket: str | None = None
    ) -> pd.DataFrame:
        """One quota day by five minutes, with the columns of `frames.INTRADAY`; today (None) up to now."""
        from ytquota.intelligence import frames

        now = self.monitor.clock.time()
        day = day or clocks.quota_day(now)
        bounds = clocks.bounds_of(day)
        calls = self.calls(clocks.utc(bounds.start), clocks.utc(bounds.end), project=project, bucket=bucket)
        return frames.intraday(calls, day, until=now)

    def advise(
        self, since: datetime | None = None, until: datetime | None = None, *, project: str | None = None
    ) -> list[Advice]:
        """What the bots could spare, what shows it in the log, and how; the largest share of a pool first.

        Returns:
            Nothing where nothing saves at least 1 % of its pool; see docs/advice.md for the rules.
        """
        from ytquota.intelligence.advice import advise, read

        limits = {
            (name, bucket): balance.limit
            for name, pools in self.monitor.ledger.usage(project).items()
            for bucket, balance in pools.items()
        }
        return advise(read(self.monitor.log(since, until, project=project)), limits=limits)

    def forecast(
        self, project: str | None = None, bucket: str | None = None, *, check: bool = True
    ) -> list[Forecast]:
        """What to expect of each pool until its reset and on the days after, declared load included.

        Args:
            project: project number; None: all.
            bucket: the daily allowance; None: all.
            check: whether to say how well such forecasts did on the last days, which takes a little longer.

        Returns:
            One `Forecast` a pool, those in use first; a pool without enough history says why it has none.
        """
        declared = Declarations(self.monitor.folder).ahead(self.monitor.clock.time())
        return self._forecaster.forecasts(declared, project=project, bucket=bucket, check=check)

    def replay(self, project: str, bucket: str = "default", *, days: int = 28) -> pd.DataFrame:
        """The forecast of one pool made again for its last finished days: the columns of `replay.REPLAY`."""
        from ytquota.intelligence.replay import replay
        from ytquota.monitor.ledger import PoolKey

        self._forecaster.reader.read()
        limit = self.monitor.ledger.usage(project)[project][bucket].limit
        return replay(self._forecaster.pool(PoolKey(project, bucket), limit), days=days)

    def declare(
        self,
        method: str,
        count: int = 1,
        *,
        at: datetime | None = None,
        project: str | None = None,
        priority: str = "",
        tag: str = "",
    ) -> Declaration:
        """Say that so many calls beyond the usual will be made at a time; forecasts then reckon with them.

        Args:
            method: as `videos.insert`.
            count: how many calls.
            at: when (aware); now by default.
            project: whose quota; may be left out where the ledger knows one project only.
            priority: of the calls; by default the method's.
            tag: of the calls.

        Raises:
            ValueError: the time is over, or it is not clear which project is meant.
        """
        start = self.monitor.clock.time() if at is None else clocks.epoch(at)
        return self._declare(method, count, (start, start), project, priority=priority, tag=tag)

    def declare_rate(
        self,
        method: str,
        per_hour: float,
        start: datetime,
        end: datetime,
        *,
        project: str | None = None,
        priority: str = "",
        tag: str = "",
    ) -> Declaration:
        """Say that so many calls an hour beyond the usual will be made from `start` to `end` (aware).

        The other arguments, and what is raised, are as for `declare`.
        """
        begin, stop = clocks.epoch(start), clocks.epoch(end)
        if stop <= begin:
            raise ValueError(
                f"The end {end:%Y-%m-%d %H:%M} must come after the start {start:%Y-%m-%d %H:%M}."
            )
        count = per_hour * (stop - begin) / 3600
        return self._declare(method, count, (begin, stop), project, priority=priority, tag=tag)

    def _declare(
        self,
        method: str,
        count: float,
        span: tuple[float, float],
        project: str | None,
        *,
        priority: str,
        tag: str,
    ) -> Declaration:
        if count <= 0:
            raise ValueError(f"Declare more than {count} calls.")
        price = self.monitor.prices.price_of(method, on=clocks.quota_day(span[0]))
        declaration = Declaration(
            project=project or self._only_project(),
            bucket=price.bucket,
            method=price.method,
            units=price.units * count,
            start=span[0],
            end=span[1],
            priority=self.monitor.priorities.of(price.method, tag, priority),
            tag=tag,
        )
        Declarations(self.monitor.folder).add(declaration, self.monitor.clock.time())
        return declaration

    def _only_project(self) -> str:
        projects = sorted(self.monitor.ledger.usage())
        if len(projects) != 1:
            known = ", ".join(projects) or "none yet"
            raise ValueError(f"Which project is it? Pass project=; the ledger knows {known}.")
        return projects[0]

    def plan(
        self,
        work: Mapping[str, int],
        *,
        deadline: date | datetime | None = None,
        project: str | None = None,
        limits: Mapping[str, int] | None = None,
        priorities: Mapping[str, str] | None = None,
        confidence: float = CONFIDENCE,
    ) -> Plan:
        """Whether work fits today beside the usual load, and if not, over which quota days it spreads.

        Args:
            work: calls by method, `{"search.list": 400, "videos.insert": 20}`.
            deadline: the last quota day allowed (a date, included), or an aware instant.
            project: whose quota; may be left out where the ledger knows one project only.
            limits: what if a bucket had so many units a day.
            priorities: by method; the more important are placed first. By default those of the methods.
            confidence: how sure each day of the schedule is to be, from 0 to 1.

        Raises:
            ValueError: there is no work, a figure is out of range, or the project is not clear.
        """
        from ytquota.intelligence.planner import make_plan

        if not 0 < confidence < 1:
            raise ValueError(f"The confidence must lie between 0 and 1, and {confidence} does not.")
        return make_plan(
            self._forecaster,
            work,
            project=project or self._only_project(),
            deadline=deadline,
            limits=limits,
            priorities=priorities,
            confidence=confidence,
            declared=Declarations(self.monitor.folder).ahead(self.monitor.clock.time()),
        )

    def evidence(self, project: str | None = None, *, days: int = 90) -> Evidence:
        """What a request for more quota rests on; `ytquota request` writes it down.

        Args:
            project: whose quota; may be left out where the ledger knows one project only.
            days: how many finished days to tell of.

        Raises:
            ValueError: the project is not clear, or the ledger does not know it.
        """
        from ytquota.intelligence.need import gather

        declared = Declarations(self.monitor.folder).ahead(self.monitor.clock.time())
        return gather(self._forecaster, project or self._only_project(), days=days, declared=declared)

    def publish(self) -> bool:
        """Publish the forecast for admission, in ``memory/forecast.json``; returns whether it was written.

        It is valid for half an hour; whatever runs beside the bots should do so every few minutes.
        """
        from ytquota.intelligence.publisher import Publisher

        return Publisher(self.monitor, self._forecaster).publish_if_due()

    @cached_property
    def _forecaster(self) -> Forecaster:
        from ytquota.intelligence.forecaster import Forecaster

        return Forecaster(self.monitor)

    def _sums(
        self, since: datetime | None, until: datetime | None, project: str | None, bucket: str | None
    ) -> pd.DataFrame:
        """The log for adding up: archived days come as roll-ups, so that a year is read at once."""
        from ytquota.intelligence import frames

        sums = frames.sums_frame(*self.monitor.summable(since, until, project=project))
        return sums if bucket is None else sums[sums["bucket"] == bucket].reset_index(drop=True)
