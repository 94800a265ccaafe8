"""The monitor: every request asks here before it goes, and reports here how it ended."""

from __future__ import annotations

import atexit
import logging
import time
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from ytquota import clock as clocks
from ytquota.errors import LedgerUnavailable, QuotaExceeded
from ytquota.monitor.audit import Audit
from ytquota.monitor.call import Call
from ytquota.monitor.charging import denied_record
from ytquota.monitor.demand import KEEP_NOTHING
from ytquota.monitor.flight import Flight, Priced
from ytquota.monitor.groups import by_project, items_of
from ytquota.monitor.keeping import units_kept, with_shadow
from ytquota.monitor.log import JournalLog, Position
from ytquota.monitor.official import OfficialDays
from ytquota.monitor.priorities import Priorities
from ytquota.monitor.reconciled import ReconciledFile
from ytquota.monitor.revealed import Revealed
from ytquota.monitor.settlements import Settlements
from ytquota.monitor.summary import usage_summary
from ytquota.monitor.views import UsageView
from ytquota.prices import PriceBook, canonical

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from ytquota.errors import Verdict
    from ytquota.monitor.demand import Admission, Demand, OnVerdict
    from ytquota.monitor.ledger import Balance, CallRecord, Hold, Ledger
    from ytquota.settings import Settings

logger = logging.getLogger("ytquota")


