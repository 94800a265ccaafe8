"""How the commands speak: numbers, spans, instants, tables, JSON, questions, errors."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Any, NoReturn

import orjson
import typer
from rich.console import Console
from rich.text import Text

from ytquota.clock import PACIFIC

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


def span(seconds: float) -> str:
    """Return a duration in its two largest units: ``5 h 12 m``, ``3 d 4 h``, ``42 s``."""
    left = max(0, round(seconds))
    if left < 60:  # noqa: PLR2004 - a minute
        return f"{left} s"
    minutes, hours, days = left // 60 % 60, left // 3600 % 24, left // 86400
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} m" if hours else f"{minutes} m"


def moment(at: datetime, *, now: datetime | None = None) -> str:
    """Return an instant in Pacific and local time, ``00:00 PST (09:00 CET)``; dated unless it is today's."""
    pacific, local = at.astimezone(PACIFIC), at.astimezone()
    if pacific.utcoffset() == local.utcoffset():
        return _in_zone(pacific, now)
    local_text = f"{local:%H:%M %Z}" if local.date() == pacific.date() else _in_zone(local, now)
    return f"{_in_zone(pacific, now)} ({local_text})"


def _in_zone(at: datetime, now: datetime | None) -> str:
    today = (now or datetime.now(at.tzinfo)).astimezone(at.tzinfo).date()
    return f"{at:%H:%M %Z}" if at.date() == today else f"{at:%a %d %b %H:%M %Z}"


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
