"""Buttons that ask before they act."""

from __future__ import annotations

import asyncio
import time

import pytest

from ytquota.dashboard import confirm
from ytquota.dashboard.confirm import Action, ActionBar
from ytquota.errors import CredentialError


@pytest.fixture
def done():
    return []


@pytest.fixture
def world():
    """What a preview would tell, to be changed by a test as if by somebody else."""
    return {"will": "This will clear <everything>."}


@pytest.fixture
def bar(done, world):
    """An action that is asked once, one that is asked twice, and one with a choice."""

    def act(reason, choice):
        done.append((reason, choice) if choice else reason)
        return True, "It is done."

    def preview(choice):
        return f"{world['will']} {choice}".strip()

    actions = {
        "reset": Action("Reset set 1", preview, act, adds=lambda _: ["Used by <bots>."]),
        "disable": Action("Disable set 1", preview, act, is_destructive=True),
        "mark": Action("Mark", preview, act, choices=(("Units", "default"), ("Searches", "search_list"))),
    }
    made = ActionBar(actions)
    yield made
    made.close()


def test_one_click_only_asks(bar, done):
    """The first click says what will happen, and to whom, and does nothing."""
    bar.buttons["reset"].click()
    assert bar.is_armed
    assert "This will clear &lt;everything&gt;." in bar.question.value
    assert "Used by &lt;bots&gt;." in bar.question.value
    assert done == []


def test_the_second_click_acts_with_the_reason(bar, done):
    """The reason goes along; the outcome is told where the click was made."""
    bar.buttons["reset"].click()
    bar.reason.value = "  logged in again "
    bar.really.click()
    assert done == ["logged in again"]
    assert not bar.is_armed
    assert 'role="status"' in bar.result.value
    assert "It is done." in bar.result.value


def test_what_stops_somebody_is_asked_twice(bar, done):
    """The first yes only turns the button red."""
    bar.buttons["disable"].click()
    assert bar.really.description == "Yes: Disable set 1"
    bar.really.click()
    assert (bar.really.description, bar.really.button_style) == ("Really disable set 1", "danger")
    assert done == []
    bar.really.click()
    assert done == [""]


def test_a_double_click_is_one_click(bar, done, monkeypatch):
    """Its second half lands on the answer, and must not count as one."""
    monkeypatch.setattr(confirm, "_DOUBLE_CLICK", 0.2)
    bar.buttons["reset"].click()
    bar.really.click()
    assert bar.is_armed
    assert done == []
    time.sleep(0.25)
    bar.really.click()
    assert done == [""]


def test_another_button_asks_its_own_question(bar, done):
    """One question at a time: the second one asked replaces the first, and its reason."""
    bar.buttons["disable"].click()
    bar.really.click()
    bar.reason.value = "half a sentence"
    bar.buttons["reset"].click()
    assert bar.really.description == "Yes: Reset set 1"
    assert bar.reason.value == ""
    bar.really.click()
    assert done == [""]


def test_a_choice_changes_what_will_happen(bar, done):
    """The question follows the choice, and the choice goes along."""
    bar.buttons["mark"].click()
    assert "default" in bar.question.value
    bar.choice.value = "search_list"
    assert "search_list" in bar.question.value
    bar.really.click()
    assert done == [("", "search_list")]


def test_stale_state_is_read_again_and_said_so(bar, done, world):
    """Somebody else acted between question and answer: nothing is done, and the new question says why."""
    bar.buttons["reset"].click()
    world["will"] = "This will clear something else."
    bar.really.click()
    assert done == []
    assert "Things have changed since you asked" in bar.question.value
    assert "something else" in bar.question.value
    bar.really.click()
    assert done == [""]


def test_what_somebody_else_did_meanwhile_is_not_done_again(bar, done, world):
    """Two consoles, one action: the slower one is told."""
    bar.buttons["reset"].click()
    world["will"] = "Nothing to clear for set 1."
    bar.really.click()
    assert done == []
    assert not bar.is_armed
    assert "It was done meanwhile. Nothing to clear" in bar.result.value


def test_counts_that_move_are_no_change(bar, done, world):
    """Bots go on calling while somebody reads."""
    world["will"] = "It has 9,800 of 10,000 units left."
    bar.buttons["reset"].click()
    world["will"] = "It has 9,799 of 10,000 units left."
    bar.really.click()
    assert done == [""]


def test_cancel_takes_it_back(bar, done):
    """After Cancel nothing happens, and the reason is forgotten."""
    bar.buttons["reset"].click()
    bar.reason.value = "because"
    bar.cancel.click()
    assert not bar.is_armed
    assert bar.reason.value == ""
    bar.really.click()
    assert done == []


def test_a_late_second_click_is_ignored(bar, done):
    """A click that was under way when the question had gone acts on nothing, and never twice."""
    bar.really.click()
    assert done == []
    bar.buttons["reset"].click()
    bar.really.click()
    bar.really.click()
    assert done == [""]


def test_it_disarms_itself():
    """A question nobody answers goes away; typing a reason keeps it a while longer."""

    async def scene():
        bar = ActionBar(
            {"reset": Action("Reset", lambda _: "It will.", lambda *_: (True, ""))}, patience=0.25
        )
        armed = asyncio.Event()
        bar.observe(lambda _: armed.set(), "children")
        bar.buttons["reset"].click()
        while not bar.is_armed:
            await armed.wait()
            armed.clear()
        await asyncio.sleep(0.15)
        bar.reason.value = "still typing"
        await asyncio.sleep(0.15)
        assert bar.is_armed
        await asyncio.sleep(0.25)
        assert not bar.is_armed
        bar.close()

    asyncio.run(scene())


def test_a_failure_is_shown_as_an_alert():
    """Whatever the action raises is shown, escaped, and the button can be used again."""

    def fails(*_):
        raise CredentialError("There is no credential set <9>.")

    bar = ActionBar({"reset": Action("Reset set 9", lambda _: "It will.", fails)})
    bar.buttons["reset"].click()
    bar.really.click()
    assert 'role="alert"' in bar.result.value
    assert "Reset set 9 failed" in bar.result.value
    assert "&lt;9&gt;" in bar.result.value
    assert not bar.is_armed


def test_a_preview_that_fails_is_shown_too():
    """If it cannot even be said what would happen, nothing can be confirmed."""

    def fails(_):
        raise CredentialError("The state file cannot be read.")

    bar = ActionBar({"reset": Action("Reset", fails, lambda *_: (True, ""))})
    bar.buttons["reset"].click()
    assert not bar.is_armed
    assert "The state file cannot be read." in bar.result.value


def test_nothing_to_do_is_no_success():
    """An action that changed nothing says so."""
    bar = ActionBar({"reset": Action("Reset", lambda _: "It will.", lambda *_: (False, "Nothing to clear."))})
    bar.buttons["reset"].click()
    bar.really.click()
    assert "Nothing changed" in bar.result.value


def test_cancel_comes_before_the_answer(bar):
    """The harmless answer is the first one a keyboard reaches, and each button has a name."""
    bar.buttons["reset"].click()
    first, second = bar._answers.children
    assert (first.description, second.description) == ("Cancel", "Yes: Reset set 1")
