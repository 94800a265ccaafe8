"""Bills without calls, other prices than the list's, free errors: for tests of what compares counts."""

from datetime import UTC, date, datetime, timedelta

import pytest
from googleapiclient.errors import HttpError

PROJECT = "111111111111"
NOON = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
DAY = date(2026, 11, 20)


def test_somebody_elses_spending_has_its_time(sandbox):
    """It is billed on that day, as foreign, up to that day's limit."""
    assert sandbox.spend(PROJECT, "search.list", 70, at=NOON) == 70
    assert sandbox.spend(PROJECT, "search.list", 70, at=NOON + timedelta(hours=1)) == 30
    assert sandbox.spend(PROJECT, "search.list", 70, at=NOON + timedelta(days=1)) == 70
    assert sandbox.used(PROJECT, "search_list", day=DAY) == 100
    assert sandbox.used(PROJECT, "search_list") == 0
    assert sandbox.billed(PROJECT, day=DAY, foreign=False) == {}


def test_prices_are_those_of_the_day(sandbox):
    """A past call costs what it cost then: chat messages became cheaper in October 2026."""
    early = datetime(2026, 9, 20, 20, 0, tzinfo=UTC)
    assert sandbox.bill(PROJECT, "liveChatMessages.insert", at=early) == 50
    assert sandbox.bill(PROJECT, "liveChatMessages.insert", at=NOON) == 20


def test_a_price_of_ones_own_goes_before_the_list(sandbox):
    """From its day on, in the same bucket; the newest day wins in whatever order they were set."""
    sandbox.set_price("videos.list", 7, since=date(2026, 11, 20))
    sandbox.set_price("videos.list", 3, since=date(2026, 11, 10))
    bills = [sandbox.bill(PROJECT, "videos.list", at=NOON - timedelta(days=back)) for back in (0, 5, 15)]
    assert bills == [7, 3, 1]


@pytest.mark.parametrize(("free", "units"), [(False, 2), (True, 1)])
def test_errors_of_the_server_may_be_free(sandbox, connect, free, units):
    """Over the wire: one 503 and one answer, with the 503 billed or not, in the sums and by the minute."""
    sandbox.server_errors_free(free)
    sandbox.fail("videos.list", 503)
    youtube = connect()
    with pytest.raises(HttpError, match="503"):
        youtube.videos().list(part="id", id="x").execute()
    youtube.videos().list(part="id", id="x").execute()
    assert sandbox.used(PROJECT) == units
    assert sandbox.billed(PROJECT) == {PROJECT: {"default": {"videos.list": units}}}
    assert [row["units"] for row in sandbox.access_log() if row["kind"] == "call"] == [units - 1, 1]


@pytest.mark.parametrize(
    ("status", "free", "units"),
    [(200, False, 1), (404, False, 1), (503, False, 1), (503, True, 0), (401, False, 0), (429, True, 0)],
)
def test_past_calls_are_billed_by_their_answer(sandbox, status, free, units):
    """As over the wire: refusals and bad tokens are free, errors cost, a 5xx by the rule in force."""
    sandbox.server_errors_free(free)
    assert sandbox.furnish(PROJECT, [(NOON, "videos.list", 3, status)]) == 3 * units
    assert [row["status"] for row in sandbox.access_log()] == [status] * 3


def test_a_month_is_furnished_at_once(sandbox):
    """A month of a busy project, by the minute, comes out to the unit in every sum."""
    sandbox.add_project(PROJECT, enforced=True)
    calls = [(NOON - timedelta(minutes=back), "comments.list", 2) for back in range(30 * 1440)]
    assert sandbox.furnish(PROJECT, calls) == 60 * 1440
    assert sandbox.billed(PROJECT)[PROJECT]["default"]["comments.list"] == 60 * 1440
    assert sandbox.used(PROJECT, day=date(2026, 11, 15)) == 2880


def test_unknown_methods_and_naive_times_are_refused(sandbox):
    """A typing error in a test must not bill anything."""
    with pytest.raises(ValueError, match="no method"):
        sandbox.spend(PROJECT, "video.list")
    with pytest.raises(ValueError, match="no method"):
        sandbox.set_price("video.list", 3)
    with pytest.raises(ValueError, match="aware"):
        sandbox.bill(PROJECT, "videos.list", at=datetime(2026, 11, 20))  # noqa: DTZ001
    assert sandbox.billed() == {}
