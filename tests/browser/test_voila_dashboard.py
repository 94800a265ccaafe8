"""The dashboard as a page: alive, safe to click, offline, behind a token, and worth a picture."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from pathlib import Path

import psutil
import pytest
from googleapiclient.http import MediaInMemoryUpload
from playwright.sync_api import expect

from ytquota.auth import get_authenticated_service
from ytquota.auth.rotation import exhaust
from ytquota.auth.sets import load_sets
from ytquota.auth.state import StateFile
from ytquota.dashboard import app
from ytquota.demo.story import RESEARCH, STREAMING
from ytquota.errors import QuotaExceeded

pytestmark = pytest.mark.browser


def card(page, project, name):
    return page.get_by_role("group", name=re.compile(f"{name} of project {project}"))


def used(page, project, name="Units"):
    text = card(page, project, name).inner_text()
    return int(re.search(r"([\d,]+) \w+ used", text)[1].replace(",", ""))


def test_without_its_token_nobody_gets_the_page(voila):
    """Another user of the machine who finds the port sees no numbers and starts no kernel."""
    address = voila.url.split("?")[0]
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            body = answer.read().decode()
    except urllib.error.HTTPError as error:
        body = error.read().decode()
    assert "ytquota.dashboard" not in body
    assert "kernelId" not in body
    assert voila.url.split("=")[1] not in Path(f"/proc/{voila.process.pid}/cmdline").read_text()


def test_numbers_move_while_bots_call(page, voila, stage):
    """Calls through the ledger, and one over HTTP through the real client, show within two refreshes."""
    page.goto(voila.url)
    expect(card(page, STREAMING, "Units")).to_be_visible()
    before = stage.used()
    stage.call(times=7)
    expect(card(page, STREAMING, "Units")).to_contain_text(f"{before + 7:,} units used", timeout=10_000)
    with get_authenticated_service(1, settings=stage.settings, tag="browser test") as service:
        service.videos().list(part="id", id="a").execute()
    expect(card(page, STREAMING, "Units")).to_contain_text(f"{before + 8:,} units used", timeout=10_000)
    expect(page.get_by_text("live", exact=False).first).to_be_visible()


def test_a_pool_that_runs_out_shows_within_two_refreshes_with_what_to_do(page, voila, stage):
    """The last upload is made while the page is open: its card says exhausted and until when, the console
    proposes who could take over; both at the second look at the latest, counted by the looks themselves."""
    film = {
        "body": {"snippet": {"title": "Harbour"}},
        "media_body": MediaInMemoryUpload(b"film", "video/mp4"),
    }
    page.goto(voila.url)
    expect(card(page, RESEARCH, "Uploads")).to_be_visible()
    expect(page.locator(".ytq-proposal")).to_have_count(0)
    with get_authenticated_service(10, settings=stage.settings, tag="browser test") as service:
        left = stage.monitor.ledger.usage(RESEARCH)[RESEARCH]["video_insert"].left
        stage.call("videos.insert", number=10, tag="uploader", times=left - 1)
        page.evaluate(COUNT_LOOKS, RESEARCH)
        service.videos().insert(part="snippet", **film).execute()
        with pytest.raises(QuotaExceeded):
            service.videos().insert(part="snippet", **film).execute()
    expect(card(page, RESEARCH, "Uploads")).to_contain_text(re.compile(r"exhausted.*resets in \d", re.DOTALL))
    page.get_by_role("tab", name="Credential sets").click()
    proposal = page.get_by_role("status").filter(has_text=f"Uploads of project {RESEARCH}: ran out")
    expect(proposal).to_contain_text("restart the programs that ran out")
    looks = page.evaluate("window.looks")
    assert looks["card"] <= 2, looks
    assert looks["proposal"] <= 2, looks


COUNT_LOOKS = """project => {
  const found = window.looks = {}, seen = new Set();
  const note = (what, holds) => { if (holds && !(what in found)) found[what] = seen.size - 1; };
  const look = () => {
    seen.add(document.querySelector('.ytq-live').textContent.match(/\\d\\d:\\d\\d:\\d\\d/)[0]);
    const card = document.querySelector(`[role=group][aria-label^="Uploads of project ${project}"]`);
    note('card', /exhausted[^]*resets in/.test(card.textContent));
    note('proposal', document.querySelector('.ytq-proposal')?.textContent.includes('ran out'));
  };
  look();
  new MutationObserver(look).observe(document.body, {subtree: true, childList: true, characterData: true});
}"""
"""Counts the looks at the ledger, by the time that the header names, until card and proposal are there."""


def test_paused_it_stands_still(page, voila, stage):
    """Pause stops looking, by keyboard too; Resume catches up."""
    page.goto(voila.url)
    expect(card(page, STREAMING, "Units")).to_be_visible()
    page.get_by_role("button", name="Pause").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("paused")).to_be_visible()
    before = used(page, STREAMING)
    stage.call(times=3)
    page.get_by_role("button", name="Resume").click()
    expect(card(page, STREAMING, "Units")).to_contain_text(f"{before + 3:,} units used", timeout=10_000)


@pytest.mark.soak
def test_a_page_that_is_gone_leaves_no_kernel(browser, stage, monkeypatch):
    """A browser that crashed says no goodbye; its kernel talks to nobody, and is ended all the same."""
    monkeypatch.setattr(app, "_CULL_AFTER", 20)
    monkeypatch.setattr(app, "_CULL_EVERY", 1)
    with app.serve(stage.settings, open_browser=False) as served:
        server = psutil.Process(served.process.pid)
        page = browser.new_page()
        page.goto(served.url)
        expect(card(page, STREAMING, "Units")).to_be_visible()
        page.wait_for_timeout(25_000)
        (kernel,) = server.children()
        assert kernel.is_running(), "a page that is open keeps its kernel"
        page.close()
        kernel.wait(timeout=40)
        assert server.is_running()


def test_a_ledger_that_cannot_be_read_is_an_alert(page, voila, stage):
    """The state file spoilt: the page names it and the remedy, keeps the old numbers, and recovers."""
    page.goto(voila.url)
    expect(card(page, STREAMING, "Units")).to_be_visible()
    file = stage.settings.memory_dir / "exhausted_credentials.json"
    file.write_text("{ half")
    try:
        expect(page.get_by_role("alert")).to_contain_text("exhausted_credentials.json", timeout=10_000)
        expect(card(page, STREAMING, "Units")).to_be_visible()
    finally:
        file.unlink()
    expect(page.get_by_role("alert")).to_have_count(0, timeout=15_000)


def test_reset_asks_twice_before_it_acts(page, evening, evening_page, confirm):
    """Click, reason, confirm: the state on disk has changed, the audit row is written, the page says so."""
    run_out_of_searches(evening)
    StateFile(evening.settings.memory_dir).quarantine(1, "Google refused the refresh token: invalid_grant.")
    exhaust(evening.settings, evening.monitor, 1, "video_insert", who="ops@desk", why="seen at Google")
    page.goto(evening_page.url)
    expect(card(page, RESEARCH, "Searches")).to_contain_text("exhausted")
    page.get_by_role("tab", name="Credential sets").click()
    expect(page.get_by_role("definition").filter(has_text="Google refused the refresh")).to_be_visible()

    page.get_by_role("button", name="Reset set 1", exact=True).click()
    question = page.get_by_text(re.compile("This will clear the mark on video_insert .* quarantine of set 1"))
    expect(question).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(question).to_be_hidden()
    assert 1 in StateFile(evening.settings.memory_dir).read().quarantined

    page.get_by_role("button", name="Reset set 1", exact=True).click()
    expect(question).to_be_visible()
    page.get_by_role("textbox", name="Why?").fill("logged in again")
    confirm("Yes: Reset set 1")
    confirm("Really reset set 1")
    expect(page.get_by_role("status").filter(has_text="Cleared")).to_be_visible()
    assert StateFile(evening.settings.memory_dir).read().quarantined == {}
    assert [one.state for one in load_sets(evening.settings, evening.monitor)] == ["ready", "ready"]
    row = evening.monitor.audit_rows()[-1]
    assert (row["action"], row["credential_set"], row["why"]) == ("reset", 1, "logged in again")

    page.get_by_role("tab", name="Today").click()
    expect(card(page, STREAMING, "Uploads")).not_to_contain_text("marked by", timeout=10_000)
    page.get_by_role("combobox", name="Charts of").select_option(f"Units of project {STREAMING}")
    expect(
        page.get_by_role("heading", name=re.compile("units used by .* yesterday at this time"))
    ).to_be_visible()
    expect(page.get_by_text(re.compile("^forecast")).first).to_be_visible(timeout=30_000)


def test_an_earlier_day_and_the_way_back_to_live(page, evening, evening_page):
    """Choose a day, see its curve, save its pictures, and go back."""
    page.goto(evening_page.url)
    page.get_by_role("combobox", name="Day").select_option("Fri 13 Nov")
    expect(page.get_by_role("heading", name=re.compile("on Friday 13 November")).first).to_be_visible()
    page.get_by_role("button", name="Save pictures").click()
    expect(page.get_by_role("status").filter(has_text="pictures, PNG and SVG")).to_be_visible()
    assert list((evening.settings.memory_dir / "exports").glob("2026-11-13-*-curve.png"))
    page.get_by_role("button", name="Back to live").click()
    expect(
        page.get_by_role("heading", name=re.compile("used by|ran out|were gone|Exhausted")).first
    ).to_be_visible()
    expect(page.get_by_role("button", name="Back to live")).to_be_hidden()


def run_out_of_searches(stage):
    with pytest.raises(QuotaExceeded):
        stage.call("search.list", number=10, tag="crawler", times=120)
    for _ in range(11):
        with pytest.raises(QuotaExceeded):
            stage.call("search.list", number=10, tag="crawler")
