"""The end of a journal, where its state stands: found and read without reading the rest."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any

from ytquota.errors import LedgerUnavailable
from ytquota.monitor import lines
from ytquota.monitor.files import unavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_CHUNK = 4096


def last_line(read: Callable[[int, int], bytes], end: int) -> bytes:
    """The complete line that ends at `end` (an offset just behind its newline)."""
    length = _CHUNK
    while True:
        start = max(0, end - length)
        chunk = read(start, end - start)
        cut = chunk.rfind(b"\n", 0, -1)
        if cut >= 0 or start == 0:
            return chunk[cut + 1 : -1]
        length *= 4


def last_newline(read: Callable[[int, int], bytes], end: int) -> int:
    """Offset of the last newline before `end`, or -1."""
    while end > 0:
        start = max(0, end - _CHUNK)
        found = read(start, end - start).rfind(b"\n")
        if found >= 0:
            return start + found
        end = start
    return -1


def parse_state(raw: bytes, path: Path) -> dict[str, Any]:
    """What the last line says: version, balances, limits.

    Raises:
        LedgerUnavailable: it is no line of ours; an unreadable count never reads as "nothing used".
    """
    try:
        state: dict[str, Any] = lines.decode(raw)
        version, balances = state["v"], state["bal"]
        readable = isinstance(version, int) and all(map(_is_balance, balances.values()))
    except (ValueError, KeyError, TypeError, AttributeError):
        readable = False
    if not readable:
        raise LedgerUnavailable(
            f"The last line of the journal {path} cannot be read, so the units used today are unknown. "
            "Nothing was counted. Run `ytquota doctor --fix`: it mends the balance from the readable lines."
        )
    return state


def _is_balance(value: object) -> bool:
    """Whether this is [used, refused, limit, exhausted_until]."""
    if type(value) is not list or len(value) < len(_BALANCE):
        return False
    return (
        all(type(part) in kinds for part, kinds in zip(value, _BALANCE, strict=False)) and min(value[:3]) >= 0
    )


_BALANCE: tuple[tuple[type, ...], ...] = ((int,), (int,), (int,), (int, float, type(None)))


def read_state(path: Path) -> tuple[dict[str, Any] | None, int]:
    """The state after the last complete line of a file nobody need have open, without a lock, and its offset.

    Raises:
        LedgerUnavailable: the file is there but cannot be read.
    """
    try:
        fd = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        return None, 0
    except OSError as error:
        raise unavailable(path, error) from error
    try:
        read = partial(_read_at, fd)
        end = last_newline(read, os.fstat(fd).st_size) + 1
        if end == 0:
            return None, 0
        return parse_state(last_line(read, end), path), end
    finally:
        os.close(fd)


def _read_at(fd: int, offset: int, length: int) -> bytes:
    return pread(fd, length, offset)


def _seek_and_read(fd: int, length: int, offset: int) -> bytes:
    os.lseek(fd, offset, os.SEEK_SET)  # appending goes to the end wherever this leaves the descriptor
    return os.read(fd, length)


pread: Callable[[int, int, int], bytes] = getattr(os, "pread", _seek_and_read)
"""Bytes of a file at an offset; Windows has no call for it."""
