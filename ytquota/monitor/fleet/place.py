"""What stands at an address of the fleet's list: journals, a Redis, an archive; or why it cannot be told."""

from __future__ import annotations

import errno
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ytquota.errors import SettingsError, YTQuotaError
from ytquota.monitor.fleet.listed import REDIS

if TYPE_CHECKING:
    from ytquota.monitor.fleet.listed import Listed
    from ytquota.settings import Settings

Kind = Literal["journal", "redis", "archive"]


class Unreachable(YTQuotaError):  # noqa: N818 - a state of a ledger, told to people as one
    """A ledger that cannot be looked at now: what is wrong, and what to do about it."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}. {remedy}")
        self.problem, self.remedy = problem, remedy

    def __reduce__(self) -> tuple[type[Unreachable], tuple[str, str]]:
        """Pack it for another process: it may come from a worker on another machine."""
        return type(self), (self.problem, self.remedy)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a ledger keeps what.

    Attributes:
        kind: what counts there; an archive counts nothing today.
        journals: the folder with one folder per day, on this machine's disks.
        redis: the address of the Redis that counts; may hold a password.
        archive: where closed days are: a folder, or an address.
        is_whole: whether the address is that of the Redis itself, and not of one host that counts there.
    """

    kind: Kind
    journals: Path | None = None
    redis: str | None = field(default=None, repr=False)
    archive: str | None = None
    is_whole: bool = True


def find(listed: Listed) -> Place:
    """See what is at an address; nothing is written.

    Raises:
        Unreachable: there is nothing, or it may not be read.
    """
    address = listed.address
    if address.startswith(REDIS):
        return Place("redis", redis=address)
    if "://" in address:
        return Place("archive", archive=address)
    folder = Path(address)
    names = _names_in(folder)
    if ".env" in names:
        return _of_settings(folder)
    if "rollup" in names or ("calls" in names and _is_archive(folder)):
        return Place("archive", archive=address)
    if "calls" in names or "archive" in names:
        archive = str(folder / "archive") if "archive" in names else None
        return Place("journal", folder / "calls", archive=archive)
    if any(map(_is_day, names)):
        return Place("journal", folder)
    raise Unreachable(
        f"The folder {folder} holds no ledger",
        "Name a folder with a .env, a memory folder, or an archive; or is a disk not mounted?",
    )


def no_access(path: Path, error: OSError) -> Unreachable:
    """What a folder or file that cannot be read means for who looks."""
    match error.errno:
        case errno.ENOENT | errno.ENOTDIR:
            return Unreachable(f"There is no folder {path}", "Correct its address; or is a disk not mounted?")
        case errno.EACCES | errno.EPERM:
            remedy = "Let this user read it; writing is not needed."
        case _:
            remedy = "Check the disk or the mount."
    return Unreachable(f"{error.filename or path} cannot be read: {error.strerror or error}", remedy)


def _names_in(folder: Path) -> set[str]:
    try:
        return {path.name for path in folder.iterdir()}
    except OSError as error:
        raise no_access(folder, error) from error


def _is_archive(folder: Path) -> bool:
    """Whether the folder's calls are archived ones: `calls/day=2026-11-20`, not `calls/2026-11-20`."""
    return any(name.startswith("day=") for name in _names_in(folder / "calls"))


def _is_day(name: str) -> bool:
    try:
        return bool(date.fromisoformat(name))
    except ValueError:
        return False


def _of_settings(folder: Path) -> Place:
    settings = _settings(folder)
    journals, archive = settings.memory_dir / "calls", settings.archive
    if settings.ledger == "journal":
        return Place("journal", journals, archive=archive)
    return Place("redis", journals, settings.ledger, archive, is_whole=False)


def _settings(folder: Path) -> Settings:
    from ytquota.settings import Settings  # noqa: PLC0415 - a folder of journals needs none

    try:
        return Settings.load({}, start=folder)
    except SettingsError as error:
        remedy = "Mend its .env, or name its memory folder here: that needs no .env."
        raise Unreachable(str(error).rstrip("."), remedy) from error
