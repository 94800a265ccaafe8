"""What the figures depend on: the machine, the versions and how busy it was; no names, no paths."""

from __future__ import annotations

import os
import platform
import sqlite3
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.redis_server import RedisServer

_PEERS = ("limits", "pyrate-limiter", "throttled-py", "orjson")


def facts(folder: Path, server: RedisServer | None) -> dict[str, str]:
    """What to print beside the figures, in order."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "Date": f"{datetime.now(UTC):%Y-%m-%d}",
        "Processors": f"{processors} ({_processor()})",
        "System": f"{platform.system()} {platform.release().partition('-')[0]}, {_file_system(folder)}",
        "Load before the run": " ".join(f"{load:.1f}" for load in os.getloadavg()),
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "SQLite": sqlite3.sqlite_version,
        "Redis": server.version if server else "no redis-server",
        "Packages": ", ".join(f"{name} {version(name)}" for name in _PEERS),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _file_system(folder: Path) -> str:
    """The type of the file system under a folder, where the system tells."""
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    except OSError:
        return "unknown file system"
    points = {fields[1]: fields[2] for fields in map(str.split, mounts)}
    above = [str(parent) for parent in (folder.resolve() / "x").parents]
    return next((points[point] for point in above if point in points), "unknown file system")
