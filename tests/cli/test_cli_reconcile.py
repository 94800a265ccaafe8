"""`ytquota reconcile`: what people and programs are told, and what changes when they say yes."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime

import pytest

from ytquota import clock as clocks
from ytquota.clock import ManualClock, SystemClock
from ytquota.monitor import Demand, QuotaMonitor
from ytquota.sandbox import Sandbox
from ytquota.settings import Settings

ONE, TEN = "111111111111", "222222222222"
NOON = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)


@pytest.fixture
def clock(monkeypatch):
    """Noon at the Pacific, for the command and for the sandbox."""
    clock = ManualClock(NOON)
    monkeypatch.setattr(SystemClock, "time", lambda _self: clock.time())
    return clock


@pytest.fixture
def sandbox(clock):
    with Sandbox(clock=clock) as running:
        yield running


@pytest.fixture
def connected(bot_folder, sandbox):
    """A bot's folder with two projects, and an account that may read the counters of both."""
    sandbox.add_project(ONE)
    sandbox.add_project(TEN)
    sandbox.write_env(bot_folder, {1: ONE, 10: TEN}, cloud=True)
    return bot_folder


@pytest.fixture
def call(connected, sandbox, clock):
    """Calls that both sides count, some seconds apart."""

    def call(method="videos.list", times=1, project=ONE):
        monitor = QuotaMonitor.open(Settings.load({}, start=connected), clock=clock)
        try:
            for _ in range(times):
                flight = monitor.begin([Demand(method, project, "1", "bot")])
                sandbox.bill(project, method)
                clock.advance(5)
                flight.answered([(200, None)], latency=5.0)
                clock.advance(15)
        finally:
            monitor.close()

    return call


def used(run, project=ONE, bucket="default"):
    return json.loads(run("status", "--json").stdout)["projects"][project][bucket]["used"]


def test_without_an_account_it_says_how_to_set_one_up(run, bot_folder, sandbox):
    """One sentence, no traceback, exit code 1."""
    sandbox.add_project(ONE)
    sandbox.write_env(bot_folder, {1: ONE})
    result = run("reconcile")
    assert result.exit_code == 1
    assert "YTQUOTA_CLOUD_CREDENTIALS" in result.stderr


def test_in_an_empty_folder_it_says_how_to_start(run, bot_folder):
    """Nothing is begun by looking."""
    result = run("reconcile")
    assert result.exit_code == 1
    assert "ytquota demo" in result.stderr
    assert not (bot_folder / "memory").exists()


def test_it_shows_the_drift_and_changes_nothing(run, call, sandbox, clock):
    """Ours, Google's, the difference; and which command makes them equal."""
    call(times=30)
    sandbox.spend(ONE, "comments.insert", 2)
    clock.advance(1200)

    result = run("reconcile", "--days", 3)

    assert result.exit_code == 0, result.stderr
    assert re.search(r"default +30 +130 +\+100", result.stdout)
    assert "comments.insert: +100 units, calls made elsewhere" in result.stdout
    assert "ytquota reconcile --apply" in result.stdout
    assert max(len(line) for line in result.stdout.splitlines()) <= 80
    assert used(run) == 30


def test_a_drift_of_a_finished_day_is_never_said_to_be_correctable(run, call, sandbox, clock):
    """--apply changes today's counts alone, and says so where there is nothing of today."""
    sandbox.spend(ONE, "comments.insert", 2)
    call(times=3)
    clock.advance(86_400)

    looked, applied = run("reconcile", "--days", 3), run("reconcile", "--days", 3, "--apply")

    assert "comments.insert: +100 units, calls made elsewhere" in looked.stdout
    assert "--apply" not in looked.stdout
    assert applied.exit_code == 0
    assert applied.stdout.splitlines()[-1] == "Nothing to correct today."


def test_apply_shows_asks_corrects_and_can_be_undone(run, call, sandbox, clock):
    """A no changes nothing; a yes makes the balance Google's; undo takes it back."""
    call(times=3)
    sandbox.spend(ONE, "comments.insert", 2)
    clock.advance(1200)

    refused = run("reconcile", "--days", 1, "--apply", answer="n\n")
    assert refused.exit_code == 1
    assert "Nothing was changed" in refused.stdout
    assert used(run) == 3

    done = run("reconcile", "--days", 1, "--apply", answer="y\n")
    assert done.exit_code == 0
    assert "3 counted today, to become 103" in " ".join(done.stdout.split())
    assert used(run) == sandbox.used(ONE) == 103
    assert "Agreed with Google's counters" in run("status").stdout

    row = re.search(r"ytquota undo (\d+)", done.stdout)[1]
    assert run("undo", row, "--yes").exit_code == 0
    assert used(run) == 3
    assert "Google counts 100 more" in " ".join(run("status").stdout.split())


def test_nobody_to_ask_is_bad_usage(run, call, sandbox, clock):
    """In a cron job without --yes nothing is corrected."""
    call()
    sandbox.spend(ONE, "comments.insert", 2)
    clock.advance(1200)
    assert run("reconcile", "--days", 1, "--apply").exit_code == 2
    assert used(run) == 1
    assert run("reconcile", "--days", 1, "--apply", "--yes").exit_code == 0
    assert used(run) == 101


