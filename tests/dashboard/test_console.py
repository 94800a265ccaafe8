"""The rotation console without a browser: every button, on a real ledger and real state files."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from ytquota.auth import rotation
from ytquota.auth.state import StateFile
from ytquota.dashboard.console import Console
from ytquota.settings import Settings

rotating = pytest.mark.parametrize("settings", ["YTQUOTA_ROTATION=1,10"], indirect=True)


def look(console):
    asyncio.run(console.refresh())


@pytest.fixture
def console(open_console, spend):
    """A console on a day with some calls."""
    spend("comments.insert", tag="chat-bot", times=2)
    spend("search.list", tag="crawler")
    opened = open_console()
    look(opened)
    return opened


def act(bar, name, *, reason="", twice=False):
    bar.buttons[name].click()
    bar.reason.value = reason
    for _ in range(1 + twice):
        bar.really.click()


def offered(row):
    return {name for name, button in row.bar.buttons.items() if button.layout.display == ""}


def states(settings, clock):
    return StateFile(settings.memory_dir, clock=clock).read()


# -- what it shows


def test_each_set_says_how_it_stands(console):
    """State, what is left, last use, token: and for its project, that sharing it adds nothing."""
    facts = console.panel.rows[1].facts.value
    for told in ("Set 1", ">ready<", ">9,900 units, 99 searches<", ">just now by crawler<"):
        assert told in facts
    assert "in use by new services" in facts
    assert ">not today<" in console.panel.rows[3].facts.value


def test_sets_stand_under_their_project_and_channel(console):
    """Two sets of one project: one head, two channels, and a word that rotating adds no quota."""
    heads = [head.value for head in console.panel.groups.values()]
    assert len(heads) == 3
    assert "Project 111111111111" in heads[0]
    assert "Sets 1 and 3 share the pools of this project: rotating between them adds no quota" in heads[0]
    assert "Speaks as channel Channel &lt;3&gt;" in heads[1]
    assert "Project" not in heads[1]
    assert "Project 222222222222" in heads[2]
    assert "adds no quota" not in heads[2]


def test_a_token_that_ended_is_no_alarm(console, settings, clock):
    """It is renewed by itself, and the row says so."""
    token = settings.sets[1].token_file
    ends = (datetime.fromtimestamp(clock.time(), UTC) + timedelta(minutes=30)).replace(tzinfo=None)
    token.write_text(token.read_text()[:-1] + f', "expiry": "{ends.isoformat()}Z"}}')
    clock.advance(11)
    look(console)
    assert "ends in 29 m and is then renewed by itself" in console.panel.rows[1].facts.value
    clock.advance(3600)
    look(console)
    assert "the next call renews it" in console.panel.rows[1].facts.value


def test_a_login_that_google_ends_is_told_and_marked_when_that_is_near(console, settings, clock):
    """How long, until when in Pacific time, and whether it has ended."""
    token = settings.sets[1].token_file
    ends = datetime.fromtimestamp(clock.time(), UTC) + timedelta(days=3)
    token.write_text(token.read_text()[:-1] + f', "login_ends_at": "{ends.isoformat()}"}}')
    clock.advance(11)
    look(console)
    far = console.panel.rows[1].facts.value
    clock.advance(2 * 86_400)
    look(console)
    near = console.panel.rows[1].facts.value
    clock.advance(86_400)
    look(console)

    assert "ends in 2 d 23 h, Fri 13 Nov 12:00 PST" in far
    assert "ends soon" not in far
    assert "<b>login ends soon</b>" in near
    assert "ends in 23 h 59 m, Fri 13 Nov 12:00 PST" in near
    past = console.panel.rows[1].facts.value
    assert "<b>login has ended</b>" in past
    assert "ended 11 s ago" in past


def test_only_what_makes_sense_is_offered(console, settings, monitor):
    """No rotation to the set in use; Enable where it is disabled."""
    assert offered(console.panel.rows[1]) == {"reset", "disable", "exhaust"}
    assert offered(console.panel.rows[10]) == {"rotate", "reset", "disable", "exhaust"}
    rotation.disable(settings, monitor, 10)
    look(console)
    assert offered(console.panel.rows[10]) == {"rotate", "reset", "enable", "exhaust"}


# -- what it does


@rotating
def test_rotate_says_what_moves_then_moves_it_and_undo_takes_it_back(console, settings, monitor, clock):
    """Tags, pools, whose name: before. State, audit row, success: after."""
    row = console.panel.rows[10]
    row.bar.buttons["rotate"].click()
    asked = row.bar.question.value
    for told in (
        "New services will use set 10",
        "counted in project 222222222222 instead of 111111111111",
        "Bots will speak as channel Channel &lt;10&gt; instead of channel Channel &lt;1&gt;",
        "Called with set 1 today: chat-bot (100 units), crawler (1 search)",
        "Searches: 99 left there, untouched with set 10",
    ):
        assert told in asked
    assert states(settings, clock).preferred is None
    row.bar.reason.value = "set 1 is kept for the stream"
    row.bar.really.click()
    assert states(settings, clock).preferred == 10
    assert "New services now use set 10" in row.bar.result.value
    assert "in use by new services" in row.facts.value
    written = monitor.audit_rows()[-1]
    assert (written["action"], written["why"]) == ("rotate", "set 1 is kept for the stream")
    assert "rotated to set 10, away from set 1" in console.panel.trail.value
    assert "set 1 is kept for the stream" in console.panel.trail.value

    act(console.panel.undo, "undo", reason="a mistake")
    assert states(settings, clock).preferred is None
    assert "Undone: rotate of set 10" in console.panel.undo.result.value
    assert monitor.audit_rows()[-1]["undoes"] == written["row"]
    assert "took back row 1" in console.panel.trail.value
    assert console.panel.undo.buttons["undo"].layout.display == "none"


def test_rotate_without_permission_says_which_line_permits_it(console, settings, clock):
    """Nothing is asked and nothing is done: the line, its file, and Google's policy."""
    bar = console.panel.rows[10].bar
    bar.buttons["rotate"].click()
    assert not bar.is_armed
    assert "YTQUOTA_ROTATION=1,3,10" in bar.result.value
    assert 'role="alert"' in bar.result.value
    assert states(settings, clock).preferred is None


