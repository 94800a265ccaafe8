"""Other ledgers within reach that count a project, too: where the doctor looks, and in the fleet's list."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ytquota.errors import LedgerUnavailable, SettingsError
from ytquota.intelligence.sends import sends_frame
from ytquota.monitor.fleet.listed import FleetList
from ytquota.monitor.fleet.place import Unreachable, find
from ytquota.monitor.host_page import host_id
from ytquota.monitor.log import JournalLog
from ytquota.operations.doctor.install import Install
from ytquota.operations.doctor.neighbours import other_ledgers

if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from datetime import datetime

    import pandas as pd

    from ytquota.monitor.metering import QuotaMonitor
    from ytquota.settings import Settings

_Place = tuple[str, Path, str | None]  # address, journals, archive


def sends_elsewhere(
    settings: Settings,
    monitor: QuotaMonitor,
    project: str,
    since: datetime,
    until: datetime,
    *,
    hosts: Container[str] = (),
) -> dict[str, pd.DataFrame]:
    """Return what other ledgers say they sent of a project, by their address.

    Args:
        settings: where ours is, and which fleet's list there is.
        monitor: on our ledger.
        project: its number.
        since: aware; with `until`, the days to read.
        until: aware.
        hosts: who counts on our ledger, if it is in Redis: their folders are no ledgers of their own.
    """
    found = {}
    for address, journals, archive in _places(settings, monitor):
        try:
            if host_id(journals, make=False) in hosts:
                continue
            sends = sends_frame(JournalLog(journals, archive).rows(since, until, project=project))
        except LedgerUnavailable:  # another's: the doctor says what is wrong with it
            continue
        if len(sends):
            found[address] = sends
    return found


def _places(settings: Settings, monitor: QuotaMonitor) -> Iterator[_Place]:
    """The ledgers in folders, each once."""
    seen = {(monitor.folder / "calls").resolve()}
    nearby = other_ledgers(Install(settings, monitor.clock))
    beside = ((str(folder), folder / "calls", str(folder / "archive")) for folder in nearby)
    for place in (*beside, *_listed(settings)):
        if place[1].resolve() not in seen:
            seen.add(place[1].resolve())
            yield place


def _listed(settings: Settings) -> Iterator[_Place]:
    """The ledgers of the fleet's list whose lines are on this machine's disks."""
    try:
        ledgers = FleetList.load(settings.fleet).ledgers if settings.fleet else ()
    except SettingsError:  # the doctor says what is wrong with the list
        return
    for listed in ledgers:
        try:
            place = find(listed)
        except Unreachable:
            continue
        if place.journals is not None:
            yield listed.label, place.journals, place.archive
