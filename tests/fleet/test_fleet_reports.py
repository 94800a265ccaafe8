"""Where the quota of several ledgers went: by owner, host and project, from journals and archives alike."""

from __future__ import annotations

import shutil
from datetime import date, timedelta

import pandas as pd
import pytest

from tests.fleet.conftest import NOON, RESEARCH, SHOWS
from ytquota.errors import SettingsError
from ytquota.intelligence import frames
from ytquota.intelligence.fleet import Fleet
from ytquota.monitor.fleet import FleetList
from ytquota.monitor.fleet.log import FleetLog
from ytquota.settings import Settings

FIRST = date(2026, 11, 10)
OF_ANNA = '[[ledger]]\nname = "{}"\naddress = "{}"\nowner = "Anna"\nsets = {{ 10 = "Ben" }}\n'
NAMES = f'[projects]\n{SHOWS} = "Shows"\n'
WHATS = ("owner", "project", "ledger", "host", "method", "credential_set", "tag", "bucket", "hour")


@pytest.fixture
def lived(host, clock, write_list):
    """Four days of two hosts and three people; the list of both."""
    studio, attic = host("studio"), host("attic")
    for day in range(4):
        clock.set(NOON + timedelta(days=day))
        studio.spend(3, number="1", tag="chat")
        studio.spend(2 + day, "search.list", number="10")
        attic.spend(4, project=RESEARCH, number="2", tag="crawler")
        attic.spend(1, "videos.insert", project=RESEARCH, number="2", status=500)
        clock.advance(1800)
        attic.spend(2, project=RESEARCH, number="2")
    path = write_list(
        OF_ANNA.format("studio", studio.folder),
        ("attic", attic.folder, "Clara"),
        more=NAMES,
    )
    return path, studio, attic


def reports(path, clock):
    fleet = Fleet(path, clock=clock)
    frames_of = {what: fleet.burn_by(what) for what in WHATS} | {"day": fleet.daily_burn()}
    assert not fleet.problems
    return frames_of


def test_the_burn_of_all_ledgers_is_told_by_whose_it_is(lived, clock):
    """Owners, hosts, ledgers, projects by their names; units are never added over buckets."""
    path, *_ = lived
    fleet = Fleet(path, clock=clock)

    owners = fleet.burn_by("owner")
    told = {(row.bucket, row.owner): row.units for row in owners.itertuples()}
    assert told == {
        ("default", "Anna"): 12, ("default", "Clara"): 24, ("search_list", "Ben"): 14,
        ("video_insert", "Clara"): 4,
    }  # fmt: skip
    assert list(owners.columns) == ["bucket", "owner", *frames.BURN]
    assert set(fleet.burn_by("project")["project"]) == {"Shows", RESEARCH}
    assert set(fleet.burn_by("host")["host"]) == {"studio", "attic"}
    assert fleet.burn_by("ledger", project="Shows")["ledger"].unique().tolist() == ["studio"]
    assert fleet.burn_by("owner", bucket="default", first=FIRST, last=FIRST)["units"].tolist() == [6, 3]

    daily = fleet.daily_burn(project="Shows", bucket="search_list")
    assert daily["units"].tolist() == [2, 3, 4, 5]
    assert daily["day"].dt.date.tolist() == [FIRST + timedelta(days=day) for day in range(4)]


@pytest.mark.slow
def test_archiving_changes_no_number(lived, clock):
    """Wherever the days go: beside the journals, or into one object store for all hosts."""
    path, studio, attic = lived
    before = reports(path, clock)
    clock.set(NOON + timedelta(days=20))
    for one, project in ((studio, SHOWS), (attic, RESEARCH)):
        one.spend(1, "videoCategories.list", project=project, number="1", tag="late")
    late = reports(path, clock)

    studio.archive(studio.folder / "archive", clock.time())
    attic.archive("memory://shared-by-all", clock.time())
    path.write_text(path.read_text() + '[[ledger]]\nname = "farm"\naddress = "memory://shared-by-all"\n')

    after = reports(path, clock)
    for what, frame in late.items():
        pd.testing.assert_frame_equal(after[what], frame)
    assert len(late["day"]) > len(before["day"])
    assert not list((studio.folder / "calls").glob("2026-11-1*"))


