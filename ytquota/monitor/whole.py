"""Files that are replaced as a whole, so that nobody reads half of one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def replace_whole(path: Path, content: bytes, *, mode: int | None = None) -> None:
    """Put a file with this content in the place of another, or where there was none.

    Not for secrets: those are written by `ytquota.auth.files`, readable by their owner alone from the start.

    Args:
        path: the file; its folder must be there.
        content: all of it.
        mode: of the file; by default what the umask leaves.

    Raises:
        OSError: it cannot be written; the old file is untouched, and nothing is left beside it.
    """
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        fresh.write_bytes(content)
        if mode is not None:
            fresh.chmod(mode)
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
