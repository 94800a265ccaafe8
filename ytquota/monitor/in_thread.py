"""Asking the ledger from an event loop: in a thread, so that no lock and no disk holds up the loop.

A thread cannot be stopped: what it takes from the ledger is taken, even if its task was cancelled meanwhile.
"""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


async def begin_in_thread(begin: Callable[[], T], give_back: Callable[[T], object]) -> T:
    """Charge a request; where the task is cancelled before it knows, `give_back` gets what was begun."""
    import asyncio  # noqa: PLC0415 - 20 ms that most bots never need

    begun: Future[T] = Future()

    def work() -> T:
        try:
            begun.set_result(begin())
        except BaseException as error:  # noqa: BLE001 - raised again by result()
            begun.set_exception(error)
        return begun.result()

    def undo(done: Future[T]) -> None:
        if done.exception() is None:
            give_back(done.result())

    try:
        return await asyncio.to_thread(work)
    except BaseException:
        begun.add_done_callback(undo)
        raise


async def end_in_thread(end: Callable[..., object], *arguments: object) -> None:
    """Settle a request; it is settled even where the task is cancelled before a thread is free."""
    import asyncio  # noqa: PLC0415 - 20 ms that most bots never need

    await asyncio.shield(asyncio.to_thread(end, *arguments))
