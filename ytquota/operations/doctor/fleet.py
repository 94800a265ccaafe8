"""The fleet's list, where the settings name one: whether it is right, and what it names can be looked at."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ytquota.errors import SettingsError
from ytquota.monitor.fleet import FleetList, FleetView
from ytquota.operations.doctor.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ytquota.operations.doctor.install import Install

_PASSWORD = re.compile(r"://[^\s\"'/@]*:(?!\$\{)[^\s\"'/@]+@")
_OTHERS = 0o077


def check(install: Install) -> Iterator[Finding]:
    """Read the list, and look at every ledger in it once; nothing is written to any of them."""
    path = install.settings.fleet
    if path is None:
        return
    try:
        fleet = FleetList.load(path)
    except SettingsError as error:
        remedy = "Correct it as the message says; docs/fleet.md shows how a list is written."
        yield Finding("fleet", "warning", str(path), str(error), remedy)
        return
    yield from _open_password(path)
    with FleetView(fleet, clock=install.clock) as view:
        report = view.report()
    for ledger in report["ledgers"]:
        subject = f"ledger {ledger['name']} of {path.name}"
        if not ledger["reachable"]:
            yield Finding("fleet", "warning", subject, f"{ledger['problem']}.", ledger["remedy"])
        elif ledger["note"]:
            yield Finding("fleet", "warning", subject, ledger["note"], "Start it, or correct the address.")
    for warning in report["warnings"]:
        yield Finding("fleet", "warning", f"project {warning['project']}", warning["text"], warning["remedy"])


def _open_password(path: Path) -> Iterator[Finding]:
    """A list with a password in it is a secret file."""
    if path.stat().st_mode & _OTHERS and _PASSWORD.search(path.read_text(encoding="utf-8-sig")):
        yield Finding(
            "fleet",
            "warning",
            str(path),
            "The list holds the password of a ledger, and other users can read it.",
            f"chmod 600 {path}, or write ${{NAME}} for the password, and set that variable.",
        )
