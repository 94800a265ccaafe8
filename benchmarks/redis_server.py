"""A Redis of the benchmark's own, on a socket in its folder; nothing is kept on disk."""

from __future__ import annotations

import shutil
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_START_TIME = 10.0


@dataclass(frozen=True, slots=True)
class RedisServer:
    """A running server: the path of its socket, and its version."""

    socket: str
    version: str

    def empty(self) -> None:
        """Forget everything that was counted."""
        import redis  # noqa: PLC0415  (an extra)

        with redis.Redis(unix_socket_path=self.socket) as client:
            client.flushall()


@contextmanager
def redis_server(folder: Path) -> Iterator[RedisServer | None]:
    """Start a server in the folder and stop it afterwards; None where no redis-server is installed."""
    program = shutil.which("redis-server")
    if program is None:
        yield None
        return
    socket = folder / "redis.sock"
    quiet = ["--save", "", "--appendonly", "no", "--loglevel", "warning", "--dir", str(folder)]
    process = subprocess.Popen(
        [program, "--port", "0", "--unixsocket", str(socket), *quiet], stdout=subprocess.DEVNULL
    )
    try:
        yield RedisServer(str(socket), _version(str(socket)))
    finally:
        process.terminate()
        process.wait(timeout=10)


def _version(socket: str) -> str:
    """Wait until the server answers."""
    import redis  # noqa: PLC0415  (an extra)

    deadline = time.monotonic() + _START_TIME
    with redis.Redis(unix_socket_path=socket) as client:
        while True:
            try:
                return str(client.info("server")["redis_version"])
            except redis.exceptions.ConnectionError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
