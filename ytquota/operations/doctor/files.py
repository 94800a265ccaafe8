"""Files: which are missing, which can be read by others, which cannot be understood, which are left over."""

from __future__ import annotations

import os
import stat
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ytquota.auth.state import FILE_NAME
from ytquota.errors import CredentialError
from ytquota.operations.doctor.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ytquota.operations.doctor.install import Install
    from ytquota.settings import SetSettings

_OTHERS, _OTHERS_WRITE = 0o077, 0o022


def check(install: Install) -> Iterator[Finding]:
    """Look at every file that the settings name, and at the state beside the ledger."""
    for one in install.settings.sets.values():
        yield from _missing(one)
    if os.name != "nt":  # modes say nothing on Windows
        yield from _modes(install)
    yield from _states(install)
    yield from _left_over(install)


def _missing(one: SetSettings) -> Iterator[Finding]:
    number = one.number
    if one.secrets_file is not None and not one.secrets_file.exists():
        yield Finding(
            "secrets-missing",
            "error",
            str(one.secrets_file),
            f"The client secrets file of set {number} does not exist; without it nobody can log in.",
            "Download the JSON of your OAuth client (type 'Desktop app') from the Google Cloud console to "
            f"that path, or correct GOOGLE_CLIENT_SECRETS_FILE_{number}.",
        )
    if one.token_file is not None and not one.token_file.exists():
        yield Finding(
            "token-missing",
            "error",
            str(one.token_file),
            f"The token file of set {number} does not exist; nobody has logged in yet, or the path is wrong.",
            f"Run `ytquota login {number}`, or correct OAUTH_TOKEN_FILE_{number}.",
        )


# -- modes


def _modes(install: Install) -> Iterator[Finding]:
    files = _secret_files(install)
    for path in files:
        if (mode := _mode(path)) & _OTHERS:
            yield Finding(
                "modes",
                "warning",
                str(path),
                f"It holds secrets, and other users of this machine can open it (mode {mode:03o}).",
                f"Run `chmod 600 {path}`, or `ytquota doctor --fix`.",
                repair=partial(_close, path, 0o600),
            )
    for folder in _credential_folders(install, files):
        if (mode := _mode(folder)) & _OTHERS_WRITE:
            yield Finding(
                "modes",
                "warning",
                str(folder),
                f"Other users may replace the files in this folder of secrets (mode {mode:03o}).",
                f"Run `chmod 700 {folder}`, or `ytquota doctor --fix`.",
                repair=partial(_close, folder, 0o700),
            )


def _secret_files(install: Install) -> list[Path]:
    """The files with secrets in them that are there, each once; `.env` only if it is one."""
    settings = install.settings
    named = [path for one in settings.sets.values() for path in (one.secrets_file, one.token_file)]
    has_keys = any(one.api_key for one in settings.sets.values()) or "@" in settings.ledger
    found = [*named, settings.cloud_credentials, settings.env_file if has_keys else None]
    return [path for path in dict.fromkeys(found) if path is not None and path.exists()]


def _credential_folders(install: Install, files: list[Path]) -> list[Path]:
    """The folders that are there for secrets alone: not the bot's own folder, nor one above it."""
    root = install.settings.root
    shared = {root, *root.parents, Path.home()}
    return [folder for folder in dict.fromkeys(path.parent for path in files) if folder not in shared]


def _mode(path: Path) -> int:
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return 0


def _close(path: Path, mode: int) -> str:
    before = _mode(path)
    path.chmod(mode)
    return f"Changed the mode of {path} from {before:03o} to {mode:03o}."


# -- state and leftovers


def _states(install: Install) -> Iterator[Finding]:
    path = install.settings.memory_dir / FILE_NAME
    if isinstance(install.states, CredentialError):
        problem = str(install.states).partition(" Until ")[0].partition(", so nobody")[0].rstrip(" .")
        yield Finding(
            "state",
            "error",
            str(path),
            f"{problem}. Nobody knows which sets are quarantined or disabled.",
            f"Repair it, or run `mv {path} {path}.broken`: every set then counts as healthy until Google "
            "refuses it again.",
        )


def _left_over(install: Install) -> Iterator[Finding]:
    folder = install.settings.memory_dir
    for path in sorted(folder.glob("*.json.old*")):
        yield Finding(
            "left-over",
            "note",
            str(path),
            "A file of an older program was kept under this name; nothing reads it.",
            f"Run `rm {path}` when you no longer need it.",
        )
