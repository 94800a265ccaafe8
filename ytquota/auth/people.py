"""Who did it, for the audit trail."""

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
