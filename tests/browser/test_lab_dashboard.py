"""The same notebook in JupyterLab."""

from __future__ import annotations

import re

import nbformat
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


def test_a_restart_and_a_second_run_leave_one_dashboard_alive(open_in_lab, run_all, stage):
    """The kernel is restarted under the page, then the cell is run twice: the newest one is alive."""
    page = open_in_lab("dashboard.ipynb")
    units = page.locator(".jp-OutputArea-output").get_by_role(
        "group", name=re.compile(f"Units of project {STREAMING}")
    )
    expect(units).to_be_visible(timeout=60_000)
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    for _ in range(2):
        run_all()
        expect(units).to_have_count(1, timeout=60_000)
        before = stage.used()
        stage.call(times=2)
        expect(units).to_contain_text(f"{before + 2:,} units used", timeout=20_000)


def test_what_was_closed_leaves_no_task(open_in_lab, notebooks):
    """A cell that closes the widget: nothing of ytquota runs in the kernel any more, and the view is gone."""
    begin = "from ytquota.dashboard import Dashboard\ndashboard = Dashboard()\ndashboard"
    wait = "import asyncio\nwhile 'left' not in dashboard.cards.value:\n    await asyncio.sleep(0.1)"
    end = """dashboard.close()
await asyncio.sleep(0.1)
print("still running:", [task for task in asyncio.all_tasks() if "ytquota" in repr(task)])"""
    book = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in (begin, wait, end)],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    nbformat.write(book, notebooks / "closing.ipynb")
    page = open_in_lab("closing.ipynb")
    expect(page.get_by_text("still running: []")).to_be_visible(timeout=60_000)
    expect(page.locator(".jp-OutputArea-output .ytq-cards")).to_have_count(0)


def test_a_rotation_in_jupyterlab(open_in_lab, stage, confirm):
    """The console's notebook: rotate, with its question, and take it back; on disk and in the audit trail."""
    page = open_in_lab("console.ipynb")
    output = page.locator(".jp-OutputArea-output")
    rotate = output.get_by_role("button", name="Rotate to set 10", exact=True)
    expect(rotate).to_be_visible(timeout=60_000)
    rotate.click()
    expect(output.get_by_text("New services will use set 10")).to_be_visible()
    output.get_by_role("textbox", name="Why?").fill("a test in Lab")
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
