"""What the dashboard shows, read from the ledger off the kernel's loop.

Looking when nothing has happened costs a few file sizes; otherwise only the lines written since the last look
are read, and added to the day's sums.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from ytquota import clock as clocks
from ytquota.auth.choice import first_usable, permitted
from ytquota.auth.rotation import preview_undo
from ytquota.auth.sets import load_sets
from ytquota.auth.state import FILE_NAME as STATE_FILE
from ytquota.dashboard.seldom import Seldom
from ytquota.dashboard.snapshot import Desk, Pool, Snapshot
from ytquota.dashboard.sums import STEP, DaySums
from ytquota.dashboard.trail import read_trail
from ytquota.errors import CredentialError
from ytquota.monitor import QuotaMonitor
from ytquota.monitor.ledger import PoolKey
from ytquota.monitor.reconciled import FILE_NAME as RECONCILED
from ytquota.monitor.reconciled import ReconciledFile
from ytquota.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from ytquota.auth.sets import CredentialSet
    from ytquota.dashboard.snapshot import AuditRow, Today
    from ytquota.monitor.log import Position
    from ytquota.monitor.reconciled import Reconciled

TREND_DAYS = 14
_LOOK_AGAIN = 10.0
"""Seconds after which everything is read anew: marks end, and other hosts count, without a log line."""
_WATCHED = (STATE_FILE, RECONCILED, "audit.jsonl")  # files whose change is news, the trail last


class Feed:
    """Reads the ledger for one dashboard. Its methods block: call them off the loop, one `read` at a time.

    Args:
        settings: without them, those of the environment and `.env`, loaded at the first look, and again when
            somebody edited the `.env`.
        monitor: without it, the one that the settings describe.
    """

    def __init__(self, settings: Settings | None = None, monitor: QuotaMonitor | None = None) -> None:
        self._given = settings, monitor
        self._settings: Settings | None = None
        self._monitor: QuotaMonitor | None = None
        self._opened: list[QuotaMonitor] = []
        self._env_seen = 0
        self._forget()

    def _forget(self) -> None:
        """Begin anew: nothing was read yet."""
        self._position: Position | None = None
        self._seen: tuple[int, ...] = ()
        self._read_at = float("-inf")
        self._bounds = clocks.DayBounds(date.min, 0.0, 0.0)
        self._sums = DaySums(0.0)
        self._trail: tuple[int, tuple[AuditRow, ...], str] = (-1, (), "")  # when it changed, rows, undo
        self._more: Seldom | None = None
        self._last: Snapshot | None = None

    @property
    def desk(self) -> tuple[Settings, QuotaMonitor]:
        """The settings and the monitor, opened if need be.

        Raises:
            SettingsError: a setting is wrong.
        """
        if self._settings is None or self._monitor is None:
            settings, monitor = self._given
            loaded = settings or Settings.load()
            self._env_seen = _changed_at(_env_file(loaded))
            if monitor is None:
                monitor = QuotaMonitor.open(loaded)
                self._opened.append(monitor)
            self._settings, self._monitor = loaded, monitor
        return self._settings, self._monitor

    def now(self) -> float:
        """The time of the ledger's clock, in epoch seconds."""
        return self._monitor.clock.time() if self._monitor else clocks.SystemClock().time()

    def read(self) -> Snapshot | None:
        """Look at the ledger; None if nothing has changed since the last look.

        Raises:
            YTQuotaError: settings, ledger or state cannot be read; the message says what to do.
        """
        self._notice_edit()
        settings, monitor = self.desk
        now = monitor.clock.time()
        if not self._bounds.start <= now < self._bounds.end:
            self._begin_day(now)
        rows, position = monitor.tail(self._position)
        seen = tuple(_changed_at(settings.memory_dir / name) for name in _WATCHED)
        quiet = position == self._position and seen == self._seen
        if quiet and 0 <= now - self._read_at < _LOOK_AGAIN:
            return None
        self._sums.add(rows)
        self._position = position
        self._notice_audit(settings, monitor, seen[-1])
        snapshot = self._snapshot(settings, monitor, now)
        self._seen, self._read_at = seen, now  # not before: a look that failed is no look
        if snapshot == self._last:
            return None
        self._last = snapshot
        return snapshot

    def due(self, *, ahead: bool) -> list[Callable[[], None]]:
        """Return what it is time to read beside the live numbers, step by step; the next look shows each.

        Args:
            ahead: whether forecasts and advice are wanted, beside the days before today.
        """
        return [partial(self._read_more, step) for step in self._seldom.due(ahead=ahead)]

    def day(self, day: date) -> Mapping[PoolKey, Today]:
        """Every pool on an earlier quota day. May run beside `read`."""
        return self._seldom.day(day)

    @property
    def _seldom(self) -> Seldom:
        self._more = self._more or Seldom(self.desk[1])
        return self._more

    def _read_more(self, step: Callable[[], None]) -> None:
        step()
        self._read_at = float("-inf")

    def close(self) -> None:
        """Let go of the ledger, if it was opened here."""
        self._monitor = None
        while self._opened:
            self._opened.pop().close()

    def _notice_edit(self) -> None:
        """Load the settings anew once their `.env` has changed."""
        if (
            self._given[0] is None
            and self._settings
            and _changed_at(_env_file(self._settings)) != self._env_seen
        ):
            # the old monitor stays open until the end: an action may be under way with it
            self._settings = self._monitor = None
            self._forget()

    def _notice_audit(self, settings: Settings, monitor: QuotaMonitor, changed_at: int) -> None:
        if self._trail[0] != changed_at:
            self._trail = (changed_at, read_trail(monitor.audit_rows()), _undo(settings, monitor))

    def _begin_day(self, now: float) -> None:
        self._bounds = clocks.bounds_at(now)
        self._position = None
        self._sums = DaySums(self._bounds.start)

    def _snapshot(self, settings: Settings, monitor: QuotaMonitor, now: float) -> Snapshot:
        summary = monitor.get_usage_summary()
        steps = int((now - self._bounds.start) // STEP) + 1
        since = summary["counted_since"]
        sets, more = load_sets(settings, monitor), self._seldom
        return Snapshot(
            day=self._bounds.day,
            resets_at=self._bounds.end,
            ledger=summary["ledger"],
            counted_since=datetime.fromisoformat(since).timestamp() if since else None,
            is_first_day=more.history is not None and not more.history.days,
            pools=tuple(self._pools(summary, ReconciledFile(settings.memory_dir).read(), now)),
            sets=tuple(sets),
            today=self._sums.today(steps),
            troubles=self._sums.troubles(),
            history=more.history,
            uses=self._sums.uses(),
            desk=self._decided(settings, sets),
            forecasts=more.forecasts,
            advice=more.advice,
        )

    def _decided(self, settings: Settings, sets: Sequence[CredentialSet]) -> Desk:
        chosen = first_usable(permitted(settings, sets))
        return Desk(
            rotation=tuple(settings.rotation),
            env_file=str(_env_file(settings)),
            in_use=chosen.number if chosen else None,
            trail=self._trail[1],
            undo=self._trail[2],
        )

    def _pools(self, summary: Mapping[str, Any], compared: Reconciled, now: float) -> Iterable[Pool]:
        history = self._seldom.history
        for project, buckets in summary["projects"].items():
            for bucket, facts in buckets.items():
                before = history.trend(project, bucket) if history else ()
                yield Pool.of(
                    PoolKey(project, bucket),
                    facts,
                    self._bounds.end,
                    trend=(*before, facts["used"])[-TREND_DAYS:],
                    check=compared.today(project, bucket, now),
                )


def _undo(settings: Settings, monitor: QuotaMonitor) -> str:
    try:
        return preview_undo(settings, monitor)
    except CredentialError:
        return ""


def _env_file(settings: Settings) -> Path:
    return settings.env_file or settings.root / ".env"


def _changed_at(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
