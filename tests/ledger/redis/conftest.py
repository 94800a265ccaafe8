"""A ledger in Redis as hosts open it, their lines, and what a person reads when it fails."""

from __future__ import annotations

import json
import traceback

import pytest

from ytquota.clock import ManualClock
from ytquota.errors import LedgerUnavailable
from ytquota.monitor.redis_ledger import RedisLedger
from ytquota.testing import NOON


@pytest.fixture
def clock():
    return ManualClock(NOON)


@pytest.fixture
def host(tmp_path, clock):
    """Open the ledger as a program of a host does; each host has a folder of its own."""
    opened = []

    def open_(url, name="a", **options):
        options = {"clock": clock, "server_time": False} | options
        opened.append(RedisLedger(url, tmp_path / name / "calls", **options))
        return opened[-1]

    yield open_
    for ledger in opened:
        ledger.close()


@pytest.fixture
def lines_of(tmp_path):
    def read(name="a", kind=None):
        paths = sorted((tmp_path / name / "calls").rglob("*.jsonl"))
        rows = [json.loads(line) for path in paths for line in path.read_text().splitlines()]
        return [row for row in rows if kind in {None, row["kind"]}]

    return read


@pytest.fixture
def said():
    """What a person reads when a step fails, with everything that a traceback would show."""

    def run(step):
        with pytest.raises(LedgerUnavailable) as failed:
            step()
        return str(failed.value), "".join(traceback.format_exception(failed.value))

    return run
