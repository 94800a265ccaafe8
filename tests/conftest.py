"""Fixtures for everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ytquota.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A YouTube API on loopback, for one test."""
    with Sandbox() as running:
        yield running
