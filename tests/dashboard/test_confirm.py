"""The button that asks before it acts."""

from __future__ import annotations

import asyncio

import pytest

from ytquota.dashboard.confirm import Action, ConfirmButton
from ytquota.errors import CredentialError


@pytest.fixture
def done():
    return []


@pytest.fixture
def button(done):
    def act(reason):
        done.append(reason)
        return True, "It is done."

    made = ConfirmButton(Action("Reset set 1", lambda: "This will clear <everything>.", act))
    yield made
    made.close()


def test_one_click_only_asks(button, done):
    """The first click says what will happen, and does nothing."""
    button.ask.click()
    assert button.is_armed
    assert "This will clear &lt;everything&gt;." in button.question.value
    assert done == []


def test_the_second_click_acts_with_the_reason(button, done):
    """The reason goes along; the outcome is told where the click was made."""
    button.ask.click()
    button.reason.value = "  logged in again "
    button.really.click()
    assert done == ["logged in again"]
    assert not button.is_armed
    assert 'role="status"' in button.result.value
    assert "It is done." in button.result.value


def test_cancel_takes_it_back(button, done):
    """After Cancel nothing happens, and the reason is forgotten."""
    button.ask.click()
    button.reason.value = "because"
    button.cancel.click()
    assert not button.is_armed
    assert button.reason.value == ""
    button.really.click()
    assert done == []


def test_a_late_second_click_is_ignored(button, done):
    """A click that was under way when the question had gone acts on nothing, and never twice."""
    button.really.click()
    assert done == []
    button.ask.click()
    button.really.click()
    button.really.click()
    assert done == [""]


def test_it_disarms_itself(done):
    """A question nobody answers goes away; typing a reason keeps it a while longer."""

    async def scene():
        button = ConfirmButton(Action("Reset", lambda: "It will.", lambda _: (True, "")), patience=0.25)
        armed = asyncio.Event()
        button.observe(lambda _: armed.set(), "children")
        button.ask.click()
        await armed.wait()
        await asyncio.sleep(0.15)
        button.reason.value = "still typing"
        await asyncio.sleep(0.15)
        assert button.is_armed
        await asyncio.sleep(0.25)
        assert not button.is_armed
        button.close()

    asyncio.run(scene())


def test_a_failure_is_shown_as_an_alert():
    """Whatever the action raises is shown, escaped, and the button can be used again."""

    def fails(_):
        raise CredentialError("There is no credential set <9>.")

    button = ConfirmButton(Action("Reset set 9", lambda: "It will.", fails))
    button.ask.click()
    button.really.click()
    assert 'role="alert"' in button.result.value
    assert "Reset set 9 failed" in button.result.value
    assert "&lt;9&gt;" in button.result.value
    assert not button.is_armed


def test_a_preview_that_fails_is_shown_too():
    """If it cannot even be said what would happen, nothing can be confirmed."""

    def fails():
        raise CredentialError("The state file cannot be read.")

    button = ConfirmButton(Action("Reset", fails, lambda _: (True, "")))
    button.ask.click()
    assert not button.is_armed
    assert "The state file cannot be read." in button.result.value


def test_nothing_to_do_is_no_success():
    """An action that changed nothing says so."""
    button = ConfirmButton(Action("Reset", lambda: "It will.", lambda _: (False, "Nothing to clear.")))
    button.ask.click()
    button.really.click()
    assert "Nothing changed" in button.result.value


def test_cancel_comes_before_really(button):
    """The harmless answer is the first one a keyboard reaches, and each button has a name."""
    button.ask.click()
    first, second = button._asking.children[-1].children
    assert (first.description, second.description) == ("Cancel", "Really reset set 1")
