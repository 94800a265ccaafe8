"""Notebooks run on a sandbox: kernels inherit the environment that is made here, before the first of them starts.

nbval's cells know no fixtures, so this is done when the session starts, not in one.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from dotenv import dotenv_values

from ytquota.auth import get_authenticated_service
from ytquota.clock import bounds_of, quota_day
from ytquota.demo.history import write_history
from ytquota.demo.server_side import bill_history
from ytquota.demo.story import CHANNELS, SETS
from ytquota.monitor import QuotaMonitor
from ytquota.sandbox import Sandbox
from ytquota.settings import Settings

if TYPE_CHECKING:
    from datetime import date

    import pytest

_OWN = ("YTQUOTA_", "GOOGLE_CLIENT_SECRETS_FILE_", "OAUTH_TOKEN_FILE_", "YOUTUBE_API_KEY_", "YOUTUBE_SCOPES")
_PATHS = ("YTQUOTA_CLOUD_CREDENTIALS",)
_DAYS = 5


def pytest_sessionstart(session: pytest.Session) -> None:
    """Start a sandbox, write some days of history, make a few real calls, and tell the kernels where all that is."""
    folder = Path(tempfile.mkdtemp(prefix="ytquota-notebooks-"))
    sandbox = Sandbox().start()
    session.config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    session.config.add_cleanup(sandbox.stop)
    for project in SETS.values():
        sandbox.add_project(project)
    env_file = sandbox.write_env(folder, dict(SETS), channels=dict(CHANNELS), cloud=True)
    for name in [name for name in os.environ if name.startswith(_OWN)]:
        del os.environ[name]
    settings = Settings.load(start=folder)
    until = datetime.now(UTC)
    written = write_history(settings.memory_dir, until=until, days=_DAYS)
    _let_google_count(settings, sandbox, written.days, until)
    _call(settings)
    fleet = _fleet(folder, settings.memory_dir)
    os.environ.update(
        _absolute(env_file), YTQUOTA_MEMORY_DIR=str(settings.memory_dir), YTQUOTA_FLEET=str(fleet)
    )
    os.environ["TMPDIR"] = str(folder)  # kernels are killed at the end, and tidy nothing up themselves


def _let_google_count(settings: Settings, sandbox: Sandbox, days: list[date], until: datetime) -> None:
    """Google knows the history, and three hours two days ago in which somebody else spent."""
    monitor = QuotaMonitor.open(settings)
    try:
        bill_history(sandbox, monitor.log(), days, until)
    finally:
        monitor.close()
    start = bounds_of(quota_day(until) - timedelta(days=2)).start
    calls = [(start + 3600 * hour + 61, "comments.insert", 4) for hour in (9, 10, 11)]
    sandbox.furnish(next(iter(SETS.values())), calls, foreign=True)


def _call(settings: Settings) -> None:
    with get_authenticated_service(10, settings=settings, tag="crawler") as service:
        service.search().list(part="snippet", q="piano").execute()
        service.videos().list(part="snippet", id="a,b").execute()


def _fleet(folder: Path, memory: Path) -> Path:
    """A list of this ledger alone, whose sets are two people's."""
    names = "".join(
        f'{project} = "{name}"\n' for project, name in zip(SETS.values(), ("Shows", "Atlas"), strict=True)
    )
    path = folder / "fleet.toml"
    path.write_text(
        f'[[ledger]]\nname = "studio"\naddress = "{memory}"\nowner = "Anna"\nsets = {{ 10 = "Ben" }}\n[projects]\n{names}',
        encoding="utf-8",
    )
    return path


def _absolute(env_file: Path) -> dict[str, str]:
    """The variables of a `.env`, with the paths that count from its folder made absolute."""
    values = {name: value or "" for name, value in dotenv_values(env_file).items()}
    return {
        name: str(env_file.parent / value) if "_FILE_" in name or name in _PATHS else value
        for name, value in values.items()
    }
