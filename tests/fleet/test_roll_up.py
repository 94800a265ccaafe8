"""One roll-up for pandas and Dask: equal to the unit, in whatever parts and order the calls come."""

from __future__ import annotations

import pickle
from collections import defaultdict
from datetime import date, datetime, timedelta
from itertools import pairwise

import dask.dataframe as dd
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from distributed import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import fleet as bench
from benchmarks.dask_cluster import dask_cluster
from tests.fleet.conftest import RESEARCH, SHOWS
from ytquota.intelligence import roll_up as module
from ytquota.intelligence.fleet import Fleet
from ytquota.intelligence.roll_up import (
    FINER,
    KEYS,
    MEASURES,
    parts_of,
    roll_up,
    roll_up_archives,
    roll_up_parts,
    unique,
)
from ytquota.monitor.archive import Archive
from ytquota.monitor.fleet import FleetList, Listed, Unreachable

CALLS, DAYS = 200_000, 3


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """An archive of four hosts and two projects, with retries, denials, and calls without a set."""
    folder = tmp_path_factory.mktemp("fleet")
    bench.write(folder, 20_000, DAYS)
    return str(folder / "archive")


def added_up_by_hand(address, by, minutes):
    """The same from the rows of the log, one after the other."""
    groups = defaultdict(lambda: dict.fromkeys(MEASURES, 0))
    archive = Archive(address)
    for day in archive.days():
        for file in archive.stored("calls", day, day):
            for row in archive.rows(
                day, project=file.project, hosts=lambda host, _, its=file.host: host == its
            ):
                at = datetime.fromisoformat(row["at"])
                slot = at.replace(minute=at.minute // minutes * minutes, second=0, microsecond=0)
                told = {"slot": slot, "day": day.isoformat(), "host": file.host}
                group = groups[tuple((row | told)[key] or "" for key in by)]
                group["calls"] += row["calls"] if row["retry"] == 0 else 0
                group["attempts"] += row["attempts"] if row["outcome"] != "denied" else 0
                group["units"] += row["units"]
                group["refused"] += row["refused"]
                milliseconds = round(row["latency"] * 1000)
                group["latency_ms"] += milliseconds
                group["latency_ms_max"] = max(group["latency_ms_max"], milliseconds)
    return groups


def as_groups(rolled, by):
    if "slot" in by:
        rolled = rolled.assign(slot=pd.Series(rolled["slot"].dt.to_pydatetime(), dtype="object"))
    return {
        tuple(key): dict(zip(MEASURES, values, strict=True))
        for key, values in zip(
            rolled[list(by)].itertuples(index=False),
            rolled[list(MEASURES)].itertuples(index=False),
            strict=True,
        )
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("by", "minutes"), [(KEYS, 15), (("slot", "host", "priority"), 60), (("project", "set"), 15)]
)
def test_it_is_what_the_rows_add_up_to(archive, by, minutes):
    """Calls, attempts, units and milliseconds, by every key; nothing is lost where nobody named a set."""
    rolled = roll_up_archives([archive], by=by, minutes=minutes, source="calls")

    assert list(rolled.columns) == [*by, *MEASURES]
    assert as_groups(rolled, by) == added_up_by_hand(archive, by, minutes)


@pytest.mark.parametrize("minutes", [15, 60, 1440])
def test_the_archivers_roll_ups_come_to_the_same(archive, minutes):
    """They are read where nothing finer is asked for; latencies to the millisecond."""
    calls, rollups = (
        roll_up_archives([archive], minutes=minutes, source=source) for source in ("calls", "rollup")
    )

    pd.testing.assert_frame_equal(calls, rollups)
    assert calls["units"].sum() > 20_000


@pytest.mark.slow
def test_dask_on_real_processes_comes_to_the_same_to_the_unit(tmp_path):
    """A scheduler and two workers, each a process: every row and figure is that of pandas."""
    bench.write(tmp_path, CALLS, DAYS)
    address = f"file://{tmp_path}/archive"
    here = roll_up_archives([address], source="calls", by=(*KEYS, *FINER))

    with dask_cluster(tmp_path / "dask") as cluster, Client(cluster.address) as client:
        client.wait_for_workers(2)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "_BATCH", 1)  # a task for each file, so that both workers have some
            there = roll_up_archives([address], source="calls", by=(*KEYS, *FINER), client=client)
            ready = roll_up_archives([address], client=client)
            fleet = FleetList(tmp_path / "fleet.toml", (Listed("farm", address, "Ops"),))
            reports = [Fleet(fleet, client=its).burn_by("host") for its in (None, client)]
            worked = client.run(lambda dask_worker: dask_worker.state.executed_count)

    pd.testing.assert_frame_equal(here, there)
    pd.testing.assert_frame_equal(ready, roll_up_archives([address]))
    pd.testing.assert_frame_equal(*reports)
    assert len(worked) == 2
    assert min(worked.values()) > 0
    assert there["calls"].sum() > 0
    assert not here["slot"].duplicated().all()


