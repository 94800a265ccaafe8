"""Looking at an archive, wherever fsspec finds it: which days are there, and which hosts wrote them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ytquota.addresses import without_secrets
from ytquota.monitor.fleet.counts import Archived
from ytquota.monitor.fleet.place import Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from ytquota.monitor.archive import Archive, Stored

Kind = Literal["calls", "rollup"]


@dataclass(frozen=True, slots=True)
class Part:
    """One file of an archive: at which address, and which file."""

    address: str
    stored: Stored


def look_at_archive(address: str) -> Archived:
    """First and last day, how many, and the hosts of the last one.

    Raises:
        Unreachable: it cannot be opened or listed, or holds no day.
    """
    archive = open_archive(address)
    try:
        days = archive.days()
        hosts = {file.host for file in archive.stored("calls", days[-1], days[-1])} if days else set()
    except Exception as error:
        raise not_opened(address, error) from error
    if not days:
        raise Unreachable(
            f"{without_secrets(address)} holds no archived day",
            "Correct the address, or run `ytquota archive` where the journals are.",
        )
    return Archived(days[0], days[-1], len(days), tuple(sorted(hosts)))


def open_archive(address: str) -> Archive:
    """The archive at an address.

    Raises:
        Unreachable: a package is missing, or the address means nothing to fsspec.
    """
    try:
        from ytquota.monitor.archive import Archive  # noqa: PLC0415 - needs pyarrow, which is an extra

        return Archive(address)
    except Exception as error:
        raise not_opened(address, error) from error


def not_opened(address: str, error: Exception) -> Unreachable:
    """What a store's own error means; each of fsspec's file systems has its own kinds."""
    where = without_secrets(address)
    if isinstance(error, ImportError):
        missing = f"{error.name} is" if error.name else f"{error}:"
        remedy = (
            "Install it: pip install 'ytquota[fleet]', and for s3://, gs:// or abfs:// what fsspec names."
        )
        return Unreachable(f"{where} cannot be read here: {missing} not installed", remedy)
    told = next(iter(str(error).replace(address, where).splitlines()), type(error).__name__)
    remedy = (
        "Check the address, and that this machine may read it (credentials are the store's own business)."
    )
    return Unreachable(f"{where} cannot be read: {told}", remedy)


def parts_of(address: str, source: Kind, first: date | None = None, last: date | None = None) -> list[Part]:
    """The files of an archive, of a span of days.

    Raises:
        Unreachable: it cannot be listed.
    """
    span = {name: day for name, day in (("first", first), ("last", last)) if day is not None}
    archive = open_archive(address)
    try:
        return [Part(address, stored) for stored in archive.stored(source, **span)]
    except Exception as error:
        raise not_opened(address, error) from error


def unique(parts: Iterable[Part]) -> list[Part]:
    """The parts without copies: files of one day, host, project and size in two archives."""
    kept: dict[object, Part] = {}
    for part in parts:
        file = part.stored
        kept.setdefault((file.day, file.host, file.project, file.size), part)
    return list(kept.values())
