"""The alert before a login ends: once for a login, 48 hours ahead, over real OAuth and real channels."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ytquota.auth.credentials import RefreshRefused
from ytquota.clock import ManualClock
from ytquota.operations import watch
from ytquota.operations.alerts import Book, Edges
from ytquota.operations.alerts.rules import login_ends

ONE = "111111111111"
NOW = datetime(2026, 11, 10, 20, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = 86_400.0


@pytest.fixture
def look(bot):
    """Look once, by a watch that is started anew; what it tells of logins and quarantines."""

    def look():
        monitor = bot.open()
        try:
            told = watch.Watch(bot.settings, monitor).look()
            return [(one.kind, one.rule, one.credential_set) for one in told]
        finally:
            monitor.close()

    return look


def said(end, *, at=NOW, login="a", **facts):
    return login_ends(1, end, at.timestamp(), login=login, **facts)


# -- the rule


@pytest.mark.parametrize(
    ("hours", "state"), [(50, "off"), (49, "between"), (48.5, "between"), (48, "on"), (0, "on"), (-30, "on")]
)
def test_it_rings_48_hours_ahead_and_is_over_beyond_49(hours, state):
    """A renewal tells the end anew, a second later perhaps: that ends no alert."""
    assert said(NOW + hours * HOUR).state == state


def test_the_text_says_until_when_and_what_to_do():
    """A person need not look anything up."""
    one = said(NOW + 51 * HOUR - timedelta(hours=4))

    assert (one.severity, one.credential_set, one.bucket) == ("warning", 1, "")
    assert one.text.startswith("The login of credential set 1 ends in 1 d 23 h, Thu 12 Nov 11:00 PST")
    assert "Run `ytquota login 1`. So that it does not end again, publish the app first" in one.text


def test_a_login_whose_end_is_forgotten_is_not_one_that_has_none():
    """Google's own class drops the field when it rewrites the file: the same login, and no recovery."""
    assert said(None, rung="a").state == "between"
    assert said(None, login="b", rung="a").state == "off"
    assert said(None).state == "off"


def test_what_google_refuses_already_is_the_other_alert():
    """Quarantined says it; two alerts about one dead login are one too many."""
    assert said(NOW - HOUR, refused=True).state == "between"


def test_another_login_that_ends_soon_rings_anew_but_once_a_day():
    """Each login is told of; somebody who logs in ten times in an hour hears of it once."""
    edges, soon = Edges(), said(NOW + HOUR)
    at = NOW.timestamp()
    assert len(edges.step([soon], at)) == 1

    again = replace(soon, login="b")

    assert edges.step([again], at + 60) == []
    assert [one.kind for one in edges.step([again], at + DAY)] == ["alert"]
    assert edges.step([again], at + 2 * DAY) == []


# -- the watch


def test_a_login_in_testing_rings_once_before_it_ends_and_recovers_with_the_next(bot, look):
    """Seven days on the sandbox: five in peace, one alert, then the refusal, then all is well again."""
    bot.sandbox.set_testing(ONE)
    bot.log_in(1)
    assert look() == []

    bot.grow_old(5.1)
    bot.renew(1)
    assert look() == [("alert", "login-ends", 1)]
    assert look() == []

    bot.grow_old(2)
    with pytest.raises(RefreshRefused):
        bot.renew(1)
    assert look() == [("alert", "quarantined", 1)]

    bot.log_in(1)
    told = Book(bot.memory).read().history
    assert look() == [("recovery", "quarantined", 1)]
    assert look() == []
    last = Book(bot.memory).read().history[len(told) :]
    assert "The login of credential set 1 ends in 6 d 23 h" in last[0].alert.text


def test_it_is_told_once_however_the_days_pass(bot, look):
    """By the watch's own clock: nothing at 3 days, one alert from 2 days on, none the next day."""
    bot.clock = ManualClock(time.time())
    bot.sandbox.set_testing(ONE)
    bot.log_in(1)
    told = []
    for _ in range(7):
        told.append([rule for _, rule, _ in look()])
        bot.clock.advance(DAY)

    assert told == [[], [], [], [], [], ["login-ends"], []]


def test_a_file_rewritten_by_another_program_is_no_recovery(bot, look):
    """It drops what it does not know; the alert stays until there is another login."""
    bot.sandbox.set_testing(ONE)
    bot.log_in(1)
    bot.grow_old(6)
    bot.renew(1)
    assert [rule for _, rule, _ in look()] == ["login-ends"]

    bot.token(login_ends_at=None)
    assert look() == []

    bot.sandbox.set_testing(ONE, testing=False)
    bot.log_in(1)
    assert look() == [("recovery", "login-ends", 1)]


def test_a_token_that_cannot_be_read_says_nothing_of_the_end(bot, look):
    """Neither an alarm nor an all-clear of that, but that it is broken; and the watch goes on."""
    bot.token(login_ends_at=(datetime.now(UTC) + HOUR).isoformat())
    assert [rule for _, rule, _ in look()] == ["login-ends"]
    whole = bot.token().read_text()

    bot.token().write_text(whole[:20])
    assert look() == [("alert", "broken", 1)]
    bot.token().write_text(whole)
    assert look() == [("recovery", "broken", 1)]