def test_json_has_everything(run, call, sandbox, clock):
    """For programs: pools, drift by day with causes, limits, imported days, what was corrected."""
    start = clocks.bounds_of(date(2026, 11, 18)).start
    sandbox.furnish(ONE, [(start + 3600, "videos.list", 7)], foreign=True)
    call(times=2)
    sandbox.spend(ONE, "comments.insert", 2)
    clock.advance(1200)

    result = run("reconcile", "--days", 3, "--apply", "--yes", "--json", "--project", ONE)

    report = json.loads(result.stdout)
    (one,) = report["projects"]
    assert one["pools"]["default"] | {"at": "", "until": ""} == {
        "at": "", "until": "", "local": 2, "official": 102, "drift": 100, "corrected": 0,
    }  # fmt: skip
    assert one["imported"] == ["2026-11-18", "2026-11-19"]
    assert [(done["bucket"], done["units"], done["used"]) for done in report["corrected"]] == [
        ("default", 100, 102)
    ]
    assert {cause["kind"] for cause in one["drift"]["causes"]} == {"elsewhere"}
    assert {limit["limit"]["bucket"] for limit in one["limits"]} >= {"default", "search_list"}
    assert report["failed"] == {}


def test_a_project_that_cannot_be_read_does_not_keep_others_from_it(run, call, sandbox, clock):
    """What can be compared is; the rest is told in a sentence, with exit code 1."""
    call()
    clock.advance(1200)
    sandbox.disable_api("monitoring", TEN)
    sandbox.revoke_roles(f"reader@sandbox-{ONE}.iam.gserviceaccount.com", TEN)

    result = run("reconcile", "--days", 1)

    assert result.exit_code == 1
    assert f"Project {ONE}, up to" in result.stdout
    assert f"Project {TEN}: " in result.stderr
    assert "console.cloud.google.com" in result.stderr


@pytest.mark.slow
def test_figures_that_are_later_than_usual_are_said_to_end(run, call, sandbox):
    """Up to when they go stands there, in words and for programs; and no count is lowered."""
    sandbox.monitoring_lag(1500)
    call(times=150)  # 50 minutes

    result = run("reconcile", "--project", ONE, "--days", 1, "--apply", "--yes")

    assert result.exit_code == 0
    assert "Google's figures end at 12:25 PST" in result.stdout
    assert "Corrected" not in result.stdout
    facts = json.loads(run("reconcile", "--project", ONE, "--days", 1, "--json").stdout)["projects"][0]
    assert (facts["late"], facts["known"], facts["not_lowered"]) == (True, True, None)
    assert facts["pools"]["default"]["drift"] == 0


@pytest.mark.slow
def test_a_forecast_says_how_many_days_google_alone_counted(run, connected, sandbox, clock):
    """Where there are such days, and nothing where there are none."""
    start = clocks.bounds_of(date(2026, 11, 10)).start
    calls = [(start + 86_400 * day + 1800 * n, "videos.list", 9) for day in range(10) for n in range(48)]
    sandbox.furnish(ONE, calls, foreign=True)
    assert run("reconcile", "--project", ONE).exit_code == 0

    result = run("forecast", "--project", ONE, "--bucket", "default")

    assert "All of its 10 days of history were counted by Google only." in result.stdout


def test_imported_days_are_in_the_log(run, connected, sandbox):
    """With the tag `official`; the forecast has its history."""
    sandbox.furnish(
        ONE, [(clocks.bounds_of(date(2026, 11, 18)).start + 3600, "videos.list", 7)], foreign=True
    )
    assert "Imported 2 days" in run("reconcile", "--project", ONE).stdout

    (row,) = [json.loads(line) for line in run("log", "--day", "2026-11-18", "--json").stdout.splitlines()]
    assert (row["tag"], row["units"], row["calls"]) == ("official", 7, 7)
    assert "official" in run("log", "--day", "2026-11-18").stdout
    assert "7 calls; charged: 7 of default" in run("log", "--day", "2026-11-18").stdout


@pytest.mark.slow
def test_a_price_that_differs_is_written_to_a_file_of_overrides(run, call, sandbox, clock, connected):
    """Measured from counters and log; shown, asked, written; and it counts once the setting names it."""
    sandbox.set_price("liveChatMessages.insert", 21)
    call("liveChatMessages.insert", 60)
    call("videos.list", 30)
    clock.advance(1200)

    assert "Nothing was changed" in run("reconcile", "--prices", "own.csv", answer="n\n").stdout
    assert not (connected / "own.csv").exists()
    result = run("reconcile", "--days", 2, "--prices", "own.csv", "--yes")

    assert result.exit_code == 0
    assert "liveChatMessages.insert: table 20, measured 21" in result.stdout
    assert "YTQUOTA_PRICES_FILE=own.csv" in result.stdout
    with (connected / ".env").open("a") as file:
        file.write("YTQUOTA_PRICES_FILE=own.csv\n")
    (price,) = json.loads(run("prices", "liveChatMessages.insert", "--json").stdout)["prices"]
    assert (price["units"], price["provenance"]) == (21, "override")


def test_without_a_difference_no_price_is_written(run, call, clock, connected):
    """And the file is not begun."""
    call(times=5)
    clock.advance(1200)
    assert "nothing is written" in run("reconcile", "--days", 1, "--prices", "own.csv", "--yes").stdout
    assert not (connected / "own.csv").exists()