def test_exhaust_marks_the_chosen_pool_for_every_set_of_its_project(console, monitor):
    """The choice is in the question, with who uses it; it is asked twice; the card's fact follows."""
    bar = console.panel.rows[3].bar
    bar.buttons["exhaust"].click()
    bar.choice.value = "search_list"
    assert "search_list of project 111111111111 (shared by sets 1 and 3)" in bar.question.value
    assert "Used today by crawler (1)" in bar.question.value
    bar.really.click()
    assert not monitor.audit_rows()
    bar.really.click()
    assert monitor.ledger.usage()["111111111111"]["search_list"].exhausted_until
    assert monitor.audit_rows()[-1]["action"] == "exhaust"
    assert "99 searches (marked by an operator)" in console.panel.rows[1].facts.value
    assert "marked the searches of project 111111111111 as used up until 00:00" in console.panel.trail.value


def test_disable_and_enable_switch_a_set(console, settings, monitor, clock):
    """Off is asked twice and says who calls with it; on is asked once; both leave a row."""
    row = console.panel.rows[1]
    row.bar.buttons["disable"].click()
    assert "Called with set 1 today: chat-bot" in row.bar.question.value
    row.bar.cancel.click()
    act(row.bar, "disable", reason="its owner asked", twice=True)
    assert states(settings, clock).disabled[1].reason == "its owner asked"
    assert ">disabled<" in row.facts.value
    act(row.bar, "enable")
    assert not states(settings, clock).disabled
    assert [one["action"] for one in monitor.audit_rows()] == ["disable", "enable"]


def test_reset_asks_twice_and_then_changes_the_state_on_disk(console, settings, monitor, clock):
    """Quarantine gone, audit row written, success told beside the button."""
    files = StateFile(settings.memory_dir, clock=clock)
    files.quarantine(10, "Google refused the refresh token.")
    look(console)
    row = console.panel.rows[10]
    assert ">quarantined<" in row.facts.value
    act(row.bar, "reset", reason="logged in again", twice=True)
    assert not files.read().quarantined
    assert "Cleared" in row.bar.result.value
    assert ">ready<" in row.facts.value
    written = monitor.audit_rows()[-1]
    assert (written["action"], written["credential_set"], written["why"]) == ("reset", 10, "logged in again")


def test_a_question_stays_open_while_numbers_move(console, spend):
    """A refresh between the two clicks neither closes the question nor loses the reason."""
    row = console.panel.rows[1]
    row.bar.buttons["reset"].click()
    row.bar.reason.value = "half a sen"
    spend(times=4)
    look(console)
    assert console.panel.rows[1] is row
    assert row.bar.is_armed
    assert row.bar.reason.value == "half a sen"


def test_an_action_that_fails_is_told_beside_the_button(console, settings):
    """The state file cannot be read: an alert where the click was, and nothing else happened."""
    bar = console.panel.rows[1].bar
    bar.buttons["disable"].click()
    (settings.memory_dir / "exhausted_credentials.json").write_text("{ half")
    bar.really.click()
    bar.really.click()
    assert 'role="alert"' in bar.result.value
    assert "exhausted_credentials.json" in bar.result.value


# -- two at once


@rotating
def test_two_consoles_do_not_fight(open_console, console, settings, monitor, clock):
    """Each sees what the other did; the slower of two equal clicks is told that it was done already."""
    other = open_console(monitor=monitor)
    console._closed = False  # the newer one of a kernel stops the older; these two stand for two kernels
    look(other)
    mine, theirs = console.panel.rows[10].bar, other.panel.rows[10].bar
    mine.buttons["rotate"].click()
    theirs.buttons["rotate"].click()
    theirs.really.click()
    assert states(settings, clock).preferred == 10
    mine.really.click()
    assert "It was done meanwhile" in mine.result.value
    assert len(monitor.audit_rows()) == 1
    look(other)
    assert "in use by new services" in other.panel.rows[10].facts.value


