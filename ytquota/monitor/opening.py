"""From settings to a ledger, and from a credential set's number to its project."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from ytquota.clock import SystemClock
from ytquota.monitor.journal import Journal
from ytquota.monitor.revealed import project_of_key
from ytquota.projects import project_of_client

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ytquota.clock import Clock
    from ytquota.monitor.ledger import Ledger
    from ytquota.settings import SetSettings, Settings


def open_ledger(settings: Settings, clock: Clock) -> Ledger:
    """The ledger that YTQUOTA_LEDGER names, with the fail mode that YTQUOTA_FAIL_MODE names.

    A Redis counts by its own time, unless the clock is one for tests or simulations.

    Raises:
        SettingsError: the address of a Redis is wrong, or the redis package is not installed.
    """
    ledger = _ledger(settings, clock)
    if settings.fail_mode == "strict":
        return ledger
    from ytquota.monitor.failmode import FailOpen  # noqa: PLC0415 - few want it

    return FailOpen(ledger, settings.memory_dir / "open", budget=settings.open_budget, clock=clock)


def _ledger(settings: Settings, clock: Clock) -> Ledger:
    folder = settings.memory_dir / "calls"

    def limit(project: str, bucket: str) -> int | None:
        return settings.limit_for(bucket, project)

    if settings.ledger == "journal":
        return Journal(folder, clock=clock, limits=limit, durability=settings.durability)
    from ytquota.monitor.redis_ledger import RedisLedger  # noqa: PLC0415 - an extra

    is_real = isinstance(clock, SystemClock)
    return RedisLedger(settings.ledger, folder, clock=clock, limits=limit, server_time=is_real)


def project_of_set(settings: Settings) -> Callable[[int], str | None]:
    """A function from a set's number to its project.

    YTQUOTA_PROJECT_N, or the number in the token's client_id, or what an error of Google's said of a key.
    What was found is remembered; what was not is looked for again, as a login may bring it.
    """
    found: dict[int, str] = {}

    def project_of(number: int) -> str | None:
        if number not in found and number in settings.sets:
            project = _project_named_by(settings.sets[number], settings.memory_dir)
            if project is None:
                return None
            found[number] = project
        return found.get(number)

    return project_of


def _project_named_by(chosen: SetSettings, folder: Path) -> str | None:
    if chosen.project:
        return str(chosen.project)
    if chosen.api_key is not None:
        return project_of_key(chosen.api_key.reveal(), folder)
    for path in (chosen.token_file, chosen.secrets_file):
        project = _project_in(path.read_bytes()) if path and path.exists() else None
        if project:
            return project
    return None


def _project_in(content: bytes) -> str | None:
    try:
        facts = orjson.loads(content)
        return project_of_client((facts.get("installed") or facts.get("web") or facts)["client_id"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