def test_the_function_itself_takes_a_frame_of_either_kind(archive):
    """The same line of code, with calls in one frame or in partitions."""
    calls = pd.concat(
        [frame for part in parts_of(archive, "calls") for frame in module.measured_frames(part)],
        ignore_index=True,
    ).astype(dict.fromkeys(KEYS[1:], "str"))

    lazy = roll_up(dd.from_pandas(calls.sample(frac=1, random_state=1), npartitions=7))
    here = roll_up(calls)

    assert isinstance(lazy, dd.DataFrame)
    pd.testing.assert_frame_equal(
        module.in_order(lazy.compute(scheduler="synchronous")), module.in_order(here)
    )


@given(cuts=st.lists(st.integers(0, 400), max_size=12), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
def test_parts_in_any_order_come_to_the_whole(cuts, seed):
    """Rolled up in parts and then together is the same as rolled up at once."""
    chance = np.random.default_rng(seed)
    size = 400
    calls = pd.DataFrame(
        {
            "slot": pd.to_datetime(chance.integers(0, 3, size) * 900_000, unit="ms", utc=True).as_unit("ms"),
            **{key: chance.choice(["", "a", "b"], size) for key in KEYS[1:]},
            **{name: chance.integers(0, 10**9, size) for name in MEASURES},
        }
    )
    shuffled = calls.sample(frac=1, random_state=seed % 2**31)
    edges = [0, *sorted(cuts), size]
    parts = [shuffled.iloc[low:high] for low, high in pairwise(edges)]

    together = roll_up(pd.concat([roll_up(part) for part in parts], ignore_index=True))

    pd.testing.assert_frame_equal(module.in_order(together), module.in_order(roll_up(calls)))


def test_a_large_file_is_read_by_its_row_groups(archive, tmp_path):
    """It comes to the same, and no frame is larger than a group."""
    (part, *_) = parts_of(archive, "calls")
    whole = roll_up_parts([part], source="calls")
    with Archive(archive).opened(part.stored) as file:
        table = pq.read_table(file)
    target = tmp_path / "archive" / "calls" / f"day={part.stored.day}" / f"host={part.stored.host}"
    target.mkdir(parents=True)
    pq.write_table(table, target / f"{part.stored.project}.parquet", row_group_size=100)

    (cut,) = parts_of(str(tmp_path / "archive"), "calls")

    assert {len(frame) for frame in module.measured_frames(cut)} <= {100, len(table) % 100}
    pd.testing.assert_frame_equal(roll_up_parts([cut], source="calls"), whole)


def test_any_file_system_will_do_and_copies_are_read_once(archive, tmp_path):
    """An object store is an address; a file that is in two archives is one file."""
    import fsspec  # noqa: PLC0415 - this test's only

    store = fsspec.filesystem("memory")
    store.put(archive, "/bucket/roll-up", recursive=True)

    there = roll_up_archives(["memory://bucket/roll-up"])

    pd.testing.assert_frame_equal(there, roll_up_archives([archive]))
    pd.testing.assert_frame_equal(roll_up_archives(["memory://bucket/roll-up", archive]), there)
    assert len(unique([*parts_of(archive, "calls"), *parts_of("memory://bucket/roll-up", "calls")])) == 24


def test_a_span_of_days_can_be_asked_for(archive):
    """Both days included; an empty span has the shape of any other."""
    days = Archive(archive).days()

    one = roll_up_archives([archive], first=days[1], last=days[1])
    none = roll_up_archives([archive], first=days[-1] + timedelta(days=1))

    assert set(one["day"]) == {days[1].isoformat()}
    assert (len(none), list(none.columns)) == (0, list(one.columns))
    assert none.dtypes.equals(one.dtypes)


def test_units_that_nobody_settled_are_rolled_up_too(host, clock, tmp_path):
    """The archive keeps them as lost calls, without a set or a tag."""
    studio = host("studio")
    studio.spend(2)
    studio.monitor.ledger.hold(SHOWS, (("default", 50),), note="comments.insert")
    clock.advance(10 * 86_400)
    studio.spend(1, project=RESEARCH)
    studio.archive(tmp_path / "archive", clock.time())

    rolled = roll_up_archives([str(tmp_path / "archive")], by=("outcome", "tag", "set"))

    assert dict(zip(rolled["outcome"], rolled["units"], strict=True)) == {"lost": 50, "ok": 2}
    assert rolled["tag"].tolist() == ["", "bot"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"by": ("priority",)}, "no key of rollup"),
        ({"by": ("colour",), "source": "calls"}, "no key of calls"),
        ({"by": ()}, "at least one key"),
        ({"by": ("host", "host")}, "each once"),
        ({"minutes": 5}, "in steps of 15"),
        ({"minutes": 0, "source": "calls"}, "must divide a day"),
        ({"minutes": 7, "source": "calls"}, "must divide a day"),
    ],
)
def test_what_cannot_be_had_is_told(archive, options, says):
    """Before anything is read."""
    with pytest.raises(ValueError, match=says):
        roll_up_archives([archive], **options)


