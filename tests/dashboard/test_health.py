"""The health card of the console: what the doctor finds, and a button to look again."""

from __future__ import annotations

import asyncio
import json
import threading

import pytest

from ytquota.dashboard import health


def look(console):
    async def scene():
        await console.refresh()
        await console.panel.health.look()

    asyncio.run(scene())


@pytest.fixture
def console(open_console, spend):
    spend()
    return open_console()


def test_what_is_wrong_is_told_with_what_mends_it(console, settings):
    """A token that others can read: severity in words, the file, and the remedy."""
    settings.sets[10].token_file.chmod(0o644)
    look(console)
    told = console.panel.health.told.value
    assert str(settings.sets[10].token_file) in told
    for part in (
        'role="status"',
        "How to mend it: ",
        "<code>ytquota doctor --fix</code>",
        "12:00 Pacific",
    ):
        assert part in told


def test_look_again_sees_what_was_mended(console, settings):
    """One click, and it is gone."""
    settings.sets[10].token_file.chmod(0o644)
    look(console)
    settings.sets[10].token_file.chmod(0o600)
    console.panel.health.again.click()
    assert str(settings.sets[10].token_file) not in console.panel.health.told.value


def test_nothing_found_is_told(console):
    """Silence could mean that nobody has looked."""
    assert "All is well." in health.health_page([], 0.0)


def test_it_looks_at_first_and_then_every_ten_minutes_off_the_loop(console, monkeypatch, clock):
    """The doctor reads journals: seldom, and never in the kernel's own thread."""
    looked, card = [], console.panel.health

    async def refresh():
        await console.refresh()
        await asyncio.gather(*card._tasks._running)

    monkeypatch.setattr(health, "examine", lambda *_, **__: looked.append(threading.get_ident()) or [])
    for seconds in (0, 300, 301):
        clock.advance(seconds)
        asyncio.run(refresh())
    assert len(looked) == 2
    assert threading.get_ident() not in looked


def test_secrets_are_not_on_the_card(console, settings):
    """A garbled token is named by its file; what is in it stays there."""
    file = settings.sets[1].token_file
    file.write_text(file.read_text().replace("}", ""))
    look(console)
    told = console.panel.health.told.value
    assert str(file) in told
    assert json.loads(settings.sets[3].token_file.read_text())["client_secret"] == "s"
    assert "refresh_token" not in told


def test_a_look_that_fails_is_an_alert_and_can_be_repeated(console, monkeypatch):
    """Whatever it raises is shown in its place, and the button works."""

    def fails(*_, **__):
        raise OSError("the <disk> is gone")

    asyncio.run(console.refresh())
    monkeypatch.setattr(health, "examine", fails)
    console.panel.health.again.click()
    assert 'role="alert"' in console.panel.health.told.value
    assert "the &lt;disk&gt; is gone" in console.panel.health.told.value
    assert not console.panel.health.again.disabled
