"""``ytquota doctor``: what is wrong with this installation, and how to mend it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from ytquota.cli.output import FAILURE, OK, console, print_json
from ytquota.operations.doctor import SEVERITIES, Finding, check_up, fix

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_STYLES = {"error": "red", "warning": "yellow", "note": "dim"}
_INDENT = (0, 0, 0, 9)


def doctor(
    *,
    mend: Annotated[
        bool, typer.Option("--fix", help="Do what is safe: modes, torn and garbled ledger lines.")
    ] = False,
    ask_google: Annotated[
        bool, typer.Option("--ask-google", help="Also renew each token and compare clocks; costs no quota.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Look for what is wrong here, and say how to mend it.

    Nothing is changed without --fix, nothing is ever deleted, and no check
    costs quota. Ends with 1 while errors or warnings remain; notes are fine.

    Examples:
        ytquota doctor --fix
        ytquota doctor --ask-google
        ytquota doctor --json | jq '.findings[] | select(.fixable)'
    """
    found, fixed = check_up(ask_google=ask_google), []
    if mend and any(finding.fixable for finding in found):
        fixed = fix(found)
        found = check_up(ask_google=ask_google)
    if as_json:
        print_json({
            "healthy": _is_healthy(found),
            "findings": [finding.to_json() for finding in found],
            "fixed": [finding.to_json() for finding in fixed],
        })  # fmt: skip
    else:
        console().print(Group(*_page(found, fixed)))
    raise typer.Exit(OK if _is_healthy(found) else FAILURE)


def _is_healthy(found: Iterable[Finding]) -> bool:
    return all(finding.severity == "note" for finding in found)


def _page(found: list[Finding], fixed: list[Finding]) -> Iterator[RenderableType]:
    for finding in fixed:
        if finding.done:
            yield Text.assemble(("mended   ", "green"), finding.done)
        else:
            yield Text.assemble(("failed   ", "red"), finding.what)
    for finding in found:
        yield Text.assemble((f"{finding.severity:<9}", _STYLES[finding.severity]), (finding.subject, "bold"))
        yield Padding(Text(finding.what), _INDENT)
        yield Padding(Text(finding.remedy, style="cyan"), _INDENT)
    yield Text(_summary(found))


def _summary(found: list[Finding]) -> str:
    if not found:
        return "Healthy: nothing was found."
    numbers = Counter(finding.severity for finding in found)
    counted = [f"{numbers[name]} {name}{'s' * (numbers[name] > 1)}" for name in SEVERITIES if numbers[name]]
    fixable = sum(finding.fixable for finding in found)
    told = f"{', '.join(counted)}."
    if _is_healthy(found):
        return f"Healthy: {told}"
    return told + (f" `ytquota doctor --fix` mends {fixable} of them." if fixable else "")
