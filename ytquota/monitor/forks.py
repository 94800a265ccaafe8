"""What is done when the process forks, for objects that a copy of them would make wrong.

A lock that another thread holds stays locked in the child for ever, a file's lock belongs to both, and what
waits in memory would be written by both.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from weakref import WeakMethod

if TYPE_CHECKING:
    from collections.abc import Callable

    _Steps = set[WeakMethod[Callable[[], None]]]

_before: _Steps = set()
_in_child: _Steps = set()


def before_fork(step: Callable[[], None]) -> None:
    """Call a method before every fork, for as long as its object lives."""
    _before.add(WeakMethod(step, _before.discard))


def in_child(step: Callable[[], None]) -> None:
    """Call a method in every child that is forked, for as long as its object lives."""
    _in_child.add(WeakMethod(step, _in_child.discard))


def _run(steps: _Steps) -> None:
    for reference in list(steps):
        step = reference()
        if step is not None:
            step()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=lambda: _run(_before), after_in_child=lambda: _run(_in_child))
