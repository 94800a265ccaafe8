"""The ``.env`` file as text: its variables, and the lines in it that say nothing."""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING, NamedTuple

from ytquota.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

_log = logging.getLogger("ytquota")
_warned: set[str] = set()


class EnvFile(NamedTuple):
    """What a ``.env`` says.

    Attributes:
        values: texts by name.
        ignored: a sentence for each line that has no effect, with file and number, never with what it says: a
            line without a name may be a secret.
    """

    values: dict[str, str]
    ignored: tuple[str, ...]


def read_env_file(path: Path) -> EnvFile:
    """Read a ``.env``.

    Raises:
        SettingsError: it cannot be read, or is not UTF-8; names the file and the line.
    """
    from dotenv import dotenv_values  # noqa: PLC0415 - 5 ms, and not every machine has a .env
    from dotenv.parser import parse_stream  # noqa: PLC0415

    bindings = list(parse_stream(io.StringIO(_text(path), newline="")))
    told = [one.original.string for one in bindings if not one.error and one.value is not None]
    odd = [one.original for one in bindings if one.error or (one.key is not None and one.value is None)]
    # an original begins with the empty lines before it
    lines = [one.line + one.string[: -len(one.string.lstrip())].count("\n") for one in odd]
    values = dotenv_values(stream=io.StringIO("".join(told)))
    return EnvFile(
        {name: value or "" for name, value in values.items()},
        tuple(f"{path}, line {line}: not written as NAME=value; the line is ignored" for line in lines),
    )


def warn_once(ignored: tuple[str, ...]) -> None:
    """Log each sentence about an ignored line once in a process."""
    for sentence in ignored:
        if sentence not in _warned:
            _warned.add(sentence)
            _log.warning("%s", sentence)


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"The settings file {path} cannot be read: {error.strerror}.") from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:  # its text would quote the file
        line = error.object[: error.start].count(b"\n") + 1
        raise SettingsError(
            f"{path}, line {line}: not written in UTF-8, so nothing of the file can be read. Save it as "
            "UTF-8 (most editors offer that as the encoding in Save As)."
        ) from None
