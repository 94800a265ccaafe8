"""The OAuth code flow as a person meets it: a real browser on the consent page, and back to us."""

from __future__ import annotations

import os
import shutil

import pytest
from playwright.sync_api import expect

from ytquota.auth import load_sets
from ytquota.auth.login import start_login
from ytquota.errors import CredentialError

pytestmark = pytest.mark.browser

READONLY = "https://www.googleapis.com/auth/youtube.readonly"
LOOPBACK = ("http://127.0.0.1", "data:", "about:", "chrome:")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    return browser_type_launch_args | {
        "executable_path": os.environ.get("CHROMIUM", shutil.which("chromium") or "/usr/bin/chromium"),
        "args": [
            "--no-sandbox",  # root in a container
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # prove: offline
        ],
    }


@pytest.fixture
def on_consent_page(furnish, open_monitor, page, sandbox):
    """A set that nobody has logged in yet, its login, and a browser on the consent page."""
    settings = furnish(tokens=False)
    sandbox.add_channel("UCcats", "Cats & Dogs")
    monitor = open_monitor(settings)
    attempt = start_login(settings, 1, monitor=monitor, timeout=60)
    foreign = []
    page.on("request", lambda r: None if r.url.startswith(LOOPBACK) else foreign.append(r.url))
    page.set_default_timeout(30_000)
    page.goto(attempt.url)
    yield settings, monitor, attempt
    attempt.cancel()
    assert foreign == []


def test_allow_in_the_browser_makes_a_working_set(on_consent_page, page, service_of, sandbox):
    """Choose a channel, click Allow: the page says thank you, and the set speaks for that channel."""
    settings, monitor, attempt = on_consent_page

    page.get_by_label("Cats & Dogs").check()
    page.get_by_role("button", name="Allow").click()

    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    result = attempt.result(30)
    one = load_sets(settings)[0]
    assert (one.state, one.channel_id, one.channel_title) == ("ready", "UCcats", result.channel_title)
    assert result.channel_title
    answer = service_of(settings, monitor).channels().list(part="snippet", mine=True).execute()
    assert answer["items"][0]["id"] == "UCcats"
    assert sandbox.used(result.project) == 2  # one to learn the channel, one just now


def test_an_unticked_box_in_the_browser_is_named(on_consent_page, page):
    """The person leaves one permission out: the error names it, and nothing is saved."""
    settings, _, attempt = on_consent_page

    page.get_by_label(READONLY).uncheck()
    page.get_by_role("button", name="Allow").click()

    with pytest.raises(CredentialError, match=r"lacks youtube\.readonly .*tick every box"):
        attempt.result(30)
    assert load_sets(settings)[0].state == "missing"


def test_deny_in_the_browser_is_told_on_page_and_in_the_error(on_consent_page, page):
    """The person says no."""
    settings, _, attempt = on_consent_page

    page.get_by_role("button", name="Deny").click()

    expect(page.get_by_role("heading", name="Not allowed")).to_be_visible()
    with pytest.raises(CredentialError, match="The person said no"):
        attempt.result(30)
    assert load_sets(settings)[0].state == "missing"
