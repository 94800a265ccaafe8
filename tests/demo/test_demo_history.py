"""Four weeks of three bots: credible, the same every time, written through the real ledger."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from random import Random
from statistics import median

import pytest

from ytquota.clock import PACIFIC, utc
from ytquota.demo.habits import HABITS, clock_time
from ytquota.demo.history import copy_history, write_history
from ytquota.demo.story import RESEARCH, STREAMING, days_until
from ytquota.prices import DEFAULT_LIMITS, price_of

TODAY = date(2026, 11, 23)
UNTIL = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)
STUDY, RUNAWAY, MARATHON = (TODAY - timedelta(days=ago) for ago in (17, 11, 6))
_NOT_THE_STORY = {"id", "pid", "host"}


def _units(rows, **facts):
    return sum(row["units"] for row in rows if all(row[name] == value for name, value in facts.items()))


def _told(folder):
    return [
        {name: value for name, value in json.loads(line).items() if name not in _NOT_THE_STORY}
        for journal in sorted((folder / "calls").glob("*/*.jsonl"))
        for line in journal.read_text().splitlines()
    ]


def test_the_same_seed_and_instant_tell_the_same_story(tmp_path):
    """Every line but ids and process numbers; another seed tells another one."""
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_history(tmp_path / name, until=UNTIL, days=2, seed=seed)

    assert _told(tmp_path / "a") == _told(tmp_path / "b")
    assert _told(tmp_path / "a") != _told(tmp_path / "c")


def test_four_weeks_end_at_the_present_moment(rows_by_day):
    """Twenty-eight quota days, each with two to eight thousand lines; nothing is later than now."""
    assert sorted(rows_by_day) == days_until(TODAY, 28)
    assert max(row["at"] for row in rows_by_day[TODAY]) < UNTIL.isoformat()
    full = [len(rows) for day, rows in rows_by_day.items() if day != TODAY]
    assert min(full) > 1200
    assert 50_000 < sum(full) < 100_000


def test_two_days_ran_out_at_noon(history, rows_by_day):
    """Three pools were marked, between half past eleven and half past twelve, by Google's answers."""
    marks = [
        (date.fromisoformat(journal.parent.name), journal.stem, row["bucket"], row["at"])
        for journal in (history / "calls").glob("*/*.jsonl")
        for row in map(json.loads, journal.read_text().splitlines())
        if row["kind"] == "exhaust"
    ]

    assert {mark[:3] for mark in marks} == {
        (STUDY, RESEARCH, "search_list"),
        (STUDY, RESEARCH, "default"),
        (MARATHON, STREAMING, "default"),
    }
    for *_, at in marks:
        local = datetime.fromisoformat(at).astimezone(PACIFIC)
        assert 11.5 < local.hour + local.minute / 60 < 12.5
    refusals = {
        (row["status"], row["reason"])
        for rows in rows_by_day.values()
        for row in rows
        if row["outcome"] == "refused"
    }
    assert refusals == {(403, "quotaExceeded"), (429, "rateLimitExceeded")}


@pytest.mark.parametrize(("day", "project"), [(STUDY, RESEARCH), (MARATHON, STREAMING)])
def test_what_was_wanted_after_a_run_out_is_on_record(rows_by_day, day, project):
    """Most of the pool was used; nothing was answered after the mark; the demand went on and was denied."""
    rows = [row for row in rows_by_day[day] if (row["project"], row["bucket"]) == (project, "default")]
    denied = [row for row in rows if row["outcome"] == "denied"]

    assert 6500 < sum(row["units"] for row in rows) <= 10_000
    assert sum(row["refused"] for row in denied) > 2000
    assert not any(row["units"] and row["at"] > denied[0]["at"] for row in rows)


def test_no_other_day_ran_out(rows_by_day):
    """Denied and refused calls belong to the two days."""
    days = {
        day
        for day, rows in rows_by_day.items()
        if any(row["outcome"] in {"denied", "refused"} for row in rows)
    }

    assert days == {STUDY, MARATHON}


def _wanted(day, kind, seed, until=24.0):
    units = Counter()
    for bot, habit in HABITS.items():
        for ask in habit(day, kind, Random(f"{seed} {day} {bot.tag}")):
            if ask.at < clock_time(day, until):
                price = price_of(ask.method, on=day)
                units[bot.project, price.bucket] += price.units
    return units


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("day", "kind", "project"), [(STUDY, "study", RESEARCH), (MARATHON, "marathon", STREAMING)]
)
def test_a_bad_day_reaches_noon_whatever_the_seed(seed, day, kind, project):
    """Two thirds and more are used by then, and never all of it, so that it is the server that ends it."""
    wanted = _wanted(day, kind, seed, until=12.0)

    assert 6500 < wanted[project, "default"] < 9950
    assert wanted[project, "search_list"] < 100


