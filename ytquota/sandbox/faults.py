"""Misbehaviour on order: errors, dropped connections, slowness, for the next so many calls of a method."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Kind(Enum):
    """What happens to a call."""

    ERROR = auto()
    DROP_UNHANDLED = auto()  # received, not handled, connection reset
    DROP_HANDLED = auto()  # handled, connection reset instead of the answer
    SLOW = auto()


@dataclass
class Fault:
    """One order.

    Args:
        kind: what happens.
        method: to calls of this method; None: of any method of the API. Beside methods there are
            `upload.chunk` (a PUT to an upload session), `batch` (a whole one), `token` (the token address),
            and the Google APIs `monitoring` and `cloudquotas`.
        times: how many calls it hits.
        status: of an error.
        body: of an error.
        charged: whether an error costs the call's price.
        seconds: of slowness.
        reason: of an error, for the access log.
    """

    kind: Kind
    method: str | None
    times: int
    status: int = 0
    body: bytes = b""
    charged: bool = True
    seconds: float = 0.0
    reason: str = ""


OUTSIDE_THE_API = frozenset({"batch", "cloudquotas", "monitoring", "token", "upload.chunk"})


class Faults:
    """The orders still open, oldest first."""

    def __init__(self) -> None:
        self._orders: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Order misbehaviour."""
        if fault.times > 0:
            self._orders.append(fault)

    def clear(self) -> None:
        """Cancel all orders."""
        self._orders.clear()

    def take(self, method: str, kinds: Iterable[Kind], *, charged: bool | None = None) -> Fault | None:
        """The first open order of these kinds for `method`, used up by one; None: behave."""
        if not self._orders:
            return None
        for fault in self._orders:
            if fault.kind in kinds and _meant_for(fault, method) and charged in (None, fault.charged):
                fault.times -= 1
                if not fault.times:
                    self._orders.remove(fault)
                return fault
        return None


def _meant_for(fault: Fault, method: str) -> bool:
    if fault.method is None:
        return method not in OUTSIDE_THE_API
    return fault.method == method
