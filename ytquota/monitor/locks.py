"""File locks.

Flock where the system has it, portalocker elsewhere; and which file systems cannot be trusted.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

try:
    import fcntl
except ImportError:  # Windows
    import portalocker

    def lock(fd: int) -> None:
        """Wait for the exclusive lock on an open file."""
        portalocker.lock(fd, portalocker.LockFlags.EXCLUSIVE)

    def try_lock(fd: int) -> bool:
        """Take the exclusive lock if it is free."""
        try:
            portalocker.lock(fd, portalocker.LockFlags.EXCLUSIVE | portalocker.LockFlags.NON_BLOCKING)
        except portalocker.LockException:
            return False
        return True

    def unlock(fd: int) -> None:
        """Let the lock go."""
        portalocker.unlock(fd)

else:
    _flock, _EXCLUSIVE, _UNLOCK = fcntl.flock, fcntl.LOCK_EX, fcntl.LOCK_UN

    def lock(fd: int) -> None:
        """Wait for the exclusive lock on an open file; the kernel queues those who wait."""
        _flock(fd, _EXCLUSIVE)

    def try_lock(fd: int) -> bool:
        """Take the exclusive lock if it is free."""
        try:
            _flock(fd, _EXCLUSIVE | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def unlock(fd: int) -> None:
        """Let the lock go."""
        _flock(fd, _UNLOCK)


@contextmanager
def holding(fd: int) -> Iterator[None]:
    """Hold the exclusive lock on an open file, waiting for it first."""
    lock(fd)
    try:
        yield
    finally:
        unlock(fd)


NETWORK_FILE_SYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "lustre", "gpfs", "fuse.sshfs", "fuse.glusterfs"}
)
"""Where flock is advisory at best between hosts, or appends from two hosts overwrite each other."""


def network_file_system(folder: Path, mounts: Path = Path("/proc/self/mounts")) -> str | None:
    """The type of the network file system that holds `folder`; None where it is local or cannot be told."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    target = os.path.realpath(folder)
    best, kind = "", ""
    for fields in map(str.split, lines):
        if len(fields) < 3:  # noqa: PLR2004  (device, mount point, type)
            continue
        point = fields[1].replace("\\040", " ")
        inside = point in {"/", target} or target.startswith(point + "/")
        if inside and len(point) >= len(best):
            best, kind = point, fields[2]
    return kind if kind in NETWORK_FILE_SYSTEMS else None
