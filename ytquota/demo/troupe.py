"""The three bots as processes: started together, looked after, and gone when the demonstration ends."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Self

from ytquota.demo.story import CHAT_BOT, CRAWLER, UPLOADER

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from rich.console import Console

_PATIENCE = 5.0
"""Seconds a bot has to finish the call it is in."""


class Troupe:
    """The live bots in a folder with a ``.env``; what they say goes to ``logs/``.

    Each holds the reading end of a pipe: when this process is gone, however that came, the pipe closes and
    they leave.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._bots: dict[str, subprocess.Popen[bytes]] = {}
        self._told: set[str] = set()

    def __enter__(self) -> Self:
        (self._folder / "logs").mkdir(exist_ok=True)
        try:
            for bot in (CHAT_BOT, UPLOADER, CRAWLER):
                self._bots[bot.tag] = self._start(bot.tag)
        except BaseException:
            self.leave()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()

    def check(self, out: Console) -> None:
        """Say, once, which bot ended before its time."""
        for tag, process in self._bots.items():
            if process.poll() is not None and tag not in self._told:
                self._told.add(tag)
                out.print(f"The {tag} ended; {self._log(tag)} says why.", style="red", soft_wrap=True)

    def leave(self) -> None:
        """Let every bot finish its call and go; end those that do not."""
        for process in self._bots.values():
            if process.stdin is not None:
                process.stdin.close()
        for process in self._bots.values():
            try:
                process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._bots.clear()

    def _start(self, tag: str) -> subprocess.Popen[bytes]:
        with self._log(tag).open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - this very Python, with a name of ours
                [sys.executable, "-m", "ytquota.demo.bots", tag],
                cwd=self._folder,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the demonstration, which then lets them finish
            )

    def _log(self, tag: str) -> Path:
        return self._folder / "logs" / f"{tag}.log"
