"""How the login of a set fares: quarantined for good, set apart for the moment, well again.

Everything is noted in the state file, so that all programs of a ledger act on what one of them met. A note
must never be the reason why a bot fails: what cannot be written is logged.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ytquota.auth.state import StateFile
from ytquota.clock import both_zones, utc
from ytquota.errors import YTQuotaError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ytquota.auth.notes import Note
    from ytquota.monitor.metering import QuotaMonitor
    from ytquota.settings import Settings

WHO = "ytquota"
"""Who did it, in audit rows that no person is behind."""

_log = logging.getLogger("ytquota.auth")


class Health:
    """The health of one credential set.

    Args:
        settings: where the state file is.
        monitor: tells the time, and takes the audit rows.
        number: the set.
    """

    def __init__(self, settings: Settings, monitor: QuotaMonitor, number: int) -> None:
        self._file = StateFile(settings.memory_dir, clock=monitor.clock)
        self._monitor, self._number = monitor, number

    def died(self, reason: str, login: str) -> None:
        """Note once, with an audit row, that Google refuses the set until there is another login."""
        self._safely(lambda: self._quarantine(reason, login))

    def stumbled(self, reason: str, login: str) -> None:
        """Note that the token cannot be renewed for the moment; the next try waits, twice as long each time.

        An audit row is left for the first failure of a row of them.
        """
        self._safely(lambda: self._set_apart(reason, login))

    def recovered(self, login: str) -> None:
        """Note that the login works: a temporary quarantine ends, and any that was for another login."""
        self._safely(lambda: self._bring_back(login))

    def pause(self, login: str) -> Note | None:
        """Return why this login must not be tried now, where it is set apart for the moment."""
        note = self._apart(login)
        return note if note and note.is_waiting(utc(self._monitor.clock.time())) else None

    def retry_in(self, login: str) -> float | None:
        """Return in how many seconds a login that is set apart may be tried; None where it is not."""
        note = self._apart(login)
        if note is None or note.retry_at is None:
            return None
        now = self._monitor.clock.time()
        return note.retry_at.timestamp() - now if note.is_waiting(utc(now)) else 0.0

    def is_quarantined(self, login: str) -> bool:
        """Whether it is noted that Google refuses this login; an operator's reset takes the note away."""
        try:
            note = self._file.read().quarantined.get(self._number)
        except YTQuotaError:
            return True  # nobody knows, so nobody knocks again
        return note is not None and note.is_final and note.concerns(login)

    def _apart(self, login: str) -> Note | None:
        try:
            note = self._file.read().quarantined.get(self._number)
        except YTQuotaError as error:
            _log.warning("set %s: %s", self._number, error)
            return None
        return note if note and not note.is_final and note.concerns(login) else None

    def _quarantine(self, reason: str, login: str) -> None:
        if self._file.quarantine(self._number, reason, login=login):
            _log.error("set %s is quarantined: %s", self._number, reason)
            self._monitor.audit("quarantine", credential_set=self._number, who=WHO, why=reason)

    def _set_apart(self, reason: str, login: str) -> None:
        note = self._file.stumble(self._number, reason, login=login)
        if note is None or note.retry_at is None:
            return
        when = both_zones(note.retry_at)
        _log.warning("set %s is set apart for the moment: %s Next try at %s.", self._number, reason, when)
        self._monitor.audit(
            "quarantine",
            credential_set=self._number,
            who=WHO,
            why=reason,
            until="temporary",
            retry_at=note.retry_at.isoformat(),
        )

    def _bring_back(self, login: str) -> None:
        if self._number not in self._file.read().quarantined:  # the usual case, without the lock
            return
        note = self._file.recover(self._number, login)
        if note is None:
            return
        why = "there is a new login" if note.is_final else "its token could be renewed again"
        _log.warning("set %s can be used again: %s", self._number, why)
        self._monitor.audit(
            "recover",
            credential_set=self._number,
            who=WHO,
            why=why,
            **{"from": {"quarantine": note.to_json()}, "to": {"quarantine": None}},
        )

    def _safely(self, note: Callable[[], None]) -> None:
        try:
            note()
        except (YTQuotaError, OSError) as error:
            _log.error("the state of set %s could not be noted: %s", self._number, error)
