"""Quota days begin at midnight Pacific and have 23, 24 or 25 hours, whichever zone database there is."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ytquota import clock as clocks
from ytquota.clock import (
    PACIFIC,
    ManualClock,
    SystemClock,
    bounds_at,
    bounds_of,
    day_start,
    next_reset,
    quota_day,
    seconds_to_reset,
)

HOUR = 3600.0
instants = st.floats(min_value=0, max_value=4_102_444_800, allow_nan=False)
days = st.dates(min_value=date(1970, 1, 2), max_value=date(2099, 12, 30))


@pytest.mark.parametrize(
    ("day", "starts", "hours"),
    [
        (date(2026, 7, 1), "2026-07-01T07:00+00:00", 24),
        (date(2026, 11, 23), "2026-11-23T08:00+00:00", 24),
        (date(2026, 3, 8), "2026-03-08T08:00+00:00", 23),
        (date(2026, 11, 1), "2026-11-01T07:00+00:00", 25),
        (date(2027, 3, 14), "2027-03-14T08:00+00:00", 23),
        (date(2024, 2, 29), "2024-02-29T08:00+00:00", 24),
    ],
)
def test_a_day_starts_at_midnight_pacific_and_has_its_true_length(day, starts, hours):
    """The two days on which clocks change are 23 and 25 hours long; the rest have 24."""
    bounds = bounds_of(day)

    assert bounds == (day, datetime.fromisoformat(starts).timestamp(), bounds.start + hours * HOUR)


def test_the_window_start_of_a_real_answer_is_the_start_of_its_day():
    """Google's own window_start_time of 2026-10-02 agrees with ours."""
    assert bounds_of(date(2026, 10, 2)).start == 1790924400


@given(instants)
def test_bounds_contain_their_instant(at):
    """Whatever the instant, down to fractions before midnight, it lies in the day that is returned."""
    bounds = bounds_at(at)

    assert bounds.start <= at < bounds.end
    assert bounds == bounds_of(quota_day(at))


@given(days)
def test_days_tile_time(day):
    """A day ends exactly where the next begins, and lasts 23, 24 or 25 hours."""
    bounds = bounds_of(day)

    assert bounds.end == bounds_of(day + timedelta(days=1)).start
    assert (bounds.end - bounds.start) / HOUR in {23, 24, 25}


@given(days)
def test_bounds_are_midnights_of_the_zone(day):
    """Both ends read 00:00 on a Pacific clock, on the day and on the day after."""
    bounds = bounds_of(day)
    first, last = (datetime.fromtimestamp(at, ZoneInfo("America/Los_Angeles")) for at in bounds[1:])

    assert (first.date(), last.date()) == (day, day + timedelta(days=1))
    assert first.time() == last.time() == datetime.min.time()


@given(instants)
def test_the_next_reset_is_a_later_midnight(at):
    """The reset lies ahead, at most 25 hours off, and agrees with the seconds left."""
    reset = next_reset(at)

    assert 0 < seconds_to_reset(at) <= 25 * HOUR
    assert reset.timestamp() == bounds_at(at).end
    assert reset == day_start(reset.date())


def test_just_before_and_at_midnight_are_different_days():
    """The last float before a reset still belongs to the old day; the reset itself opens the new one."""
    midnight = bounds_of(date(2026, 11, 23)).start

    assert quota_day(midnight - 1e-6) == date(2026, 11, 22)
    assert quota_day(midnight) == date(2026, 11, 23)
    assert seconds_to_reset(midnight) == 24 * HOUR


def test_a_call_at_nine_in_berlin_belongs_to_the_pacific_day():
    """An aware datetime of any zone is counted on the Pacific date of that instant."""
    berlin = ZoneInfo("Europe/Berlin")

    assert quota_day(datetime(2026, 11, 23, 8, 59, tzinfo=berlin)) == date(2026, 11, 22)
    assert quota_day(datetime(2026, 11, 23, 9, 0, tzinfo=berlin)) == date(2026, 11, 23)


def test_a_naive_datetime_is_refused():
    """Nobody can say which instant a datetime without a zone means, so it is an error."""
    with pytest.raises(ValueError, match="no time zone"):
        quota_day(datetime(2026, 11, 23))  # noqa: DTZ001 - the point


