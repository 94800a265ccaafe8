"""A button that asks before it acts: it says what will happen, asks why, and takes a second click."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import ipywidgets as w

from ytquota.dashboard import cards
from ytquota.dashboard.tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_PATIENCE = 45.0


@dataclass(frozen=True, slots=True)
class Action:
    """Something an operator may do. Both callables block; they run off the loop.

    Attributes:
        label: what it does, as the button says it: "Reset set 1".
        preview: says what would happen.
        act: does it, given the reason; returns whether anything changed, and what to tell.
    """

    label: str
    preview: Callable[[], str]
    act: Callable[[str], tuple[bool, str]]


class ConfirmButton(w.VBox):  # type: ignore[misc]  # ipywidgets is untyped
    """The button of an action: a click asks, a second one on another button acts.

    It disarms itself after a while, ignores clicks that come too late, and shows success or failure beneath.

    Args:
        action: what it does.
        on_done: awaited after the action succeeded, to refresh what is shown.
        patience: seconds after which an unanswered question goes away.
    """

    def __init__(
        self,
        action: Action,
        *,
        on_done: Callable[[], Awaitable[None]] | None = None,
        patience: float = _PATIENCE,
    ) -> None:
        self._action, self._on_done, self._patience = action, on_done, patience
        self._tasks = Tasks(self._failed)
        self._timer: asyncio.TimerHandle | None = None
        self.ask = w.Button(description=action.label)
        self.question = w.HTML()
        self.reason = w.Text(description="Why?", placeholder="kept in the audit trail")
        self.reason.style.description_width = "initial"
        self.cancel = w.Button(description="Cancel")
        self.really = w.Button(
            description=f"Really {action.label[0].lower()}{action.label[1:]}", button_style="danger"
        )
        self.result = w.HTML()
        self._asking = w.VBox([self.question, self.reason, w.HBox([self.cancel, self.really])])
        self._asking.add_class("ytq-ask")
        self.ask.on_click(lambda _: self._tasks.start(self._ask))
        self.cancel.on_click(lambda _: self.disarm())
        self.really.on_click(lambda _: self._tasks.start(self._confirm))
        self.reason.observe(lambda _: self._wait_again(), "value")
        super().__init__([self.ask, self.result])

    @property
    def is_armed(self) -> bool:
        """Whether it has asked and waits for the answer."""
        return self._asking in self.children

    def disarm(self) -> None:
        """Take the question away."""
        self._stop_timer()
        self.reason.value = ""
        self._stop_timer()
        self.children = [self.ask, self.result]

    def close(self) -> None:
        """Stop what runs and dispose of every part."""
        self._tasks.close()
        self._stop_timer()
        row = self._asking.children[-1]
        for part in (
            self.ask,
            self.question,
            self.reason,
            self.cancel,
            self.really,
            row,
            self._asking,
            self.result,
        ):
            part.close()
        super().close()

    async def _ask(self) -> None:
        self.result.value = ""
        preview = await asyncio.to_thread(self._action.preview)
        self.question.value = f"<p>{escape(preview)}</p>"
        self.children = [self.ask, self._asking, self.result]
        self._wait_again()

    async def _confirm(self) -> None:
        if not self.is_armed:
            return
        reason = self.reason.value.strip()
        self.disarm()
        changed, told = await asyncio.to_thread(self._action.act, reason)
        self.result.value = cards.status("Done" if changed else "Nothing changed", told)
        if self._on_done is not None:
            await self._on_done()

    def _failed(self, error: Exception) -> None:
        self.disarm()
        self.result.value = cards.alert(f"{self._action.label} failed", f"{error}" or type(error).__name__)

    def _wait_again(self) -> None:
        self._stop_timer()
        try:
            self._timer = asyncio.get_running_loop().call_later(self._patience, self.disarm)
        except RuntimeError:  # no loop: a plain script waits as long as it likes
            self._timer = None

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None

    def __repr__(self) -> str:
        return f"ConfirmButton({self._action.label!r})"
