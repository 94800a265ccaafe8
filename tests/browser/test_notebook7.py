"""The same notebook in Notebook 7."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from ytquota.demo.story import STREAMING

pytestmark = pytest.mark.browser


def test_the_dashboard_lives_in_notebook_7(page, notebook7, run_all, stage, confirm):
    """Cards follow the ledger, charts are drawn, and the console's question is asked and taken back."""
    page.goto(f"{notebook7}/notebooks/dashboard.ipynb?token=test")
    run_all()
    output = page.locator(".jp-OutputArea-output")
    units = output.get_by_role("group", name=re.compile(f"Units of project {STREAMING}"))
    expect(units).to_be_visible(timeout=60_000)
    before = stage.used()
    stage.call(times=4)
    expect(units).to_contain_text(f"{before + 4:,} units used", timeout=20_000)
    expect(output.locator("svg.ytq-figure:visible").first).to_be_visible()
    output.get_by_role("tab", name="Credential sets").click()
    output.get_by_role("button", name="Disable set 10").click()
    confirm("Yes: Disable set 10")
    expect(output.get_by_role("button", name="Really disable set 10")).to_be_visible()
    output.get_by_role("button", name="Cancel").click()
    expect(output.get_by_role("button", name="Really disable set 10")).to_have_count(0)