def test_calls_of_an_archive_are_of_the_host_that_wrote_them(lived, clock, write_list):
    """Its ledger is the archive's where the host has none in the list, and its owner whom `hosts` names."""
    _path, studio, attic = lived
    clock.set(NOON + timedelta(days=20))
    for one in (studio, attic):
        one.spend(1)
        one.archive("memory://a-farm", clock.time())
    farm = (
        '[[ledger]]\nname = "farm"\naddress = "memory://a-farm"\nowner = "Ops"\nhosts = { attic = "Dora" }\n'
    )

    alone = Fleet(write_list(farm), clock=clock).burn_by("owner", bucket="default")
    beside = Fleet(write_list(farm, ("studio", studio.folder, "Anna")), clock=clock)

    assert dict(zip(alone["owner"], alone["units"], strict=True)) == {"Dora": 24, "Ops": 12}
    by = {
        what: beside.burn_by(what, bucket="default", last=date(2026, 11, 15)) for what in ("owner", "ledger")
    }
    assert dict(zip(by["owner"]["owner"], by["owner"]["units"], strict=True)) == {"Dora": 24, "Anna": 12}
    assert dict(zip(by["ledger"]["ledger"], by["ledger"]["units"], strict=True)) == {"farm": 24, "studio": 12}


def test_nothing_is_read_twice(lived, clock, tmp_path):
    """A backup of a folder, an archive under two addresses, and a day whose archiver was killed."""
    path, studio, _attic = lived
    clock.set(NOON + timedelta(days=20))
    studio.spend(1)
    studio.monitor.ledger.flush()
    expected = reports(path, clock)["owner"]
    kept = shutil.copytree(studio.folder / "calls" / FIRST.isoformat(), tmp_path / "kept")
    shutil.copytree(studio.folder, tmp_path / "backup")

    studio.archive(studio.folder / "archive", clock.time())
    shutil.copytree(kept, studio.folder / "calls" / FIRST.isoformat())  # as if it had not come to remove it
    shutil.copytree(studio.folder / "archive", tmp_path / "archive")
    more = "".join(OF_ANNA.format(name, tmp_path / name) for name in ("archive", "backup"))
    path.write_text(path.read_text().replace("[projects]", more + "[projects]"))

    pd.testing.assert_frame_equal(reports(path, clock)["owner"], expected)


def test_a_ledger_that_cannot_be_read_is_named_and_the_rest_is_reported(lived, clock, tmp_path, caplog):
    """A report that lacks something says so."""
    path, *_ = lived
    path.write_text(path.read_text() + '[[ledger]]\nname = "gone"\naddress = "gone"\n')
    fleet = Fleet(path, clock=clock)

    burn = fleet.burn_by("owner")

    assert burn["units"].sum() == 54
    (look,) = fleet.problems
    assert (look.listed.name, "There is no folder" in look.problem) == ("gone", True)
    assert "gone of the fleet is left out" in caplog.text


def test_an_empty_fleet_has_the_columns_of_any_other(write_list, tmp_path, clock):
    """A notebook need not ask first."""
    (tmp_path / "new" / "calls").mkdir(parents=True)
    fleet = Fleet(write_list(("new", tmp_path / "new", "")), clock=clock)

    assert list(fleet.daily_burn().columns) == list(frames.DAILY)
    assert fleet.daily_burn().empty
    for what in WHATS:
        burn = fleet.burn_by(what)
        assert burn.empty
        assert set(burn.columns) == {"bucket", what, *frames.BURN}
    assert fleet.status()["projects"] == {}


def test_the_log_of_a_fleet_is_that_of_its_ledgers(lived, clock):
    """Every row once, oldest first, with its ledger and owner; from the archive, too."""
    path, studio, attic = lived
    logs = [list(one.monitor.log()) for one in (studio, attic)]

    def told(row):
        return row["at"][:23], row["project"], row["method"], row["set"], row["units"], row["outcome"]

    rows = list(FleetLog(FleetList.load(path)).rows())
    assert sorted(map(told, rows)) == sorted(told(row) for log in logs for row in log)
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)
    assert {(row["ledger"], row["owner"]) for row in rows} == {
        ("studio", "Anna"), ("studio", "Ben"), ("attic", "Clara"),
    }  # fmt: skip

    clock.set(NOON + timedelta(days=20))
    studio.spend(1)
    studio.archive(studio.folder / "archive", clock.time())
    again = list(FleetLog(FleetList.load(path)).rows(until=NOON + timedelta(days=10)))
    assert sorted(map(told, again)) == sorted(map(told, rows))
    one_day = FleetLog(FleetList.load(path)).rows(NOON, NOON + timedelta(minutes=1), project=SHOWS)
    assert len(list(one_day)) == 5


def test_the_settings_name_the_list(lived, monkeypatch, tmp_path):
    """A notebook says `Fleet()`; without a list it says how to write one."""
    path, *_ = lived
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("YTQUOTA_FLEET", "")
    with pytest.raises(SettingsError, match=r"docs/fleet\.md"):
        Fleet()

    monkeypatch.setenv("YTQUOTA_FLEET", str(path))
    assert Fleet().burn_by("ledger")["units"].sum() == 54
    assert Settings.load().fleet == path
