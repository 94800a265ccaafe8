"""Google's counters: whether they can be read, and when the counts were last held against them.

Only where an account for them is named in the settings.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from ytquota.clock import PACIFIC, utc
from ytquota.cloud import CloudError, connect
from ytquota.monitor.reconciled import ReconciledFile
from ytquota.operations.doctor.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ytquota.operations.doctor.install import Install

_LONG = 2 * 86_400.0
_SETTING = "YTQUOTA_CLOUD_CREDENTIALS"


def check(install: Install) -> Iterator[Finding]:
    """Look at the account and at what the last comparison left; with `ask_google`, read the last hour."""
    if install.settings.cloud_credentials is None:
        return
    projects = sorted(name for name in install.projects if name.isdecimal())
    known = ReconciledFile(install.settings.memory_dir).read()
    failing = {name: one.why for name, one in known.failures.items() if name in projects}
    failing = _ask(install, projects) or ({} if install.ask_google else failing)
    for name, why in failing.items():
        yield Finding(
            "reconcile",
            "warning",
            f"project {name}" if name else _SETTING,
            f"Google's counters cannot be read, so nothing tells what others spend: {why}",
            "Do what it says, then run `ytquota reconcile`.",
        )
    compared = {project: check.at for (project, _bucket), check in known.pools.items()}
    for name in projects:
        at = compared.get(name)
        if name not in failing and (at is None or install.clock.time() - at > _LONG):
            yield _long_ago(name, at)


def _ask(install: Install, projects: list[str]) -> dict[str, str]:
    """Why the counters of each project cannot be read; nothing of those that can.

    Without `ask_google` only whether there is an account to read them with.
    """
    failing = {}
    try:
        cloud = connect(install.settings, clock=install.clock)
    except CloudError as error:
        return {"": str(error)}
    for name in projects if install.ask_google else ():
        try:
            cloud.usage(name, cloud.settled_until() - timedelta(hours=1))
        except CloudError as error:
            failing[name] = str(error)
    return failing


def _long_ago(project: str, at: float | None) -> Finding:
    when = "never" if at is None else f"last on {utc(at).astimezone(PACIFIC):%Y-%m-%d}"
    return Finding(
        "reconcile",
        "note",
        f"project {project}",
        f"The counts of project {project} were {when} held against Google's counters.",
        "Run `ytquota reconcile`; `ytquota watch` does it every quarter of an hour.",
    )
