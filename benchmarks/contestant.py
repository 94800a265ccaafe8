"""What a contestant is: a name, and a function that opens its store in one process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

Pair = Callable[[int], bool]
"""Ask for so many units and, where they are granted, say how the call ended; False if there were too few."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one heat is run: an empty folder, an empty Redis (its socket, or ""), and units to spend."""

    folder: Path
    redis: str
    budget: int


class Opened(NamedTuple):
    """A store as one process has it open."""

    pair: Pair
    close: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Contestant:
    """One row of the table.

    Attributes:
        name: for the command line.
        label: for the table.
        what: one sentence on what a pair is here.
        fault: why it cannot admit exactly the budget, when that is known; "" where it should.
        decides: False where nothing is ever refused, so that exactness has no meaning.
        needs_redis: whether it needs the server.
        prepare: run once before a heat, in the parent.
        open: run in every process of a heat.
    """

    name: str
    label: str
    what: str
    open: Callable[[Place], Opened]
    prepare: Callable[[Place], None] = lambda _place: None
    fault: str = ""
    decides: bool = True
    needs_redis: bool = False
