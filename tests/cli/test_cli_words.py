"""Numbers, spans and moments as people read and type them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import typer

from ytquota.cli.times import parse_day, parse_moment
from ytquota.clock import moment, span

NOW = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)  # 12:00 PST, 21:00 in Berlin


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (42, "42 s"),
        (60, "1 m"),
        (3599, "59 m"),
        (18720, "5 h 12 m"),
        (90_000, "1 d 1 h"),
        (-5, "0 s"),
    ],
)
def test_spans_have_their_two_largest_units(seconds, text):
    """As in `resets in 5 h 12 m`."""
    assert span(seconds) == text


def test_moments_name_both_zones_and_the_date_unless_it_is_today():
    """Pacific first, as quota days are counted by it."""
    assert moment(NOW, now=NOW) == "12:00 PST (21:00 CET)"
    assert moment(NOW - timedelta(days=1), now=NOW) == "Sun 22 Nov 12:00 PST (21:00 CET)"
    assert moment(NOW + timedelta(hours=6), now=NOW) == "18:00 PST (Tue 24 Nov 03:00 CET)"


@pytest.mark.parametrize(
    ("text", "day"),
    [("today", date(2026, 11, 23)), ("yesterday", date(2026, 11, 22)), ("2026-03-08", date(2026, 3, 8))],
)
def test_days_are_dates_or_words(text, day):
    """Pacific dates."""
    assert parse_day(text, date(2026, 11, 23)) == day


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("90m", NOW - timedelta(minutes=90)),
        ("2 h", NOW - timedelta(hours=2)),
        ("3d", NOW - timedelta(days=3)),
        ("14:30", datetime(2026, 11, 23, 13, 30, tzinfo=UTC)),
        ("9:05", datetime(2026, 11, 23, 8, 5, tzinfo=UTC)),
        ("2026-11-20T14:30", datetime(2026, 11, 20, 13, 30, tzinfo=UTC)),
        ("2026-11-20T14:30-08:00", datetime(2026, 11, 20, 22, 30, tzinfo=UTC)),
        ("2026-11-20", datetime(2026, 11, 19, 23, 0, tzinfo=UTC)),
    ],
)
def test_moments_without_a_zone_are_local(text, at):
    """A span counts back from now."""
    assert parse_moment(text, NOW, option="--since") == at


def test_moments_to_come_count_ahead():
    """90m is in 90 minutes, and a time of day that has passed is tomorrow's."""
    assert parse_moment("90m", NOW, option="--until", ahead=True) == NOW + timedelta(minutes=90)
    tomorrow = datetime(2026, 11, 24, 13, 30, tzinfo=UTC)
    assert parse_moment("14:30", NOW, option="--until", ahead=True) == tomorrow


def test_what_is_no_moment_is_bad_usage():
    """The error shows how it is written."""
    with pytest.raises(typer.BadParameter, match="14:30"):
        parse_moment("soon", NOW, option="--since")
