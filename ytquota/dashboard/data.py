"""What the dashboard shows, read from the ledger off the kernel's loop.

Looking when nothing has happened costs a few file sizes; otherwise only the lines written since the last look
are read, and added to the day's sums.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from ytquota import clock as clocks
from ytquota.auth.sets import load_sets
from ytquota.auth.state import FILE_NAME as STATE_FILE
from ytquota.dashboard.snapshot import Pool, PoolKey, Snapshot, Today, Trouble
from ytquota.monitor import QuotaMonitor
from ytquota.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ytquota.dashboard.history import History
    from ytquota.monitor.log import Position

STEP = 300
"""Seconds per step of the day's curve."""

TREND_DAYS = 14
_TROUBLES = 40
_LOOK_AGAIN = 10.0
"""Seconds after which everything is read anew: marks end, and other hosts count, without a log line."""


@dataclass(slots=True)
class DayPart:
    """Today's sums of one pool, kept up to date line by line."""

    steps: Counter[int] = field(default_factory=Counter)
    methods: Counter[str] = field(default_factory=Counter)
    sets: Counter[str] = field(default_factory=Counter)
    tags: Counter[str] = field(default_factory=Counter)
    last_charged: float | None = None

    def add(self, row: Mapping[str, Any], at: float, start: float) -> None:
        """Add one line of the log."""
        units = row["units"]
        if not units:
            return
        self.steps[int((at - start) // STEP)] += units
        self.methods[row["method"]] += units
        self.sets[row["set"]] += units
        self.tags[row["tag"]] += units
        self.last_charged = at

    def totals(self, steps: int) -> tuple[int, ...]:
        """Running total at the end of each of the first steps of the day."""
        total, curve = 0, []
        for step in range(steps):
            total += self.steps.get(step, 0)
            curve.append(total)
        return tuple(curve)


class Feed:
    """Reads the ledger for one dashboard. Its methods block: call them off the loop, one `read` at a time.

    Args:
        settings: without them, those of the environment and `.env`, loaded at the first look.
        monitor: without it, the one that the settings describe.
    """

    def __init__(self, settings: Settings | None = None, monitor: QuotaMonitor | None = None) -> None:
        self._given = settings, monitor
        self._settings: Settings | None = None
        self._monitor: QuotaMonitor | None = None
        self._position: Position | None = None
        self._state = 0
        self._read_at = float("-inf")
        self._bounds = clocks.DayBounds(date.min, 0.0, 0.0)
        self._parts: dict[PoolKey, DayPart] = {}
        self._troubles: deque[Trouble] = deque(maxlen=_TROUBLES)
        self._history: History | None = None
        self._last: Snapshot | None = None

    @property
    def desk(self) -> tuple[Settings, QuotaMonitor]:
        """The settings and the monitor, opened if need be.

        Raises:
            SettingsError: a setting is wrong.
        """
        if self._settings is None or self._monitor is None:
            settings, monitor = self._given
            self._settings = settings or Settings.load()
            self._monitor = monitor or QuotaMonitor.open(self._settings)
        return self._settings, self._monitor

    def now(self) -> float:
        """The time of the ledger's clock, in epoch seconds."""
        return self._monitor.clock.time() if self._monitor else clocks.SystemClock().time()

    def read(self) -> Snapshot | None:
        """Look at the ledger; None if nothing has changed since the last look.

        Raises:
            YTQuotaError: settings, ledger or state cannot be read; the message says what to do.
        """
        settings, monitor = self.desk
        now = monitor.clock.time()
        if not self._bounds.start <= now < self._bounds.end:
            self._begin_day(now)
        rows, position = monitor.tail(self._position)
        state = _changed_at(settings)
        quiet = position == self._position and state == self._state
        if quiet and 0 <= now - self._read_at < _LOOK_AGAIN:
            return None
        self._add(rows)
        self._position, self._state, self._read_at = position, state, now
        snapshot = self._snapshot(settings, monitor, now)
        if snapshot == self._last:
            return None
        self._last = snapshot
        return snapshot

    @property
    def needs_history(self) -> bool:
        """Whether the days before today are still to be read."""
        return self._history is None or self._history.today != clocks.quota_day(self.now())

    def load_history(self) -> None:
        """Read the days before today; the next look shows them. May run beside `read`."""
        from ytquota.dashboard.history import read_history  # noqa: PLC0415 - pandas, after the first paint

        _, monitor = self.desk
        self._history = read_history(monitor, clocks.quota_day(monitor.clock.time()))
        self._read_at = float("-inf")

    def close(self) -> None:
        """Let go of the ledger, if it was opened here."""
        monitor, self._monitor = self._monitor, None
        if monitor is not None and self._given[1] is None:
            monitor.close()

    def _begin_day(self, now: float) -> None:
        self._bounds = clocks.bounds_at(now)
        self._position = None
        self._parts.clear()
        self._troubles.clear()

    def _add(self, rows: Iterable[Mapping[str, Any]]) -> None:
        for row in rows:
            at = datetime.fromisoformat(row["at"]).timestamp()
            key = PoolKey(row["project"], row["bucket"])
            self._parts.setdefault(key, DayPart()).add(row, at, self._bounds.start)
            if row["outcome"] != "ok":
                self._note_trouble(row, at)

    def _note_trouble(self, row: Mapping[str, Any], at: float) -> None:
        texts = {name: row.get(name) or "" for name in ("method", "tag", "bucket", "outcome", "reason")}
        new = Trouble(
            at=at,
            calls=row.get("calls", 1),
            credential_set=row.get("set") or "",
            status=row.get("status"),
            **texts,
        )
        for place, old in enumerate(self._troubles):
            if old.is_like(new):
                del self._troubles[place]
                new = replace(new, calls=new.calls + old.calls)
                break
        self._troubles.append(new)

    def _snapshot(self, settings: Settings, monitor: QuotaMonitor, now: float) -> Snapshot:
        summary = monitor.get_usage_summary()
        steps = int((now - self._bounds.start) // STEP) + 1
        since = summary["counted_since"]
        history = self._history
        return Snapshot(
            day=self._bounds.day,
            resets_at=self._bounds.end,
            ledger=summary["ledger"],
            counted_since=datetime.fromisoformat(since).timestamp() if since else None,
            is_first_day=history is not None and not history.days,
            pools=tuple(self._pools(summary)),
            sets=tuple(load_sets(settings, monitor)),
            today={
                key: Today(
                    part.totals(steps),
                    dict(part.methods),
                    dict(part.sets),
                    dict(part.tags),
                    part.last_charged,
                )
                for key, part in self._parts.items()
            },
            troubles=tuple(reversed(self._troubles)),
            history=history,
        )

    def _pools(self, summary: Mapping[str, Any]) -> Iterable[Pool]:
        for project, buckets in summary["projects"].items():
            for bucket, facts in buckets.items():
                until = facts["exhausted_until"]
                before = self._history.trend(project, bucket) if self._history else ()
                yield Pool(
                    project=project,
                    bucket=bucket,
                    used=facts["used"],
                    refused=facts["refused"],
                    limit=facts["limit"],
                    left=facts["left"],
                    limit_source=facts["limit_source"],
                    exhausted_until=datetime.fromisoformat(until).timestamp() if until else None,
                    resets_at=self._bounds.end,
                    trend=(*before, facts["used"])[-TREND_DAYS:],
                )


def _changed_at(settings: Settings) -> int:
    try:
        return (settings.memory_dir / STATE_FILE).stat().st_mtime_ns
    except OSError:
        return 0
