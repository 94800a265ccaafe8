"""The rotation list: in whose name its sets speak, in whose projects they count, what they add."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ytquota.monitor.revealed import is_provisional
from ytquota.operations.doctor.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

    from ytquota.operations.doctor.finding import Severity
    from ytquota.operations.doctor.install import Install


@dataclass(frozen=True)
class _Entry:
    """A set of the list: its project, if it is known, and whom it speaks for; an API key for nobody."""

    number: int
    project: str | None
    is_key: bool = False
    channel: str | None = None
    speaker: str = ""


def check(install: Install) -> Iterator[Finding]:
    """Look at the sets that may stand in for one another."""
    entries = _entries(install)
    groups = _grouped([one for one in entries if one.channel], lambda one: one.channel)
    if len(groups) > 1:
        yield _other_voices(install, entries, groups)
    for told, group in _owners(entries, groups):
        projects = _grouped([one for one in group if one.project], lambda one: one.project)
        if len(projects) > 1:
            yield _sharded(install, told, projects)
    for group in _grouped([one for one in entries if one.project], lambda one: one.project):
        if len(group) > 1:
            yield _adds_nothing(group)
    unknown = [one for one in entries if not one.is_key and not one.channel]
    if unknown and len(entries) > 1:
        yield _unknown_voices(unknown)


def _entries(install: Install) -> list[_Entry]:
    """The sets of the list that can be read, in its order."""
    tokens = {token.number: token for token in install.readable_tokens}
    projects = {number: project for project, numbers in install.sets_of.items() for number in numbers}
    found = []
    for number in install.settings.rotation:
        known = projects.get(number, "")
        project = None if not known or is_provisional(known) else known
        if install.settings.sets[number].kind == "api_key":
            found.append(_Entry(number, project, is_key=True))
        elif token := tokens.get(number):
            speaker = f"channel {token.channel_title or token.channel_id}"
            found.append(_Entry(number, project, channel=token.channel_id, speaker=speaker))
    return found


def _owners(entries: Sequence[_Entry], groups: Sequence[list[_Entry]]) -> Iterator[tuple[str, list[_Entry]]]:
    """The sets that one owner seems to have, and how that shows: one channel, or keys, which tell of none."""
    keys = [one for one in entries if one.is_key]
    if len(groups) > 1:
        yield from ((f"speak for {group[0].speaker}", group) for group in groups)
        yield "are API keys", keys
    elif groups:
        told = f"speak for {groups[0][0].speaker}" + (" or only read" if keys else "")
        yield told, [one for one in entries if one.is_key or one.channel]
    else:
        yield "only read", keys


def _other_voices(install: Install, entries: Sequence[_Entry], groups: Sequence[list[_Entry]]) -> Finding:
    first, last = groups[0][0], groups[-1][0]
    told = ", ".join(f"{group[0].speaker} with {_sets(group)}" for group in groups)
    keep = [one for one in entries if one.project == first.project and one.channel in {None, first.channel}]
    is_one_project = first.project is not None and first.project == last.project
    login = f"; or run `ytquota login {last.number}` and consent as {first.speaker}" if is_one_project else ""
    return _finding(
        "warning",
        f"It lists sets of different channels, so a bot that moves speaks as somebody else: {told}.",
        f"Keep the sets of one channel and one project, as in {_line(keep)}, in {install.env_file}{login}.",
    )


def _sharded(install: Install, told: str, projects: Sequence[list[_Entry]]) -> Finding:
    counted = " and ".join(f"{_sets(group)} in project {group[0].project}" for group in projects)
    return _finding(
        "warning",
        f"It lists sets that {told} and count in different projects: {counted}. Moving between them for want "
        "of quota is what Google's developer policies call spreading one client over projects, a breach.",
        f"Keep the sets of one project, as in {_line(projects[0])}, in {install.env_file}, and ask for more "
        "with `ytquota request`. A spare for a dead login may be of the same project as well.",
    )


def _adds_nothing(group: Sequence[_Entry]) -> Finding:
    return _finding(
        "note",
        f"{_sets(group).capitalize()} are of one project, {group[0].project}, and share its quota: one can "
        "stand in for another whose login died, and adds no quota.",
        "Nothing, if that is what they are for. More quota is asked for with `ytquota request`.",
    )


def _unknown_voices(unknown: Sequence[_Entry]) -> Finding:
    logins = " and ".join(f"`ytquota login {one.number}`" for one in unknown)
    return _finding(
        "note",
        f"The channel of {_sets(unknown)} is not known, so nobody can say under whose name a bot that moves "
        "will appear.",
        f"Run {logins}: a login learns the channel.",
    )


def _finding(severity: Severity, what: str, remedy: str) -> Finding:
    return Finding("rotation", severity, "YTQUOTA_ROTATION", what, remedy)


def _grouped(entries: Iterable[_Entry], of: Callable[[_Entry], Hashable]) -> list[list[_Entry]]:
    groups: dict[Hashable, list[_Entry]] = {}
    for one in entries:
        groups.setdefault(of(one), []).append(one)
    return list(groups.values())


def _line(entries: Iterable[_Entry]) -> str:
    return f"YTQUOTA_ROTATION={','.join(str(one.number) for one in entries)}"


def _sets(entries: Sequence[_Entry]) -> str:
    numbers = " and ".join(str(one.number) for one in entries)
    return f"set{'s' if len(entries) > 1 else ''} {numbers}"
