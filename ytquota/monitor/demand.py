"""What a caller asks for, and what admission answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from ytquota.errors import Verdict
    from ytquota.monitor.ledger import Balance
    from ytquota.prices import Price

Priority = Literal["critical", "high", "normal", "low"]


@dataclass(frozen=True, slots=True)
class Demand:
    """One request that wants to go out.

    `method` is a canonical name (`videos.list`); without a `priority` it gets its method's; `retry` counts
    the further tries of one execute(), from 0; `facts` are what advice needs (ids, maxResults, page, parts,
    hash), never ids, titles or tokens.
    """

    method: str
    project: str
    credential_set: str = ""
    tag: str = ""
    priority: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)
    retry: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """How many units of its pool a demand must leave for others, and why.

    `shadow` says why it would have been denied, where rules are only tried out.
    """

    keep: int = 0
    reason: str = ""
    shadow: str = ""


class Admission(Protocol):
    """The rule by which calls leave units for calls that matter more."""

    @property
    def is_shadow(self) -> bool:
        """Whether it is only tried out: nothing is kept, and the log says what would have been denied."""

    @property
    def note(self) -> str:
        """Why less is kept than the rule could keep; empty where it has all that it needs."""

    def may_keep(self, demand: Demand, price: Price) -> bool:
        """Whether a call may have to leave anything; if not, the ledger need not be asked for balances."""

    def decide(self, demand: Demand, price: Price, balances: Mapping[str, Balance]) -> Decision:
        """How much of its pool a call must leave, given the balances of its project by bucket."""

    def fixed_reserve(self, priority: str, bucket: str, limit: int) -> int:
        """Units of a limit that calls of a priority may never touch."""

    def fits_at(self, demand: Demand, bucket: str, spare: int) -> float | None:
        """From when on (epoch seconds) no more than `spare` units will be kept, where that is known."""


class KeepNothing:
    """Admission of a monitor that was given none: every call may have the last unit."""

    is_shadow, note = False, ""

    def may_keep(self, demand: Demand, price: Price) -> bool:  # noqa: ARG002
        """Nothing is kept."""
        return False

    def decide(self, demand: Demand, price: Price, balances: Mapping[str, Balance]) -> Decision:  # noqa: ARG002
        """Nothing is kept."""
        return _ALL_OF_IT

    def fixed_reserve(self, priority: str, bucket: str, limit: int) -> int:  # noqa: ARG002
        """Nothing is reserved."""
        return 0

    def fits_at(self, demand: Demand, bucket: str, spare: int) -> float | None:  # noqa: ARG002
        """Nothing that is kept would be let go of."""
        return None


_ALL_OF_IT = Decision()
KEEP_NOTHING = KeepNothing()

OnVerdict = Callable[["Demand", "Verdict"], None]
"""Told of every answer that is not fine."""
