"""Pools: limits on which nobody agrees."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ytquota.clock import utc
from ytquota.errors import LedgerUnavailable
from ytquota.monitor.places import days_in, journal_path
from ytquota.monitor.tail import read_state
from ytquota.operations.doctor.finding import Finding
from ytquota.operations.doctor.neighbours import other_ledgers, other_settings
from ytquota.prices import BUCKETS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ytquota.operations.doctor.install import Install

_LATELY = timedelta(hours=1)


def check(install: Install) -> Iterator[Finding]:
    """Look at limits."""
    elsewhere = other_ledgers(install)
    for project in sorted(install.projects):
        yield from _server_says_less(install, project)
        yield from _ledgers_disagree(install, project, elsewhere)
        yield from _two_operators(install, project)
    yield from _settings_disagree(install)


def _server_says_less(install: Install, project: str) -> Iterator[Finding]:
    for bucket, said in _said(install.calls, project).items():
        ours, server = install.settings.limit_for(bucket, project), said.get("server")
        if ours is not None and server is not None and server < ours:
            sets = install.sets_in_words(project)
            yield Finding(
                "limits",
                "warning",
                f"{project}/{bucket}",
                f"{_variable(install, bucket, project)} says {ours:,} a day, Google says {server:,}"
                f"{f' (for {sets}, which share the pool)' if sets else ''}; the smaller one is in force.",
                f"Write {_name(bucket, project)}={server} into {install.env_file}, or remove the line.",
            )


def _ledgers_disagree(install: Install, project: str, elsewhere: list[Path]) -> Iterator[Finding]:
    here = _said(install.calls, project)
    for memory in elsewhere:
        for bucket, said in _said(memory / "calls", project).items():
            ours, theirs = here.get(bucket, {}).get("server"), said.get("server")
            if ours is not None and theirs is not None and ours != theirs:
                yield Finding(
                    "limits",
                    "warning",
                    f"{project}/{bucket}",
                    f"Google told this ledger a limit of {ours:,} a day, and the one in {memory} {theirs:,}.",
                    f"Write the limit that the console shows as {_name(bucket, project)} into "
                    f"{install.env_file}, and use one ledger: "
                    f"YTQUOTA_MEMORY_DIR={install.settings.memory_dir}.",
                )


def _two_operators(install: Install, project: str) -> Iterator[Finding]:
    """Whether two programs with different settings take turns in writing the operator's limit."""
    path = journal_path(install.calls, install.today, project)
    if not path.exists():
        return
    since = (utc(install.clock.time()) - _LATELY).strftime("%Y-%m-%dT%H:%M:%S")
    for bucket, turns in install.scan(path).limits.items():
        lately = [value for at, value in turns if at >= since]
        values = list(dict.fromkeys(lately))
        if len(values) > 1 and lately != values:
            told = " and ".join("none" if value is None else f"{value:,}" for value in values)
            yield Finding(
                "limits",
                "warning",
                f"{project}/{bucket}",
                f"Two programs on this ledger have different settings: in turns they say a limit of {told}.",
                f"Write the same {_name(bucket, project)} into the .env of each, and restart them.",
            )


def _settings_disagree(install: Install) -> Iterator[Finding]:
    """Whether another `.env` nearby gives a set of the same project another limit."""
    for other in other_settings(install):
        for project in sorted(install.sets_of.keys() & other.sets_of.keys()):
            for bucket in BUCKETS:
                ours = install.settings.limit_for(bucket, project)
                theirs = other.settings.limit_for(bucket, project)
                if ours != theirs:
                    name = _name(bucket, project)
                    yield Finding(
                        "limits",
                        "warning",
                        f"{project}/{bucket}",
                        f"Its limit is {_told(ours)} by {install.env_file} "
                        f"({install.sets_in_words(project)}), and {_told(theirs)} by {other.env_file} "
                        f"({other.sets_in_words(project)}): one project has one limit.",
                        f"Write the same {name}=<limit> into both files, or remove it from both.",
                    )


def _told(limit: int | None) -> str:
    return "Google's" if limit is None else f"{limit:,}"


def _name(bucket: str, project: str) -> str:
    return f"YTQUOTA_LIMIT_{bucket.upper()}_{project}"


def _variable(install: Install, bucket: str, project: str) -> str:
    is_own = (bucket, project) in install.settings.limits
    return _name(bucket, project) if is_own else f"YTQUOTA_LIMIT_{bucket.upper()}"


def _said(calls: Path, project: str) -> dict[str, dict[str, int]]:
    """What was said of a project's limits on the newest day that knows it."""
    for day in reversed(days_in(calls)[-60:]):
        try:
            state: dict[str, Any] | None = read_state(journal_path(calls, day, project))[0]
        except LedgerUnavailable:
            continue  # a finding of its own
        if state is not None:
            return dict(state.get("lim", {}))
    return {}
