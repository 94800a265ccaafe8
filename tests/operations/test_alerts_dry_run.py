"""The dry run on the demo's history: what would have been told, and nothing is changed."""

from __future__ import annotations

import json
import os
from collections import Counter
from datetime import UTC, date, datetime

import pytest

from ytquota.clock import ManualClock, quota_day
from ytquota.demo.history import copy_history
from ytquota.demo.story import RESEARCH, STREAMING
from ytquota.monitor import Journal, QuotaMonitor
from ytquota.operations.alerts.dry_run import dry_run
from ytquota.settings import Settings

UNTIL = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)


@pytest.mark.slow
def test_the_demo_rings_when_its_pools_ran_out(tmp_path, tmp_path_factory):
    """Both run-outs of the story, once a day and rule; no file is left."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    memory = copy_history(tmp_path / "memory", cache=shared / "histories", until=UNTIL)
    clock = ManualClock(UNTIL)
    monitor = QuotaMonitor(Journal(memory / "calls", clock=clock), clock=clock, folder=memory)

    told = list(dry_run(Settings.load({}, start=tmp_path), monitor, days=20))
    monitor.close()

    alerts = [(quota_day(one.at), one.project, one.bucket, one.rule) for one in told if one.kind == "alert"]
    refused = {(day, project, bucket) for day, project, bucket, rule in alerts if rule == "refusals"}
    assert refused == {
        (date(2026, 11, 6), RESEARCH, "search_list"),
        (date(2026, 11, 6), RESEARCH, "default"),
        (date(2026, 11, 17), STREAMING, "default"),
    }
    assert max(Counter(alerts).values()) == 1
    assert [one.at for one in told] == sorted(one.at for one in told)
    assert not (memory / "quota_alerts.json").exists()


def test_a_dry_run_as_json_is_one_document(bot, run):
    """The alerts as a webhook would get them; without a dry run there is nothing to print."""
    bot.count("liveChatBans.insert", 41)

    told = json.loads(run("watch", "--dry-run", "--days", "1", "--json").stdout)
    refused = run("watch", "--json")

    assert told["days"] == 1
    share = next(one for one in told["alerts"] if one["rule"] == "share")
    assert (share["kind"], share["project"], share["bucket"]) == ("alert", "111111111111", "default")
    assert refused.exit_code == 2
    assert "--dry-run" in json.loads(refused.stdout)["error"]
    assert "--dry-run" in refused.stderr


def test_the_command_counts_what_it_shows(bot, run):
    """An almost empty pool of today rings by its share, at most hours by its pace too; nothing is written."""
    bot.count("liveChatBans.insert", 41)

    result = run("watch", "--dry-run", "--days", "1")

    assert result.exit_code == 0
    assert "is at 82%" in " ".join(result.stdout.split())
    pages = result.stdout.count("Pool default of project")
    word = "alert" if pages == 1 else "alerts"
    assert (
        result.stdout.splitlines()[-1]
        == f"In the last 1 day, {pages} {word} would have been given, and 0 told as over."
    )
    assert not (bot.memory / "quota_alerts.json").exists()
