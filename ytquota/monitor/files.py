"""Files that several programs share: changed under a lock, replaced as a whole, set aside before a loss."""

from __future__ import annotations

import errno
import logging
import os
import secrets
import time
from contextlib import contextmanager, suppress
from glob import escape
from stat import S_IMODE
from typing import TYPE_CHECKING

from ytquota.errors import LedgerUnavailable
from ytquota.monitor.locks import lock, try_lock, unlock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

logger = logging.getLogger("ytquota")

_LOCK = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
_DRAFT = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


@contextmanager
def locked(path: Path, *, patience: float | None = None) -> Iterator[bool]:
    """Hold the lock of a file, `<path>.lock` beside it, across threads and processes.

    The lock file stays where it is: a lock on `path` itself would be lost when that is replaced. Whoever has
    the lock is alone in replacing `path`, so what killed writers left of theirs is removed.

    Args:
        path: the file that is to be changed; its folder is made if need be.
        patience: seconds to wait for another holder; 0 tries once, None waits for ever.

    Yields:
        Whether the lock is held.

    Raises:
        OSError: the folder cannot be made, or not be written to.
    """
    path = path.resolve()  # two names of one file share one lock
    path.parent.mkdir(parents=True, exist_ok=True)
    # empty, so no secret: users who share a folder share its locks, as far as their umask says
    descriptor = os.open(lock_of(path), _LOCK, 0o666)
    try:
        if not _taken(descriptor, patience):
            yield False
            return
        try:
            _clear_drafts(path)
            yield True
        finally:
            unlock(descriptor)  # closing is not enough: a child forked meanwhile has a copy
    finally:
        os.close(descriptor)


def lock_of(path: Path) -> Path:
    """The file that `locked` locks for a file."""
    return path.with_name(f"{path.name}.lock")


def replace_file(path: Path, content: bytes, *, mode: int | None = None, durable: bool = False) -> None:
    """Put a file with this content in the place of another, or where there was none, in one step.

    Whoever reads sees the old file or the whole new one. A link stays; the file behind it is replaced.

    Args:
        path: the file; its folder must be there.
        content: all of it.
        mode: of the file, 0600 for a secret, which nobody else may read for a moment either. By default that
            of the old file or, for a new one, what the umask leaves.
        durable: whether it must survive a power cut.

    Raises:
        OSError: it cannot be written; the old file is untouched, and nothing is left beside it.
    """
    path = path.resolve()
    if mode is None and path.exists():
        mode = S_IMODE(path.stat().st_mode)
    draft = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    descriptor = os.open(draft, _DRAFT, 0o666 if mode is None else 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        if mode is not None:
            draft.chmod(mode)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    if durable:
        _sync_folder(path.parent)


def set_aside(path: Path) -> Path:
    """Keep a file of another system under `<name>.old` (or `.old2`, ...), so that nothing is lost."""
    number, kept = 1, path.with_name(f"{path.name}.old")
    while kept.exists():
        number += 1
        kept = path.with_name(f"{path.name}.old{number}")
    path.rename(kept)
    logger.warning("%s is not in ytquota's format; it was kept as %s.", path, kept)
    return kept


def unavailable(path: Path, error: OSError) -> LedgerUnavailable:
    """The error of a disk that fails: what happened to which file, and what to do about it."""
    what = error.strerror or str(error)
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        advice = "Make the folder writable for this user, or set YTQUOTA_MEMORY_DIR to one that is."
    elif error.errno in {errno.ENOSPC, errno.EDQUOT}:
        advice = "Free some space; calls are denied until the ledger can be written."
    else:
        advice = "Check the disk, or set YTQUOTA_MEMORY_DIR to a folder on another one."
    return LedgerUnavailable(f"The ledger {path} cannot be used: {what}. {advice}")


def _taken(descriptor: int, patience: float | None) -> bool:
    if patience is None:
        lock(descriptor)
        return True
    deadline = time.monotonic() + patience
    while not try_lock(descriptor):
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.02)
    return True


def _clear_drafts(path: Path) -> None:
    with suppress(OSError):
        for draft in path.parent.glob(f".{escape(path.name)}.*.tmp"):
            draft.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Make the new name durable; not every file system can, and the content is safe without."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
