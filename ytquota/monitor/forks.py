"""What is done when the process forks, for objects that a copy of them would make wrong.

A lock that another thread holds stays locked in the child for ever, a file's lock belongs to both, and what
waits in memory would be written by both.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Callable

    _Steps = WeakKeyDictionary[Any, Callable[[Any], None]]

Owner = TypeVar("Owner")

_before: _Steps = WeakKeyDictionary()
_in_child: _Steps = WeakKeyDictionary()


def before_fork(owner: Owner, step: Callable[[Owner], None]) -> None:
    """Do a step with an object before every fork, for as long as it lives."""
    _before[owner] = step


def in_child(owner: Owner, step: Callable[[Owner], None]) -> None:
    """Do a step with an object in every child that is forked, for as long as it lives."""
    _in_child[owner] = step


def _run(steps: _Steps) -> None:
    for owner, step in list(steps.items()):
        step(owner)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=lambda: _run(_before), after_in_child=lambda: _run(_in_child))