def test_undo_takes_back_only_what_was_shown(console, settings, monitor, clock):
    """Another console acts between question and answer: the undo asks again, for the newer action."""
    rotation.disable(settings, monitor, 3, why="first")
    look(console)
    undo = console.panel.undo
    undo.buttons["undo"].click()
    rotation.disable(settings, monitor, 10, why="second")
    undo.really.click()
    assert "Things have changed since you asked" in undo.question.value
    assert "disable of set 10" in undo.question.value
    assert set(states(settings, clock).disabled) == {3, 10}


# -- what to do when a pool runs out


def gone(monitor, clock, project="111111111111", bucket="default"):
    monitor.ledger.exhaust(project, bucket, clock.time() + 12 * 3600)


@rotating
def test_it_proposes_the_set_that_may_take_over(console, monitor, clock):
    """A pool runs out: the next refresh names the healthy set of the list and marks its button."""
    assert console.panel.proposals.value == ""
    gone(monitor, clock)
    look(console)
    told = console.panel.proposals.value
    assert "Units of project 111111111111: marked as exhausted" in told
    # set 10 took over for new services by itself, as the list permits
    assert (
        "Or, as your rotation list permits: set 10 is ready (untouched today) and new services use it "
        "already, so restart the programs that ran out."
    ) in told
    assert (
        told.index("Wait until 00:00")
        < told.index("<code>ytquota advise</code>")
        < told.index("set 10 is ready")
    )


@rotating
def test_it_proposes_to_rotate_where_another_pool_ran_out(console, monitor, clock):
    """Searches are gone, units are not: new services stay, so rotating is proposed and its button leads."""
    gone(monitor, clock, bucket="search_list")
    look(console)
    told = console.panel.proposals.value
    assert "as your rotation list permits: set 10 is ready (untouched today), so rotate to it" in told
    assert "They will then speak as channel Channel &lt;10&gt;" in told
    assert console.panel.rows[10].bar.buttons["rotate"].button_style == "primary"
    assert console.panel.rows[3].bar.buttons["rotate"].button_style == ""


def test_it_proposes_the_line_that_would_permit_it(console, settings, monitor, clock):
    """No rotation list: the line, the file it goes into, and the policy; and how long to wait."""
    gone(monitor, clock)
    look(console)
    told = console.panel.proposals.value
    assert f"YTQUOTA_ROTATION=1,10 into {settings.env_file}" in told
    assert "developer policies" in told
    assert told.index("Wait until 00:00 PST (08:00 UTC here), in 12 h 0 m") < told.index("YTQUOTA_ROTATION")
    assert told.index("<code>ytquota request</code>") < told.index("YTQUOTA_ROTATION")


@pytest.mark.parametrize("settings", ["YTQUOTA_ROTATION=1,4\nYOUTUBE_API_KEY_4=AIzaKey"], indirect=True)
def test_it_does_not_propose_a_key_of_an_unknown_project(console, monitor, clock):
    """It may be of the project that ran out, though the list permits it."""
    gone(monitor, clock)
    look(console)
    told = console.panel.proposals.value
    assert "If set 10 (untouched today) may, write YTQUOTA_ROTATION=1,4,10" in told
    assert "set 4" not in told


@rotating
def test_it_proposes_to_wait_where_nothing_else_is_left(console, monitor, clock):
    """Both projects are empty: until when, and no set."""
    gone(monitor, clock)
    gone(monitor, clock, "222222222222")
    look(console)
    told = console.panel.proposals.value
    assert [told.count(words) for words in ("Wait until 00:00", "No other set here could do its work.")] == [
        2,
        2,
    ]


def test_the_card_of_an_empty_pool_hints_at_it(open_dashboard, spend, monitor, clock):
    """On the dashboard the card itself says where to look."""
    spend()
    gone(monitor, clock)
    dashboard = open_dashboard()
    look(dashboard)
    assert "wait, spare, or ask for more: see Credential sets" in dashboard.cards.value
    assert "marked as exhausted" in dashboard.sets.proposals.value


def test_a_line_written_into_the_env_file_counts_at_once(open_console, settings, monkeypatch, tmp_path):
    """The console said which line permits it; once it is there, rotating works without a restart."""
    monkeypatch.chdir(tmp_path)
    for name in ("YTQUOTA_ROTATION", "YTQUOTA_MEMORY_DIR"):
        monkeypatch.delenv(name, raising=False)
    console = Console()
    look(console)
    with settings.env_file.open("a") as file:
        file.write("\nYTQUOTA_ROTATION=1,10\n")
    look(console)
    assert "in the rotation list" in console.panel.rows[10].facts.value
    act(console.panel.rows[10].bar, "rotate")
    assert StateFile(Settings.load({}, start=tmp_path).memory_dir).read().preferred == 10
    console.close()
