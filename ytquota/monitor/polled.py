"""How long the answer to a poll of a live chat asked to wait: all that the log keeps of an answer."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ytquota.monitor.demand import Demand
    from ytquota.monitor.flight import Priced

POLLED = "liveChatMessages.list"

INTERVAL = "pollingIntervalMillis"
"""As the API calls it, and as the facts of a call do: milliseconds from the answer to the next poll."""

_ENDLESS = 10**9
_GOOD = range(200, 300)
_NAME = f'"{INTERVAL}"'.encode()
_TOLD = re.compile(rb"\s*:\s*(\d{1,9})\b")


def noting_intervals(
    priced: Sequence[Priced], answers: Sequence[tuple[int | None, bytes | str | None]]
) -> Sequence[Priced]:
    """The same calls, polls with the interval that their answer told among their facts.

    Args:
        priced: calls and what they cost.
        answers: status and body of each.
    """
    for demand, _ in priced:
        if demand.method == POLLED:
            break
    else:
        return priced
    return [
        (_noting(demand, *answer), price) for (demand, price), answer in zip(priced, answers, strict=True)
    ]


def interval_of(facts: Mapping[str, object]) -> int | None:
    """The interval among the facts of a call, in milliseconds; None where there is none that could be."""
    millis = facts.get(INTERVAL)
    return millis if type(millis) is int and 0 <= millis < _ENDLESS else None


def _noting(demand: Demand, status: int | None, body: bytes | str | None) -> Demand:
    if demand.method != POLLED or status not in _GOOD or not body:
        return demand
    millis = _interval_in(body.encode() if isinstance(body, str) else body)
    return demand if millis is None else replace(demand, facts={**demand.facts, INTERVAL: millis})


def _interval_in(body: bytes) -> int | None:
    """Found without parsing hundreds of messages; what somebody wrote in one has its quotes escaped."""
    place = body.find(_NAME)
    told = None if place < 0 else _TOLD.match(body, place + len(_NAME))
    return None if told is None else int(told[1])
