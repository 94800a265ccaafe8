"""Tags: which part of a program a call belongs to."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_TAG: ContextVar[str] = ContextVar("ytquota_tag", default="")


@contextmanager
def tag(name: str) -> Iterator[None]:
    """Tag every call made inside.

    `with tag("nightly"): ...`. Holds for this thread and the tasks it starts.
    """
    token = _TAG.set(name)
    try:
        yield
    finally:
        _TAG.reset(token)


def current_tag() -> str:
    """The innermost tag, or the name of the running script."""
    return _TAG.get() or _script_name()


def tag_in_force() -> str:
    """The innermost tag, or "" outside of any."""
    return _TAG.get()


@cache
def _script_name() -> str:
    main = sys.modules.get("__main__")
    spec = getattr(main, "__spec__", None)
    if spec is not None and spec.name:
        return str(spec.name.removesuffix(".__main__"))
    path = getattr(main, "__file__", None)
    return Path(path).stem if path else "interactive"