def test_a_file_that_is_gone_or_garbled_is_told_in_one_sentence(archive, tmp_path):
    """With its address; also when a worker on another machine says so."""
    (part, *_) = parts_of(archive, "calls")
    gone = module.Part(str(tmp_path), part.stored._replace(path=f"{tmp_path}/gone.parquet"))
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 and no more")
    garbled = module.Part(str(tmp_path), part.stored._replace(path=f"{tmp_path}/bad.parquet"))

    for broken in (gone, garbled):
        with pytest.raises(Unreachable, match=r"cannot be read") as raised:
            roll_up_parts([broken], source="calls")
        assert broken.stored.path in str(raised.value)
        back = pickle.loads(pickle.dumps(raised.value))
        assert (str(back), back.problem, back.remedy) == (
            str(raised.value), raised.value.problem, raised.value.remedy,
        )  # fmt: skip


def test_what_is_no_file_of_an_archive_is_left_out(archive, tmp_path):
    """As half of one that is being written, or a note of a person."""
    folder = tmp_path / "archive" / "calls" / "day=2026-11-10" / "host=a"
    folder.mkdir(parents=True)
    (folder / "1.parquet.77.tmp").write_bytes(b"half")
    (folder.parent / "README.txt").write_text("ours")

    assert parts_of(str(tmp_path / "archive"), "calls") == []
    assert Archive(tmp_path / "archive").stored("calls", date(2026, 1, 1)) == []


@pytest.mark.soak
def test_ten_million_calls_come_to_the_same_on_pandas_and_dask(tmp_path, record_property):
    """Every row and figure, by pandas file by file, by pandas at once, and by Dask on two processes."""
    measured = bench.measure(tmp_path)

    for way in measured.ways:
        record_property(way.name, f"{way.seconds:.1f} s, {max(way.megabytes):.0f} MB")
    assert measured.calls == 10_000_000
    assert {way.name for way in measured.ways} == {"file by file", "all at once", "dask"}
    assert measured.is_equal
