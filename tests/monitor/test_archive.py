"""Closed days become Parquet: nothing is lost, nothing doubled, whatever is killed when."""

from __future__ import annotations

import os
import shutil
import signal
import warnings
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ytquota import clock as clocks
from ytquota.errors import YTQuotaError
from ytquota.monitor import Demand, QuotaMonitor, archive, lines
from ytquota.monitor.archive import Archive

FIRST = date(2026, 11, 6)
LATER = clocks.bounds_of(date(2026, 11, 20)).start


def live_a_week(monitor, clock):
    """Three days of calls of two projects, each day with a batch, a refusal and a retry."""
    for day in range(3):
        clock.set(clocks.bounds_of(FIRST + timedelta(days=day)).start + 40_000)
        for number in range(20):
            facts = {
                "ids": number,
                "maxResults": None,
                "page": False,
                "parts": ["snippet", "id"],
                "hash": "0a1b2c3d4e5f6071",
            }
            demand = Demand("videos.list", "111", "1", "crawler", facts=facts, retry=number % 2)
            monitor.begin([demand]).answered([(200, None)], latency=0.0125)
            clock.advance(61)
        batch = [Demand("comments.insert", "222", "10", "chat")] * 2
        monitor.begin(batch).answered([(200, None), (403, b"{}")], latency=0.5)
        monitor.begin([Demand("search.list", "222")]).not_sent("no connection")


def logged(monitor):
    """What must be the same before and after."""
    kept = (
        "kind",
        "project",
        "method",
        "set",
        "tag",
        "bucket",
        "units",
        "outcome",
        "status",
        "retry",
        "attempts",
    )
    return [
        (*tuple(row.get(k) for k in kept), row["at"][:23], row.get("facts", {}).get("ids"))
        for row in monitor.log()
    ]


@pytest.fixture
def lived(monitor, clock):
    live_a_week(monitor, clock)
    before = logged(monitor)
    monitor.ledger.close()
    clock.set(LATER)
    return before


def take_in(tmp_path):
    return Archive(tmp_path / "archive").take_in(tmp_path / "calls", now=LATER)


def test_the_log_reads_the_same_from_journal_and_archive(monitor, lived, tmp_path, monkeypatch):
    """Archiving changes where rows are kept, not what they say."""
    done = take_in(tmp_path)

    assert [(d.day, d.project, d.rows, d.removed) for d in done[:2]] == [
        (FIRST, "111", 20, True), (FIRST, "222", 3, True),
    ]  # fmt: skip
    assert logged(monitor) == lived
    assert not (tmp_path / "calls" / FIRST.isoformat()).exists()


def test_the_newest_day_and_young_days_stay(lived, tmp_path):
    """A hold that straddled midnight may settle for 48 hours, and the newest day carries learned limits."""
    soon = clocks.bounds_of(FIRST).end + archive.SETTLED_AFTER
    assert archive.closed_days(tmp_path / "calls", soon - 1) == []
    assert archive.closed_days(tmp_path / "calls", soon) == [FIRST]
    assert archive.closed_days(tmp_path / "calls", LATER) == [FIRST, FIRST + timedelta(days=1)]


def test_archiving_twice_changes_nothing(monitor, lived, tmp_path):
    """There is nothing left to do, and it says so."""
    take_in(tmp_path)
    assert take_in(tmp_path) == []
    assert logged(monitor) == lived


def die(*_args, **_more):
    os.kill(os.getpid(), signal.SIGKILL)


