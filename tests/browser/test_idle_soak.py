"""A dashboard that is open while nothing happens costs next to nothing."""

from __future__ import annotations

import time

import psutil
import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.soak, pytest.mark.timeout(900)]

AFTER, DURING = 30, 400
"""Seconds to settle, and seconds that are measured: two forecasts lie in them."""


def spent(processes):
    """Seconds of processor time."""
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def test_an_idle_dashboard_uses_under_3_percent_of_a_core(page, evening_page, capsys):
    """Kernel and server together, with a page open, after history, forecasts and advice were read."""
    server = psutil.Process(evening_page.process.pid)
    before = set(server.children())
    page.goto(evening_page.url)
    expect(page.get_by_role("tab", name="Advice (")).to_be_visible(timeout=60_000)
    page.wait_for_timeout(1000 * AFTER)
    (kernel,) = set(server.children()) - before
    began, used = time.monotonic(), spent([server, kernel])
    page.wait_for_timeout(1000 * DURING)
    share = (spent([server, kernel]) - used) / (time.monotonic() - began)
    with capsys.disabled():
        print(f"\nidle: {share:.2%} of a core")  # noqa: T201 - a figure for the documentation
    assert page.get_by_text("live", exact=False).first.is_visible()
    assert share < 0.03
