"""Days that Google counted fill the gaps of our own count, and never double it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from ytquota import clock as clocks
from ytquota.monitor import Demand
from ytquota.monitor.archive import Archive
from ytquota.monitor.official import TAG, Use

SLOT = 300

FIRST = date(2026, 11, 6)
LATER = clocks.bounds_of(date(2026, 11, 20)).start


def google_counted(monitor, day, *, project="111", units=10, hours=range(24)):
    """Google counted `units` of videos.list in every hour of a day."""
    start = clocks.bounds_of(day).start
    uses = [Use(start + hour * 3600, SLOT, "default", "videos.list", units) for hour in hours]
    return monitor.official.write(day, project, uses, price=lambda _: 1)


@pytest.fixture
def call(monitor, clock):
    """Make one call of our own at an instant."""

    def call(at, project="111"):
        clock.set(at)
        monitor.begin([Demand("videos.list", project)]).answered([(200, None)], latency=0.1)

    return call


def units_of(monitor, day, project=None):
    """Units by source of one quota day."""
    start, end = clocks.day_start(day), clocks.day_start(day + timedelta(days=1))
    rows = list(monitor.log(start, end, project=project))
    assert rows == sorted(rows, key=lambda row: row["at"])
    official = sum(row["units"] for row in rows if row["kind"] == TAG)
    return official, sum(row["units"] for row in rows) - official


def test_a_day_without_own_calls_is_read_as_google_counted_it(monitor, clock):
    """Each row says that Google counted it, and how many units and calls."""
    google_counted(monitor, FIRST)
    clock.set(LATER)

    rows = list(monitor.log())

    assert sum(row["units"] for row in rows) == 240
    assert {(row["tag"], row["prov"], row["kind"], row["calls"]) for row in rows} == {(TAG, TAG, TAG, 10)}
    assert rows[0]["at"] == "2026-11-06T08:00:00.000000Z"
    assert list(monitor.log(project="222")) == []


def test_reading_a_day_again_changes_nothing(monitor, clock, tmp_path):
    """What is the same is not written; what Google has added meanwhile is, once."""
    assert google_counted(monitor, FIRST)
    stamp = monitor.official.stamp()
    assert not google_counted(monitor, FIRST)
    assert monitor.official.stamp() == stamp

    assert google_counted(monitor, FIRST, units=11)
    clock.set(LATER)
    assert units_of(monitor, FIRST) == (264, 0)
    assert [path.name for path in (tmp_path / "official" / FIRST.isoformat()).iterdir()] == ["111.jsonl"]


def test_the_first_own_day_is_official_up_to_the_first_own_call(monitor, clock, call):
    """Counting began at 12:07: Google's slots that ended before that, and our own calls from then on."""
    noon = clocks.bounds_of(FIRST).start + 12 * 3600
    call(noon + 420)
    call(noon + 7200)
    google_counted(monitor, FIRST, hours=range(12))
    monitor.official.write(
        FIRST,
        "111",
        [
            Use(noon - 300, SLOT, "default", "videos.list", 5),
            Use(noon + 100, SLOT, "default", "videos.list", 7),
            Use(noon + 200, SLOT, "default", "videos.list", 100),
            Use(noon + 7200, SLOT, "default", "videos.list", 1),
        ],
        price=lambda _: 1,
    )
    clock.set(LATER)

    assert units_of(monitor, FIRST) == (12, 2)


def test_a_later_day_with_own_calls_is_our_own_from_midnight(monitor, clock, call):
    """Whoever counted yesterday has counted since midnight, if only one call was made, at noon."""
    call(clocks.bounds_of(FIRST).start + 60)
    call(clocks.bounds_of(FIRST).start + 86_400 + 43_200)
    google_counted(monitor, FIRST + timedelta(days=1))
    clock.set(LATER)

    assert units_of(monitor, FIRST + timedelta(days=1)) == (0, 1)


