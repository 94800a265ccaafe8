"""Faults of credential files: each is planted for real, found with its remedy, and gone after the remedy."""

from __future__ import annotations

import json
import os
import stat
from datetime import UTC, datetime, timedelta

import pytest

from ytquota.auth.state import StateFile
from ytquota.operations.doctor import fix

ONE, TEN = "111111111111", "222222222222"


def test_nothing_is_found_on_a_healthy_install(bot):
    """Neither before the first call, nor after calls, nor with Google asked; and nothing is changed."""
    assert bot.look() == []

    bot.count(times=3)
    before = {path: path.read_bytes() for path in bot.folder.rglob("*") if path.is_file()}

    assert bot.look() == []
    assert {path: path.read_bytes() for path in bot.folder.rglob("*") if path.is_file()} == before
    assert bot.look(ask_google=True) == []


def test_no_check_costs_quota(bot):
    """The sandbox bills nothing, even when Google is asked."""
    bot.look(ask_google=True)

    assert [row["kind"] for row in bot.sandbox.access_log()] == ["token", "token"]
    assert not any(units for pools in bot.sandbox.billed().values() for units in pools.values())


def missing_secrets(bot):
    bot.secrets().rename(bot.folder / "downloaded.json")
    return lambda: (bot.folder / "downloaded.json").rename(bot.secrets())


def missing_token(bot):
    bot.token().unlink()
    return lambda: bot.log_in(1)


def half_a_token(bot):
    bot.token().write_text('{"token": ')
    return lambda: bot.log_in(1)


def another_projects_secrets(bot):
    bot.secrets().write_bytes(bot.secrets(10).read_bytes())
    return lambda: bot.log_in(1)


def a_project_that_the_token_denies(bot):
    bot.setting("YTQUOTA_PROJECT_1", TEN)
    return lambda: bot.setting("YTQUOTA_PROJECT_1")


def a_service_accounts_key(bot):
    right = bot.secrets().read_bytes()
    bot.secrets().write_text('{"type": "service_account", "private_key": "not-for-your-eyes"}')
    return lambda: bot.secrets().write_bytes(right)


def a_web_client_elsewhere(bot):
    right = bot.secrets().read_bytes()
    client = json.loads(right)["installed"] | {"redirect_uris": ["https://bot.example/back"]}
    bot.secrets().write_text(json.dumps({"web": client}))
    return lambda: bot.secrets().write_bytes(right)


def a_scope_that_was_not_granted(bot):
    bot.setting("YOUTUBE_SCOPES", "youtube.force-ssl,youtube.upload,youtubepartner")
    return lambda: [bot.log_in(1), bot.log_in(10)]


def a_login_five_days_old(bot):
    bot.token(granted_at=(datetime.now(UTC) - timedelta(days=5, hours=12)).isoformat())
    return lambda: bot.log_in(1)


def a_login_that_google_ends_tomorrow(bot):
    bot.sandbox.set_testing(ONE)
    bot.log_in(1)
    bot.grow_old(5.9)
    bot.renew(1)
    bot.sandbox.set_testing(ONE, testing=False)
    return lambda: bot.log_in(1)


def a_set_that_google_refused(bot):
    StateFile(bot.memory).quarantine(1, "Google no longer accepts its refresh token (invalid_grant).")
    return lambda: bot.log_in(1)


def a_key_of_no_known_project(bot):
    bot.setting("YTQUOTA_PROJECT_3")
    return lambda: bot.setting("YTQUOTA_PROJECT_3", "111111111111")


FAULTS = [
    (missing_secrets, "secrets-missing", "error", "GOOGLE_CLIENT_SECRETS_FILE_1"),
    (missing_token, "token-missing", "error", "`ytquota login 1`"),
    (half_a_token, "token-garbled", "error", "`ytquota login 1`"),
    (another_projects_secrets, "project", "error", "OAUTH_TOKEN_FILE_1"),
    (a_project_that_the_token_denies, "project", "error", "Remove YTQUOTA_PROJECT_1"),
    (a_service_accounts_key, "client-type", "error", "'Desktop app'"),
    (a_web_client_elsewhere, "client-type", "error", "http://localhost:8080/"),
    (a_scope_that_was_not_granted, "scopes", "warning", "`ytquota login 1`"),
    (a_login_five_days_old, "testing", "note", "`ytquota login 1`"),
    (a_login_that_google_ends_tomorrow, "login-ends", "warning", "`ytquota login 1` before that"),
    (a_set_that_google_refused, "revoked", "error", "`ytquota login 1`"),
    (a_key_of_no_known_project, "key-project", "note", "YTQUOTA_PROJECT_3="),
]


@pytest.mark.parametrize(
    ("plant", "check", "severity", "remedy"), FAULTS, ids=lambda x: getattr(x, "__name__", "")
)
def test_a_fault_is_found_with_its_remedy_and_gone_after_it(bot, plant, check, severity, remedy):
    """One kind of finding, no other; and none once a person has done what it says."""
    cure = plant(bot)

    found = bot.look()

    assert {finding.check for finding in found} == {check}
    assert found[0].severity == severity
    assert remedy in found[0].remedy
    assert not found[0].fixable

    cure()

    assert bot.look() == []


