"""A mark says whose word it is: Google's or an operator's, and what the pool has left all the same."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ytquota.auth import load_sets
from ytquota.auth import rotation as actions
from ytquota.auth.none_left import NoSetLeft
from ytquota.clock import ManualClock
from ytquota.errors import QuotaExceeded
from ytquota.intelligence import QuotaIntelligence
from ytquota.service import ServerQuotaExceeded

ONE = "111111111111"


@pytest.fixture
def clock():
    return ManualClock(datetime(2026, 11, 23, 20, 0, tzinfo=UTC))


@pytest.fixture
def settings(furnish):
    return furnish({1: ONE, 2: ONE})


@pytest.fixture
def monitor(settings, open_monitor, clock):
    return open_monitor(settings, clock=clock)


@pytest.fixture
def intelligence(settings, monitor):
    return QuotaIntelligence(monitor)


@pytest.fixture
def look_up(settings, monitor, service_of):
    return lambda: service_of(settings, monitor, 1).videos().list(part="id", id="a").execute()


def balance(monitor, bucket="default"):
    return monitor.ledger.usage(ONE)[ONE][bucket]


def test_a_denied_call_names_the_operator_and_what_is_left(settings, monitor, look_up):
    """`left` is what the pool has, and the text says why it may not be spent."""
    look_up()
    actions.exhaust(settings, monitor, 1)

    with pytest.raises(QuotaExceeded) as denied:
        look_up()

    error = denied.value
    assert (error.reason, error.left, error.limit) == ("by_operator", 9_999, 10_000)
    assert "is marked as exhausted by an operator (9,999 of 10,000 units left by our count)" in str(error)
    assert "videos.list was not sent; the mark ends at 00:00 PST" in str(error)


def test_a_denied_call_names_google(monitor, look_up, sandbox):
    """The same after Google's own refusal, and after every further look at the ledger."""
    sandbox.set_limit(ONE, "default", 0)
    with pytest.raises(ServerQuotaExceeded):
        look_up()

    with pytest.raises(QuotaExceeded) as denied:
        look_up()

    assert denied.value.reason == "exhausted"
    assert "is marked as exhausted by Google's word (10,000 of 10,000 units left" in str(denied.value)


def test_a_question_is_answered_with_the_operators_name_and_the_way_out(settings, monitor, intelligence):
    """Not with Google's, who said nothing."""
    actions.exhaust(settings, monitor, 2)

    answer = intelligence.can_perform_operation("videos.list", 1)

    assert not answer
    assert "10,000 of 10,000 are left, and an operator has marked this pool" in answer.why
    assert "Google" not in answer.why
    assert answer.remedy.startswith("Wait until the mark ends at 00:00 PST")
    assert "`ytquota reset 1`" in answer.remedy
    assert answer.left_after == 10_000


def test_sets_say_who_marked_their_pools(settings, monitor):
    """In the words that the list of sets, the console and the errors of a choice show."""
    actions.exhaust(settings, monitor, 1, "search_list")
    monitor.ledger.exhaust(ONE, "video_insert", monitor.clock.time() + 3600)

    one, two = load_sets(settings, monitor)

    assert one.by_operator == two.by_operator == ("search_list",)
    assert "The search_list pool is marked by an operator until" in one.why
    assert "The video_insert pool is used up until" in one.why


def test_google_marks_what_an_operator_had_marked(settings, monitor):
    """The last word stands: a call under way may still be refused."""
    actions.exhaust(settings, monitor, 1)
    monitor.ledger.exhaust(ONE, "default", monitor.clock.time() + 3600, reason="quotaExceeded")

    assert balance(monitor).marked_by == "server"


def test_undoing_brings_a_mark_back_with_its_name(settings, monitor):
    """A reset of both kinds, taken back; and a mark over a mark."""
    until = monitor.clock.time() + 3600
    actions.exhaust(settings, monitor, 1)
    monitor.ledger.exhaust(ONE, "search_list", until)
    actions.reset(settings, monitor, 1)
    assert balance(monitor).exhausted_until is None

    actions.undo(settings, monitor)
    assert [balance(monitor, name).marked_by for name in ("default", "search_list")] == ["operator", "server"]

    actions.exhaust(settings, monitor, 1, "search_list")
    assert balance(monitor, "search_list").marked_by == "operator"
    actions.undo(settings, monitor)
    marked = balance(monitor, "search_list")
    assert (marked.marked_by, marked.exhausted_until) == ("server", until)


def test_without_any_other_set_the_error_lists_the_mark(settings, monitor, service_of):
    """What stops a bot at its start is told as what it is."""
    actions.exhaust(settings, monitor, 1)

    with pytest.raises(NoSetLeft) as caught:
        service_of(settings, monitor)

    assert "marked by an operator" in str(caught.value)
    assert (caught.value.reason, caught.value.left) == ("by_operator", 10_000)
