"""Tasks that are cancelled while a thread asks the ledger for them: what was never sent is not charged."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from ytquota.service.httpx_transport import AsyncMonitoredTransport

PROJECT = "111111111111"


@pytest.fixture
def slow_ledger(monitor, monkeypatch):
    """A ledger whose hold is entered, and then waits until it is let go."""

    class Slow:
        entered, let_go = threading.Event(), threading.Event()

    hold = monitor.ledger.hold

    def held(*arguments, **options):
        Slow.entered.set()
        assert Slow.let_go.wait(10)
        return hold(*arguments, **options)

    monkeypatch.setattr(monitor.ledger, "hold", held)
    yield Slow
    Slow.let_go.set()


async def cancelled_while_held(work, slow):
    task = asyncio.ensure_future(work)
    await asyncio.to_thread(slow.entered.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    slow.let_go.set()


def used(monitor):
    return monitor.ledger.usage(PROJECT)[PROJECT]["default"].used


def test_a_call_cancelled_on_entry_is_given_back(monitor, slow_ledger, rows):
    """`asyncio.wait_for` around a call must not cost a unit that bought nothing."""

    async def call():
        async with monitor.call("videos.list", project=PROJECT):
            pytest.fail("it was cancelled before")

    asyncio.run(cancelled_while_held(call(), slow_ledger))

    assert used(monitor) == 0
    assert rows() == [("videos.list", "not_sent", None, 0, 0, 1)]


def test_a_request_through_httpx_cancelled_before_it_went_is_given_back(
    monitor, sandbox, slow_ledger, rows, sends
):
    """The same with the transport."""

    async def request():
        transport = AsyncMonitoredTransport(monitor, project=PROJECT, endpoint=sandbox.url)
        async with httpx.AsyncClient(transport=transport) as client:
            await client.get(f"{sandbox.url}/youtube/v3/videos", params={"part": "id", "id": "a"})

    asyncio.run(cancelled_while_held(request(), slow_ledger))

    assert (used(monitor), sends("videos.list")) == (0, 0)
    assert rows() == [("videos.list", "not_sent", None, 0, 0, 1)]


def test_a_denial_that_nobody_waits_for_any_more_charges_nothing(monitor, slow_ledger, limits, rows):
    """There is nothing to give back."""
    limits["default"] = 0

    async def call():
        async with monitor.call("videos.list", project=PROJECT):
            pytest.fail("it was cancelled before")

    asyncio.run(cancelled_while_held(call(), slow_ledger))

    assert rows() == [("videos.list", "denied", None, 0, 0, 1)]


def test_a_call_cancelled_on_leaving_is_settled_when_a_thread_is_free(monitor, rows):
    """It was sent and answered; how long the settlement waits for a thread changes nothing."""
    threads_are_free = threading.Event()

    async def work():
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(max_workers=1))
        inside = asyncio.Event()

        async def call():
            async with monitor.call("videos.list", project=PROJECT):
                busy = loop.run_in_executor(None, threads_are_free.wait, 10)
                inside.set()
            await busy

        task = asyncio.ensure_future(call())
        await inside.wait()
        await asyncio.sleep(0)  # on to the end of the block
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        threads_are_free.set()
        await asyncio.to_thread(lambda: None)  # behind the settlement, in the only thread

    asyncio.run(work())

    assert rows() == [("videos.list", "ok", None, 1, 0, 1)]
