"""The rotation console as a page: say what moves, ask, do it, tell it, take it back."""

from __future__ import annotations

import re

import psutil
import pytest
from playwright.sync_api import expect

from ytquota.auth import rotation
from ytquota.auth.state import StateFile

pytestmark = pytest.mark.browser


@pytest.fixture
def two_owners(evening):
    """The evening's stage with set 1 in use and nothing marked; left that way."""
    yield evening
    StateFile(evening.settings.memory_dir).prefer(None)
    rotation.reset(evening.settings, evening.monitor, 1, who="ops@desk", why="the stream is over")


def told(page, words):
    return page.get_by_role("status").filter(has_text=words)


def test_a_rotation_and_its_undo(page, two_owners, evening_console, confirm):
    """Click, read who moves where, confirm: state on disk, audit row; undo in two clicks; leave no kernel."""
    files, monitor = StateFile(two_owners.settings.memory_dir), two_owners.monitor
    server = psutil.Process(evening_console.process.pid)
    before = set(server.children())
    page.goto(evening_console.url)
    page.get_by_role("button", name="Rotate to set 10", exact=True).click()
    expect(page.get_by_text("Bots will speak as channel Open Data Lab instead of")).to_be_visible()
    expect(page.get_by_text(re.compile("Called with set 1 today: chat-bot .* units"))).to_be_visible()
    page.get_by_role("textbox", name="Why?").fill("set 1 is kept for tonight's stream")
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

    (kernel,) = set(server.children()) - before
    page.goto("about:blank")
    assert psutil.wait_procs([kernel], timeout=30)[1] == [], "a page that was left has no kernel"


def test_two_consoles_at_once_do_not_fight(page, two_owners, evening_console, confirm):
    """Two viewers, each with a kernel of its own: the slower of two equal answers is told that it was done,
    nothing is done twice, and both end up showing the same."""
    rows = len(two_owners.monitor.audit_rows())
    other = page.context.new_page()
    for one in (page, other):
        one.goto(evening_console.url)
        one.get_by_role("button", name="Rotate to set 10", exact=True).click()
        expect(one.get_by_text("New services will use set 10")).to_be_visible()
    confirm("Yes: Rotate to set 10")
    expect(told(page, "New services now use set 10")).to_be_visible()
    other.get_by_role("button", name="Yes: Rotate to set 10").click()
    expect(told(other, "It was done meanwhile")).to_be_visible()
    assert len(two_owners.monitor.audit_rows()) == rows + 1
    for one in (page, other):
        expect(one.get_by_role("button", name="Rotate to set 10", exact=True)).to_be_hidden()
        expect(one.get_by_role("button", name="Rotate to set 1", exact=True)).to_be_visible()
    other.close()


def test_log_in_again_by_a_link(page, stage, voila):
    """From the dashboard's tab: the link opens the consent page, and its answer arrives."""
    page.goto(voila.url)
    page.get_by_role("tab", name="Credential sets").click()
    page.get_by_role("button", name="Log in set 10 again").click()
    expect(page.get_by_text("asks Google for a new consent for set 10")).to_be_visible()
    page.get_by_role("textbox", name="Why?").fill("a new phone")
    page.get_by_role("button", name="Yes: log in set 10").click()
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Open the consent page of set 10").click()
    consent = opened.value
    consent.get_by_role("button", name="Allow").click()
    expect(consent.get_by_role("heading", name="Thank you")).to_be_visible()
    consent.close()
    expect(told(page, "Set 10 is logged in")).to_be_visible()
    row = stage.monitor.audit_rows()[-1]
    assert (row["action"], row["why"]) == ("login", "a new phone")
