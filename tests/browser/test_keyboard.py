"""Without a mouse, and without eyes: everything can be reached by Tab, and has a name."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from ytquota.auth.state import StateFile
from ytquota.demo.story import STREAMING

pytestmark = pytest.mark.browser

FOCUSED = """() => {
  const e = document.activeElement;
  return (e.labels?.[0]?.innerText || e.getAttribute('aria-label') || e.innerText || '').trim();
}"""
NAMELESS = re.compile(
    r"^\s*- (button|combobox|textbox|checkbox|slider|link|tab|img|group)(:?| \[.*)$", re.MULTILINE
)


@pytest.fixture
def tab_to(page):
    """Press Tab until that has the focus."""

    def tab_to_(name):
        passed = []
        while (now := page.evaluate(FOCUSED)) != name:
            assert len(passed) < 60, f"{name!r} is not among {passed}"
            passed.append(now)
            page.keyboard.press("Tab")

    return tab_to_


def test_a_rotation_and_its_undo_by_keyboard_alone(page, evening, evening_console, tab_to):
    """Tab and Enter lead through the question, its reason, the answer, and back."""
    files = StateFile(evening.settings.memory_dir)
    page.goto(evening_console.url)
    expect(page.get_by_role("button", name="Rotate to set 10", exact=True)).to_be_visible()
    tab_to("Rotate to set 10")
    page.keyboard.press("Enter")
    expect(page.get_by_text("New services will use set 10")).to_be_visible()
    tab_to("Why?")
    page.keyboard.type("my mouse is broken")
    tab_to("Cancel")
    tab_to("Yes: Rotate to set 10")
    page.wait_for_timeout(500)  # the second half of a double click is ignored
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="New services now use set 10")).to_be_visible()
    assert files.read().preferred == 10
    assert evening.monitor.audit_rows()[-1]["why"] == "my mouse is broken"
    tab_to("Undo the last action")
    page.keyboard.press("Enter")
    expect(page.get_by_text("This will undo: rotate of set 10")).to_be_visible()
    tab_to("Yes: Undo the last action")
    page.wait_for_timeout(500)
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Undone: rotate of set 10")).to_be_visible()
    assert files.read().preferred is None


def test_tabs_and_filters_by_keyboard(page, evening_page, tab_to):
    """The arrow keys move between tabs; the choices are ordinary ones."""
    page.goto(evening_page.url)
    expect(page.get_by_role("combobox", name="Project")).to_be_visible()
    tab_to("Project")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("heading", name=f"Project {STREAMING}").first).to_be_visible()
    tab_to("Today")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_role("tab", name="Credential sets")).to_have_attribute("aria-selected", "true")
    tab_to("Reset set 1")


def test_everything_has_a_name(page, evening_page):
    """In every tab: no control and no picture that a screen reader could only call by its kind."""
    page.goto(evening_page.url)
    expect(page.locator("svg.ytq-figure:visible").first).to_be_visible()
    for tab in ("Today", "Four weeks", "Advice", "Credential sets", "Refused and failed"):
        page.get_by_role("tab", name=tab).click()
        tree = page.locator(".ytq").first.aria_snapshot()
        assert "combobox" in tree
        assert not NAMELESS.search(tree), f"{tab}: {NAMELESS.findall(tree)}\n{tree}"
