"""Archiving from the command line."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta

import pytest

from ytquota.clock import ManualClock
from ytquota.monitor import Demand, QuotaMonitor
from ytquota.settings import Settings

ONE = "111111111111"


@pytest.fixture
def lived(furnished):
    """Four days of calls, the newest ten days ago."""
    clock = ManualClock(datetime.now(UTC) - timedelta(days=13))
    monitor = QuotaMonitor.open(Settings.load({}, start=furnished), clock=clock)
    for _ in range(4):
        for _ in range(5):
            monitor.begin([Demand("videos.list", ONE, "1", "bot")]).answered([(200, None)], latency=0.05)
        monitor.begin([Demand("search.list", ONE, "1", "bot")]).answered([(200, None)], latency=0.05)
        clock.advance(86_400)
    monitor.close()
    return furnished


def days(folder):
    return sorted(path.name for path in (folder / "memory" / "calls").iterdir())


def test_closed_days_are_archived_and_the_log_reads_the_same(run, lived):
    """Three days go, the newest stays; `log` shows all calls before and after."""
    before = run("log", "--since", "20d", "--json").stdout.splitlines()
    assert len(before) == 24

    result = run("archive")

    assert result.exit_code == 0
    assert result.stdout.count("6 lines; charged: 5 of default, 1 of search_list") == 3
    assert len(days(lived)) == 1
    after = run("log", "--since", "20d", "--json").stdout.splitlines()
    assert [json.loads(line)["at"][:23] for line in after] == [json.loads(line)["at"][:23] for line in before]


def test_archiving_again_says_there_is_nothing_to_do(run, lived):
    """It may be run from cron every night."""
    run("archive")
    result = run("archive")

    assert (result.exit_code, "Nothing to archive" in result.stdout) == (0, True)


def test_what_was_done_is_told_as_json(run, lived):
    """Stable keys for scripts."""
    facts = json.loads(run("archive", "--json").stdout)

    assert [entry["rows"] for entry in facts["archived"]] == [6, 6, 6]
    assert facts["archived"][0]["units"] == {"default": 5, "search_list": 1}
    assert set(facts["archived"][0]) == {"day", "project", "rows", "units", "unreadable", "removed"}
    assert facts["deleted"] == []


def test_old_days_are_deleted_only_where_the_settings_say_so(run, lived):
    """Retention is off by default."""
    run("archive")
    with (lived / ".env").open("a") as file:
        file.write("YTQUOTA_RETENTION_DAYS=12\n")

    result = run("archive")

    assert "Deleted" in result.stdout
    assert len(run("log", "--since", "20d", "--json").stdout.splitlines()) < 20


def test_json_as_log_format_leaves_journals_alone(run, lived):
    """Some people like their lines as they are."""
    with (lived / ".env").open("a") as file:
        file.write("YTQUOTA_LOG_FORMAT=json\n")

    assert "stay as they are" in run("archive").stdout
    assert len(days(lived)) == 4


def test_without_pyarrow_it_says_what_to_install(run, lived, monkeypatch):
    """The base install has no pyarrow; nothing is lost meanwhile."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for name in [name for name in sys.modules if name.startswith("ytquota.monitor.archive")]:
        monkeypatch.delitem(sys.modules, name)

    result = run("archive")

    assert result.exit_code == 1
    assert "ytquota[analysis]" in result.stderr
    assert len(days(lived)) == 4


def test_another_place_is_named_in_the_settings_and_read_by_the_log(run, lived):
    """Whoever moves the archive does not lose sight of it."""
    with (lived / ".env").open("a") as file:
        file.write("YTQUOTA_ARCHIVE=../elsewhere\n")

    run("archive")

    assert (lived.parent / "elsewhere" / "calls").is_dir()
    assert len(run("log", "--since", "20d", "--json").stdout.splitlines()) == 24
