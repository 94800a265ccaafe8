"""A project or credential set that nobody knows is answered in one way by every command that takes one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ytquota.clock import ManualClock
from ytquota.monitor import Demand, QuotaMonitor
from ytquota.settings import Settings

ONE, TEN = "111111111111", "222222222222"


@pytest.fixture
def former(furnished):
    """A project and a set that had calls ten days ago and are named nowhere any more; and today's."""
    for project, credential_set, days in (("333333333333", "7", 10), (ONE, "1", 0)):
        clock = ManualClock(datetime.now(UTC) - timedelta(days=days))
        monitor = QuotaMonitor.open(Settings.load({}, start=furnished), clock=clock)
        monitor.begin([Demand("videos.list", project, credential_set, "bot")]).answered(
            [(200, None)], latency=0.05
        )
        monitor.close()
    return "333333333333", "7"


@pytest.mark.parametrize(
    "command",
    [
        ("status", "--check"),
        ("check",),
        ("plan", "videos.list=3"),
        ("advise",),
        ("log",),
        ("forecast",),
        ("limits",),
        ("request",),
        ("request", "--state"),
    ],
)
def test_an_unknown_project_is_bad_usage_everywhere(run, furnished, counted, command):
    """A slip of the pen never reads as nothing used, nothing to advise, or all well."""
    counted("videos.list")

    result = run(*command, "--project", "5")

    assert (result.exit_code, result.stdout) == (2, "")
    assert f"no project 5 is known here (known: {ONE}, {TEN})" in result.stderr


def test_an_unknown_project_cannot_be_corrected(run, furnished, counted):
    """The same sentence, said of the argument."""
    result = run("correct", "5/default", "=10", "--reason", "test", "--yes")

    assert (result.exit_code, result.stdout) == (2, "")
    assert f"no project 5 is known here (known: {ONE}, {TEN})" in result.stderr


@pytest.mark.parametrize(
    "command",
    [("log", "--set"), ("disable",), ("enable",), ("reset",), ("exhaust",), ("rotate",)],
)
def test_an_unknown_set_is_bad_usage_everywhere(run, furnished, command):
    """The sets of `.env` are listed, and nothing is changed."""
    result = run(*command, "9")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "no credential set 9 is known here (known: 1, 3, 10)" in result.stderr
    assert run("audit", "--json").stdout.strip() == "[]"


def test_what_is_no_set_at_all_is_refused_by_the_log(run, furnished):
    """Sets have numbers; `own` are the credentials in none."""
    assert run("log", "--set", "x").exit_code == 2
    assert run("log", "--set", "own").exit_code == 0


def test_what_the_log_has_of_former_days_is_known(run, former):
    """Whoever left `.env` still has a history, and a status that says so: nothing used today."""
    project, number = former

    assert "1 call" in run("log", "--since", "20d", "--project", project).stdout
    assert "1 call" in run("log", "--since", "20d", "--set", number).stdout
    status = run("status", "--check", "--project", project)
    assert (status.exit_code, f"Project {project}" in status.stdout) == (0, True)
    assert "default                    0 10,000" in status.stdout


def test_a_folder_without_anything_knows_nobody(run):
    """No ledger is begun by asking for a project."""
    result = run("status", "--project", "5")

    assert result.exit_code == 2
    assert "(known: none yet)" in result.stderr
