"""The embedded ledger: an append-only JSON-lines file per project and quota day, kept like a bank statement.

To admit a call: lock, read the last complete line, decide, append one line, unlock. The log is the ledger;
opening a day of a million lines costs what opening an empty one costs. File locks hold between processes, a
thread lock stands beside them, and forked children open the files anew (a lock belongs to the open file,
which a fork shares).
"""

from __future__ import annotations

import logging
import os
import threading
from contextlib import suppress
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Literal

from ytquota import clock as clocks
from ytquota.errors import LedgerUnavailable
from ytquota.monitor import lines, pools
from ytquota.monitor.forks import before_fork, in_child
from ytquota.monitor.ledger import Balance, CallRecord, Hold, Items, LimitSource, MarkSource, check_items
from ytquota.monitor.page import Page
from ytquota.monitor.places import days_in, journal_path, project_name, refuse_unsafe_places
from ytquota.monitor.refusals import Refusals, Refused
from ytquota.monitor.tail import read_state

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

logger = logging.getLogger("ytquota")

_OPEN_PAGES = 64
_CLOCK_SLIP = 3600.0
"""A clock that steps back over midnight by less stays in the newer day: a slip must not reopen yesterday."""

Durability = Literal["process", "power"]
Said = dict[str, dict[str, int]]
"""{bucket: {"operator": limit, "server": limit}}"""


