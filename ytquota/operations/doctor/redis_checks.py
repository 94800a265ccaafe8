"""The Redis that several hosts count in: does it answer, and does it keep what is written to it?"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ytquota.errors import LedgerUnavailable, YTQuotaError
from ytquota.monitor.opening import open_ledger
from ytquota.monitor.redis_store import RedisStore
from ytquota.operations.doctor.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ytquota.operations.doctor.install import Install


def check(install: Install) -> Iterator[Finding]:
    """Read from it, where it is the ledger, and ask it how it is set up."""
    if install.counts_here:
        return
    strict = replace(install.settings, fail_mode="strict")
    try:
        ledger = open_ledger(strict, install.clock)
        try:
            ledger.usage()
        finally:
            ledger.close()
    except YTQuotaError as error:
        yield Finding(
            "redis",
            "error",
            install.settings.ledger_label,
            str(error),
            "Start that Redis, or correct YTQUOTA_LEDGER.",
        )
    else:
        yield from _setup(install)


def _setup(install: Install) -> Iterator[Finding]:
    """What it says of itself by INFO, which servers that forbid CONFIG answer, too."""
    where = install.settings.ledger_label
    store = RedisStore(install.settings.ledger)
    try:
        memory, disk = _section(store, "memory"), _section(store, "persistence")
    except LedgerUnavailable:
        yield Finding(
            "redis-unseen",
            "note",
            where,
            "It does not tell this user how it is set up, so it was not seen whether it keeps the counts.",
            "Allow +info for the user of YTQUOTA_LEDGER; or see by hand that maxmemory-policy is noeviction "
            "and appendonly is yes.",
        )
        return
    finally:
        store.close()
    yield from _eviction(where, str(memory.get("maxmemory_policy", "")))
    yield from _append_only(where, str(disk.get("aof_enabled", "")))


def _eviction(where: str, policy: str) -> Iterator[Finding]:
    if policy and policy != "noeviction":
        yield Finding(
            "redis-eviction",
            "warning",
            where,
            f"Its maxmemory-policy is {policy}: once its memory is full it throws keys away, and with them "
            "what was counted today.",
            _line("maxmemory-policy noeviction"),
        )


def _append_only(where: str, enabled: str) -> Iterator[Finding]:
    if enabled == "0":
        yield Finding(
            "redis-appendonly",
            "warning",
            where,
            "It keeps no append-only file: when it is killed it forgets what was counted since it last "
            "saved, if it saves at all. A host brings its own share back, but only with its next call.",
            _line("appendonly yes"),
        )


def _line(setting: str) -> str:
    run = f"`redis-cli config set {setting}`, then `redis-cli config rewrite`"
    return f"Write `{setting}` into its redis.conf and restart it, or run {run}."


def _section(store: RedisStore, name: str) -> Mapping[str, Any]:
    """One section of INFO, as a mapping; the client library may have parsed it already, or not.

    Raises:
        LedgerUnavailable: the server does not answer, or not this.
    """
    said = store.read("INFO", name)
    if isinstance(said, dict):
        return said
    lines = (said.decode() if isinstance(said, bytes) else str(said)).splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)