def test_times_are_shown_in_both_zones_only_where_they_differ():
    """A local time is added in brackets, unless it is the Pacific one."""
    reset = next_reset(datetime(2026, 11, 23, 12, tzinfo=UTC))

    assert clocks.both_zones(reset, ZoneInfo("Europe/Berlin")) == "00:00 PST (09:00 CET)"
    assert clocks.both_zones(reset, ZoneInfo("America/Vancouver")) == "00:00 PST"


def test_a_manual_clock_moves_only_when_told():
    """It starts where it is put, advances by seconds and can be set, in either form."""
    clock = ManualClock(datetime(2026, 11, 23, tzinfo=UTC))
    before = clock.time()
    clock.advance(90)

    assert clock.time() == before + 90

    clock.set(before)

    assert clocks.utc(clock.time()) == datetime(2026, 11, 23, tzinfo=UTC)


def test_a_manual_clock_loses_no_step_between_threads():
    """Steps from several threads add up."""
    clock = ManualClock(0.0)
    threads = [threading.Thread(target=lambda: [clock.advance(1) for _ in range(2000)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert clock.time() == 8000


def test_the_system_clock_tells_utc_seconds():
    """It agrees with the standard library to within a minute."""
    assert abs(SystemClock().time() - datetime.now(UTC).timestamp()) < 60


def test_a_second_look_at_the_same_day_asks_no_zone(monkeypatch):
    """The hot path answers from the last bounds, which is why it costs a tenth of a microsecond."""
    bounds = bounds_at(1_790_924_400.0)
    monkeypatch.setattr(clocks, "PACIFIC", None)

    assert bounds_at(1_790_924_400.0 + 24 * HOUR - 1) is bounds


HIDE = """
import sys, warnings
for name in {hidden!r}:
    sys.modules[name] = None
{before}
warnings.simplefilter("always")
with warnings.catch_warnings(record=True) as caught:
    from datetime import date
    from ytquota import clock
days = [date(2026, 3, 8), date(2026, 7, 1), date(2026, 11, 1), date(2026, 11, 23)]
lengths = [(b.end - b.start) / 3600 for b in map(clock.bounds_of, days)]
print(clock.ZONE_SOURCE, clock.ZONE_IS_EXACT, lengths, clock.day_start(days[1]).isoformat())
print(*[f"{{w.category.__name__}}: {{w.message}}" for w in caught])
"""


def in_a_fresh_process(hidden=(), before=""):
    """Return what a process prints in which some modules cannot be imported: zone facts, then warnings."""
    done = subprocess.run(
        [sys.executable, "-c", HIDE.format(hidden=hidden, before=before)],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("hidden", "before", "source"),
    [
        ((), "", "zoneinfo"),
        (("zoneinfo",), "", "pytz"),
        (("tzdata",), "import zoneinfo; zoneinfo.reset_tzpath(())", "pytz"),
        (("pytz",), "", "zoneinfo"),
    ],
)
def test_either_zone_library_gives_exact_days(hidden, before, source):
    """Without zoneinfo, or with zoneinfo but no database, pytz gives the same bounds, and nothing warns."""
    facts, warned = in_a_fresh_process(hidden, before)

    assert facts == f"{source} True [23.0, 24.0, 25.0, 24.0] 2026-07-01T00:00:00-07:00"
    assert warned == ""


def test_without_any_zone_database_the_warning_says_how_wrong_it_can_be():
    """Days are then counted at UTC-8, marked as inexact; the warning says by how much and in which months."""
    facts, warned = in_a_fresh_process(("zoneinfo", "pytz"))

    assert facts == "fixed False [24.0, 24.0, 24.0, 24.0] 2026-07-01T00:00:00-08:00"
    assert warned.startswith("RuntimeWarning: No time zone database")
    assert "From March to November" in warned
    assert "one hour" in warned
    assert "pip install tzdata" in warned


def test_this_machine_has_an_exact_zone():
    """The tests, and everybody with the pinned packages, count exact days."""
    assert clocks.ZONE_IS_EXACT
    assert PACIFIC.utcoffset(datetime(2026, 7, 1)) == timezone(timedelta(hours=-7)).utcoffset(None)  # noqa: DTZ001
