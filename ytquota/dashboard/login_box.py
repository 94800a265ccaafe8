"""Log in again, from a notebook: an address to open, and a wait that keeps nothing waiting."""

from __future__ import annotations

import asyncio
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets as w

from ytquota.auth.login import TIMEOUT, start_login
from ytquota.auth.sets import find_set, load_sets
from ytquota.clock import PACIFIC, both_zones
from ytquota.dashboard import cards
from ytquota.dashboard.marked import marked
from ytquota.dashboard.tasks import Tasks
from ytquota.errors import CredentialError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ytquota.auth.login import LoginAttempt
    from ytquota.monitor import QuotaMonitor
    from ytquota.settings import Settings


class LoginBox(w.VBox):  # type: ignore[misc]  # ipywidgets is untyped
    """The login of one credential set; `ask` is its button, to be put where it belongs.

    Args:
        number: the credential set.
        desk: gives settings and monitor when they are needed.
        on_done: awaited after a login, to refresh what is shown.
        timeout: seconds a person has to answer the consent page.
    """

    def __init__(
        self,
        number: int,
        desk: Callable[[], tuple[Settings, QuotaMonitor]],
        *,
        on_done: Callable[[], Awaitable[None]] | None = None,
        timeout: float = TIMEOUT,
    ) -> None:
        self._number, self._desk, self._on_done, self._timeout = number, desk, on_done, timeout
        self._tasks = Tasks(self._failed)
        self._attempt: LoginAttempt | None = None
        self.ask = w.Button(description=f"Log in set {number} again")
        self.told, self.link, self.result = w.HTML(), w.HTML(), w.HTML()
        self.reason = w.Text(description="Why?", placeholder="kept in the audit trail")
        self.reason.style.description_width = "initial"
        self.cancel = w.Button(description="Cancel")
        self.begin = w.Button(description=f"Yes: log in set {number}", button_style="primary")
        self.give_up = w.Button(description="Give the login up")
        self.address = w.Text(description="Address", placeholder="of the page the browser ended at")
        self.hand_over = w.Button(description="Hand the address over")
        self._question = w.VBox([self.told, self.reason, w.HBox([self.cancel, self.begin])])
        self._waiting = w.VBox([self.link, w.HBox([self.address, self.hand_over]), self.give_up])
        for part in (self._question, self._waiting):
            part.add_class("ytq-ask")
        self._connect()
        super().__init__([self.result])

    def _connect(self) -> None:
        self.ask.on_click(lambda _: self._tasks.start(self._ask))
        self.cancel.on_click(lambda _: self._show())
        self.begin.on_click(lambda _: self._tasks.start(self._begin))
        self.give_up.on_click(lambda _: self._stop())
        self.hand_over.on_click(lambda _: self._tasks.start(self._paste))

    @property
    def is_waiting(self) -> bool:
        """Whether a consent page waits for its answer."""
        return self._attempt is not None

    def close(self) -> None:
        """Give up a login that is under way, and dispose of every part."""
        self._stop()
        self._tasks.close()
        rows = (self._question.children[-1], self._waiting.children[1])
        texts = (self.told, self.link, self.result, self.reason, self.address)
        buttons = (self.ask, self.cancel, self.begin, self.give_up, self.hand_over)
        for part in (*texts, *buttons, *rows, self._question, self._waiting):
            part.close()
        super().close()

    def _show(self, *parts: Any) -> None:
        self.children = [*parts, self.result]

    async def _ask(self) -> None:
        if self.is_waiting:
            return
        self.result.value = self.reason.value = ""
        self.told.value = await asyncio.to_thread(self._preview)
        self._show(self._question)

    def _preview(self) -> str:
        settings, monitor = self._desk()
        one = find_set(load_sets(settings, monitor), self._number)
        chosen = settings.sets[self._number]
        will = (
            f"This asks Google for a new consent for set {one.number} (project {one.project or 'unknown'})"
            f" and, once it is given, replace {chosen.token_file}. To learn the channel costs one unit."
        )
        speaks = "Bots will speak in the name of the channel that you choose."
        if one.channel_id is not None:
            speaks = f"Choose {one.speaker} again: with another one, bots will speak in its name."
        return f'<div role="status"><p>{marked(will)}</p><p>{marked(speaks)}</p></div>'

    async def _begin(self) -> None:
        if self.is_waiting or self._question not in self.children:
            return
        self._show()
        settings, monitor = self._desk()
        attempt = await asyncio.to_thread(
            start_login,
            settings,
            self._number,
            monitor=monitor,
            timeout=self._timeout,
            why=self.reason.value.strip(),
        )
        self._attempt = attempt
        self._put_link(attempt.url, monitor.clock.time() + self._timeout)
        try:
            result = await asyncio.wrap_future(attempt.future)
        finally:
            self._attempt = None
            attempt.cancel()  # of no effect once it has ended
            self._show()
        self.result.value = cards.status("Logged in", result.message)
        if self._on_done is not None:
            await self._on_done()

    def _put_link(self, url: str, until: float) -> None:
        end = both_zones(datetime.fromtimestamp(until, PACIFIC))
        self.address.value = ""
        self.link.value = (
            f'<p><a class="ytq-link" href="{escape(url, quote=True)}" target="_blank" '
            f'rel="noopener noreferrer">Open the consent page of set {self._number}</a></p>'
            f'<p class="ytq-note" role="status">Waiting for its answer until {end}. If the browser ends at a '
            "page that cannot be reached (it runs on another machine), copy its address to here:</p>"
        )
        self._show(self._waiting)

    async def _paste(self) -> None:
        attempt = self._attempt
        if attempt is None:
            return
        try:
            attempt.paste(self.address.value)
        except CredentialError as error:
            self.result.value = cards.alert("This is not the answer", str(error))
        else:
            self.result.value = ""

    def _stop(self) -> None:
        if self._attempt is not None:
            self._attempt.cancel()

    def _failed(self, error: Exception) -> None:
        self._show()
        self.result.value = cards.alert(
            f"Set {self._number} was not logged in", str(error) or type(error).__name__
        )
