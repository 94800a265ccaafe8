"""``ytquota sets``: the credential sets, grouped by the project whose pools they share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from ytquota.auth import lifetime
from ytquota.auth.sets import CredentialSet, load_sets
from ytquota.cli.desk import Desk
from ytquota.cli.output import console, from_iso, hint, print_json
from ytquota.clock import moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_STYLES = {
    "ready": "green",
    "exhausted": "red",
    "half-open": "yellow",
    "quarantined": "red",
    "disabled": "yellow",
    "missing": "yellow",
    "unusable": "red",
}
_INDENT = (0, 0, 0, 9)


def sets(
    *, as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False
) -> None:
    """Show the credential sets and their states.

    Grouped by the project whose pools they share, with channels and what may stand in for what.

    Examples:
        ytquota sets
        ytquota sets --json | jq '.sets[] | select(.state != "ready")'
    """
    with Desk.open() as desk:
        monitor = None if desk.is_bare else desk.monitor
        found = [facts_of(credential_set) for credential_set in load_sets(desk.settings, monitor)]
    if as_json:
        print_json({"sets": found, "rotation": list(desk.settings.rotation)})
    elif found:
        console().print(Group(*_page(found, desk.settings.rotation)))
    else:
        hint("No credential set is named here. To name those that lie in this folder: ytquota init")


def facts_of(credential_set: CredentialSet) -> dict[str, Any]:
    """Return a credential set as ``--json`` prints it."""
    return credential_set.to_json()


def brief(facts: Mapping[str, Any]) -> Iterator[RenderableType]:
    """Return a set as ``status`` shows it: a line, and more where something is to be said."""
    yield Text.assemble(
        f"  set {facts['number']:<3}",
        (f"{facts['state']:<12}", _STYLES[facts["state"]]),
        _speaker(facts),
        (", preferred" if facts["preferred"] else ""),
    )
    if facts["why"]:
        yield Padding(Text(facts["why"], style="dim"), _INDENT)
    yield from _login_end(facts, near=True)


def _page(found: list[dict[str, Any]], rotation: tuple[int, ...]) -> Iterator[RenderableType]:
    for project in dict.fromkeys(facts["project"] for facts in found):
        yield Text(f"Project {project}" if project else "Project unknown", style="bold")
        for facts in found:
            if facts["project"] == project:
                yield from _in_full(facts)
    order = ", ".join(map(str, rotation))
    yield Text(
        f"May stand in for one another (YTQUOTA_ROTATION), in order: {order}" if rotation else _NO_ROTATION
    )


_NO_ROTATION = "No set may stand in for another one (YTQUOTA_ROTATION is not set)."


def _in_full(facts: Mapping[str, Any]) -> Iterator[RenderableType]:
    yield from brief(facts)
    if facts["channel_title"]:
        yield Padding(Text(f"Channel id {facts['channel_id']}.", style="dim"), _INDENT)
    if facts["granted_at"]:
        yield Padding(Text(f"Consent given {moment(from_iso(facts['granted_at']))}.", style="dim"), _INDENT)
    yield from _login_end(facts, near=False)
    if facts["same_project_as"]:
        others = " and ".join(map(str, facts["same_project_as"]))
        told = f"Shares its pools with set {others}: together they have no more quota than one."
        yield Padding(Text(told, style="dim"), _INDENT)
    if facts["same_channel_as"]:
        others = " and ".join(map(str, facts["same_channel_as"]))
        yield Padding(Text(f"Speaks for the same channel as set {others}.", style="dim"), _INDENT)


def _login_end(facts: Mapping[str, Any], *, near: bool) -> Iterator[RenderableType]:
    """When the login ends, if that is known, and is near or is not."""
    if facts["login_ends_at"] is None:
        return
    end, now = from_iso(facts["login_ends_at"]), datetime.now(UTC)
    if lifetime.is_near(end, now) == near:
        style = "yellow" if near else "dim"
        yield Padding(Text(f"Login {lifetime.in_words(end, now)}.", style=style), _INDENT)


def _speaker(facts: Mapping[str, Any]) -> str:
    if facts["is_read_only"]:
        return "API key, only reads"
    if facts["channel_id"] is None:
        return "channel not known yet"
    return str(facts["channel_title"] or f"channel {facts['channel_id']}")
