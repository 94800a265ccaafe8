"""The facts of a call: the little that advice needs to know of its parameters, and never an id or a title.

Their names and shapes: `ids` and `maxResults`, whole numbers; `page`, whether a page token was given; `parts`
and `filters`, lists of names; `hash`, of all parameters, in hexadecimal digits. Others are only kept.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

logger = logging.getLogger("ytquota")

MOST = 2**15 - 1
"""What a number among the facts counts up to; the API itself takes 50 ids or results at once."""


def fitting(facts: Mapping[str, object]) -> dict[str, object]:
    """The facts without those that no reader of the log could use; a warning names them."""
    kept = {name: value for name, value in facts.items() if name not in _SHAPES or _SHAPES[name][0](value)}
    for name in facts.keys() - kept.keys():
        logger.warning("The fact %r of a call was left out of the log: it is %s.", name, _SHAPES[name][1])
    return kept


def whole(value: object) -> int | None:
    """A number among the facts, as a line has it, within what its columns hold; None for anything else."""
    return max(-MOST, min(int(value), MOST)) if isinstance(value, int) else None


def joined(names: object) -> str | None:
    """A list of names among the facts, as a line has it, joined by commas; None for anything else."""
    return ",".join(map(str, names)) if isinstance(names, list) else None


def _is_number(value: object) -> bool:
    return type(value) is int and 0 <= value <= MOST


def _is_list(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(word, str) for word in value)


def _is_hash(value: object) -> bool:
    return isinstance(value, str) and all(digit in "0123456789abcdef" for digit in value)


_NUMBER, _LIST = (_is_number, f"a whole number up to {MOST:,}"), (_is_list, "a list of names")
_SHAPES: dict[str, tuple[Callable[[object], bool], str]] = {
    "ids": _NUMBER,
    "maxResults": _NUMBER,
    "page": (lambda value: isinstance(value, bool), "true or false"),
    "parts": _LIST,
    "filters": _LIST,
    "hash": (_is_hash, "hexadecimal digits"),
}
