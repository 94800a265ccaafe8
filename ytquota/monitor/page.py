"""One journal file.

One project on one quota day. Its last line is its state; nothing in it is ever rewritten.
"""

from __future__ import annotations

import errno
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from ytquota.errors import LedgerUnavailable
from ytquota.monitor import lines
from ytquota.monitor.files import unavailable
from ytquota.monitor.locks import lock, unlock
from ytquota.monitor.tail import last_line, last_newline, parse_state, pread

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date
    from pathlib import Path

    from ytquota.clock import Clock

_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


LOOK_EVERY = 0.1
"""Seconds after which a file is looked at, lest it was deleted; what is written meanwhile is brought back."""


class Page:
    """An open journal file with the balance after its last line.

    Use it inside `with page:`, which takes the lock and brings the balance up to date with what other
    processes wrote. One thread at a time: the journal holds a thread lock around it.
    """

    def __init__(self, path: Path, project: str, day: date, clock: Clock) -> None:
        self.path, self.project, self.day, self._clock = path, project, day, clock
        self.size = 0
        self.balances = lines.empty_balances()
        self.said: dict[str, dict[str, int]] = {}
        self.provisional: list[str] = []
        self.by_operator: list[str] = []
        self.is_new = True
        self._looked_at = float("-inf")
        self._fd = _open(path)

    def __enter__(self) -> Self:
        lock(self._fd)
        if (
            os.lseek(self._fd, 0, os.SEEK_END) != self.size
            or time.monotonic() >= self._looked_at + LOOK_EVERY
        ):
            self._catch_up()
        return self

    def __exit__(self, *_: object) -> None:
        unlock(self._fd)

    @contextmanager
    def unread(self) -> Iterator[None]:
        """Hold the lock without reading the last line: for mending one that cannot be read."""
        lock(self._fd)
        try:
            self.size = os.fstat(self._fd).st_size
            yield
        finally:
            unlock(self._fd)

    def append(self, kind: str, at: float, id_: str = "", fields: Mapping[str, Any] | None = None) -> None:
        """Write one line with the balance as it stands now.

        Raises:
            LedgerUnavailable: the disk refused; what was written of the line is taken back.
        """
        self.write(self.line(kind, at, id_, fields))

    def line(self, kind: str, at: float, id_: str = "", fields: Mapping[str, Any] | None = None) -> bytes:
        """One line with the balance as it stands now, for `write`."""
        line: dict[str, Any] = {
            "v": lines.VERSION, "kind": kind, "id": id_, "at": lines.stamp(at), "bal": self.balances,
        }  # fmt: skip
        if self.said:
            line["lim"] = self.said
        if self.provisional:
            line["provisional"] = self.provisional
        if self.by_operator:
            line["by_operator"] = self.by_operator
        if fields:
            line.update(fields)
        return lines.encode(line) + b"\n"

    def write(self, data: bytes) -> None:
        """Append whole lines in one step: all of them, or none.

        Raises:
            LedgerUnavailable: the disk refused; what was written is taken back.
        """
        try:
            written = os.write(self._fd, data)
        except OSError as error:
            self._take_back()
            raise unavailable(self.path, error) from error
        if written != len(data):
            self._take_back()
            raise unavailable(self.path, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
        self.size += written

    def sync(self) -> None:
        """Force the file's data to the disk, so that it survives a power cut.

        Raises:
            LedgerUnavailable: the disk refused; what was written may be lost in one.
        """
        try:
            getattr(os, "fdatasync", os.fsync)(self._fd)
        except OSError as error:
            raise unavailable(self.path, error) from error

    def lines_from(self, offset: int) -> Iterator[bytes]:
        """The complete lines from `offset` to the end, for finding what became of an earlier hold."""
        rest = b""
        while chunk := self._pread(offset, 1 << 16):
            offset += len(chunk)
            *whole, rest = (rest + chunk).split(b"\n")
            yield from whole

    def close(self) -> None:
        """Let go of the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _catch_up(self) -> None:
        """Read what others wrote; go where the file went, if it was deleted."""
        while True:
            status = os.fstat(self._fd)
            if status.st_nlink == 0:
                self._restore()
                lock(self._fd)
                continue
            self._looked_at = time.monotonic()
            if status.st_size != self.size:
                try:
                    self._read_tail(status.st_size)
                except BaseException:
                    unlock(self._fd)
                    raise
            return

    def _take_back(self) -> None:
        """Drop half a line and the balance that went with it.

        A torn tail is the next writer's to clear if this fails.
        """
        try:
            os.ftruncate(self._fd, self.size)
        except OSError:
            return
        finally:
            self._forget()

    def _forget(self) -> None:
        """Trust nothing in memory: the next entry reads the file's last line."""
        self.size = -1

    def _read_tail(self, size: int) -> None:
        if size == 0:
            self.size, self.is_new = 0, True
            self.take_over({})
            return
        end = self._clear_torn_tail(size)
        if end == 0:
            self._read_tail(0)
            return
        self._load(last_line(self._pread, end))
        self.size, self.is_new = end, False

    def _clear_torn_tail(self, size: int) -> int:
        """Move what follows the last newline to a side file; the size that remains."""
        if pread(self._fd, 1, size - 1) == b"\n":
            return size
        end = last_newline(self._pread, size) + 1
        torn = pread(self._fd, size - end, end)
        side = self.path.with_suffix(".torn")
        with side.open("ab") as file:
            file.write(torn + b"\n")
        os.ftruncate(self._fd, end)
        return end

    def set_torn_tail_aside(self) -> None:
        """Move half a line at the end of the file to its side file; inside `unread`."""
        self.size = self._clear_torn_tail(self.size)

    def _load(self, raw: bytes) -> None:
        state = parse_state(raw, self.path)
        if state["v"] > lines.VERSION:
            raise LedgerUnavailable(
                f"The journal {self.path} was written by a newer ytquota (format {state['v']}, this one "
                f"writes {lines.VERSION}). Nothing was counted. Upgrade ytquota in this environment."
            )
        self.take_over(state)

    def take_over(self, state: Mapping[str, Any]) -> None:
        """Go on from what a line says: balances, limits, provisional marks, and those of an operator."""
        self.balances = lines.empty_balances() | state.get("bal", {})
        self.said = state.get("lim", {})
        self.provisional = state.get("provisional", [])
        self.by_operator = state.get("by_operator", [])

    def _restore(self) -> None:
        """Bring a file back that was deleted while we had it open, so that its count is not lost.

        Everybody who had it open shares the nameless old file and its lock. The first of them copies it to
        its old name, or, where somebody has started a new file meanwhile, adds its count to that one; a
        last line "moved" in the old file tells the others that it is done.
        """
        try:
            self._read_tail(os.fstat(self._fd).st_size)
            if not self._moved():
                if self.path.exists():
                    self._add_to_new_file()
                else:
                    _copy(self._fd, self.path)
                self.append("moved", self._clock.time())
            fresh = _open(self.path)
        except OSError as error:
            raise unavailable(self.path, error) from error
        finally:
            unlock(self._fd)
        os.close(self._fd)
        self._fd = fresh
        self._forget()

    def _moved(self) -> bool:
        raw = last_line(self._pread, self.size) if self.size else b"{}"
        return bool(lines.decode(raw).get("kind") == "moved")

    def _add_to_new_file(self) -> None:
        fresh = Page(self.path, self.project, self.day, self._clock)
        try:
            with fresh:
                for bucket, (used, refused, *_limit) in self.balances.items():
                    balance = fresh.balances.setdefault(bucket, [0, 0, 0, None])
                    balance[0] += used
                    balance[1] += refused
                why = {
                    "reason": "the journal had been deleted while a program was using it",
                    "who": "ytquota",
                }
                fresh.append("adjust", self._clock.time(), "", why)
        finally:
            fresh.close()

    def _pread(self, offset: int, length: int) -> bytes:
        return pread(self._fd, length, offset)


def _open(path: Path) -> int:
    try:
        return os.open(path, _FLAGS, 0o666)
    except FileNotFoundError:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            return os.open(path, _FLAGS, 0o666)
        except OSError as error:
            raise unavailable(path, error) from error
    except OSError as error:
        raise unavailable(path, error) from error


def _copy(fd: int, path: Path) -> None:
    """Write a file's whole content under its old name again, in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}.restored")
    with fresh.open("wb") as file:
        offset = 0
        while chunk := pread(fd, 1 << 20, offset):
            file.write(chunk)
            offset += len(chunk)
    try:
        os.link(fresh, path)  # fails if somebody was quicker, where a rename would overwrite
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
