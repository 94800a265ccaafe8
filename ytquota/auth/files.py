"""Files that hold secrets or state: read whole, changed under one lock, replaced atomically."""

from __future__ import annotations

import contextlib
import json
import logging
import stat
from typing import TYPE_CHECKING, Any

from ytquota.errors import CredentialError
from ytquota.monitor.files import lock_of, locked, replace_file

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
def alone_with(path: Path, *, patience: float = LOCK_PATIENCE) -> Iterator[None]:
    """Hold the lock of a file; see `monitor.files.locked`.

    Args:
        path: the file that is to be changed.
        patience: seconds to wait for another holder.

    Raises:
        LockedOut: another process held the lock for longer than `patience`.
        OSError: the folder cannot be written to.
    """
    with locked(path, patience=patience) as alone:
        if not alone:
            raise LockedOut(
                f"Another process has held {lock_of(path.resolve())} for {patience:.0f} s; "
                "end that process (it may be stopped in a debugger) and try again."
            )
        yield


def replace_json(path: Path, content: Mapping[str, Any], *, mode: int | None = 0o600) -> None:
    """Write `content` as JSON to `path`, so that it survives a power cut; see `monitor.files.replace_file`.

    Raises:
        OSError: the folder cannot be written to, or the disk is full; the old file is untouched.
    """
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    replace_file(path, text.encode(), mode=mode, durable=True)


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
