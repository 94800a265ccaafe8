"""What is usual by now, beside what `ytquota log --by` adds up."""

from __future__ import annotations

import csv
import io
import json
import shutil
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ytquota.cli.log import Filter
from ytquota.cli.log_sums import keys
from ytquota.cli.log_usual import Usual, same_time, usual_before
from ytquota.clock import ManualClock, day_start, quota_day
from ytquota.monitor import Demand, Journal, QuotaMonitor
from ytquota.monitor.archive import Archive

ONE, TEN = "111111111111", "222222222222"
PACIFIC = ZoneInfo("America/Los_Angeles")
SECOND = timedelta(seconds=1)


@pytest.fixture
def monitor(bot_folder):
    """A monitor on the folder's ledger, whose clock can be set."""
    clock = ManualClock(0.0)
    folder = bot_folder / "memory"
    monitor = QuotaMonitor(Journal(folder / "calls", clock=clock), clock=clock, folder=folder)
    yield monitor
    monitor.close()


@pytest.fixture
def spend(monitor):
    """Spend units of `default`, one call each, at a time."""

    def spend(units, at, *, tag="crawler", project=ONE):
        monitor.clock.set(at)
        for _ in range(units):
            monitor.begin([Demand("videos.list", project, "1", tag)]).answered([(200, None)], latency=0.0)

    return spend


def at(day, hour, minute=0, month=11):
    return datetime(2026, month, day, hour, minute, tzinfo=PACIFIC)


def usual(monitor, day, time=None, *, wanted=Filter(), project=None, by=("tag",)):  # noqa: B008 - frozen
    return usual_before(monitor, day, keys(by), at=time, wanted=wanted, project=project)


@pytest.fixture
def week(spend):
    """The 2nd to the 8th of November: 1, 2, ... 7 units at 8:00 and ten more at 20:00, of the crawler."""
    for day in range(2, 9):
        spend(day - 1, at(day, 8))
        spend(10, at(day, 20))


def test_it_is_the_median_of_the_days_before_up_to_the_same_time(monitor, week, spend):
    """The log's first day is left out: counting may have begun at any time of it. Today is no day before."""
    spend(99, at(9, 7))

    assert usual(monitor, date(2026, 11, 9), at(9, 12)) == Usual({("default", "crawler"): 4}, 6, at(9, 12))
    assert usual(monitor, date(2026, 11, 9)) == Usual({("default", "crawler"): 14}, 6, None)
    assert usual(monitor, date(2026, 11, 9), at(9, 7, 59)).units == {}


def test_no_more_than_fourteen_days_count(monitor, spend):
    """What was usual before that is history."""
    for day in range(1, 30):
        spend(1 if day < 15 else 5, at(day, 8, month=10))

    found = usual(monitor, date(2026, 10, 29))

    assert (found.days, found.units) == (14, {("default", "crawler"): 5})


def test_fewer_than_three_whole_days_tell_nothing(monitor, spend):
    """Three after the first do; a day without calls is a day."""
    for day in (2, 3, 5):
        spend(1, at(day, 8))

    assert usual(monitor, date(2026, 11, 5)) is None
    assert usual(monitor, date(2026, 11, 6)).units == {("default", "crawler"): 1}
    assert usual(monitor, date(2026, 11, 2)) is None


@pytest.mark.parametrize(
    ("day", "offset"), [(date(2026, 3, 7), -8), (date(2026, 3, 8), -7), (date(2026, 11, 1), -8)]
)
@pytest.mark.parametrize("hour", [0, 12, 23])
def test_the_time_is_that_of_the_clock_on_days_of_23_and_25_hours(day, offset, hour):
    """A bot that starts at noon does so on the Sunday of the change too."""
    found = same_time(day, datetime(2026, 7, 1, hour, 30, tzinfo=PACIFIC)).astimezone(PACIFIC)

    assert (found.date(), found.hour, found.minute) == (day, hour, 30)
    if hour:
        assert found.utcoffset() == timedelta(hours=offset)
    assert same_time(day, None) == day_start(day + timedelta(days=1))


