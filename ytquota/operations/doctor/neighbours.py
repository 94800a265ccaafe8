"""Neighbours: other ledgers and other settings nearby that count or limit the same projects.

Looked at are, each with its `memory` folder and its `.env`: the folder of our `.env`, the working folder, the
running script's folder, all folders above them up to the home folder, and the folders directly inside the
first. A ledger is a memory folder with days in `calls/`; it is a second one if it counted a project of ours.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from ytquota.clock import utc
from ytquota.errors import SettingsError
from ytquota.monitor.places import days_in, journal_path
from ytquota.operations.doctor.finding import Finding
from ytquota.operations.doctor.install import Install, projects_in
from ytquota.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

VIEW = "quota_usage.json"
_INSIDE = 200
"""How many folders inside ours are looked at."""


def check(install: Install) -> Iterator[Finding]:
    """Look for second counts of our projects."""
    for memory in other_ledgers(install):
        yield from _second(install, memory)
    yield from _older_counts(install)


def other_settings(install: Install) -> list[Install]:
    """Return what other `.env` files nearby describe; those that cannot be loaded are passed over."""
    found = []
    for place in _places(install):
        path = place / ".env"
        if path == install.settings.env_file or not _is(Path.is_file, path):
            continue
        try:
            found.append(Install(Settings.load({}, start=place), install.clock))
        except (SettingsError, OSError):
            continue
    return found


def other_ledgers(install: Install) -> list[Path]:
    """Return the memory folders nearby, other than ours, that have counted something."""
    named = [other.settings.memory_dir for other in other_settings(install)]
    folders = _once([*named, *(place / "memory" for place in _places(install))])
    ours = install.settings.memory_dir.resolve()
    return [folder for folder in folders if folder != ours and _days(folder)]


def _second(install: Install, memory: Path) -> Iterator[Finding]:
    shared = sorted(projects_in(memory / "calls") & install.projects)
    if not shared:
        return
    newest = max(
        day
        for day in _days(memory)
        if any(journal_path(memory / "calls", day, project).exists() for project in shared)
    )
    is_used = newest >= install.today - timedelta(days=1)
    names = " and ".join(shared)
    yield Finding(
        "second-ledger",
        "warning" if is_used else "note",
        str(memory),
        f"A second ledger counts project {names} (last on {newest}), too: this one and "
        f"{install.settings.memory_dir} each see only a part of what is used."
        if is_used
        else f"Another ledger counted project {names} until {newest}; nothing counts there any more.",
        f"Let the programs that use it say YTQUOTA_MEMORY_DIR={install.settings.memory_dir}; then, and once "
        f"it is out of use, run `mv {memory} {memory}.old`.",
    )


def _older_counts(install: Install) -> Iterator[Finding]:
    """Views that belong to no ledger of ours: another program keeps a count of its own there."""
    places = [place for start in _starts(install) for place in _upward(start)]
    paths = _once(folder / VIEW for place in places for folder in (place, place / "memory"))
    for path in paths:
        if path.parent == install.settings.memory_dir.resolve() or not _is(Path.is_file, path):
            continue
        if _days(path.parent) or _is_harmless(install, path):
            continue
        written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        is_used = utc(install.clock.time()) - written < timedelta(days=2)
        yield Finding(
            "second-ledger",
            "warning" if is_used else "note",
            str(path),
            f"Another program keeps a count of its own here (last written {written:%Y-%m-%d %H:%M} UTC); "
            "what it uses is missing from this ledger.",
            f"Let that program call through ytquota, then run `mv {path} {path}.old`.",
        )


def _is_harmless(install: Install, view: Path) -> bool:
    """Whether it is a view of ours: of this very ledger, or of one that counted none of our projects."""
    try:
        facts: Any = orjson.loads(view.read_bytes())
        ledger, projects = Path(facts["ledger"]), set(facts["projects"])
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return (
        not install.counts_here
        or ledger.resolve() == install.calls.resolve()
        or not projects & install.projects
    )


# -- where to look


def _places(install: Install) -> list[Path]:
    root = install.settings.root
    up = [place for start in _starts(install) for place in _upward(start)]
    try:
        inside = sorted(islice((path for path in root.iterdir() if _may_be_a_bots(path)), _INSIDE))
    except OSError:
        inside = []
    return _once([*up, *inside])


def _starts(install: Install) -> Iterator[Path]:
    yield install.settings.root
    yield Path.cwd()
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    if script and not Path(script).resolve().is_relative_to(Path(sys.prefix).resolve()):
        yield Path(script).parent


def _upward(start: Path) -> Iterator[Path]:
    for place in (start.resolve(), *start.resolve().parents):
        yield place
        if place == Path.home():
            return


def _may_be_a_bots(path: Path) -> bool:
    return not path.name.startswith(".") and _is(Path.is_dir, path)


def _days(memory: Path) -> list[Any]:
    try:
        return days_in(memory / "calls")
    except OSError:
        return []


def _is(test: Any, path: Path) -> bool:
    try:
        return bool(test(path))
    except OSError:  # a folder that we may not look into
        return False


def _once(paths: Iterable[Path]) -> list[Path]:
    return list(dict.fromkeys(path.resolve() for path in paths))
