"""Buttons that ask before they act: they say what will happen, ask why, and take a further click.

What would happen is worked out once more before it is done. If somebody else has changed things in between,
nothing is done: the new state of things is shown, and the question is asked again.
"""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ipywidgets as w

from ytquota.dashboard import cards
from ytquota.dashboard.marked import marked
from ytquota.dashboard.tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

_PATIENCE = 60.0
_DOUBLE_CLICK = 0.4
_COUNTS = re.compile(r"[\d,]+ of [\d,]+")
"""Bots go on calling while somebody reads: counts that moved are no reason to ask again."""


@dataclass(frozen=True, slots=True)
class Action:
    """Something an operator may do. The callables block; they run off the loop.

    Attributes:
        label: what it does, as the button says it: "Reset set 1".
        preview: says what would happen, given the choice ("" where there is none); raises where it cannot be.
        act: does it, given the reason and the choice; returns whether anything changed, and what to tell.
        adds: further sentences for the person who decides, given the choice.
        choices: what there is to choose from, as (name, value).
        is_destructive: whether it stops somebody's work: it is then asked twice.
    """

    label: str
    preview: Callable[[str], str]
    act: Callable[[str, str], tuple[bool, str]]
    adds: Callable[[str], Sequence[str]] = lambda _: ()
    choices: tuple[tuple[str, str], ...] = ()
    is_destructive: bool = False

    @property
    def doing(self) -> str:
        """The label within a sentence: "reset set 1"."""
        return f"{self.label[0].lower()}{self.label[1:]}"


class ActionBar(w.VBox):  # type: ignore[misc]  # ipywidgets is untyped
    """A row of actions with one place beneath for the question and its outcome.

    A question that nobody answers goes away; clicks that come too late, or twice, do nothing.

    Args:
        actions: what can be done, by name.
        beside: further buttons of the row.
        on_done: awaited after an action, to refresh what is shown.
        patience: seconds after which an unanswered question goes away.
    """

    def __init__(
        self,
        actions: dict[str, Action],
        *,
        beside: Sequence[Any] = (),
        on_done: Callable[[], Awaitable[None]] | None = None,
        patience: float = _PATIENCE,
    ) -> None:
        self._on_done, self._patience = on_done, patience
        self._tasks = Tasks(self._failed)
        self._timer: asyncio.TimerHandle | None = None
        self._open: Action | None = None
        self._doing: Action | None = None
        self._told, self._sure, self._asked_at = "", False, float("-inf")
        self.buttons = {name: self._button(action) for name, action in actions.items()}
        self._parts()
        self._row = w.HBox([*self.buttons.values(), *beside])
        self._row.add_class("ytq-actions")
        super().__init__([self._row, self.result])

    def _button(self, action: Action) -> Any:
        button = w.Button(description=action.label)
        button.on_click(lambda _: self._tasks.start(lambda: self._ask(action)))
        return button

    def _parts(self) -> None:
        self.question, self.result = w.HTML(), w.HTML()
        self.choice = w.Dropdown(description="Which pool?", options=[])
        self.reason = w.Text(description="Why?", placeholder="kept in the audit trail")
        for part in (self.choice, self.reason):
            part.style.description_width = "initial"
        self.cancel, self.really = w.Button(description="Cancel"), w.Button()
        self._answers = w.HBox([self.cancel, self.really])
        self._asking = w.VBox([self.choice, self.question, self.reason, self._answers])
        self._asking.add_class("ytq-ask")
        self.cancel.on_click(lambda _: self.disarm())
        self.really.on_click(lambda _: self._tasks.start(self._confirm))
        self.reason.observe(lambda _: self._wait_again(), "value")
        self.choice.observe(self._chosen, "value")

    @property
    def is_armed(self) -> bool:
        """Whether it has asked and waits for the answer."""
        return self._open is not None

    def offer(self, names: Sequence[str], *, first: str = "") -> None:
        """Show these of the actions; `first` is the one to recommend."""
        for name, button in self.buttons.items():
            display, style = ("" if name in names else "none"), ("primary" if name == first else "")
            if button.layout.display != display:
                button.layout.display = display
            if button.button_style != style:
                button.button_style = style

    def disarm(self) -> None:
        """Take the question away."""
        self._open = None
        self.reason.value = ""
        self._stop_timer()
        self.children = [self._row, self.result]

    def close(self) -> None:
        """Stop what runs and dispose of every part."""
        self._tasks.close()
        self._stop_timer()
        self.choice.unobserve_all()
        parts = (self.question, self.result, self.choice, self.reason, self.cancel, self.really)
        for part in (*self.buttons.values(), *parts, self._answers, self._asking, self._row):
            part.close()
        super().close()

    # -- asking

    async def _ask(self, action: Action) -> None:
        self.result.value = ""
        if self._open is not action:
            self.disarm()
            self.choice.options = list(action.choices)
            self.choice.index = 0 if action.choices else None
            self.choice.layout.display = "" if action.choices else "none"
        choice = self.choice.value or ""
        self._told = await asyncio.to_thread(action.preview, choice)
        more = await asyncio.to_thread(action.adds, choice)
        self._open = action
        self._put_question("", more)

    def _put_question(self, notice: str, more: Sequence[str] = ()) -> None:
        assert self._open is not None
        sentences = "".join(f"<p>{marked(sentence)}</p>" for sentence in (self._told, *more))
        alert = f'<p role="alert"><b>{marked(notice)}</b></p>' if notice else ""
        self.question.value = f'{alert}<div role="status">{sentences}</div>'
        self._sure = False
        self._name_answer("primary", self._open.label)
        self.children = [self._row, self._asking, self.result]

    def _name_answer(self, style: str, label: str) -> None:
        """Give the answer its words, and ignore the second half of a double click on it."""
        self.really.button_style, self.really.description = style, f"{'Yes: ' * (style == 'primary')}{label}"
        self._asked_at = time.monotonic()
        self._wait_again()

    def _chosen(self, _: Any) -> None:
        action = self._open
        if action is not None and self.choice.value:
            self._tasks.start(lambda: self._ask(action))

    # -- answering

    async def _confirm(self) -> None:
        action = self._open
        if action is None or self._doing or time.monotonic() - self._asked_at < _DOUBLE_CLICK:
            return
        if action.is_destructive and not self._sure:
            self._sure = True
            self._name_answer("danger", f"Really {action.doing}")
            return
        self._doing = action
        try:
            await self._carry_out(action, self.reason.value.strip(), self.choice.value or "")
        except Exception as error:  # noqa: BLE001 - whatever it is, the person who clicked must see it
            self._failed(error)
        finally:
            self._doing = None
        if self._on_done is not None:
            await self._on_done()

    async def _carry_out(self, action: Action, reason: str, choice: str) -> None:
        now = await asyncio.to_thread(action.preview, choice)
        if self._open is not action:  # cancelled meanwhile
            return
        if _COUNTS.sub("", now) != _COUNTS.sub("", self._told):
            self._told = now
            if now.startswith("Nothing to"):
                self.disarm()
                self.result.value = cards.status("Nothing changed", f"It was done meanwhile. {now}")
                return
            self._put_question("Things have changed since you asked. This is what would happen now:")
            return
        self.disarm()
        changed, told = await asyncio.to_thread(action.act, reason, choice)
        self.result.value = cards.status("Done" if changed else "Nothing changed", told)

    def _failed(self, error: Exception) -> None:
        what = f"{self._doing.label} failed" if self._doing else "This cannot be done now"
        self.disarm()
        self.result.value = cards.alert(what, f"{error}" or type(error).__name__)

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
