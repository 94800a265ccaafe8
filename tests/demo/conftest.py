"""A history that is made once, and folders whose programs can be found again."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections import defaultdict
from datetime import UTC, date, datetime

import psutil
import pytest

from ytquota.demo.history import copy_history

UNTIL = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)  # Monday noon, Pacific


@pytest.fixture(scope="session")
def history(tmp_path_factory):
    """The memory folder of four weeks up to Monday 2026-11-23, noon Pacific; read only."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return copy_history(tmp_path_factory.mktemp("history"), cache=shared / "histories", until=UNTIL)


@pytest.fixture(scope="session")
def rows_by_day(history):
    """Every settled, released and refused line of the history, as {day: [row, ...]}."""
    found = defaultdict(list)
    for journal in sorted((history / "calls").glob("*/*.jsonl")):
        day = date.fromisoformat(journal.parent.name)
        for line in journal.read_text().splitlines():
            row = json.loads(line) | {"project": journal.stem}
            if row["kind"] in {"settle", "release", "refuse"}:
                found[day].append(row)
    return dict(found)


@pytest.fixture
def programs_in():
    """The processes that work in a folder, this one left out."""

    def programs_in(folder):
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                is_gone = process.status() == psutil.STATUS_ZOMBIE or process.pid == os.getpid()
                if process.cwd() == str(folder) and not is_gone:
                    found.append(process)
        return found

    return programs_in


@pytest.fixture
def eventually():
    """Wait until something holds, and say whether it came to hold."""

    def eventually(holds, seconds=20.0):
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    return eventually
