"""Advice on the command line."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from ytquota.clock import ManualClock, day_start, quota_day
from ytquota.monitor import Demand, QuotaMonitor
from ytquota.settings import Settings

ONE, TEN = "111111111111", "222222222222"


@pytest.fixture
def lookups(furnished):
    """Write lookups of channels into the folder's ledger: `count` of them a second apart, `ids` in each."""

    def lookups(count, ids=1, *, project=ONE, days_ago=1):
        day = quota_day(datetime.now(UTC)) - timedelta(days=days_ago)
        clock = ManualClock(day_start(day) + timedelta(hours=12))
        monitor = QuotaMonitor.open(Settings.load({}, start=furnished), clock=clock)
        for number in range(count):
            facts = {"ids": ids, "parts": ["snippet"], "hash": f"{number:08x}00000000"}
            demand = Demand("channels.list", project, "1", "crawler", facts=facts)
            monitor.begin([demand]).answered([(200, None)], latency=0.05)
            clock.advance(1)
        monitor.close()

    return lookups


def test_a_finding_is_told_with_its_saving_evidence_and_code_in_80_columns(run, lookups):
    """What a person needs to decide and to do it, on the narrowest terminal."""
    lookups(600)

    result = run("advise")

    text = " ".join(result.stdout.split())
    assert result.exit_code == 0
    assert "crawler asks channels.list for one id a call; 50 fit" in text
    assert "units a day of default" in text
    assert f"Project {ONE}" in text
    assert "youtube.channels().list(part=parts, id=some).execute()" in text
    assert "Assumed: " in text
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_thrifty_bots_get_one_line(run, lookups):
    """Silence, and what it means."""
    lookups(600, ids=50)

    result = run("advise")

    assert (result.exit_code, result.stdout.split(" from ")[0]) == (0, "Nothing to advise")
    assert len(result.stdout.splitlines()) == 1


def test_days_and_project_narrow_what_is_looked_at(run, lookups):
    """Old waste, and that of other projects, is left out when asked."""
    lookups(900, project=TEN, days_ago=6)
    lookups(1, days_ago=1)

    def rules(*options):
        return [one["rule"] for one in json.loads(run("advise", "--json", *options).stdout)["advice"]]

    assert rules() == ["ids-per-call"]
    assert rules("--project", TEN) == ["ids-per-call"]
    assert rules("--project", ONE) == []
    assert rules("--days", "3") == []


def test_json_has_stable_keys(run, lookups):
    """For scripts; the saving is a number of units a day."""
    lookups(600)

    document = json.loads(run("advise", "--json", "--days", "7").stdout)

    assert set(document) == {"since", "days", "advice"}
    (advice,) = document["advice"]
    assert advice["bucket"] == "default"
    assert advice["saving"] == 585  # five times two minutes, in which 120 ids fit into three calls
    assert set(advice) == {
        "rule", "title", "project", "bucket", "tag", "method", "calls", "days", "units", "spared", "saving",
        "share", "cost", "change", "code", "certainty", "assumption",
    }  # fmt: skip


def test_a_number_of_days_below_one_is_bad_usage(run, furnished):
    """Nothing can be said of no day."""
    assert run("advise", "--days", "0").exit_code == 2