@pytest.mark.parametrize(
    ("path", "mode", "closed"),
    [
        ("credentials/client_secret_1.json", 0o644, 0o600),
        ("credentials/oauth_token_10.json", 0o640, 0o600),
        (".env", 0o644, 0o600),
        ("credentials", 0o777, 0o700),
    ],
)
def test_open_modes_are_found_and_closed(bot, path, mode, closed):
    """Secrets and tokens, a `.env` with a key in it, a folder that others may write to."""
    path = bot.folder / path
    path.chmod(mode)

    (found,) = bot.look()

    assert (found.check, found.severity, found.subject) == ("modes", "warning", str(path))
    assert f"`chmod {closed:03o} {path}`" in found.remedy
    assert [done.done for done in fix([found])] == [
        f"Changed the mode of {path} from {mode:03o} to {closed:03o}."
    ]
    assert stat.S_IMODE(path.stat().st_mode) == closed
    assert bot.look() == []


def test_a_folder_that_is_not_for_secrets_alone_keeps_its_mode(bot):
    """Closing a project's own folder would lock its other users out."""
    bot.token().rename(bot.folder / "token.json")
    bot.setting("OAUTH_TOKEN_FILE_1", "token.json")
    bot.folder.chmod(0o777)

    assert bot.look() == []


def test_a_revoked_token_is_found_by_asking_and_only_then(bot):
    """Nothing on this machine tells; a real renewal does, for free; a login cures it."""
    bot.sandbox.revoke(1)
    assert bot.look() == []

    (found,) = bot.look(ask_google=True)

    assert (found.check, found.subject, found.remedy) == ("revoked", "set 1", "Run `ytquota login 1`.")
    assert "invalid_grant" in found.what
    bot.log_in(1)
    assert bot.look(ask_google=True) == []


def test_a_set_that_is_apart_for_the_moment_is_a_warning_that_asks_for_patience(bot):
    """It comes back by itself; what it waits for, and until when, is said."""
    StateFile(bot.memory).stumble(1, "The token address is out of reach (TimeoutError).")

    (found,) = bot.look()

    assert (found.check, found.severity, found.subject) == ("reach", "warning", "set 1")
    assert "tried once: The token address is out of reach" in found.what
    assert "it is tried again at" in found.remedy


def test_a_quarantine_of_a_login_that_was_replaced_is_nothing(bot):
    """It was about another refresh token."""
    StateFile(bot.memory).quarantine(1, "dead", login="another-one")

    assert bot.look() == []


def test_a_token_address_out_of_reach_says_nothing_about_the_token(bot):
    """A warning about the network, not an error about the set."""
    bot.sandbox.stop()

    found = bot.look(ask_google=True)

    assert {finding.check for finding in found} == {"reach"}


@pytest.mark.parametrize(("days", "finds"), [(4.9, False), (5.1, True), (6.9, True), (8, True)])
def test_a_login_is_noted_from_its_fifth_day(bot, days, finds):
    """Even after the seventh, as long as nothing shows that it was renewed since."""
    granted = datetime.now(UTC) - timedelta(days=days)
    bot.token(granted_at=granted.isoformat(), expiry=(granted + timedelta(hours=1)).isoformat())

    assert [finding.check for finding in bot.look()] == ["testing"] * finds


def test_a_login_that_outlived_its_seven_days_is_not_noted(bot):
    """A token that was renewed on day 8 is not of an app in Testing."""
    bot.token(granted_at=(datetime.now(UTC) - timedelta(days=8)).isoformat())

    assert bot.look() == []


def test_without_a_date_of_consent_the_files_age_is_what_is_known(bot):
    """A token that another program made, untouched for six days, is at least as old."""
    content = json.loads(bot.token().read_text())
    del content["granted_at"], content["expiry"]
    bot.token().write_text(json.dumps(content))
    assert bot.look() == []

    then = (datetime.now(UTC) - timedelta(days=6)).timestamp()
    os.utime(bot.token(), (then, then))

    (found,) = bot.look()
    assert (found.check, "at least 6.0 days ago" in found.what) == ("testing", True)


def in_hours(hours):
    return (datetime.now(UTC) + timedelta(hours=hours)).isoformat()


@pytest.mark.parametrize(("hours", "finds"), [(49, False), (47.9, True), (1, True), (-1, True)])
def test_an_end_that_the_file_knows_is_a_warning_from_48_hours_ahead(bot, hours, finds):
    """And after it; however old the login is, nothing is guessed any more."""
    bot.token(granted_at=in_hours(-6 * 24), login_ends_at=in_hours(hours))

    found = bot.look()

    assert [(one.check, one.severity) for one in found] == [("login-ends", "warning")] * finds
    if finds:
        assert ("ended 1 h 0 m ago" if hours < 0 else "ends in") in found[0].what
        assert ("before that" in found[0].remedy) == (hours > 0)
        assert "publish the app first" in found[0].remedy


def test_a_login_that_google_refuses_already_is_told_once(bot):
    """The quarantine of the login says it."""
    bot.token(login_ends_at=in_hours(-1))
    StateFile(bot.memory).quarantine(1, "Google no longer accepts its refresh token (invalid_grant).")

    assert [finding.check for finding in bot.look()] == ["revoked"]


def test_asking_google_turns_the_guess_into_knowledge(bot):
    """A renewal tells when the login of a file by another program ends: at once, not at the next look."""
    bot.token(granted_at=in_hours(-6 * 24))
    bot.sandbox.set_testing(ONE)
    bot.token(**bot.sandbox.issue_token(ONE))
    bot.grow_old(6)
    assert [finding.check for finding in bot.look()] == ["testing"]

    (found,) = bot.look(ask_google=True)

    assert (found.check, found.subject) == ("login-ends", "set 1")
    assert "ends in 23 h 59 m" in found.what