class Journal:
    """The ledger in a folder: `<folder>/<day>/<project>.jsonl`.

    Args:
        folder: where the days are kept; made when the first call is counted.
        clock: the time, injected.
        limits: what the operator says the limit of (project, bucket) is, or None.
        durability: "process" survives a killed process; "power" also a power cut, for one fdatasync a write.
            Denied demand waits for no disk: it is summed in memory first, and costs no units.
    """

    def __init__(
        self,
        folder: Path,
        *,
        clock: clocks.Clock | None = None,
        limits: Callable[[str, str], int | None] | None = None,
        durability: Durability = "process",
    ) -> None:
        self.folder = folder
        self._clock = clock or clocks.SystemClock()
        self._operator_limit = limits
        self._durable = durability == "power"
        self._pages: dict[tuple[str, date], Page] = {}
        self._issued: dict[str, Hold] = {}
        self._refusals = Refusals()
        self._bounds = clocks.DayBounds(date.min, 0.0, 0.0)
        self._mutex = threading.RLock()
        self._pid, self._nonce = os.getpid(), lines.nonce()
        before_fork(self, Journal._share_open_holds)
        in_child(self, Journal._reopen)

    @property
    def location(self) -> str:
        """The absolute path of the folder."""
        return str(self.folder.absolute())

    # -- the life of a request

    def hold(
        self, project: str, items: Items, *, keep: Mapping[str, int] | None = None, note: str = ""
    ) -> Hold:
        """Charge all items or none; see `Ledger.hold`."""
        check_items(items)
        with self._mutex:
            page = self._today(project)
            with page:
                at = self._clock.time()
                pools.admit(page, items, keep, at)
                id_ = lines.hold_id(page.day, page.size, self._nonce)
                fields = {"items": items, "pid": self._pid, "note": note}
                page.append("hold", at, id_, fields)
            hold = Hold(id_, project, page.day, items, at)
            self._issued[id_] = hold
        try:
            self._sync(page)
        except LedgerUnavailable:
            with suppress(LedgerUnavailable):  # the release is written, and then not synced either
                self.release(hold)
            raise
        return hold

    def extend(self, hold: Hold, items: Items, *, keep: Mapping[str, int] | None = None) -> Hold:
        """Charge more to an open hold, on the day the hold was taken."""
        check_items(items)
        with self._mutex:
            page = self._page(hold.project, hold.day)
            with page:
                if not hold.is_open or (hold.is_shared and not pools.is_unsettled(page, hold.id)):
                    raise ValueError(f"The hold {hold.id} was settled before; nothing can be added to it.")
                at = self._clock.time()
                pools.admit(page, items, keep, at)
                page.append("extend", at, hold.id, {"items": items, "pid": self._pid})
            hold.items = (*hold.items, *items)
        self._sync(page)
        return hold

    def settle(self, hold: Hold, records: Sequence[CallRecord]) -> bool:
        """Log how the request ended; what its records release is given back."""
        with self._mutex:
            page = self._page(hold.project, hold.day)
            with page:
                if not self._claim(page, hold):
                    return False
                at = self._clock.time()
                if records:
                    page.write(self._record_lines(page, hold.id, records, at))
                else:
                    page.append("settle", at, hold.id, {"items": hold.items, "pid": self._pid})
        self._sync(page)
        return True

    def release(self, hold: Hold, records: Sequence[CallRecord] = ()) -> bool:
        """Give all units back; without records a bare line says so."""
        if records:
            return self.settle(hold, records)
        with self._mutex:
            page = self._page(hold.project, hold.day)
            with page:
                if not self._claim(page, hold):
                    return False
                for bucket, units in hold.items:
                    page.balances[bucket][0] = max(0, page.balances[bucket][0] - units)
                page.append("release", self._clock.time(), hold.id, {"items": hold.items, "pid": self._pid})
        self._sync(page)
        return True

    def refuse(self, project: str, record: CallRecord) -> None:
        """Add denied demand to what is summed, and write what is due; what the disk refuses waits."""
        with self._mutex:
            self._refusals.add(project, self._current_day().day, record)
            self._write_due_refusals()

    # -- what is known of a pool

    def exhaust(
        self,
        project: str,
        bucket: str,
        until: float | None,
        *,
        reason: str = "",
        day: date | None = None,
        provisional: bool = False,
        source: MarkSource = "server",
    ) -> None:
        """Mark a pool, or clear its mark; a second provisional mark in a row is a firm one."""
        with self._mutex:
            page = self._page(project, day or self._current_day().day)
            with page:
                at = self._clock.time()
                stands = pools.mark(page, bucket, until, at, provisional=provisional, source=source)
                fields = {"bucket": bucket, "until": stands, "reason": reason, "pid": self._pid}
                page.append("exhaust", at, "", fields)
        self._sync(page)

    def limit(self, project: str, bucket: str, value: int | None, *, source: LimitSource) -> None:
        """Note a limit, unless that is what the ledger knows already."""
        with self._mutex:
            page = self._today(project)
            with page:
                if page.said.get(bucket, {}).get(source) != value:
                    self._write_limit(page, bucket, value, source)
        self._sync(page)

    def adjust(
        self, project: str, bucket: str, units: int, *, reason: str, who: str, day: date | None = None
    ) -> Balance:
        """Correct a count by a line that says who did it and why."""
        with self._mutex:
            page = self._page(project, day or self._current_day().day)
            with page:
                balance = pools.pool(page, bucket)
                balance[0] = max(0, balance[0] + units)
                fields = {"bucket": bucket, "units": units, "reason": reason, "who": who, "pid": self._pid}
                page.append("adjust", self._clock.time(), "", fields)
                adjusted = pools.balance_of(bucket, balance, page.said, page.by_operator)
        self._sync(page)
        return adjusted

    def usage(self, project: str | None = None, day: date | None = None) -> dict[str, dict[str, Balance]]:
        """Balances of the day.

        Projects are those that were counted that day or on the newest day before it.
        """
        with self._mutex:
            self._write_due_refusals()
            day = day or self._current_day().day
        projects = [project] if project is not None else self._known_projects(day)
        pools_of = {name: self._balances(name, day) for name in projects}
        with self._mutex:  # asking for balances must not make a line of each denial
            return {name: self._refusals.added_to(name, day, pools) for name, pools in pools_of.items()}

    def flush(self) -> None:
        """Write the demand that is still summed up.

        Raises:
            LedgerUnavailable: the disk refused some of it, which goes on waiting.
        """
        with self._mutex:
            self._refusals.write(self._write_refusal, self._clock.time(), everything=True)

    def close(self) -> None:
        """Flush and let go of every file."""
        try:
            self.flush()
        except LedgerUnavailable as error:
            logger.warning("%s Denied demand that was still summed up could not be written.", error)
        with self._mutex:
            for page in self._pages.values():
                page.close()
            self._pages.clear()

    def open_unread(self, project: str, day: date) -> Page:
        """A journal's file whose last line may be garbled, for `repair.mend` alone."""
        with self._mutex:
            known = self._pages.pop((project, day), None)
            if known is not None:
                known.close()
        return Page(journal_path(self.folder, day, project), project, day, self._clock)

    def append_adjustment(self, page: Page, *, reason: str, who: str) -> None:
        """Write the page's balances as a correction, with the limits in force."""
        page.said = self._with_operator(page.project, page.said)
        for bucket, balance in page.balances.items():
            balance[2] = lines.effective_limit(bucket, page.said.get(bucket))[0]
        page.append("adjust", self._clock.time(), "", {"reason": reason, "who": who, "pid": self._pid})

    # -- settlement

    def _claim(self, page: Page, hold: Hold) -> bool:
        """Whether this hold is still to be settled, and by nobody else from now on."""
        if not hold.is_open:
            return False
        known = self._issued.pop(hold.id, None)
        hold.is_open = False
        if known is not None and not known.is_shared and not hold.is_shared:
            return True
        return pools.is_unsettled(page, hold.id)

    def _record_lines(self, page: Page, id_: str, records: Sequence[CallRecord], at: float) -> bytes:
        if len(records) == 1:
            return self._record_line(page, id_, records[0], at)
        parts = range(len(records))
        return b"".join([self._record_line(page, id_, records[part], at, part=part) for part in parts])

    def _record_line(
        self, page: Page, id_: str, record: CallRecord, at: float, *, part: int | None = None
    ) -> bytes:
        pools.give_back(page, record)
        kind = "settle" if record.units or not record.released else "release"
        fields = lines.call_fields(record, self._pid)
        if part is not None:
            fields["part"] = part  # tells two equal parts of a batch from one line written twice
        return page.line(kind, at, id_, fields)

    def _write_due_refusals(self) -> None:
        try:
            self._refusals.write(self._write_refusal, self._clock.time())
        except LedgerUnavailable as error:
            logger.debug("Denied demand waits to be written: %s", error)

    def _write_refusal(self, one: Refused) -> None:
        page = self._page(one.project, one.day)
        with page:
            pools.pool(page, one.record.bucket)[1] += one.record.released
            fields = lines.call_fields(one.record, self._pid) | {"calls": one.calls}
            page.append("refuse", one.instant(self._clock.time()), "", fields)

    # -- days and files

    def _current_day(self) -> clocks.DayBounds:
        now = self._clock.time()
        bounds = self._bounds
        if bounds.start <= now < bounds.end or 0 < bounds.start - now < _CLOCK_SLIP:
            return bounds
        self._bounds = clocks.bounds_at(now)
        return self._bounds

    def _today(self, project: str) -> Page:
        return self._page(project, self._current_day().day)

    def _page(self, project: str, day: date) -> Page:
        return self._pages.get((project, day)) or self._open_page(project, day)

    def _open_page(self, project: str, day: date) -> Page:
        if not self._pages:
            refuse_unsafe_places(self.folder)
        page = Page(journal_path(self.folder, day, project), project, day, self._clock)
        with page:
            if page.is_new:
                self._begin_day(page)
            self._apply_operator_limits(page)
        for key in list(self._pages)[: max(0, len(self._pages) - _OPEN_PAGES + 1)]:
            self._pages.pop(key).close()
        self._pages[project, day] = page
        return page

    def _begin_day(self, page: Page) -> None:
        """The first line of a day carries over what was learned about limits."""
        page.said = self._carried(page.project, page.day)
        for bucket in page.balances:
            page.balances[bucket][2] = lines.effective_limit(bucket, page.said.get(bucket))[0]
        page.append("open", self._clock.time(), "", {"pid": self._pid})

    def _apply_operator_limits(self, page: Page) -> None:
        wanted = self._with_operator(page.project, page.said)
        for bucket in list(page.balances):
            value = wanted.get(bucket, {}).get("operator")
            if value != page.said.get(bucket, {}).get("operator"):
                self._write_limit(page, bucket, value, "operator")

    def _with_operator(self, project: str, said: Said) -> Said:
        """What was said of limits, with the operator's part as the settings have it now."""
        if self._operator_limit is None:
            return said
        return pools.with_operator(said, partial(self._operator_limit, project))

    def _write_limit(self, page: Page, bucket: str, value: int | None, source: LimitSource) -> None:
        pools.note_limit(page, bucket, value, source)
        fields = {"bucket": bucket, "limit": value, "source": source, "pid": self._pid}
        page.append("limit", self._clock.time(), "", fields)

    def _balances(self, project: str, day: date) -> dict[str, Balance]:
        state, _ = read_state(journal_path(self.folder, day, project))
        balances, by_operator = lines.empty_balances(), []
        if state is not None:
            balances |= state["bal"]
            said, by_operator = state.get("lim", {}), state.get("by_operator", [])
        else:
            said = self._with_operator(project, self._carried(project, day))
            for bucket, balance in balances.items():
                balance[2] = lines.effective_limit(bucket, said.get(bucket))[0]
        return {
            bucket: pools.balance_of(bucket, balance, said, by_operator)
            for bucket, balance in balances.items()
        }

    def _carried(self, project: str, day: date) -> Said:
        """What the newest day before this one knew of limits; the operator's are in the settings."""
        for earlier in self._days_before(day):
            state, _ = read_state(journal_path(self.folder, earlier, project))
            if state is not None:
                return dict(state.get("lim", {}))
        return {}

    def _days_before(self, day: date) -> list[date]:
        """The days with a folder before this one, newest first, at most 60."""
        return [d for d in reversed(days_in(self.folder)) if d < day][:60]

    def _known_projects(self, day: date) -> list[str]:
        newest = self._days_before(day)[:1]
        folders = [self.folder / d.isoformat() for d in (day, *newest)]
        names = {project_name(path.stem) for folder in folders for path in folder.glob("*.jsonl")}
        return sorted(names)

    def _sync(self, page: Page) -> None:
        if self._durable:
            page.sync()

    def _share_open_holds(self) -> None:
        """An open hold is about to exist twice: from now on both look into the file before they settle it."""
        for hold in list(self._issued.values()):
            hold.is_shared = True

    def _reopen(self) -> None:
        self._mutex = threading.RLock()
        for page in self._pages.values():
            page.close()
        self._pages = {}
        self._refusals = Refusals()
        self._pid, self._nonce = os.getpid(), lines.nonce()
