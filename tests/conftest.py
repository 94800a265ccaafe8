"""Fixtures for everybody."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

import pytest

from ytquota.monitor.demand import KeepNothing
from ytquota.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ytquota.monitor import Decision, Demand
    from ytquota.prices import Price


def pytest_configure() -> None:
    """Let Ctrl-C reach the programs that tests start, also where a shell's background job had it ignored."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)


class Rule(KeepNothing):
    """An admission that decides by a function of demand, price and balances."""

    def __init__(self, decide: Callable[..., Decision]) -> None:
        self.decide = decide  # type: ignore[method-assign]

    def may_keep(self, demand: Demand, price: Price) -> bool:
        """Have it decide of every call."""
        return True


@pytest.fixture
def rule() -> type[Rule]:
    """Make an admission of a function."""
    return Rule


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A YouTube API on loopback, for one test."""
    with Sandbox() as running:
        yield running
