"""Google's figures of a project on the sandbox, read by the real clients over HTTP."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from ytquota.clock import ManualClock
from ytquota.cloud import Cloud, connect
from ytquota.sandbox import Sandbox
from ytquota.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PROJECT = "111111111111"
NOON = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)  # at the Pacific


@pytest.fixture
def clock() -> ManualClock:
    """Noon at the Pacific, until a test moves it."""
    return ManualClock(NOON.timestamp())


@pytest.fixture
def sandbox(clock: ManualClock) -> Iterator[Sandbox]:
    """A sandbox whose time is the test's."""
    with Sandbox(clock=clock) as running:
        yield running


@pytest.fixture
def cloud_of(sandbox: Sandbox, clock: ManualClock, tmp_path: Path) -> Callable[[dict[str, Any]], Cloud]:
    """Content of a credentials file -> Google's figures as that account sees them."""

    def make(content: dict[str, Any]) -> Cloud:
        path = tmp_path / "account.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        settings = Settings(root=tmp_path, cloud_credentials=path, cloud_endpoint=sandbox.url)
        return connect(settings, clock=clock)

    return make


@pytest.fixture
def cloud(sandbox: Sandbox, cloud_of: Callable[[dict[str, Any]], Cloud]) -> Cloud:
    """Google's figures, as a service account with both roles of a reader sees them."""
    return cloud_of(sandbox.service_account(PROJECT))
