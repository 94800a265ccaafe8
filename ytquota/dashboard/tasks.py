"""Work started by a click: off the kernel's loop, never lost, its errors shown."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


class Tasks:
    """Keeps what was started until it is done, and can stop all of it.

    Args:
        on_error: told of every exception; a widget's callback would swallow it.
    """

    def __init__(self, on_error: Callable[[Exception], None]) -> None:
        self._on_error = on_error
        self._running: set[asyncio.Task[None]] = set()

    def start(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run a coroutine function on the kernel's loop; without one (a plain script) to its end, here."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            asyncio.run(self._shown(work))
            return
        task = loop.create_task(self._shown(work))
        # a loop holds its tasks only weakly
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def close(self) -> None:
        """Stop everything that runs."""
        for task in tuple(self._running):
            task.cancel()

    async def _shown(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - whatever it is, the person who clicked must see it
            self._on_error(error)
