"""Who did it, and in which words a set is named to people."""

from __future__ import annotations

import getpass
import socket


def whoami() -> str:
    """Return "user@host" for the audit trail."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # a container's user id without a name
        user = "unknown"
    return f"{user}@{socket.gethostname()}"