def killed_inside(work):
    """Do some work in a forked child, which must be killed by it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # 3.12 warns of forks beside threads
        child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])


def once(step):
    """The step, which works once; the second time the process is killed in it."""
    turns = iter((step, die))

    def turn(*args, **more):
        return next(turns)(*args, **more)

    return turn


def summed(monitor):
    """Attempts and units of everything, from roll-ups where there are any."""
    tables, rows = monitor.summable()
    rows = [*rows, *(row for table in tables for row in table.to_pylist())]
    return {name: sum(row[name] for row in rows) for name in ("attempts", "units")}


@pytest.mark.parametrize("point", ["mv", "second", "_check", "unlink"])
def test_a_run_killed_half_way_is_simply_run_again(monitor, lived, tmp_path, point):
    """Killed before a file is in its place, between two, before one is read back, before the journal goes."""
    sums = summed(monitor)

    def run():
        target = Archive(tmp_path / "archive")
        if point == "mv":
            target._fs.mv = die
        elif point == "second":
            target._write = once(target._write)
        elif point == "_check":
            target._check = die
        else:
            type(tmp_path).unlink = die
        target.take_in(tmp_path / "calls", now=LATER)

    killed_inside(run)

    for again in (False, True):
        if again:
            take_in(tmp_path)
        assert logged(monitor) == lived
        assert summed(monitor) == sums
    assert [d.name for d in (tmp_path / "calls").iterdir()] == [str(FIRST + timedelta(days=2))]


def test_a_day_without_its_roll_up_can_be_read(monitor, lived, tmp_path):
    """As an earlier version left it when it was killed between the two; the next run heals it."""
    journals = tmp_path / "calls"
    shutil.copytree(journals, tmp_path / "kept")
    take_in(tmp_path)
    sums = summed(monitor)
    shutil.rmtree(tmp_path / "archive" / "rollup" / f"day={FIRST}")
    shutil.copytree(tmp_path / "kept" / str(FIRST), journals / str(FIRST))

    assert summed(monitor) == sums
    take_in(tmp_path)
    assert summed(monitor) == sums
    assert not (journals / str(FIRST)).exists()


def test_what_was_not_read_back_is_not_deleted(lived, tmp_path, monkeypatch):
    """A disk that lies costs nothing: the journal stays and the error says so."""
    target = Archive(tmp_path / "archive")
    monkeypatch.setattr(target, "_read", lambda path: pq.read_table(path).slice(1))

    with pytest.raises(YTQuotaError, match="journal stays"):
        target.take_in(tmp_path / "calls", now=LATER)
    assert (tmp_path / "calls" / FIRST.isoformat() / "111.jsonl").exists()


def test_rollups_add_up_to_the_calls(monitor, lived, tmp_path):
    """Quarter hours, by hand: what long histories are read from."""
    take_in(tmp_path)
    target = Archive(tmp_path / "archive")
    tables = [table for day in target.days() for table in target.rollups(day, project="111")]
    table = pa.concat_tables(tables)

    totals = {name: sum(table[name].to_pylist()) for name in ("calls", "attempts", "units", "refused")}
    assert totals == {"calls": 20, "attempts": 40, "units": 40, "refused": 0}
    assert sum(table["latency_sum"].to_pylist()) == pytest.approx(40 * 0.012)
    assert set(table["slot"].to_pylist()) == {
        at.replace(minute=at.minute // 15 * 15) for at in table["slot"].to_pylist()
    }


def test_a_line_written_twice_counts_once_and_equal_parts_count_each(monitor, lived, tmp_path):
    """A settlement that was repeated is dropped by its id; two equal parts of a batch are two calls."""
    path = tmp_path / "calls" / FIRST.isoformat() / "222.jsonl"
    raw = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*raw, raw[-1]]))

    rows = [d.rows for d in take_in(tmp_path) if (d.day, d.project) == (FIRST, "222")]

    assert rows == [3]


def test_a_hold_that_nobody_settled_is_archived_as_lost(tmp_path, monitor, clock):
    """Its units were spent; the sum of the rows says so."""
    monitor.ledger.hold("111", (("default", 50), ("search_list", 1)), note="comments.insert")
    clock.set(LATER)
    monitor.ledger.hold("111", (("default", 1),))
    monitor.ledger.close()

    take_in(tmp_path)

    rows = [row for row in monitor.log() if row["outcome"] == "lost"]
    assert [(row["bucket"], row["units"], row["method"]) for row in rows] == [
        ("default", 50, "comments.insert"), ("search_list", 1, "comments.insert"),
    ]  # fmt: skip


def test_a_journal_with_unreadable_lines_is_archived_but_kept(monitor, lived, tmp_path):
    """Nothing that cannot be read is thrown away; the log is read from the journal until it is mended."""
    path = tmp_path / "calls" / FIRST.isoformat() / "111.jsonl"
    raw = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*raw[:5], b"garbage\n", *raw[5:]]))

    done = take_in(tmp_path)

    assert [(d.unreadable, d.removed) for d in done if d.day == FIRST] == [(1, False), (0, True)]
    assert path.exists()
    assert logged(monitor) == lived


def test_a_late_settlement_brings_the_journal_back_whole(
    monitor, journal, clock, tmp_path, a_call, looks_at_once
):
    """A program that slept for a week settles its call: nothing is lost, and the next run is whole."""
    clock.set(clocks.bounds_of(FIRST).start + 40_000)
    journal.hold("111", (("default", 1),))
    hold = journal.hold("111", (("default", 50),), note="comments.insert")
    clock.set(LATER)
    journal.hold("111", (("default", 1),))
    take_in(tmp_path)

    journal.settle(hold, [a_call(50, method="comments.insert")])

    assert [row["outcome"] for row in monitor.log()].count("ok") == 1
    take_in(tmp_path)
    assert sum(row["units"] for row in monitor.log()) == 51


def test_other_hosts_days_are_read_beside_ours(monitor, lived, tmp_path):
    """A shared archive holds each host's files under its name."""
    other = QuotaMonitor(
        type(monitor.ledger)(tmp_path / "b", clock=monitor.clock), folder=tmp_path / "b", clock=monitor.clock
    )
    monitor.clock.set(clocks.bounds_of(FIRST).start + 100)
    other.begin([Demand("videos.list", "111", tag="elsewhere")]).answered([(200, None)], latency=0.1)
    monitor.clock.set(LATER)
    other.begin([Demand("videos.list", "111")])
    other.close()
    Archive(tmp_path / "archive", "host-b").take_in(tmp_path / "b", now=LATER)

    assert len(logged(monitor)) == len(lived) + 1
    take_in(tmp_path)
    assert len(logged(monitor)) == len(lived) + 1


