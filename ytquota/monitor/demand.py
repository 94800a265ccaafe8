"""What a caller asks for, and what admission answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

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
    """Whether a demand may ask the ledger, and how many units of its pool it must leave for others.

    `shadow` says why it would have been denied, where rules are only tried out.
    """

    allow: bool = True
    keep: int = 0
    reason: str = ""
    shadow: str = ""


Admission = Callable[["Demand", "Price", Mapping[str, "Balance"]], Decision]
"""(demand, its price, balances of its project by bucket) -> decision."""

OnVerdict = Callable[["Demand", "Verdict"], None]
"""Told of every answer that is not fine."""
