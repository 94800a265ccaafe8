"""`ytquota limits`: what each pool may use a day, who says so, and what Google says when it is asked."""

import json

import pytest

from ytquota.monitor import QuotaMonitor
from ytquota.settings import Settings

ONE, TEN = "111111111111", "222222222222"


@pytest.fixture
def readable(bot_folder, sandbox):
    """The folder with sets of two projects, and an account that may read both."""
    sandbox.add_project(ONE, limits={"search_list": 6, "default": 1_009_000})
    sandbox.add_project(TEN)
    sandbox.write_env(
        bot_folder, {1: ONE, 10: TEN}, cloud=True, extra={f"YTQUOTA_LIMIT_SEARCH_LIST_{ONE}": "50"}
    )
    return bot_folder


def rows(result):
    return {(row["project"], row["bucket"]): row for row in json.loads(result.stdout)["limits"]}


def test_without_asking_it_shows_what_is_in_force(readable, run, sandbox):
    """The operator's figure and the defaults, and how Google is asked; nothing is sent."""
    sandbox.stop()
    result = run("limits")
    assert result.exit_code == 0, result.stderr
    assert "search_list" in result.stdout
    assert "--learn" in result.stderr
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_google_is_asked_and_noted(readable, run):
    """Google's lower limit is in force and told; so is its higher one where nothing was set."""
    result = run("limits", "--learn")
    assert result.exit_code == 0, result.stderr
    assert f"YTQUOTA_LIMIT_SEARCH_LIST_{ONE}=6" in result.stdout.replace("\n", "")
    assert "1,009,000" in result.stdout
    monitor = QuotaMonitor.open(Settings.load({}, start=readable))
    balances = monitor.ledger.usage(ONE)[ONE]
    assert (balances["search_list"].limit, balances["default"].limit) == (6, 1_009_000)
    monitor.close()


def test_programs_read_the_same(readable, run):
    """Each pool with its limit, who says so, and what Google says once it is asked."""
    before = rows(run("limits", "--json"))
    assert before[ONE, "search_list"]["set"] == 50
    assert before[ONE, "search_list"]["google"] is None
    after = rows(run("limits", "--learn", "--json", "--project", ONE))
    assert {project for project, _ in after} == {ONE}
    told = after[ONE, "search_list"]
    assert (told["limit"], told["source"], told["google"], told["adjustable"]) == (6, "server", 6, False)
    assert told["request"].startswith("https://")


def test_a_closed_door_ends_in_one_sentence(readable, run, sandbox):
    """The command fails with the sentence that says what to click, and no traceback."""
    sandbox.disable_api("cloudquotas", ONE)
    result = run("limits", "--learn")
    assert result.exit_code == 1
    assert "Cloud Quotas API" in result.stderr
    assert "Enable" in result.stderr
    assert result.stderr.count("\n") == 1


def test_an_empty_folder_says_how_to_begin(run):
    """No ledger is begun by looking for one."""
    result = run("limits")
    assert result.exit_code == 1
    assert "ytquota demo" in result.stderr
