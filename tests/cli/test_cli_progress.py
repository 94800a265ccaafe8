"""Reading a long log into a file shows how far it has come, and hands every row on."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from datetime import UTC, datetime, timedelta

from ytquota.cli.progress import with_progress

START = datetime(2026, 11, 1, tzinfo=UTC)

READ = """
from datetime import UTC, datetime, timedelta
from ytquota.cli.progress import with_progress
start = datetime(2026, 11, 1, tzinfo=UTC)
rows = ({"at": (start + timedelta(seconds=40 * n)).isoformat()} for n in range(20_000))
print(sum(1 for _ in with_progress(rows, start, start + timedelta(days=10), patience=0.0)))
"""


def rows(count):
    return [{"at": (START + timedelta(seconds=n)).isoformat(), "n": n} for n in range(count)]


def test_every_row_is_handed_on_unchanged():
    """Without a terminal nothing is shown at all."""
    wanted = rows(2_500)
    assert list(with_progress(iter(wanted), START, None, patience=0.0)) == wanted


def test_a_bar_appears_on_a_terminal_while_the_result_goes_elsewhere():
    """The bar is on stderr; what is piped on is clean."""
    terminal, side = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-c", READ], stdout=subprocess.PIPE, stderr=side, env={**os.environ, "TERM": "xterm"}
    )
    os.close(side)
    seen = b""
    try:
        while chunk := os.read(terminal, 65_536):
            seen += chunk
    except OSError:
        pass  # the last writer has closed the terminal
    out, _ = child.communicate(timeout=60)
    os.close(terminal)

    assert out == b"20000\n"
    assert b"lines" in seen
    assert b"2026-11-0" in seen