def test_archived_days_say_the_same(monitor, week, spend, bot_folder):
    """From Parquet as from journals, with every filter and name; also half and half, and for one project."""
    for day in range(2, 9):
        spend(3, at(day, 9), tag="other", project=TEN)
    questions = [
        {"time": at(9, 12)},
        {"time": at(9, 8, 30)},
        {"by": ("tag", "method", "set", "project", "priority", "outcome", "host")},
        {"wanted": Filter(tag="other")},
        {"project": TEN},
        {"time": at(9, 7), "project": ONE},
    ]
    before = [usual(monitor, date(2026, 11, 9), **question) for question in questions]
    monitor.ledger.close()
    assert {one.days for one in before} == {6}
    kept = bot_folder / "kept"
    shutil.copytree(bot_folder / "memory" / "calls", kept)
    Archive(bot_folder / "memory" / "archive").take_in(
        bot_folder / "memory" / "calls", now=at(9, 12).timestamp() + 30 * 86_400
    )
    for restored in (False, True):
        if restored:
            shutil.copytree(kept / "2026-11-05", bot_folder / "memory" / "calls" / "2026-11-05")
        assert [usual(monitor, date(2026, 11, 9), **question) for question in questions] == before


@pytest.fixture
def lived(bot_folder, spend):
    """Five days up to yesterday: a crawler spends 20 early and 5 late, a chat bot 7 early."""
    today = quota_day(datetime.now(UTC))
    for back in range(5, 0, -1):
        start = day_start(today - timedelta(days=back))
        spend(20, start + SECOND)
        spend(7, start + SECOND, tag="chat-bot")
        spend(5, day_start(today - timedelta(days=back - 1)) - SECOND)
    spend(30, day_start(today) + SECOND)
    (bot_folder / ".env").write_text("YTQUOTA_MEMORY_DIR=memory\n")
    return bot_folder


def test_the_table_shows_it_and_who_is_silent(run, lived):
    """Early and late are told apart; a bot that usually spends by now and has not is there with nothing."""
    lines = run("log", "--by", "tag").stdout.splitlines()

    assert [line.split()[:4] for line in lines[2:4]] == [
        ["default", "crawler", "30", "20"],
        ["default", "chat-bot", "0", "7"],
    ]
    assert lines[1].split()[3:5] == ["by", "now"]
    assert lines[-1].startswith("Usual: the median of the 4 quota days before, each up to")
    assert max(map(len, lines)) <= 80


def test_a_past_day_is_compared_with_whole_days(run, lived):
    """Yesterday, by the three days before it."""
    lines = run("log", "--by", "tag", "--day", "yesterday").stdout.splitlines()

    assert lines[1].split()[:4] == ["default", "crawler", "25", "25"]
    assert lines[-1] == "Usual: the median of the 3 quota days before."


def test_programs_get_it_too(run, lived):
    """As `usual`, in JSON and CSV; nothing where no usual can be told, and filters hold for it."""
    (one,) = json.loads(run("log", "--by", "method", "--tag", "chat-bot", "--json").stdout)
    assert (one["units"], one["calls"], one["usual"]) == (0, 0, 7)
    (line,) = csv.DictReader(io.StringIO(run("log", "--by", "method", "--csv").stdout))
    assert (line["units"], line["usual"]) == ("30", "27")
    for arguments in (("tag", "--since", "2d"), ("tag,hour",), ("tag", "--day", "2020-02-29")):
        found = json.loads(run("log", "--by", *arguments, "--json").stdout)
        assert {one["usual"] for one in found} <= {None}


def test_a_new_log_has_no_such_column(run, furnished, counted):
    """The first day tells nothing."""
    counted("videos.list")

    page = run("log", "--by", "tag").stdout

    assert "sual" not in page
