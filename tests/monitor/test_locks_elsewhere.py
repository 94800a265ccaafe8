"""The way of systems without flock and pread, taken here on Linux: portalocker, and seek before read."""

from __future__ import annotations

import subprocess
import sys

SPEND = """
import sys, os
import portalocker            # it needs the module that is hidden from us next
sys.modules["fcntl"] = None
del os.pread
from pathlib import Path
from ytquota.clock import ManualClock
from ytquota.errors import QuotaExceeded
from ytquota.monitor import CallRecord, Journal, locks, tail
assert not hasattr(locks, "fcntl") and tail.pread is tail._seek_and_read
journal, granted = Journal(Path(sys.argv[1]), clock=ManualClock(1794340800.0)), 0
while True:
    try:
        hold = journal.hold("1", (("search_list", 1),))
    except QuotaExceeded:
        break
    journal.settle(hold, [CallRecord("search.list", "search_list", 1, 1)])
    granted += 1
print(granted)
"""


def test_portalocker_keeps_the_count_exact_between_processes(tmp_path):
    """Three processes without flock get exactly what fits, together."""
    command = [sys.executable, "-W", "error", "-c", SPEND, tmp_path]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    granted = [int(child.communicate(timeout=60)[0]) for child in children]

    assert sum(granted) == 100
