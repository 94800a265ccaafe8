"""The sets that a service which may move goes out with.

What may stand in for what is YTQUOTA_ROTATION's word alone. How each set stands is read from its files and
the state file, anew whenever one of them changes; what its pools have left is asked with every call.
"""

from __future__ import annotations

import logging
import os
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from ytquota.auth.choice import permitted
from ytquota.auth.none_left import nothing_usable
from ytquota.auth.sets import find_set, load_sets
from ytquota.auth.stand_ins import record_calls, seat_of
from ytquota.auth.state import FILE_NAME
from ytquota.auth.words import POLICY, title
from ytquota.clock import bounds_at
from ytquota.errors import CredentialError, SettingsError, YTQuotaError
from ytquota.service.moves import first_sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from ytquota.auth.sets import CredentialSet
    from ytquota.monitor.metering import QuotaMonitor
    from ytquota.service.errands import Errand
    from ytquota.service.per_thread import PerThreadHttp
    from ytquota.service.seats import Seat, Step
    from ytquota.settings import Settings

_log = logging.getLogger("ytquota.auth")


class Rotation:
    """The roster of one service.

    Args:
        settings: sets and rotation list.
        monitor: tells what pools have left; takes the audit rows.
        open_http: makes what sends for a set.
        first: the set that was asked for by number; None for the list's own order.
        failover: what the program asked for, as errors name it.

    Raises:
        SettingsError: no set may stand in for another; says which line would permit it.
        CredentialError: the state file cannot be read, or `first` is no set.
    """

    def __init__(
        self,
        settings: Settings,
        monitor: QuotaMonitor,
        open_http: Callable[[CredentialSet], PerThreadHttp],
        first: int | None = None,
        *,
        failover: str = "auto",
    ) -> None:
        self._settings, self._monitor, self._open = settings, monitor, open_http
        self._first = first
        check_permitted(settings, first, failover)
        self._lock = threading.RLock()
        self._https: dict[int, PerThreadHttp] = {}
        self._owners: dict[int, tuple[str | None, str | None]] = {}
        self._files = [str(settings.memory_dir / FILE_NAME)]
        self._files += [str(one.token_file) for one in settings.sets.values() if one.token_file is not None]
        self._seen: tuple[object, ...] | None = None
        self._sets: list[CredentialSet] = []
        self._seats: list[Seat] = []

    def seats(self) -> Sequence[Seat]:
        """All sets of the rotation list, the first choice first, as they stand now."""
        seen = tuple(map(_stamp, self._files))
        with self._lock:
            if seen != self._seen:
                self._look(seen)
            return self._seats

    def http(self, seat: Seat) -> PerThreadHttp:
        """Return what sends for a seat, opened with its first use."""
        with self._lock:
            if seat.number not in self._https:
                one = find_set(self._sets, seat.number)
                if not one.has_login:
                    raise CredentialError(f"{title(one)} is {one.state}: {one.why}")
                self._https[seat.number] = self._open(one)
            return self._https[seat.number]

    def opened(self) -> Sequence[PerThreadHttp]:
        """Return what was opened so far."""
        with self._lock:
            return list(self._https.values())

    def moved(self, step: Step) -> None:
        """Write one line to the log and one row to the audit trail."""
        record_calls(self._monitor, step)

    def nothing_left(self, errand: Errand, refusals: Sequence[Exception]) -> Exception:
        """Return one error that lists every set, its reason, and what would help."""
        sets = self._read_sets() or self._sets
        buckets = [
            self._monitor.prices.price_of(one.method, on=self._today()).bucket for one in errand.demands
        ]
        return nothing_usable(
            self._settings, self._monitor, sets, self._order(sets), buckets=tuple(dict.fromkeys(buckets)),
            refusal=refusals[0] if refusals else None,
        )  # fmt: skip

    def _today(self) -> date:
        return bounds_at(self._monitor.clock.time()).day

    def _look(self, seen: tuple[object, ...]) -> None:
        sets = self._read_sets()
        if sets is None:
            self._seen = seen
            return
        self._sets, order = sets, self._order(sets)
        self._seats = [self._seat(one) for one in order]
        # a set that is apart for the moment changes by time alone: look again with every call
        self._seen = seen if all(one.retry_at is None for one in order) else None

    def _read_sets(self) -> list[CredentialSet] | None:
        """Return how the sets stand; None where that cannot be read, and how they stood is known."""
        try:
            return load_sets(self._settings, self._monitor)
        except YTQuotaError as error:
            if not self._sets:
                raise
            _log.error("how the sets stand cannot be read: %s", error)
            return None

    def _order(self, sets: Sequence[CredentialSet]) -> list[CredentialSet]:
        order = permitted(self._settings, sets)
        return sorted(order, key=lambda one: one.number != self._first)  # stable

    def _seat(self, one: CredentialSet) -> Seat:
        trouble = (
            ""
            if one.is_alive and one.state != "quarantined"
            else f"it is {one.state}: {first_sentence(one.why)}"
        )
        seat = seat_of(one, trouble=trouble)
        return seat if trouble else replace(seat, trouble=self._changed_hands(one))

    def _changed_hands(self, one: CredentialSet) -> str:
        """Say so when a set belongs to somebody else than at first: a running bot never takes that over."""
        project, channel = self._owners.setdefault(one.number, (one.project, one.channel_id))
        if channel is None and project == one.project:
            self._owners[one.number] = (project, one.channel_id)
            return ""
        if (project, channel) == (one.project, one.channel_id):
            return ""
        return f"its login is another project's or channel's now ({title(one)}); restart to use it"


def check_permitted(settings: Settings, first: int | None, failover: str) -> None:
    """Refuse to move where the operator has not said between which sets.

    Raises:
        SettingsError: names the line that would permit it.
    """
    where = settings.env_file or settings.root / ".env"
    if not settings.rotation:
        numbers = ",".join(map(str, settings.sets)) or "1,10"
        raise SettingsError(
            f"YTQUOTA_ROTATION: failover={failover!r} has nowhere to go, since no set may stand in for "
            f"another. If yours may, write YTQUOTA_ROTATION={numbers} into {where}; else leave failover at "
            f"'manual'. {POLICY}"
        )
    if first is not None and first in settings.sets and first not in settings.rotation:
        listed = ",".join(map(str, settings.rotation))
        raise SettingsError(
            f"YTQUOTA_ROTATION: set {first} is not in the list ({listed}), so nothing may stand in for it. "
            f"Add it there ({where}), or ask for it with failover='manual'."
        )


def _stamp(path: str) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - with every call; a Path takes three times as long
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
