"""What an address tells: whether it stays on this machine, and what of it people may see."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def is_loopback(address: str) -> bool:
    """Tell whether a web address stays on this machine (localhost, 127.0.0.0/8, ::1)."""
    host = host_of(address)
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def host_of(address: str) -> str:
    """The host of a web address, in lower case; empty where there is none."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def without_secrets(address: str) -> str:
    """An address as people may see it: without user, password and options. A folder stays as it is.

    Where a password that was not percent-encoded leaves in doubt what is the host, nothing of it is shown.
    """
    scheme, separator, rest = address.partition("://")
    if not separator:
        return address
    place, _, options = rest.partition("?")
    place = place.rpartition("@")[2]
    try:
        is_clear = "@" not in options and urlsplit(f"//{place}").port != 0
    except ValueError:
        is_clear = False
    return f"{scheme}://{place if is_clear else '***'}"
