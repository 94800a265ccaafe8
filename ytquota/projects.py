"""Which Google Cloud project an OAuth client belongs to."""

from __future__ import annotations

import re

_CLIENT_ID = re.compile(r"([0-9]+)-")


def project_of_client(client_id: object) -> str | None:
    """The project number in an OAuth client id: the digits before its first "-"; None where it has none."""
    found = _CLIENT_ID.match(client_id) if isinstance(client_id, str) else None
    return found[1] if found else None
