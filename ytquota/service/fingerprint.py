"""A keyed hash of a call's parameters: tells repeated calls from different ones, and nothing else."""

from __future__ import annotations

import hashlib
import os
import secrets
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_FILE = "parameters.key"
_SIZE = 16


def fingerprint(text: str, key: bytes) -> str:
    """Return 16 hexadecimal digits that nobody without the key can trace back to the text."""
    return hashlib.blake2s(text.encode(), key=key, digest_size=8).hexdigest()


@cache
def key_of(folder: Path) -> bytes:
    """Return the key of a memory folder, made on first use, so that the hashes of all its bots compare.

    Where it can be neither read nor made, this process gets a key of its own.
    """
    path = folder / _FILE
    try:
        key = path.read_bytes() if path.exists() else _make(path)
    except OSError:
        key = b""
    return key if len(key) == _SIZE else secrets.token_bytes(_SIZE)


def _make(path: Path) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(_SIZE))
        with suppress(FileExistsError):
            os.link(draft, path)  # whole or not at all, and the first of several bots wins
        return path.read_bytes()
    finally:
        draft.unlink()
