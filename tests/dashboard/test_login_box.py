"""Logging in again from a notebook: a real consent on the sandbox, and a kernel that stays free."""

from __future__ import annotations

import asyncio
import re
import time
import urllib.error
import urllib.request
from html import unescape
from urllib.parse import urlencode

import pytest

from ytquota.auth.sets import load_sets
from ytquota.dashboard.login_box import LoginBox
from ytquota.monitor import QuotaMonitor
from ytquota.sandbox import Sandbox
from ytquota.settings import Settings

PROJECT = "111111111111"


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as running:
        running.add_project(PROJECT)
        yield running


@pytest.fixture
def here(sandbox, tmp_path, monkeypatch):
    """Settings and monitor of a set on the sandbox."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    settings = Settings.load({}, start=sandbox.write_env(tmp_path, {1: PROJECT}).parent)
    monitor = QuotaMonitor.open(settings)
    yield settings, monitor
    monitor.close()


@pytest.fixture
def open_box(here):
    opened = []

    def open_(**options):
        opened.append(LoginBox(1, lambda: here, **options))
        return opened[-1]

    yield open_
    for box in opened:
        box.close()


def consent(page_address):
    """Say yes on the consent page, as a person in a browser does; return where that led."""
    with urllib.request.urlopen(page_address) as answer:
        page = answer.read().decode()
    action = unescape(re.search(r'<form[^>]*action="([^"]+)"', page)[1])
    fields = re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', page)
    sent = urlencode([(name, unescape(value)) for name, value in [*fields, ("decision", "allow")]]).encode()
    target = urllib.parse.urljoin(page_address, action)
    with urllib.request.urlopen(target, sent) as answer:
        return answer.geturl()


async def until(box, text):
    """Wait until the box says it; the loop stays free meanwhile."""
    deadline = time.monotonic() + 20
    while text not in box.result.value + box.link.value:
        assert time.monotonic() < deadline, box.result.value + box.link.value
        begun = time.perf_counter()
        await asyncio.sleep(0.02)
        assert time.perf_counter() - begun < 5.0, "the kernel was blocked"


def link_of(box):
    return unescape(re.search(r'href="([^"]+)"', box.link.value)[1])


def test_it_says_first_what_it_will_do(open_box):
    """Whose consent, which file, what it costs; Cancel does nothing."""
    box = open_box()
    box.ask.click()
    assert f"new consent for set 1 (project {PROJECT})" in box.told.value
    assert "costs one unit" in box.told.value
    box.cancel.click()
    assert box._question not in box.children
    box.begin.click()
    assert not box.is_waiting


def test_a_login_succeeds_and_says_whose_it_is(open_box, here, sandbox):
    """The link leads to the consent page; its answer arrives by itself, and the token is a new one."""
    settings, monitor = here
    before = settings.sets[1].token_file.read_text()
    done = []

    async def scene():
        async def refreshed():
            done.append(True)

        box = open_box(on_done=refreshed)
        box.ask.click()
        await asyncio.sleep(0.3)
        box.reason.value = "its owner changed the password"
        box.begin.click()
        await until(box, "Open the consent page")
        assert 'rel="noopener noreferrer"' in box.link.value
        await asyncio.to_thread(consent, link_of(box))
        await until(box, "Set 1 is logged in")
        assert not box.is_waiting

    asyncio.run(asyncio.wait_for(scene(), 60))
    assert done
    assert settings.sets[1].token_file.read_text() != before
    assert load_sets(settings, monitor)[0].state == "ready"
    row = monitor.audit_rows()[-1]
    assert (row["action"], row["why"]) == ("login", "its owner changed the password")


def test_a_login_can_be_given_up(open_box, here):
    """Nothing is saved, and the button works again."""

    async def scene():
        box = open_box()
        box.ask.click()
        await asyncio.sleep(0.3)
        box.begin.click()
        await until(box, "Open the consent page")
        box.give_up.click()
        await until(box, "The login was given up. Nothing was saved.")
        box.ask.click()
        await asyncio.sleep(0.3)
        assert box._question in box.children

    asyncio.run(asyncio.wait_for(scene(), 60))
    assert here[1].audit_rows() == []


def test_nobody_answers(open_box):
    """After its time the login ends by itself, and says so."""

    async def scene():
        box = open_box(timeout=0.3)
        box.ask.click()
        await asyncio.sleep(0.3)
        box.begin.click()
        await until(box, "Nobody answered the consent page")
        assert 'role="alert"' in box.result.value

    asyncio.run(asyncio.wait_for(scene(), 60))


def test_a_pasted_address_that_is_none_is_refused(open_box):
    """From another machine the address is pasted; a wrong one is told apart, and the login goes on."""

    async def scene():
        box = open_box()
        box.ask.click()
        await asyncio.sleep(0.3)
        box.begin.click()
        await until(box, "Open the consent page")
        box.address.value = "http://127.0.0.1:1/?code=x&state=wrong"
        box.hand_over.click()
        await until(box, "That is not the answer to this login")
        assert box.is_waiting

    asyncio.run(asyncio.wait_for(scene(), 60))
