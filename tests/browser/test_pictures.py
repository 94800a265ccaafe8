"""Every view, light and dark, wide and on a telephone: nothing sticks out; `make screenshots` keeps them."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from ytquota.auth import rotation
from ytquota.dashboard import serve
from ytquota.demo.story import RESEARCH, STREAMING
from ytquota.errors import QuotaExceeded

pytestmark = pytest.mark.browser

WIDE, NARROW = 1280, 390
LOOKS = [("light", WIDE), ("dark", WIDE), ("light", NARROW), ("dark", NARROW)]
looks = pytest.mark.parametrize(("theme", "width"), LOOKS)
PICTURES = os.environ.get("SCREENSHOTS")
only_for_pictures = pytest.mark.skipif(not PICTURES, reason="`make notebooks` runs them")


@pytest.fixture(scope="module")
def gallery(set_stage):
    """An evening on which something has happened: searches ran out, operators acted earlier in the week."""
    with set_stage() as stage:
        _past(stage)
        with pytest.raises(QuotaExceeded):
            stage.call("search.list", number=10, tag="crawler", times=120)
        for _ in range(11):
            with pytest.raises(QuotaExceeded):
                stage.call("search.list", number=10, tag="crawler")
        stage.monitor.ledger.flush()
        yield stage


def _past(stage):
    """What operators did in the days before, each at its time."""
    offset, sets, monitor = stage.offset, stage.settings, stage.monitor
    acts = (
        (146, rotation.rotate, (10,), "anna@studio", "the marathon goes on"),
        (129, rotation.undo, (), "anna@studio", "a new day"),
        (7, rotation.disable, (10,), "ben@lab", "the crawler runs wild"),
        (6, rotation.enable, (10,), "ben@lab", "it was mended"),
    )
    for hours, act, number, who, why in acts:
        monitor.clock.offset = offset - hours * 3600
        act(sets, monitor, *number, who=who, why=why)
    monitor.clock.offset = offset


@pytest.fixture(scope="module")
def dashboard(gallery, serve_widget):
    with serve_widget(gallery, "Dashboard") as served:
        yield served


@pytest.fixture(scope="module")
def console(gallery, serve_widget):
    with serve_widget(gallery, "Console") as served:
        yield served


@pytest.fixture
def look(page):
    """Open a page in a theme and a width, and make sure that later on nothing sticks out of it."""

    def look_(served, theme, width):
        page.set_viewport_size({"width": width, "height": 1180})
        page.goto(f"{served.url}&theme={theme}")
        expect(page.locator(".ytq-head")).to_be_visible()
        ink = page.evaluate("getComputedStyle(document.querySelector('.ytq h2')).color")
        assert ("255" in ink) == (theme == "dark")

        def fits():
            assert page.evaluate(STICKS_OUT) == [], f"{theme}, {width} pixels"

        return fits

    return look_


STICKS_OUT = """() => {
  const page = document.querySelector('.ytq').getBoundingClientRect(), found = [];
  for (const e of document.querySelectorAll('.ytq *')) {
    if (e.closest('.ytq-scroll, pre, svg, .lm-TabBar') || !e.offsetParent) continue;
    const box = e.getBoundingClientRect();
    const out = box.right > page.right + 1 || box.left < page.left - 1;
    if (out) found.push(`${e.className} ${e.textContent.slice(0, 60)}`);
  }
  return found;
}"""


def named(view, theme, width):
    return f"{view}-{theme}{'-narrow' if width == NARROW else ''}"


@looks
def test_screenshots_of_the_dashboard(page, dashboard, look, take, theme, width):
    """Each tab of it: the curve with its fan, four weeks, advice, sets with their health, refusals."""
    fits = look(dashboard, theme, width)
    page.get_by_role("combobox", name="Charts of").select_option(f"Units of project {STREAMING}")
    title = page.get_by_role("heading", name=re.compile("units used by .* yesterday at this time"))
    expect(title.locator("visible=true").first).to_be_visible()
    if PICTURES:
        expect(page.get_by_text(re.compile("^forecast")).locator("visible=true").first).to_be_visible()
    fits()
    take(named("dashboard", theme, width))
    for tab, view, sign in (
        ("Four weeks", "four-weeks", "a usual day takes"),
        ("Advice", "advice", "How, in Python"),
        ("Credential sets", "credential-sets", "Looked over at"),
        ("Refused and failed", "refusals", "not sent: its pool"),
    ):
        page.get_by_role("tab", name=tab).click()
        expect(page.get_by_text(sign).locator("visible=true").first).to_be_visible(timeout=40_000)
        fits()
        if width == WIDE:
            take(named(view, theme, width))


@looks
def test_screenshots_of_the_console(page, console, look, take, theme, width):
    """What ran out, what to do, each set; then the question before a rotation."""
    fits = look(console, theme, width)
    expect(page.get_by_role("status").filter(has_text=f"Searches of project {RESEARCH}")).to_be_visible()
    expect(page.get_by_text("Looked over at")).to_be_visible(timeout=40_000)
    fits()
    take(named("console", theme, width))
    page.get_by_role("button", name="Rotate to set 10", exact=True).click()
    expect(page.get_by_text("Bots will speak as channel Open Data Lab instead of")).to_be_visible()
    expect(page.get_by_text(re.compile("Called with set 1 today: chat-bot .* units"))).to_be_visible()
    page.get_by_role("textbox", name="Why?").fill("set 1 is kept for tonight's stream")
    fits()
    if width == WIDE:
        take(named("rotate", theme, width))
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Mark set 10 exhausted").click()
    expect(page.get_by_role("combobox", name="Which pool?")).to_be_visible()
    fits()


@only_for_pictures
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("view", ["forecast", "planner", "usage", "start_here"])
def test_screenshots_of_the_notebooks(page, month, take, view, theme):
    """The notebooks that people read from top to bottom, run on a month of the demonstration's data."""
    page.set_default_timeout(120_000)
    with serve(month.settings, open_browser=False, notebook=f"{view}.ipynb") as served:
        page.goto(f"{served.url}&theme={theme}")
        page.get_by_text(SIGNS[view]).first.wait_for()
        if view == "planner":
            for row, count in (("search.list", "250"), ("comments.insert", "40")):
                readout = page.locator(".widget-slider", has_text=row).locator(".widget-readout")
                readout.fill(count)
                readout.press("Enter")
            expect(page.get_by_text("250 x search.list").locator("visible=true").first).to_be_visible()
        page.wait_for_timeout(3_000)
        take(f"{view.replace('_', '-')}-{theme}", within=".jp-Cell")


SIGNS = {
    "forecast": re.compile("likely to run out", re.IGNORECASE),
    "planner": "how sure",
    "usage": "it does not fit",
    "start_here": "And now",
}


@pytest.fixture(scope="module")
def month(set_stage):
    """A stage in the present with four weeks behind it: these notebooks read the real clock."""
    with set_stage(until=datetime.now(UTC)) as stage:
        yield stage
