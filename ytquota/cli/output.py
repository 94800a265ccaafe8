"""How the commands speak: numbers, spans, instants, tables, JSON, questions, errors."""

from __future__ import annotations

import errno
import os
import re
import sys
from contextvars import ContextVar
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, NoReturn, TextIO, cast

import orjson
import typer
from rich.console import Console
from rich.text import Text

OK, FAILURE, BAD_USAGE, INTERRUPTED = 0, 1, 2, 130


wants_json: ContextVar[bool] = ContextVar("wants_json", default=False)
"""Whether the command that runs was given --json."""

_ENDLESS = 10_000
_TRAILING = re.compile(r"[ \t]+(?=\n)")


def console(*, stderr: bool = False) -> Console:
    """Return a console on the present stdout (or stderr), as wide as the terminal.

    Where stdout is read by a program nothing is cut or wrapped, unless COLUMNS says how wide a line may be.
    """
    plain = partial(Console, highlight=False, emoji=False, markup=False)
    if stderr or sys.stdout.isatty():
        return plain(stderr=stderr)
    width = None if os.environ.get("COLUMNS", "").isdecimal() else _ENDLESS
    return plain(file=cast("TextIO", _Trimming(sys.stdout)), width=width)


def at_most(width: int) -> int | None:
    """Return the greatest width of a column: None where lines may be of any length."""
    return width if console().width < _ENDLESS else None


class _Trimming:
    """A stream that drops the blanks with which rich fills lines up."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        return self._stream.write(_TRAILING.sub("", text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def fail(error: BaseException | str, *, code: int = FAILURE) -> NoReturn:
    """Say in one red sentence on stderr what went wrong, with --json also as a document, and end the command.

    Raises:
        typer.Exit: with the code.
    """
    sentence = _sentence(error)
    console(stderr=True).print(Text(sentence, style="red"), soft_wrap=True)
    document_of(sentence)
    raise typer.Exit(code)


def document_of(error: str) -> None:
    """Print the document of an error, where the command was given --json."""
    if wants_json.get():
        print_json({"error": error})


def _sentence(error: BaseException | str) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}{_remedy(error)}"
    return str(error) or type(error).__name__


def _remedy(error: OSError) -> str:
    """What to do about a file that cannot be written."""
    if error.errno not in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return ""
    folder = Path(str(error.filename)).parent
    return (
        f". Make the folder {folder} writable for this user; ytquota's own files may also lie in another one "
        "(YTQUOTA_MEMORY_DIR)."
    )


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
        print_json({"error": "Nothing was changed."}) if wants_json.get() else typer.echo(
            "Nothing was changed."
        )
        raise typer.Exit(FAILURE)