def test_days_beyond_the_retention_are_forgotten(lived, tmp_path):
    """Only when asked to."""
    take_in(tmp_path)
    target = Archive(tmp_path / "archive")

    assert target.forget(before=FIRST + timedelta(days=1)) == [FIRST]
    assert target.days() == [FIRST + timedelta(days=1)]
    assert target.rollups(FIRST) == []


def test_forgetting_that_was_killed_is_ended_by_the_next_run(lived, tmp_path):
    """Killed between the calls of a day and its roll-up: neither may stay for ever."""
    take_in(tmp_path)
    target = Archive(tmp_path / "archive")
    beyond = FIRST + timedelta(days=1)

    def run():
        target._fs.rm = once(target._fs.rm)
        target.forget(before=beyond)

    killed_inside(run)

    assert target.forget(before=beyond) == [FIRST]
    assert {file.day for kind in ("calls", "rollup") for file in target.stored(kind)} == {beyond}


def test_any_filesystem_that_fsspec_opens_will_do(monitor, clock, tmp_path):
    """An object store is a folder with another name."""
    live_a_week(monitor, clock)
    monitor.ledger.close()
    target = Archive("memory://archive-of-test", "host-a")

    done = target.take_in(tmp_path / "calls", now=LATER)

    assert sum(sum(d.units.values()) for d in done) == sum(
        row["units"] for day in target.days() for row in target.rows(day)
    )


def test_a_name_of_this_host_is_on_every_line(monitor):
    """Whoever merges archives knows whose line it is."""
    monitor.begin([Demand("videos.list", "111")]).answered([(200, None)], latency=0.1)
    (row,) = monitor.log()
    assert row["host"] == lines.HOST


def test_the_filters_of_a_search_come_back_from_the_archive(monitor, clock, tmp_path):
    """Advice reads them long after; lines without them stay without."""
    filters = ["channelId", "eventType=live"]
    clock.set(clocks.bounds_of(FIRST).start + 40_000)
    for method, facts in (("search.list", {"filters": filters}), ("videos.list", {"ids": 2})):
        monitor.begin([Demand(method, "111", facts=facts)]).answered([(200, None)], latency=0.1)
        clock.advance(5)
    clock.advance(86_400)
    monitor.begin([Demand("videos.list", "111")]).answered([(200, None)], latency=0.1)
    monitor.ledger.close()
    clock.set(LATER)

    take_in(tmp_path)

    assert [row.get("facts") for row in monitor.log()][:2] == [{"filters": filters}, {"ids": 2}]
