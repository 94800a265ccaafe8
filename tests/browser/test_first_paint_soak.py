"""How long a person waits for the page."""

from __future__ import annotations

import time
from statistics import median

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.soak, pytest.mark.timeout(600)]


def test_the_page_is_painted_in_10_seconds_and_live_in_15(browser, evening_page, capsys):
    """From the address to the first words, and to numbers that are counted: the median of five pages."""
    painted, live = [], []
    for _ in range(5):
        page = browser.new_page()
        began = time.monotonic()
        page.goto(evening_page.url, wait_until="commit")
        page.wait_for_function(
            "performance.getEntriesByName('first-contentful-paint').length", timeout=60_000
        )
        painted.append(time.monotonic() - began)
        expect(page.locator(".ytq-cards").first).to_be_visible(timeout=60_000)
        live.append(time.monotonic() - began)
        page.close(run_before_unload=True)
    with capsys.disabled():
        print(f"\npainted after {median(painted):.1f} s, live after {median(live):.1f} s")  # noqa: T201
    assert median(painted) < 10
    assert median(live) < 15
