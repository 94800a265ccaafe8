"""``ytquota doctor``: what is wrong with this installation, and how to mend it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer
from rich.padding import Padding
from rich.text import Text

from ytquota.cli.output import FAILURE, OK, console, plural, print_json
from ytquota.operations.doctor import SEVERITIES, Finding, check_up, fix

if TYPE_CHECKING:
    from collections.abc import Iterable

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
        _show(found, fixed)
    raise typer.Exit(OK if _is_healthy(found) else FAILURE)


def _is_healthy(found: Iterable[Finding]) -> bool:
    return all(finding.severity == "note" for finding in found)


def _show(found: list[Finding], fixed: list[Finding]) -> None:
    out = console()
    for finding in fixed:
        done = ("mended", "green", finding.done) if finding.done else ("failed", "red", finding.what)
        out.print(Text.assemble((f"{done[0]:<9}", done[1]), done[2]), soft_wrap=True)
    for finding in found:
        headline = (f"{finding.severity:<9}", _STYLES[finding.severity]), (finding.subject, "bold")
        out.print(Text.assemble(*headline), soft_wrap=True)
        out.print(Padding(Text(finding.what), _INDENT))
        # not wrapped by us: a command must be one line when it is copied
        out.print(Text(" " * _INDENT[-1] + finding.remedy, style="cyan"), soft_wrap=True)
    out.print(_summary(found))


def _summary(found: list[Finding]) -> str:
    if not found:
        return "Healthy: nothing was found."
    numbers = Counter(finding.severity for finding in found)
    counted = [plural(numbers[name], name) for name in SEVERITIES if numbers[name]]
    fixable = sum(finding.fixable for finding in found)
    told = f"{', '.join(counted)}."
    if _is_healthy(found):
        return f"Healthy: {told}"
    return told + (f" `ytquota doctor --fix` mends {fixable} of them." if fixable else "")
