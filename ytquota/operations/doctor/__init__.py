"""Health: looks an installation over, says what is wrong and how to mend it, and mends what is safe to mend.

No check costs quota. Only with `ask_google` is anything sent to Google: to its token address and, where an
account is named for it, to Cloud Monitoring; both for free.
`docs/doctor.md` lists every check.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ytquota.clock import Clock, SystemClock
from ytquota.errors import SettingsError, YTQuotaError
from ytquota.operations.doctor import (
    clock_checks,
    counters,
    credentials,
    files,
    fleet,
    idle,
    ledger,
    machine,
    neighbours,
    pools,
    redis_checks,
    rotation,
)
from ytquota.operations.doctor.finding import SEVERITIES, Finding, Severity
from ytquota.operations.doctor.install import Install
from ytquota.settings import Settings
from ytquota.variables import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

__all__ = ["SEVERITIES", "Finding", "Severity", "check_up", "examine", "fix"]

_FAMILIES: tuple[Callable[[Install], Iterator[Finding]], ...] = (
    files.check,
    credentials.check,
    clock_checks.check,
    machine.check,
    redis_checks.check,
    ledger.check,
    neighbours.check,
    pools.check,
    rotation.check,
    idle.check,
    counters.check,
    fleet.check,
)


def examine(settings: Settings, *, ask_google: bool = False, clock: Clock | None = None) -> list[Finding]:
    """Look an installation over; nothing is changed.

    Args:
        settings: the settings in force.
        ask_google: also renew each token for real, compare clocks with Google's, and read Google's figures
            with the account named for them; costs no quota. A renewed access token is saved in its file, as a
            bot would.
        clock: the time; this machine's by default.

    Returns:
        What was found, the gravest first; empty where all is well.
    """
    install = Install(settings, clock or SystemClock(), ask_google)
    found = [finding for family in (_settings, *_FAMILIES) for finding in _guarded(family, install)]
    return sorted(found, key=lambda finding: SEVERITIES.index(finding.severity))


def check_up(
    *, start: Path | None = None, ask_google: bool = False, clock: Clock | None = None
) -> list[Finding]:
    """Load the settings (of the folder `start`) and look over what they describe; see `examine`.

    Settings that cannot be loaded are a finding, too, and then the only one beside the time zone.
    """
    try:
        settings = Settings.load(start=start)
    except SettingsError as error:
        variable = str(error).partition(":")[0] if str(error).startswith(("Y", "G", "O")) else ".env"
        where = ", in .env or in the environment" if variable != ".env" else ""
        remedy = f"Correct {variable} as the message says{where}."
        return [Finding("settings", "error", variable, str(error), remedy), *clock_checks.zone()]
    return examine(settings, ask_google=ask_google, clock=clock)


def fix(findings: Iterable[Finding]) -> list[Finding]:
    """Do what is safe about findings: close modes, set a torn line aside, mend a balance by a new line.

    Returns:
        The fixable ones, each with what was `done`; where that failed, `done` is empty and `what` says why.
    """
    fixed = []
    for finding in findings:
        if finding.repair is None:
            continue
        try:
            fixed.append(replace(finding, done=finding.repair()))
        except (YTQuotaError, OSError) as error:
            fixed.append(replace(finding, what=f"{finding.what} This could not be mended: {error}"))
    return fixed


def _guarded(family: Callable[[Install], Iterator[Finding]], install: Install) -> Iterator[Finding]:
    """What a family of checks finds; one that cannot go on must not keep the others from looking."""
    try:
        yield from family(install)
    except (YTQuotaError, OSError) as error:
        subject = str(getattr(error, "filename", None) or install.settings.memory_dir)
        what = f"Not everything could be looked at: {error}"
        yield Finding(
            "unread",
            "error",
            subject,
            what,
            "Make it readable for this user, then run `ytquota doctor` again.",
        )


def _settings(install: Install) -> Iterator[Finding]:
    settings = install.settings
    if not settings.sets and not install.calls.exists():
        yield Finding(
            "settings",
            "warning",
            install.env_file,
            "No credential set is named here, and nothing was ever counted.",
            "Change to your bot's folder, or run `ytquota init` here.",
        )
    for sentence in settings.ignored:
        yield Finding(
            "env-lines",
            "error",
            install.env_file,
            f"{sentence}.",
            "Write the line as NAME=value, begin it with # if it is a remark, or remove it.",
        )
    for name in settings.unknown:
        meant = did_you_mean(name)
        yield Finding(
            "variables",
            "warning",
            name,
            f"{name} is no setting of ytquota and has no effect.",
            (f"Rename it to {meant}" if meant else "Remove it, or correct its name,")
            + f" in {install.env_file} or in the environment.",
        )