def test_a_day_on_which_the_bots_rested_is_official_again(monitor, clock, call):
    """A journal with nothing but its first line is no count of calls."""
    call(clocks.bounds_of(FIRST).start + 60)
    resting = FIRST + timedelta(days=2)
    clock.set(clocks.bounds_of(resting).start + 600)
    monitor.ledger.limit("111", "default", 20_000, source="server")
    google_counted(monitor, resting)
    clock.set(LATER)

    assert units_of(monitor, resting) == (240, 0)


def test_today_is_never_official(monitor, clock):
    """Today is the ledger's: what Google knows of it comes in by a correction, or not at all."""
    clock.set(clocks.bounds_of(FIRST).start + 80_000)
    google_counted(monitor, FIRST)
    assert list(monitor.log()) == []


def test_one_projects_days_do_not_hide_anothers(monitor, clock, call):
    """Whether a day is our own is decided for each project."""
    call(clocks.bounds_of(FIRST).start + 60, project="222")
    google_counted(monitor, FIRST)
    google_counted(monitor, FIRST, project="222")
    clock.set(LATER)

    assert units_of(monitor, FIRST, "111") == (240, 0)
    assert units_of(monitor, FIRST, "222") == (0, 1)


def test_archived_own_calls_still_stand_before_googles_count(monitor, clock, call, tmp_path):
    """Archiving moves the calls elsewhere; the first day's seam and the own days stay where they were."""
    for day in range(3):
        call(clocks.bounds_of(FIRST).start + day * 86_400 + 36_000)
    google_counted(monitor, FIRST - timedelta(days=1))
    for day in range(3):
        google_counted(monitor, FIRST + timedelta(days=day))
    clock.set(LATER)
    days = [FIRST + timedelta(days=day) for day in range(-1, 3)]
    before = [units_of(monitor, day) for day in days]
    assert before == [(240, 0), (100, 1), (0, 1), (0, 1)]

    monitor.ledger.close()
    assert Archive(tmp_path / "archive").take_in(tmp_path / "calls", now=LATER)

    assert [units_of(monitor, day) for day in days] == before
    tables, rows = monitor.summable(clocks.day_start(days[0]), clocks.day_start(days[-1] + timedelta(days=1)))
    rolled = sum(sum(table["units"].to_pylist()) for table in tables)
    assert rolled + sum(row["units"] for row in rows) == 240 + 100 + 3


def test_the_clock_change_leaves_no_hole(monitor, clock):
    """A day of 25 hours has all its 300 slots."""
    day = date(2026, 11, 1)
    start, end = clocks.bounds_of(day)[1:]
    uses = [
        Use(start + SLOT * slot, SLOT, "default", "videos.list", 1)
        for slot in range(int(end - start) // SLOT)
    ]
    monitor.official.write(day, "111", uses, price=lambda _: 1)
    clock.set(LATER)
    assert units_of(monitor, day) == (300, 0)


def test_a_garbled_line_hides_no_other(monitor, clock, tmp_path):
    """The file of a day can always be read again from Google; until then the rest is shown."""
    google_counted(monitor, FIRST)
    path = tmp_path / "official" / FIRST.isoformat() / "111.jsonl"
    path.write_bytes(b"{\n" + path.read_bytes())
    clock.set(LATER)
    assert units_of(monitor, FIRST) == (240, 0)


def test_old_official_days_go_with_the_archive(monitor, clock):
    """Retention holds for both."""
    google_counted(monitor, FIRST)
    google_counted(monitor, FIRST + timedelta(days=1))
    assert monitor.official.forget(before=FIRST + timedelta(days=1)) == [FIRST]
    assert monitor.official.days() == [FIRST + timedelta(days=1)]


def test_a_bound_cuts_official_rows_too(monitor, clock):
    """From 08:00 to 10:00 Pacific there are two hours of them."""
    google_counted(monitor, FIRST)
    clock.set(LATER)
    first = datetime.fromtimestamp(clocks.bounds_of(FIRST).start + 8 * 3600, UTC)
    assert sum(row["units"] for row in monitor.log(first, first + timedelta(hours=2))) == 20
