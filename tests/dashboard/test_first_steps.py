"""The first steps: practice, the usual mistakes, and the first call, on a sandbox."""

from __future__ import annotations

import json
import os

import pytest

from ytquota.dashboard.first_steps import Checklist, LogIn, Practice, check_account, first_call, usage
from ytquota.sandbox import Sandbox
from ytquota.settings import Settings

PROJECT = "111111111111"


@pytest.fixture
def sandbox():
    with Sandbox() as running:
        running.add_project(PROJECT)
        yield running


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch):
    """The person's environment says nothing, as on a new machine."""
    for name in list(os.environ):
        if name.startswith(("YTQUOTA_", "GOOGLE_CLIENT", "OAUTH_TOKEN", "YOUTUBE_")):
            monkeypatch.delenv(name)


def settings_of(sandbox, folder, **options):
    return Settings.load({}, start=sandbox.write_env(folder, {1: PROJECT}, **options).parent)


def step(checklist: Checklist, words: str):
    return next(one for one in checklist.steps if words in one.name)


def test_practice_leads_to_a_metered_call(sandbox):
    """From nothing: an account, a call, and what it cost."""
    practice = Practice(sandbox)
    assert "Nothing of yours is touched" in practice._repr_html_()
    assert "Nothing was counted today" in str(usage(practice.settings))
    told = first_call(settings=practice.settings)
    assert told.ok, told
    assert "1 unit used, 9,999 of 10,000 left" in told.text
    assert sandbox.used(PROJECT) == 1
    assert 'role="status"' in told._repr_html_()


def test_a_ready_account_passes_every_check(sandbox, tmp_path):
    """Nothing stands in the way, and the page says so in words and colour."""
    settings_of(sandbox, tmp_path)
    checklist = check_account(tmp_path)
    assert checklist.ok
    assert {one.state for one in checklist.steps} == {"ok"}, str(checklist)
    assert 'is-ready">ok' in checklist._repr_html_()


def test_without_settings_it_says_what_to_write(tmp_path):
    """An empty folder: what to copy; and the first call sends nothing."""
    checklist = check_account(tmp_path)
    assert not checklist.ok
    assert "`ytquota init`" in " ".join(step(checklist, "settings file").told)
    told = first_call(settings=Settings.load({}, start=tmp_path))
    assert not told.ok
    assert told.title == "Nothing was sent"


def test_a_wrong_client_type_is_named(sandbox, tmp_path):
    """The key of a service account, which YouTube does not accept."""
    settings = settings_of(sandbox, tmp_path)
    settings.sets[1].secrets_file.write_text(json.dumps({"type": "service_account", "client_email": "a@b"}))
    wrong = step(check_account(tmp_path), "client can be used")
    assert wrong.state == "wrong"
    assert "service account" in wrong.told[0]
    assert "Desktop app" in wrong.told[0]


def test_a_missing_scope_is_named(sandbox, tmp_path):
    """The box that was not ticked, and how to tick it."""
    settings = settings_of(sandbox, tmp_path)
    token = json.loads(settings.sets[1].token_file.read_text())
    token["scopes"] = ["https://www.googleapis.com/auth/youtube.readonly"]
    settings.sets[1].token_file.write_text(json.dumps(token))
    found = step(check_account(tmp_path), "YOUTUBE_SCOPES")
    assert found.state == "look"
    assert "tick every box" in found.told[0]


def test_a_consent_in_testing_that_is_about_to_end_is_named(sandbox, tmp_path):
    """Six days old: it may end tomorrow."""
    settings = settings_of(sandbox, tmp_path)
    token = json.loads(settings.sets[1].token_file.read_text())
    token["granted_at"] = "2020-01-01T00:00:00Z"
    token["expiry"] = "2020-01-02T00:00:00Z"
    settings.sets[1].token_file.write_text(json.dumps(token))
    found = step(check_account(tmp_path), "Testing")
    assert found.state == "look"
    assert "Publish app" in found.told[0]


def test_nobody_logged_in_is_named_and_the_button_is_there(sandbox, tmp_path):
    """A client without a token: the check says so, and the login offers that set."""
    settings = settings_of(sandbox, tmp_path, tokens=False)
    checklist = check_account(tmp_path)
    assert step(checklist, "logged in").state == "wrong"
    login = LogIn(settings=settings)
    assert login.box.ask.description == "Log in set 1"
    login.close()


def test_an_api_that_is_not_enabled_is_told_at_the_first_call(sandbox, tmp_path):
    """The mistake nothing on this machine can show: where to press Enable."""
    settings = settings_of(sandbox, tmp_path)
    sandbox.disable_project(PROJECT)
    told = first_call(settings=settings)
    assert not told.ok
    assert "press Enable" in told.text
    assert PROJECT in told.text


def test_with_nothing_to_log_in_it_says_so(tmp_path):
    """No client yet: a sentence instead of a button."""
    login = LogIn(settings=Settings.load({}, start=tmp_path))
    assert "nothing to log in yet" in login.note.value
    login.close()


def test_a_wrong_setting_is_told(tmp_path, monkeypatch):
    """Each of the cells names the variable instead of raising."""
    monkeypatch.setenv("YTQUOTA_RESERVE", "much")
    assert "YTQUOTA_RESERVE" in str(check_account(tmp_path))
    assert "YTQUOTA_RESERVE" in first_call().text
    assert "YTQUOTA_RESERVE" in usage().text
    login = LogIn()
    assert "YTQUOTA_RESERVE" in login.note.value
    login.close()