class QuotaMonitor:
    """Meters calls against a ledger, and tells what was used.

    Args:
        ledger: where units are counted.
        folder: the memory folder, for the views and the audit trail beside the ledger.
        clock: the time, injected.
        prices: the price list; the shipped one by default.
        admission: decides before each call how many units to keep for others; by default none.
        priorities: how much a call matters; by its method where nobody says so.
        on_verdict: told of every answer that is not fine.
        project_of: the project of a credential set's number, for `call(credential_set=N)`.
        archive: where closed days have gone; "archive" in the folder by default.
    """

    def __init__(
        self,
        ledger: Ledger,
        *,
        folder: Path,
        clock: clocks.Clock | None = None,
        prices: PriceBook | None = None,
        admission: Admission = KEEP_NOTHING,
        priorities: Priorities | None = None,
        on_verdict: OnVerdict | None = None,
        project_of: Callable[[int], str] | None = None,
        archive: str | None = None,
    ) -> None:
        self.ledger, self.folder = ledger, folder
        self.clock = clock or clocks.SystemClock()
        self.prices = prices or PriceBook.load()
        self.admission, self.on_verdict = admission, on_verdict
        self.priorities = priorities or Priorities()
        self._project_of = project_of
        self._view = UsageView(folder / "quota_usage.json")
        self._revealed = Revealed(folder)
        self._audit = Audit(folder / "audit.jsonl")
        self.official = OfficialDays(folder / "official")
        self._log = JournalLog(
            folder / "calls",
            archive or str(folder / "archive"),
            official=self.official,
            today=lambda: clocks.quota_day(self.clock.time()),
        )
        self.own = self._log.own
        self._settlements = Settlements(ledger)
        self._view_is_stale, self._next_view = False, 0.0
        self._ends_at_exit = False

    @classmethod
    def open(cls, settings: Settings | None = None, **options: Any) -> QuotaMonitor:
        """The monitor that the settings describe; `ytquota.open_monitor()` also gives it the rules of bots.

        Args:
            settings: where the ledger is; loaded from the environment and `.env` by default.
            options: clock, admission, on_verdict and project_of, as for the class.

        Raises:
            SettingsError: a setting is wrong.
        """
        from ytquota.monitor.opening import open_ledger, project_of_set  # noqa: PLC0415 - needs settings
        from ytquota.settings import Settings  # noqa: PLC0415 - a monitor made by hand needs none

        settings = settings or Settings.load()
        clock = options.setdefault("clock", clocks.SystemClock())
        options.setdefault("prices", PriceBook.load(settings.price_profile, settings.prices_file))
        options.setdefault("project_of", project_of_set(settings))
        options.setdefault("priorities", Priorities(settings.priorities))
        options.setdefault("archive", settings.archive)
        return cls(open_ledger(settings, clock), folder=settings.memory_dir, **options)

    # -- metering

    def begin(self, demands: Sequence[Demand]) -> Flight:
        """Charge a request before it goes: all of its demands, or none.

        Raises:
            QuotaExceeded: it does not fit; it was logged as refused demand and must not be sent. For a batch,
                `fits` says how many of its parts would.
            LedgerUnavailable: the ledger cannot be read or written; nothing was charged.
        """
        self._end_at_exit()
        self._settlements.write_what_waits()
        day = clocks.bounds_at(self.clock.time()).day
        priced = [self._price(demand, day) for demand in demands]
        if self.admission.is_shadow:
            priced = with_shadow(self.admission, priced, self._balances)
        holds: dict[str, Hold] = {}
        try:
            for project, group in by_project(priced).items():
                holds[project] = self.ledger.hold(
                    project, items_of(group), keep=self._keep(group), note=group[0][0].method
                )
        except BaseException as error:
            for hold in holds.values():
                self.settle(hold, None)
            if isinstance(error, QuotaExceeded):
                raise self._denied(priced, error) from None
            raise
        return Flight(self, priced, holds)

    def has_room(self, demands: Sequence[Demand]) -> bool:
        """Whether all of these would be admitted now; nothing is charged by asking, and nothing logged.

        Raises:
            LedgerUnavailable: the ledger cannot be read.
        """
        day = clocks.bounds_at(self.clock.time()).day
        return self._fits([self._price(demand, day) for demand in demands]) == len(demands)

    def extend(self, priced: Sequence[Priced], holds: Mapping[str, Hold], ahead: set[str]) -> None:
        """Charge the same request once more, on the same holds.

        Projects are added to `ahead` as they are charged, and those that are in it are passed over: where a
        later one is denied nothing is sent, and the settlement gives back what the earlier ones were charged.
        """
        try:
            for project, group in by_project(priced).items():
                if project not in ahead:
                    self.ledger.extend(holds[project], items_of(group), keep=self._keep(group))
                    ahead.add(project)
        except QuotaExceeded as error:
            raise self._denied(priced, error) from None

    def settle(self, hold: Hold, records: list[CallRecord] | None) -> None:
        """Write how a request ended, or without records that it was none; what the ledger refuses waits."""
        if self._settlements.write(hold, records):
            self._refresh_view()

    def report(self, priced: Sequence[Priced], verdicts: Sequence[Verdict]) -> None:
        """Tell the caller's hook of every answer that is not fine, and people of projects that differ."""
        for (demand, _), verdict in zip(priced, verdicts, strict=True):
            if verdict.kind == "ok":
                continue
            self._revealed.note(demand, verdict)
            if self.on_verdict is not None:
                self.on_verdict(demand, verdict)

    def call(
        self,
        method: str,
        *,
        credential_set: int | str | None = None,
        project: str | None = None,
        tag: str | None = None,
        priority: str = "",
        facts: Mapping[str, object] | None = None,
    ) -> Call:
        """Meter a request of any other client, `with monitor.call("videos.list", credential_set=1) as call:`.

        Works with `async with` too. Units are charged on entry; leaving without an error settles the call.
        Tell `call.answered(status, body)` what came back, so that refusals are given back and empty pools
        are marked. `facts` are what `ytquota advise` goes by; `monitor.facts` has their names and shapes.

        Raises:
            QuotaExceeded: on entry; the request must not be sent.
            SettingsError: neither `project` nor a credential set whose project is known was given.
        """
        return Call(
            self,
            method,
            credential_set=credential_set,
            project=project,
            tag=tag,
            priority=priority,
            facts=facts or {},
        )

    def project_of(self, credential_set: int) -> str | None:
        """The project of a credential set, where it can be told."""
        return self._project_of(credential_set) if self._project_of else None

    # -- reading

    def get_usage_summary(self, day: date | None = None, *, projects: Iterable[str] = ()) -> dict[str, Any]:
        """What was used on a quota day, ready for JSON; see `docs/design.md` for its keys.

        Args:
            day: today by default.
            projects: projects to show besides those that were counted lately.
        """
        compared = ReconciledFile(self.folder).read()
        return usage_summary(self.ledger, self.clock, self._log, day, projects, reconciled=compared)

    def log(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        *,
        project: str | None = None,
        with_archive: bool = True,
    ) -> Iterator[dict[str, Any]]:
        """Rows of the log between two instants, oldest first: settled, released and refused calls.

        Finished days without own calls are there as Google counted them, where that was read: some minutes a
        row, with `kind`, `tag` and `prov` "official". Keys are those of the journal's lines: at, kind, id,
        project, method, set, tag, priority, bucket, units (charged), refused (units wanted and not given),
        calls (of a summed refusal), price, prov, outcome, status, reason, attempts, retry, latency (seconds),
        host, pid, facts.
        """
        self.ledger.flush()
        return self._log.rows(since, until, project=project, with_archive=with_archive)

    def summable(
        self, since: datetime | None = None, until: datetime | None = None, *, project: str | None = None
    ) -> tuple[list[Any], Iterator[dict[str, Any]]]:
        """The log for adding up: roll-ups (pyarrow tables) of archived days, and the rows of the others.

        Fast over years. Where `since` or `until` is no midnight Pacific all comes as rows: a roll-up cannot
        be cut.
        """
        self.ledger.flush()
        if not all(
            at is None or clocks.epoch(at) == clocks.bounds_at(clocks.epoch(at)).start
            for at in (since, until)
        ):
            return [], self._log.rows(since, until, project=project)
        first = clocks.quota_day(since) if since else date.min
        last = clocks.quota_day(until) - timedelta(days=1) if until else date.max
        tables = self._log.rollups(first, last, project=project)
        return tables, self._log.rows(since, until, project=project, with_archive=False)

    def archived_calls(self, first: date, last: date, columns: Sequence[str]) -> list[Any]:
        """Some columns of archived days' calls, as pyarrow tables; `log(with_archive=False)` has the rest."""
        return self._log.archived_calls(first, last, columns)

    def official_today(self) -> list[dict[str, Any]]:
        """Today's beginning as Google counted it, where counting began here today; no part of `log`."""
        return self._log.official_today()

    def tail(self, position: Position | None = None) -> tuple[list[dict[str, Any]], Position]:
        """The rows since a position (None: since today's start) and the new position; cheap without news."""
        return self._log.tail(position, clocks.bounds_at(self.clock.time()).day)

    def audit(
        self, action: str, *, who: str, why: str = "", credential_set: int | None = None, **details: object
    ) -> dict[str, Any]:
        """Write a row to the audit trail and return it."""
        return self._audit.write(
            action, at=self.clock.time(), who=who, why=why, credential_set=credential_set, **details
        )

    def audit_rows(self) -> list[dict[str, Any]]:
        """The audit trail, oldest first."""
        return self._audit.rows()

    def close(self) -> None:
        """Write what waits, refresh the view, let go of the ledger; a later call opens it again."""
        atexit.unregister(self._at_exit)
        self._ends_at_exit = False
        self._at_exit()
        self.ledger.close()

    # -- inside

    def _price(self, demand: Demand, day: date) -> Priced:
        price = self.prices.price_of(demand.method, on=day)
        priority = self.priorities.of(price.method, demand.tag, demand.priority)
        return (
            demand
            if demand.method == price.method and demand.priority == priority
            else replace(demand, method=canonical(demand.method), priority=priority)
        ), price

    def _keep(self, group: Sequence[Priced]) -> dict[str, int]:
        return units_kept(self.admission, group, self._balances)

    def _balances(self, project: str) -> dict[str, Balance]:
        return self.ledger.usage(project)[project]

    def _denied(self, priced: Sequence[Priced], error: QuotaExceeded) -> QuotaExceeded:
        """Log what was wanted and not given, and say so in full."""
        for demand, price in priced:
            self.ledger.refuse(demand.project, denied_record(demand, price, error.reason))
        self._refresh_view()
        fits = None
        with suppress(LedgerUnavailable):  # of another project; it does not hide the denial
            fits = self._fits(priced) if len(priced) > 1 else None
        return QuotaExceeded(
            str(error.args[0]),
            project=error.project,
            bucket=error.bucket,
            asked=sum(p.units for d, p in priced if (d.project, p.bucket) == (error.project, error.bucket)),
            left=error.left,
            resets_at=error.resets_at,
            method=priced[0][0].method if len(priced) == 1 else "batch",
            reason=error.reason,
            limit=error.limit,
            now=error.now,
            fits=fits,
        )

    def _fits(self, priced: Sequence[Priced]) -> int:
        """How many of a batch's parts, from the first, would fit now."""
        now, left = self.clock.time(), {}
        for project, group in by_project(priced).items():
            balances = self._balances(project)
            keep = units_kept(self.admission, group, {project: balances}.__getitem__)
            for bucket, balance in balances.items():
                spare = 0 if balance.is_exhausted(now) else balance.left - keep.get(bucket, 0)
                left[project, bucket] = spare
        for count, (demand, price) in enumerate(priced):
            left[demand.project, price.bucket] -= price.units
            if left[demand.project, price.bucket] < 0:
                return count
        return len(priced)

    def _refresh_view(self) -> None:
        """Keep the view up to date at most once a second: by the real clock, as this spares a real disk."""
        self._view_is_stale = True
        now = time.monotonic()
        if now >= self._next_view:
            self._next_view = now + 1.0
            self._write_view()

    def _write_view(self) -> None:
        self._view.write(self.get_usage_summary, self._log)
        self._view_is_stale = False

    def _end_at_exit(self) -> None:
        """Have the program's end write what then waits; whoever is registered there is kept alive."""
        if not self._ends_at_exit:
            self._ends_at_exit = True
            atexit.register(self._at_exit)

    def _at_exit(self) -> None:
        try:
            self._settlements.write_what_waits()
            self.ledger.flush()
            if self._view_is_stale:
                self._write_view()
        except LedgerUnavailable as error:
            logger.warning("%s", error)
