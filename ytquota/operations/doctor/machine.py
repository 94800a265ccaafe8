"""The machine: room on the disk, a file system whose locks hold, a folder that can be written."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from ytquota.monitor.locks import network_file_system
from ytquota.operations.doctor.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ytquota.operations.doctor.install import Install

LITTLE, SHARE = 200_000_000, 0.02
"""Bytes, and share of the disk, under which it counts as nearly full."""

MOUNTS = Path("/proc/self/mounts")


def check(install: Install) -> Iterator[Finding]:
    """Look at where the ledger is kept."""
    yield from _folder(install)
    yield from _disk(install)
    if install.counts_here:
        yield from _network(install)


def _folder(install: Install) -> Iterator[Finding]:
    folder = install.settings.memory_dir
    place = _existing(folder)
    if place.is_dir() and os.access(place, os.W_OK | os.X_OK):
        return
    problem = "cannot be written by this user" if place.is_dir() else "is a file, not a folder"
    yield Finding(
        "memory",
        "error",
        str(folder),
        f"{place} {problem}, so nothing can be counted and every call is denied.",
        "Make it a folder that this user can write, or name another one in YTQUOTA_MEMORY_DIR.",
    )


def _disk(install: Install) -> Iterator[Finding]:
    folder = install.settings.memory_dir
    try:
        total, _, free = shutil.disk_usage(_existing(folder))
    except OSError:
        return
    if total and (free < LITTLE or free / total < SHARE):
        yield Finding(
            "disk",
            "warning",
            str(folder),
            f"Its disk is nearly full: {free / 1e6:,.0f} MB ({free / total:.1%}) are free; on a full one "
            "every call is denied.",
            "Make room, for instance by `ytquota archive` (closed days shrink to a twentieth), or move the "
            "folder and name it in YTQUOTA_MEMORY_DIR.",
        )


def _network(install: Install) -> Iterator[Finding]:
    folder = install.settings.memory_dir
    if kind := network_file_system(folder, MOUNTS):
        yield Finding(
            "network",
            "error",
            str(folder),
            f"It lies on a network file system ({kind}), where locks do not hold between hosts; the ledger "
            "refuses to count there.",
            "Name a local folder in YTQUOTA_MEMORY_DIR, or share the count through Redis: "
            "YTQUOTA_LEDGER=redis://...",
        )


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next((place for place in (folder, *folder.parents) if place.exists()), folder)
