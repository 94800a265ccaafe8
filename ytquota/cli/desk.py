"""What a command works with: the settings that are in force here, and the monitor on their ledger."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Self

from ytquota.clock import SystemClock, quota_day
from ytquota.errors import SettingsError
from ytquota.monitor import QuotaMonitor
from ytquota.monitor.places import days_in
from ytquota.settings import Settings

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path
    from types import TracebackType

START = (
    "Nothing is counted here: no .env, no history. To look around: ytquota demo",
    "To start, in the folder of your bot: ytquota init",
)
"""How to start, in two lines."""


class Desk:
    """Settings, and the monitor as soon as a command needs it; a context manager that closes the monitor."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @classmethod
    def open(cls, *, start: Path | None = None) -> Desk:
        """Load the settings of this folder, or of ``start``.

        Raises:
            SettingsError: a setting is wrong.
        """
        return cls(Settings.load(start=start))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if "monitor" in self.__dict__:
            self.monitor.close()

    @cached_property
    def monitor(self) -> QuotaMonitor:
        """The monitor on the ledger that the settings name.

        Raises:
            SettingsError: there is nothing here, and no ledger is begun by looking for one.
        """
        if self.is_bare:
            raise SettingsError("\n".join(START))
        return QuotaMonitor.open(self.settings)

    @property
    def is_bare(self) -> bool:
        """Whether there is neither a ``.env`` (or set of credentials) nor anything counted."""
        settings = self.settings
        is_set_up = settings.env_file is not None or bool(settings.sets)
        return not is_set_up and not (settings.memory_dir / "calls").exists()

    @property
    def is_first_day(self) -> bool:
        """Whether nothing was counted before today, so that today's count may lack what was used earlier."""
        return not any(day < self.today for day in days_in(self.settings.memory_dir / "calls"))

    @property
    def today(self) -> date:
        """The quota day."""
        return quota_day(SystemClock().time())
