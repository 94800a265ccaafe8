"""The sandbox's own web server: uvicorn, on loopback only, in a thread or in the foreground."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from ytquota.sandbox.app import Front

LOOPBACK = "127.0.0.1"
_START_TIMEOUT = 10.0  # seconds
_TICK = 0.5  # seconds between looks at signals
_GRACE = 0.2  # seconds that answers under way have left


class Server:
    """Serves `front` on `port` (0: a free one) until told to stop."""

    def __init__(self, front: Front, port: int) -> None:
        self._socket = _listen(port)
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            front,
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            date_header=False,  # ours follows the sandbox's clock
            timeout_keep_alive=60,
        )
        self._uvicorn = _Uvicorn(config)
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Serve in a thread; returns once requests are answered.

        Raises:
            RuntimeError: it did not come up.
        """
        self._thread = threading.Thread(target=self.run, name=f"ytquota-sandbox-{self.port}", daemon=True)
        self._thread.start()
        if not self._uvicorn.ready.wait(_START_TIMEOUT):
            raise RuntimeError(f"The sandbox did not start within {_START_TIMEOUT:.0f} s.")

    def run(self) -> None:
        """Serve in this thread, until stopped or interrupted."""
        self._uvicorn.run(sockets=[self._socket])

    def stop(self) -> None:
        """Stop; answers that are still held back after a moment are cut short."""
        self._uvicorn.end()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._socket.close()


class _Uvicorn(uvicorn.Server):
    """uvicorn that says when it is ready, and ends at once: its own polling costs every test 0.2 s."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end = asyncio.Event()

    def end(self) -> None:
        """Stop serving; from any thread."""
        self.should_exit = True
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # it has ended already
                self._loop.call_soon_threadsafe(self._end.set)

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.ready.set()
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._end.wait(), _TICK)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for listener in sockets or ():
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # also for copies that forked children hold
        for server in self.servers:
            server.close()
        tasks = set(self.server_state.tasks)
        for connection in list(self.server_state.connections):
            connection.shutdown()
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=_GRACE)
            for task in late:
                task.cancel()
            await asyncio.wait(tasks)
        await asyncio.sleep(0)  # connections close in the loop's next round


class _Protocol(H11Protocol):
    """HTTP/1.1 that lets an answer get at its own connection, to reset it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.app_state = {**self.app_state, "transport": transport}
        super().connection_made(transport)


def _listen(port: int) -> socket.socket:
    # asyncio switches Nagle's delays (40 ms an answer) off only where the protocol is named
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener
