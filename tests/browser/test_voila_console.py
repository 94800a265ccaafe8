"""The rotation console as a page: say what moves, ask, do it, tell it, take it back."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from ytquota.auth import rotation
from ytquota.auth.state import StateFile
from ytquota.demo.story import STREAMING

pytestmark = pytest.mark.browser


@pytest.fixture
def two_owners(evening):
    """The evening's stage with set 1 in use and nothing marked; left that way."""
    yield evening
    StateFile(evening.settings.memory_dir).prefer(None)
    rotation.reset(evening.settings, evening.monitor, 1, who="ops@desk", why="the stream is over")


def mark(stage):
    rotation.exhaust(stage.settings, stage.monitor, 1, "default", who="ops@desk", why="seen in the console")


def told(page, words):
    return page.get_by_role("status").filter(has_text=words)


def test_a_rotation_and_its_undo_with_a_screenshot(page, two_owners, evening_console, confirm, take):
    """Click, read who moves where, confirm: state on disk, audit row; then undo, in two clicks."""
    files, monitor = StateFile(two_owners.settings.memory_dir), two_owners.monitor
    page.goto(evening_console.url)
    page.get_by_role("button", name="Rotate to set 10", exact=True).click()
    expect(page.get_by_text("Bots will speak as channel Open Data Lab instead of")).to_be_visible()
    expect(page.get_by_text(re.compile("Called with set 1 today: chat-bot .* units"))).to_be_visible()
    page.get_by_label("Why?").fill("set 1 is kept for tonight's stream")
    take("console-rotate.png")
    confirm("Yes: Rotate to set 10")
    expect(told(page, "New services now use set 10")).to_be_visible()
    expect(page.get_by_text("in use by new services")).to_be_visible()
    assert files.read().preferred == 10
    row = monitor.audit_rows()[-1]
    assert (row["action"], row["why"]) == ("rotate", "set 1 is kept for tonight's stream")
    expect(page.get_by_role("cell", name="rotated to set 10, away from set 1").first).to_be_visible()

    page.get_by_role("button", name="Undo the last action").click()
    expect(page.get_by_text("This will undo: rotate of set 10")).to_be_visible()
    confirm("Yes: Undo the last action")
    expect(told(page, "Undone: rotate of set 10")).to_be_visible()
    assert files.read().preferred is None
    assert monitor.audit_rows()[-1]["undoes"] == row["row"]


def test_what_ran_out_is_answered_with_a_proposal_and_a_screenshot(page, two_owners, evening_console, take):
    """A pool runs out while the page is open: it says at once who could take over."""
    page.goto(evening_console.url)
    expect(page.get_by_role("heading", name=f"Project {STREAMING}")).to_be_visible()
    rotation.exhaust(
        two_owners.settings, two_owners.monitor, 1, "default", who="ops@desk", why="seen at Google"
    )
    proposal = told(page, f"Units of project {STREAMING}: marked as exhausted")
    expect(proposal).to_contain_text("set 10 already", timeout=5_000)
    expect(proposal).to_contain_text("Or wait until 00:00 PST")
    take("console.png")


@pytest.mark.parametrize(("theme", "width"), [("dark", 1280), ("light", 390)])
def test_screenshots_of_the_console(page, two_owners, evening_console, take, theme, width):
    """Readable in the dark and on a telephone; nothing sticks out sideways."""
    rotation.exhaust(
        two_owners.settings, two_owners.monitor, 1, "default", who="ops@desk", why="seen at Google"
    )
    page.set_viewport_size({"width": width, "height": 1180})
    page.goto(f"{evening_console.url}&theme={theme}")
    expect(told(page, "marked as exhausted").first).to_be_visible()
    page.get_by_role("button", name="Mark set 10 exhausted").click()
    expect(page.get_by_role("combobox", name="Which pool?")).to_be_visible()
    assert page.evaluate("document.querySelector('.ytq').scrollWidth") <= width
    take(f"console-{theme}{'-narrow' if width < 760 else ''}.png")


def test_log_in_again_by_a_link(page, stage, voila):
    """From the dashboard's tab: the link opens the consent page, and its answer arrives."""
    page.goto(voila.url)
    page.get_by_role("tab", name="Credential sets").click()
    page.get_by_role("button", name="Log in set 10 again").click()
    expect(page.get_by_text("asks Google for a new consent for set 10")).to_be_visible()
    page.get_by_role("button", name="Yes: log in set 10").click()
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Open the consent page of set 10").click()
    consent = opened.value
    consent.get_by_role("button", name="Allow").click()
    expect(consent.get_by_role("heading", name="Thank you")).to_be_visible()
    consent.close()
    expect(told(page, "Set 10 is logged in")).to_be_visible()
    assert stage.monitor.audit_rows()[-1]["action"] == "login"
