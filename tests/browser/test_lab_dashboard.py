"""The same notebook in JupyterLab."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from ytquota.demo.story import STREAMING

pytestmark = pytest.mark.browser


def test_the_dashboard_lives_in_jupyterlab(open_in_lab, stage):
    """Run all: cards and charts appear, and follow the ledger."""
    page = open_in_lab("dashboard.ipynb")
    output = page.locator(".jp-OutputArea-output")
    units = output.get_by_role("group", name=re.compile(f"Units of project {STREAMING}"))
    expect(units).to_be_visible(timeout=60_000)
    before = stage.used()
    stage.call(times=5)
    expect(units).to_contain_text(f"{before + 5:,} units used", timeout=10_000)
    expect(output.locator("svg.ytq-figure:visible").first).to_be_visible()
    output.get_by_role("tab", name="Credential sets").click()
    output.get_by_role("button", name="Reset set 10", exact=True).click()
    expect(output.get_by_role("button", name="Really reset set 10")).to_be_visible()
    output.get_by_role("button", name="Cancel").click()
    expect(output.get_by_role("button", name="Really reset set 10")).to_have_count(0)