@pytest.mark.parametrize("seed", range(4))
def test_usual_days_fit_whatever_the_seed(seed):
    """What the bots want on a usual day stays below every limit, so that today does not begin at its end."""
    for day in days_until(TODAY, 14):
        for (_, bucket), units in _wanted(day, "usual", seed).items():
            assert units < 0.98 * DEFAULT_LIMITS[bucket]


def test_a_runaway_day_stands_out(rows_by_day):
    """One question was asked thousands of times, and the crawler's day was twice a usual one."""
    usual = [
        _units(rows, tag="crawler")
        for day, rows in rows_by_day.items()
        if day.weekday() < 5 and day != RUNAWAY
    ]
    questions = Counter(row["facts"]["hash"] for row in rows_by_day[RUNAWAY] if row["tag"] == "crawler")

    assert _units(rows_by_day[RUNAWAY], tag="crawler") > 2 * median(usual)
    assert questions.most_common(1)[0][1] > 2000


def test_weekends_differ(rows_by_day):
    """The crawler rests, and the streams are longer."""
    full = {day: rows for day, rows in rows_by_day.items() if day not in {STUDY, RUNAWAY, MARATHON, TODAY}}
    crawled = {day: _units(rows, tag="crawler") for day, rows in full.items()}
    chatted = {day: _units(rows, tag="chat-bot") for day, rows in full.items()}

    working = [units for day, units in crawled.items() if day.weekday() < 5]
    assert max(units for day, units in crawled.items() if day.weekday() >= 5) < min(working) / 2
    quiet = [units for day, units in chatted.items() if day.weekday() in {0, 1, 3}]
    assert min(units for day, units in chatted.items() if day.weekday() == 5) > 10 * max(quiet)


def test_the_balance_is_the_sum_of_the_lines(history, rows_by_day):
    """Every pool of every day: the last line's count equals the units of the settled lines."""
    for journal in (history / "calls").glob("*/*.jsonl"):
        last = json.loads(journal.read_text().splitlines()[-1])["bal"]
        rows = rows_by_day[date.fromisoformat(journal.parent.name)]
        for bucket, (used, *_) in last.items():
            assert used == _units(rows, project=journal.stem, bucket=bucket)


def test_there_is_something_to_advise(rows_by_day):
    """Ids one at a time where fifty would cost the same; errors and retries of every sort."""
    rows = [row for rows in rows_by_day.values() for row in rows]
    ids = [
        row["facts"]["ids"] for row in rows if row["method"] == "channels.list" and row["tag"] == "crawler"
    ]

    assert set(ids) == {1}
    assert any(row["retry"] for row in rows)
    assert {403, 404, 429, 503} <= {row["status"] for row in rows}
    assert {"ok", "error", "lost", "not_sent"} <= {row["outcome"] for row in rows}
    assert {row["priority"] for row in rows} == {"high", "low"}
    assert {row["tag"] for row in rows} == {"chat-bot", "uploader", "crawler"}


@pytest.mark.parametrize("day", [date(2026, 3, 8), date(2026, 11, 1), date(2026, 11, 2)])
def test_wall_clock_times_hold_on_days_of_23_and_25_hours(day):
    """A stream at 19:00 is at 19:00, and a night run at 01:30 at 01:30."""
    for hours, text in ((19, "19:00"), (1.5, "01:30"), (3.5, "03:30")):
        at = utc(clock_time(day, hours)).astimezone(PACIFIC)
        assert (at.date(), f"{at:%H:%M}") == (day, text)


def test_a_history_is_made_once_and_copied(tmp_path):
    """The second copy is of the same making."""
    one, two = (
        copy_history(tmp_path / name, cache=tmp_path / "cache", until=UNTIL, days=1)
        for name in ("one", "two")
    )

    made = [path for path in (tmp_path / "cache").iterdir() if path.is_dir()]
    assert len(made) == 1
    (journal,) = (one / "calls").glob(f"*/{RESEARCH}.jsonl")
    assert journal.read_bytes() == (two / journal.relative_to(one)).read_bytes()
