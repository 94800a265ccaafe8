"""What a look-up returns: the items in the order of the ids asked, and the ids that are not there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast, overload

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Found(Sequence[dict[str, Any]]):
    """A list of items, in the order of the ids asked; an id asked twice stands once.

    Attributes:
        items: the resources as YouTube answered; each asker has its own copies.
        missing: ids that YouTube did not answer for: deleted, private, or never there.
        unasked: ids without an answer, in the `partial` of an error only.
    """

    items: list[dict[str, Any]] = field(default_factory=list)
    missing: tuple[str, ...] = ()
    unasked: tuple[str, ...] = ()

    @property
    def by_id(self) -> dict[str, dict[str, Any]]:
        """The items by their ids."""
        return {item["id"]: item for item in self.items}

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, index: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        return self.items[index]

    def __len__(self) -> int:
        return len(self.items)


def found_of(ids: Sequence[str], answers: Mapping[str, bytes]) -> Found:
    """Put together what one asker gets, from the answers so far."""
    return Found(
        [orjson.loads(answers[id_]) for id_ in ids if answers.get(id_)],
        tuple(id_ for id_ in ids if answers.get(id_) == b""),
        tuple(id_ for id_ in ids if id_ not in answers),
    )


def with_partial(error: Exception, found: Found) -> Exception:
    """Return an asker's own copy of an error that others got too, with what was found before it as `partial`.

    The same object raised in several threads would mix their tracebacks.
    """
    # not by copy.copy: where tblib is in use (Dask, Celery) its copies share one __dict__
    make, arguments, *_ = cast("tuple[Any, ...]", error.__reduce__())
    try:
        own: Exception = make(*arguments)
    except Exception:  # noqa: BLE001 - __init__ may want other arguments
        own = type(error).__new__(type(error), *error.args)
    vars(own).update(vars(error))
    own.partial = found  # type: ignore[attr-defined]
    own.__cause__ = error.__cause__
    return own.with_traceback(error.__traceback__)
