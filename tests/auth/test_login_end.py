"""When a login ends: told by Google at login and at each renewal, kept in the token file, and believed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httplib2
import httpx
import pytest
from google.oauth2.credentials import Credentials
from google_auth_httplib2 import Request
from hypothesis import given
from hypothesis import strategies as st

from ytquota.auth import lifetime, load_sets
from ytquota.auth.credentials import RefreshRefused, StoredCredentials
from ytquota.auth.login import start_login
from ytquota.auth.tokens import load_token

ONE = "111111111111"
DAY = 86_400
NOW = datetime(2026, 11, 27, 20, 0, tzinfo=UTC)
NEARLY = timedelta(seconds=10)


@pytest.fixture
def log_in(open_monitor, person):
    """Log a set in, as a person with a browser does."""

    def log_in(settings, number=1):
        attempt = start_login(settings, number, monitor=open_monitor(settings))
        httpx.get(person(attempt.url))
        return attempt.result(10)

    return log_in


@pytest.fixture
def renew():
    """Renew the token of a set as a bot does."""

    def renew(settings, number=1):
        http = httplib2.Http()
        try:
            StoredCredentials.from_token(token(settings, number)).refresh(Request(http))
        finally:
            http.close()

    return renew


def token(settings, number=1):
    return load_token(number, settings.sets[number].token_file)


def left(settings):
    return token(settings).login_ends_at - datetime.now(UTC)


def test_a_login_in_testing_keeps_when_it_ends(furnish, sandbox, log_in, token_of):
    """In the private file, beside the token; sets tell it, and the person is told at once what to do."""
    settings = furnish(tokens=False)
    sandbox.set_testing(ONE)

    message = log_in(settings).message

    assert abs(left(settings) - timedelta(days=7)) < NEARLY
    assert load_sets(settings)[0].login_ends_at == token(settings).login_ends_at
    assert load_sets(settings)[0].to_json()["login_ends_at"] == token_of(settings)["login_ends_at"]
    assert settings.sets[1].token_file.stat().st_mode & 0o777 == 0o600
    assert "This login ends in 6 d 23 h, " in message
    assert "publish the app first" in message


def test_a_login_into_a_published_app_has_no_end(furnish, log_in, token_of):
    """Nothing is written, and nothing is said."""
    settings = furnish(tokens=False)

    message = log_in(settings).message

    assert "login_ends_at" not in token_of(settings)
    assert load_sets(settings)[0].to_json()["login_ends_at"] is None
    assert "ends" not in message


def test_googles_own_class_reads_the_file_and_can_renew_with_it(furnish, sandbox, log_in, token_of):
    """A program that knows nothing of us goes on with a file that has the field."""
    settings = furnish(tokens=False)
    sandbox.set_testing(ONE)
    log_in(settings)

    credentials = Credentials.from_authorized_user_file(str(settings.sets[1].token_file))

    assert credentials.token == token_of(settings)["token"]
    assert credentials.valid


def test_a_renewal_tells_what_a_file_by_another_program_does_not(furnish, sandbox, renew, token_of):
    """A token that was made elsewhere: its end is known from the first renewal on, and other fields stay."""
    sandbox.set_testing(ONE)
    settings = furnish()
    token_of(settings, mine={"kept": [1]})
    assert token(settings).login_ends_at is None
    sandbox.advance(5 * DAY)

    renew(settings)

    assert abs(left(settings) - timedelta(days=2)) < NEARLY
    assert token_of(settings)["mine"] == {"kept": [1]}
    assert settings.sets[1].token_file.stat().st_mode & 0o777 == 0o600


def test_a_renewal_without_a_word_of_it_leaves_the_end_as_it_was(furnish, renew, token_of):
    """An answer need not repeat it; silence takes back nothing."""
    settings = furnish()
    end = (datetime.now(UTC) + timedelta(days=3)).isoformat(timespec="seconds")
    token_of(settings, login_ends_at=end)

    renew(settings)

    assert token_of(settings)["login_ends_at"] == end


def test_a_login_that_is_renewed_after_its_end_evidently_has_none(furnish, renew, token_of):
    """What the file said was wrong, so it is not kept."""
    settings = furnish()
    token_of(settings, login_ends_at=(datetime.now(UTC) - timedelta(hours=1)).isoformat())

    renew(settings)

    assert "login_ends_at" not in token_of(settings)


def test_another_login_does_not_inherit_the_end(furnish, sandbox, log_in, token_of):
    """Published meanwhile, and logged in again: that is the cure."""
    settings = furnish(tokens=False)
    sandbox.set_testing(ONE)
    log_in(settings)
    sandbox.set_testing(ONE, testing=False)

    log_in(settings)

    assert "login_ends_at" not in token_of(settings)


def test_a_login_that_ended_is_refused_with_the_day_it_ended(furnish, sandbox, log_in, renew, token_of):
    """Google's invalid_grant is no riddle where the file knew the end."""
    settings = furnish(tokens=False)
    sandbox.set_testing(ONE)
    log_in(settings)
    token_of(settings, login_ends_at=(datetime.now(UTC) - timedelta(hours=3, minutes=5)).isoformat())
    sandbox.advance(7 * DAY)

    with pytest.raises(RefreshRefused, match=r"This one ended 3 h 5 m ago, .*as Google had said.*login 1"):
        renew(settings)


@pytest.mark.parametrize("field", [None, "", "soon", 7, [], "2026-13-01T00:00:00Z"])
def test_an_end_that_cannot_be_read_is_an_end_that_is_not_known(furnish, token_of, field):
    """A file that somebody edited goes on working."""
    settings = furnish()
    token_of(settings, login_ends_at=field)

    one = load_sets(settings)[0]

    assert (one.state, one.login_ends_at) == ("ready", None)


def test_an_answer_tells_the_end_by_the_seconds_that_are_left():
    """Numbers, also as text; as Google writes it in Testing."""
    assert lifetime.end_in({"refresh_token_expires_in": 604_799}, NOW) == NOW + timedelta(seconds=604_799)
    assert lifetime.end_in({"refresh_token_expires_in": "60"}, NOW) == NOW + timedelta(minutes=1)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(JSON | st.builds(lambda said: {"refresh_token_expires_in": said}, JSON))
def test_whatever_else_is_answered_the_renewal_does_not_fail_of_it(answer):
    """An aware time ahead, or nothing."""
    end = lifetime.end_in(answer, NOW)
    assert end is None or end >= NOW


def test_words_tell_how_long_and_until_when():
    """Ahead and past, in both zones, dated unless it is today."""
    end = datetime(2026, 11, 29, 22, 5, tzinfo=UTC)
    assert lifetime.in_words(end, NOW).startswith("ends in 2 d 2 h, Sun 29 Nov 14:05 PST")
    assert lifetime.in_words(end, end + timedelta(days=1)).startswith("ended 1 d 0 h ago, Sun 29 Nov")
    assert [lifetime.is_near(NOW + timedelta(hours=h), NOW) for h in (49, 48, 1, -1)] == [
        False,
        True,
        True,
        True,
    ]
