"""Which projects and credential sets are known here, and the one sentence for a name that is not.

A slip of the pen must not read as "nothing used": every command that takes such a name asks here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import typer

from ytquota.auth.sets import load_sets

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ytquota.cli.desk import Desk

_OWN = "own"
"""What the log calls credentials that are in no set."""


def projects(desk: Desk) -> list[str]:
    """The projects of the credential sets, and those that the ledger counted lately."""
    if desk.is_bare:
        return []
    named = {one.project for one in load_sets(desk.settings, desk.monitor) if one.project}
    return sorted(named | desk.monitor.ledger.usage().keys())


def check_project(desk: Desk, project: str | None, *, option: str = "--project") -> None:
    """Make sure that a project is of a credential set, or that the ledger or the log counted it; None passes.

    Raises:
        typer.BadParameter: it is not known; lists those that are.
    """
    if project is None:
        return
    known = projects(desk)
    if project in known or (not desk.is_bare and any_of(desk.monitor.log(project=project))):
        return
    unknown("project", project, known, option)


def check_set(
    desk: Desk, number: int | str | None, rows: Iterable[dict[str, Any]] = (), *, option: str
) -> None:
    """Make sure that a credential set is named in `.env`, or that a row of the log is of it; None passes.

    Args:
        desk: whose settings.
        number: of the set, or ``own``.
        rows: of the log, read only where the settings do not know the set.
        option: that it was typed for.

    Raises:
        typer.BadParameter: it is not known; lists those that are.
    """
    known = [str(one) for one in desk.settings.sets]
    if (
        number is None
        or str(number) in {*known, _OWN}
        or any_of(row for row in rows if row.get("set") == number)
    ):
        return
    unknown("credential set", str(number), known, option)


def unknown(what: str, word: str, known: Iterable[str], option: str) -> NoReturn:
    """Refuse a name.

    Raises:
        typer.BadParameter: always.
    """
    listed = ", ".join(known) or "none yet"
    raise typer.BadParameter(f"no {what} {word} is known here (known: {listed})", param_hint=option)


def any_of(rows: Iterable[dict[str, Any]]) -> bool:
    """Whether there is a row."""
    return next(iter(rows), None) is not None
