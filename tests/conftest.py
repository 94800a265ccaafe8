"""Fixtures for everybody."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

import pytest

from ytquota.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator


def pytest_configure() -> None:
    """Let Ctrl-C reach the programs that tests start, also where a shell's background job had it ignored."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A YouTube API on loopback, for one test."""
    with Sandbox() as running:
        yield running
