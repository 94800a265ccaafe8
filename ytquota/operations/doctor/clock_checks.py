"""Time: whether the quota day can be told, and whether this machine's clock is right."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ytquota import clock as clocks
from ytquota.addresses import is_loopback
from ytquota.auth.tokens import GOOGLE_TOKEN_ADDRESS
from ytquota.errors import CredentialError
from ytquota.operations.doctor.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ytquota.operations.doctor.install import Install

SKEW, GRAVE_SKEW = 60.0, 300.0
"""Seconds. Beyond the second, an access token that has ended passes for a fresh one."""

_PATIENCE = 5.0


def check(install: Install) -> Iterator[Finding]:
    """Look at the zone data, and at the clock where somebody may be asked."""
    yield from zone()
    for address in _addresses(install):
        yield from _skew(install, address)


def zone() -> Iterator[Finding]:
    """Whether this machine knows when midnight Pacific is."""
    if not clocks.ZONE_IS_EXACT:
        yield Finding(
            "zone",
            "error",
            clocks.ZONE_NAME,
            "This machine has no time zone data, so the quota day may be an hour wrong; the ledger is not "
            "written like that.",
            "Run `pip install tzdata` in this environment, or install the system's tzdata package.",
        )


def _addresses(install: Install) -> list[str]:
    """Whom to ask for the time: what is on this machine always, Google only if that is allowed."""
    found = [install.settings.api_endpoint or ""]
    for token in install.readable_tokens:
        try:
            found.append(token.token_address)
        except CredentialError:
            continue
    if install.ask_google:
        found = found[1:] or [GOOGLE_TOKEN_ADDRESS]
    parts = [urlsplit(address) for address in found if address]
    hosts = dict.fromkeys(f"{part.scheme}://{part.netloc}/" for part in parts)
    return [host for host in hosts if install.ask_google or is_loopback(host)]


def _skew(install: Install, address: str) -> Iterator[Finding]:
    import httplib2  # noqa: PLC0415 - 40 ms, only where somebody is asked

    http = httplib2.Http(timeout=_PATIENCE)
    try:
        before = install.clock.time()
        answer, _ = http.request(address, "HEAD")
        ours = (before + install.clock.time()) / 2
        theirs = parsedate_to_datetime(answer["date"]).timestamp() + 0.5  # whole seconds, cut off
    except (httplib2.HttpLib2Error, OSError) as error:
        yield _out_of_reach(install, address, error)
        return
    except (KeyError, ValueError):  # an answer without a readable date
        return
    finally:
        http.close()
    off = ours - theirs
    if abs(off) > SKEW:
        yield Finding(
            "clock",
            "error" if abs(off) > GRAVE_SKEW else "warning",
            "this machine's clock",
            f"It is {abs(off):,.0f} s {'ahead of' if off > 0 else 'behind'} {urlsplit(address).hostname}: "
            "calls around midnight Pacific are counted on the wrong day, and tokens are renewed too "
            f"{'early' if off > 0 else 'late'}.",
            "Set the clock by network time: `sudo timedatectl set-ntp true`.",
        )


def _out_of_reach(install: Install, address: str, error: Exception) -> Finding:
    is_endpoint = (install.settings.api_endpoint or "").startswith(address.rstrip("/"))
    remedy = (
        f"Start the sandbox again, or remove YTQUOTA_API_ENDPOINT from {install.env_file} to call Google."
        if is_endpoint
        else "Check the network and the proxy, then run `ytquota doctor --ask-google` again."
    )
    what = f"It does not answer ({type(error).__name__})."
    return Finding("reach", "warning", address, what, remedy)
