"""The same notebook in JupyterLab."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from ytquota.auth.state import StateFile
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
    expect(output.get_by_role("button", name="Yes: Reset set 10")).to_be_visible()
    output.get_by_role("button", name="Cancel").click()
    expect(output.get_by_role("button", name="Yes: Reset set 10")).to_have_count(0)


def test_a_rotation_in_jupyterlab(open_in_lab, stage, confirm):
    """The console's notebook: rotate, with its question, and take it back; on disk and in the audit trail."""
    page = open_in_lab("console.ipynb")
    output = page.locator(".jp-OutputArea-output")
    rotate = output.get_by_role("button", name="Rotate to set 10", exact=True)
    expect(rotate).to_be_visible(timeout=60_000)
    rotate.click()
    expect(output.get_by_text("New services will use set 10")).to_be_visible()
    output.get_by_label("Why?").fill("a test in Lab")
    confirm("Yes: Rotate to set 10")
    expect(output.get_by_role("status").filter(has_text="New services now use set 10")).to_be_visible()
    assert StateFile(stage.settings.memory_dir).read().preferred == 10
    row = stage.monitor.audit_rows()[-1]
    assert (row["action"], row["credential_set"], row["why"]) == ("rotate", 10, "a test in Lab")
    output.get_by_role("button", name="Undo the last action").click()
    confirm("Yes: Undo the last action")
    expect(output.get_by_role("status").filter(has_text="Undone: rotate of set 10")).to_be_visible()
    assert StateFile(stage.settings.memory_dir).read().preferred is None
    assert stage.monitor.audit_rows()[-1]["undoes"] == row["row"]
