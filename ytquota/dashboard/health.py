"""Health: what the doctor finds in this installation, on a card that can look again."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING

import ipywidgets as w

from ytquota.clock import PACIFIC
from ytquota.dashboard import cards
from ytquota.dashboard.marked import marked
from ytquota.dashboard.tasks import Tasks
from ytquota.operations.doctor import SEVERITIES, examine

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ytquota.monitor import QuotaMonitor
    from ytquota.operations.doctor import Finding
    from ytquota.settings import Settings

_LOOK_EVERY = 600.0
_MOODS = {"error": " is-gone", "warning": " is-warm", "note": ""}
_HEAD = '<h3 class="ytq-part">Health</h3>'


class HealthCard(w.VBox):  # type: ignore[misc]  # ipywidgets is untyped
    """The findings of `ytquota doctor`; no check costs quota, and none changes anything.

    Args:
        desk: gives settings and monitor when it looks.
    """

    def __init__(self, desk: Callable[[], tuple[Settings, QuotaMonitor]]) -> None:
        self._desk = desk
        self._tasks = Tasks(self._failed)
        self._looked_at = float("-inf")
        self._is_looking = False
        self.told = w.HTML(f'{_HEAD}<p class="ytq-note">Looking the installation over ...</p>')
        self.again = w.Button(description="Look again")
        self.again.on_click(lambda _: self._tasks.start(self.look))
        super().__init__([self.told, self.again])

    def tick(self, now: float) -> None:
        """Look if it is time: at first, and then every ten minutes."""
        if not self._is_looking and not 0 <= now - self._looked_at < _LOOK_EVERY:
            self._looked_at = now
            self._tasks.start(self.look)

    async def look(self) -> None:
        """Look the installation over, off the loop, and show what was found."""
        if self._is_looking:
            return
        self._is_looking = self.again.disabled = True
        try:
            findings, at = await asyncio.to_thread(self._examine)
            self.told.value = health_page(findings, at)
        finally:
            self._is_looking = self.again.disabled = False

    def close(self) -> None:
        """Stop what runs and dispose of every part."""
        self._tasks.close()
        for part in (self.told, self.again):
            part.close()
        super().close()

    def _examine(self) -> tuple[list[Finding], float]:
        settings, monitor = self._desk()
        return examine(settings, clock=monitor.clock), monitor.clock.time()

    def _failed(self, error: Exception) -> None:
        self.told.value = _HEAD + cards.alert("The installation could not be looked over", f"{error}")


def health_page(findings: Sequence[Finding], at: float) -> str:
    """Return findings as HTML, the gravest first, each with what mends it."""
    at_hour = f"{datetime.fromtimestamp(at, PACIFIC):%H:%M} Pacific"
    looked = f"Looked over at {at_hour}, as <code>ytquota doctor</code> does; it costs no quota."
    rows = "".join(map(_row, findings))
    told = f'<b>{_summary(findings)}</b> <span class="ytq-note">{looked}</span>'
    return f'{_HEAD}<p class="ytq-summary" role="status">{told}</p>{rows}'


def _summary(findings: Sequence[Finding]) -> str:
    if not findings:
        return "All is well."
    numbers = Counter(one.severity for one in findings)
    told = [f"{numbers[name]} {name}{'s' * (numbers[name] > 1)}" for name in SEVERITIES if numbers[name]]
    return f"{', '.join(told)}."


def _row(one: Finding) -> str:
    remedy = marked(one.remedy)
    return (
        f'<div class="ytq-finding"><span class="ytq-pill{_MOODS[one.severity]}">{one.severity}</span>'
        f"<div><b>{escape(one.subject)}</b><p>{marked(one.what)}</p>"
        f'<p class="ytq-note">How to mend it: {remedy}</p></div></div>'
    )
