"""Files that hold secrets or state: read whole, changed under one lock, replaced atomically."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import secrets
import stat
import time
from typing import TYPE_CHECKING, Any

from ytquota.errors import CredentialError
from ytquota.monitor.locks import try_lock, unlock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

LOCK_PATIENCE = 75.0
"""Seconds to wait for another holder of a lock: longer than the google client waits for an answer."""

_log = logging.getLogger("ytquota.auth")
_warned: set[Path] = set()


class LockedOut(CredentialError):  # noqa: N818 - says what is the case
    """Another process has held a lock for longer than is sensible."""


@contextlib.contextmanager
def locked(path: Path, *, patience: float = LOCK_PATIENCE) -> Iterator[None]:
    """Hold the lock of `path` (the file `<path>.lock` beside it) across threads and processes.

    The lock file stays where it is: a lock on `path` itself would be lost by the next atomic replacement.

    Args:
        path: the file that is to be changed; its folder must be there.
        patience: seconds to wait for another holder.

    Raises:
        LockedOut: another process held the lock for longer than `patience`.
        OSError: the folder cannot be written to.
    """
    path = path.resolve()  # two names of one file share one lock
    lock = path.with_name(path.name + ".lock")
    # empty, so no secret: users who share a folder share its locks, as far as their umask says
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        _wait_for(descriptor, lock, patience)
        yield
    finally:
        unlock(descriptor)  # closing is not enough: a child forked meanwhile has a copy
        os.close(descriptor)


def _wait_for(descriptor: int, lock: Path, patience: float) -> None:
    deadline = time.monotonic() + patience
    while not try_lock(descriptor):
        if time.monotonic() > deadline:
            raise LockedOut(
                f"Another process has held {lock} for {patience:.0f} s; "
                "end that process (it may be stopped in a debugger) and try again."
            )
        time.sleep(0.02)


def replace_json(path: Path, content: Mapping[str, Any], *, mode: int = 0o600) -> None:
    """Write `content` as JSON to `path`, as `replace_text` does."""
    replace_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n", mode=mode)


def replace_text(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Write `text` to `path`, whole or not at all; by default readable by its owner alone.

    Call it inside `locked(path)`: leftovers of writers that were killed half-way are removed first.

    Raises:
        OSError: the folder cannot be written to, or the disk is full; the old file is untouched.
    """
    path = path.resolve()
    for leftover in path.parent.glob(f".{path.name}.*.tmp"):
        leftover.unlink(missing_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def read_json(path: Path, *, what: str, remedy: str) -> Any:
    """Read JSON from `path`.

    Args:
        path: the file.
        what: what it is, for the error ("token file").
        remedy: what the person should do when it is missing or garbled; a whole sentence.

    Raises:
        CredentialError: missing, unreadable, or no JSON; names the file and the remedy, never its content.
    """
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        raise CredentialError(f"The {what} {path} does not exist. {remedy}") from None
    except OSError as error:
        raise CredentialError(f"The {what} {path} cannot be read ({error.strerror}). {remedy}") from None
    except ValueError:  # its text would quote the file
        raise CredentialError(f"The {what} {path} is not valid JSON. {remedy}") from None


def read_object(path: Path, *, what: str, remedy: str) -> dict[str, Any]:
    """Read a JSON object from `path`; the arguments and errors are those of `read_json`."""
    content = read_json(path, what=what, remedy=remedy)
    if not isinstance(content, dict):
        raise CredentialError(f"The {what} {path} holds no JSON object. {remedy}")
    return content


def warn_if_open(path: Path) -> None:
    """Warn, once per file, when others than the owner may read a secret file."""
    with contextlib.suppress(OSError):
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077 and path not in _warned:
            _warned.add(path)
            _log.warning(
                "%s can be read by other users (mode %03o); it holds secrets: chmod 600 %s", path, mode, path
            )


def _sync_folder(folder: Path) -> None:
    """Make the new name durable; not every file system can, and the content is safe without."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
