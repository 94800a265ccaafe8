"""How the commands speak: numbers, spans, instants, tables, JSON, questions, errors."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Any, NoReturn

import orjson
import typer
from rich.console import Console
from rich.text import Text

OK, FAILURE, BAD_USAGE, INTERRUPTED = 0, 1, 2, 130


def console(*, stderr: bool = False) -> Console:
    """Return a console on the present stdout (or stderr), as wide as the terminal or 80 columns."""
    return Console(stderr=stderr, highlight=False, emoji=False, markup=False)


def fail(error: BaseException | str, *, code: int = FAILURE) -> NoReturn:
    """Say in one red sentence on stderr what went wrong, and end the command.

    Raises:
        typer.Exit: with the code.
    """
    console(stderr=True).print(Text(_sentence(error), style="red"), soft_wrap=True)
    raise typer.Exit(code)


def _sentence(error: BaseException | str) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error) or type(error).__name__


def hint(text: str) -> None:
    """Say something on stderr that is not part of a command's result."""
    console(stderr=True).print(Text(text, style="dim"), soft_wrap=True)


def print_json(value: Any) -> None:
    """Print one JSON document on stdout, indented."""
    print_bytes(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS, default=str))


def print_bytes(line: bytes) -> None:
    """Print one line on stdout as it is, without a terminal's width in mind."""
    typer.echo(line.decode())


def count(number: int) -> str:
    """Return a number with its thousands marked."""
    return f"{number:,}"


def plural(number: int, word: str) -> str:
    """Return a number and what it counts: ``1 line``, ``2,000 lines``."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def from_iso(text: str) -> datetime:
    """Return an aware datetime from the ISO text that the ledger writes."""
    return datetime.fromisoformat(text)


def confirm(question: str) -> None:
    """Ask before something is changed.

    Raises:
        typer.Exit: the answer was no (1), there is nobody to ask (2), or Ctrl-C (130).
    """
    try:
        agreed = typer.confirm(question, err=True)
    except typer.Abort:
        if sys.stdin.isatty():
            raise typer.Exit(INTERRUPTED) from None
        fail("This changes something and nobody is there to be asked; add --yes to go ahead.", code=BAD_USAGE)
    if not agreed:
        typer.echo("Nothing was changed.")
        raise typer.Exit(FAILURE)
