"""What `ytquota forecast` and `ytquota plan` say, and how they end."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from ytquota.demo.history import copy_history
from ytquota.demo.story import RESEARCH, STREAMING


@pytest.fixture
def lived(bot_folder, tmp_path_factory):
    """The folder of bots that have been running for two weeks."""
    until = datetime.now(UTC)
    copy_history(bot_folder / "memory", cache=tmp_path_factory.mktemp("history"), until=until, days=14)
    (bot_folder / ".env").write_text("YTQUOTA_MEMORY_DIR=memory\n")
    return bot_folder


@pytest.mark.slow
def test_a_forecast_is_read_at_80_columns_and_published_only_if_asked(run, lived):
    """Probability, total, the rate that lasts, the check, the next days; and the file for bots."""
    page = run("forecast").stdout

    assert max(map(len, page.splitlines())) <= 80
    assert f"project {STREAMING}" in page
    for words in ("by the reset", "would just last", "units an hour", "inside the band", "next days"):
        assert words in page
    assert not (lived / "memory" / "forecast.json").exists()  # whoever looks changes nothing for the bots

    assert run("forecast", "--publish").exit_code == 0
    published = json.loads((lived / "memory" / "forecast.json").read_text())
    assert {pool["project"] for pool in published["pools"]} == {STREAMING, RESEARCH}


@pytest.mark.slow
def test_a_forecast_as_json_names_pool_basis_and_figures(run, lived):
    """One entry per pool, with the keys that `Forecast.as_dict` documents."""
    (pool,) = json.loads(run("forecast", "--json", "--project", STREAMING, "--bucket", "default").stdout)

    assert (pool["project"], pool["bucket"], pool["limit"]) == (STREAMING, "default", 10_000)
    assert pool["basis"] in {"forecast", "simple"}
    assert 0 <= pool["run_out_probability"] <= 1
    assert pool["total"]["low"] <= pool["total"]["middle"] <= pool["total"]["high"]
    assert len(pool["days_ahead"]) == 7


def test_nothing_counted_is_said(run, furnished, counted):
    """A first call makes no forecast; the reason stands in its place."""
    counted("videos.list")

    page = run("forecast")

    assert page.exit_code == 0
    assert "No pool has enough history for a forecast yet." in page.stdout
    assert "less than an hour" in " ".join(page.stdout.split())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("forecast", "--bucket", "searches"), "--bucket"),
        (("plan",), "work"),
        (("plan", "search.list"), "search.list=400"),
        (("plan", "search.list=5", "--by", "tomorrow week"), "--by"),
        (("plan", "search.list=5", "--by", "2020-01-01"), "is over"),
        (("plan", "search.list=5", "--limit", "search=5"), "--limit"),
        (("plan", "search.list=5", "--confidence", "1.5"), "--confidence"),
    ],
)
def test_bad_usage_ends_with_2(run, furnished, arguments, words):
    """What was typed wrong is named on stderr; nothing is printed where a script reads."""
    result = run(*arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr


def test_an_empty_folder_is_told_how_to_start(run):
    """Neither command begins a ledger by looking for one."""
    for arguments in (("forecast",), ("plan", "search.list=4")):
        result = run(*arguments)
        assert result.exit_code == 1
        assert "ytquota demo" in result.stderr


def test_a_plan_of_a_method_that_does_not_exist_is_bad_usage(run, furnished, counted):
    """Not a plan at the dearest price; the nearest methods are named, as by `ytquota prices`."""
    counted("videos.list")

    result = run("plan", "videos.lst=3", "--project", "111111111111")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "No price is known for videos.lst" in result.stderr
    assert "Did you mean videos.list" in result.stderr


def test_what_takes_one_later_day_is_not_spread(run, furnished, counted):
    """One day is no days."""
    counted("videos.list")
    run("exhaust", "1", "--bucket", "search_list", "--yes")

    page = run("plan", "search.list=5", "--project", "111111111111").stdout

    assert "It is done on " in page
    assert "Spread" not in page


def test_a_plan_names_its_project(run, furnished, counted):
    """It was perhaps chosen because it is the only one."""
    counted("videos.list")

    assert run("plan", "videos.list=3", "--project", "111111111111").stdout.startswith(
        "Project 111111111111\n"
    )


def test_a_plan_without_history_fills_days_to_their_limit(run, furnished, counted):
    """250 searches take three days of a hundred; what is late ends with 1."""
    counted("search.list", 20)
    today = date.fromisoformat(json.loads(run("status", "--json").stdout)["day"])

    result = run("plan", "search.list=250", "--json", "--project", "111111111111")
    plan = json.loads(result.stdout)

    assert result.exit_code == 0
    assert [day["calls"]["search.list"] for day in plan["days"]] == [80, 100, 70]
    assert plan["finished_on"] == (today + timedelta(days=2)).isoformat()
    assert plan["binding"] == "search_list"
    late = run("plan", "search.list=250", "--by", "today", "--project", "111111111111")
    assert late.exit_code == 1
    assert "only 80 of 250 x search.list would be done" in " ".join(late.stdout.split())
    assert max(map(len, late.stdout.splitlines())) <= 80


def test_a_plan_needs_no_project_where_the_only_set_tells_it(run, bot_folder, sandbox):
    """On a new install nothing is counted yet; what the set's files say is enough."""
    sandbox.add_project("111111111111")
    sandbox.write_env(bot_folder, {1: "111111111111"})

    result = run("plan", "search.list=150", "--json")

    assert result.exit_code == 0, result.stderr
    plan = json.loads(result.stdout)
    assert plan["project"] == "111111111111"
    assert [day["calls"]["search.list"] for day in plan["days"]] == [100, 50]


def test_a_plan_of_nobody_asks_for_a_number(run, bot_folder):
    """Neither a set nor a count tells whose quota it is."""
    (bot_folder / ".env").write_text("YTQUOTA_MEMORY_DIR=memory\n")

    result = run("plan", "search.list=150")

    assert result.exit_code == 2
    assert "Name its number, as 123456789012" in " ".join(result.stderr.replace("\u2502", " ").split())


def test_a_plan_can_ask_what_if(run, furnished, counted):
    """With 500 searches a day all of it fits today."""
    counted("videos.list")

    result = run("plan", "search.list=400", "--limit", "search_list=500", "--project", "111111111111")

    assert "all of it fits today" in " ".join(result.stdout.split())


def test_a_plan_for_one_of_several_projects_asks_which(run, furnished, counted):
    """Whose quota it is must be said, and --project is how."""
    counted("videos.list")
    counted("videos.list", project="222222222222", credential_set="10")

    result = run("plan", "search.list=4")

    assert result.exit_code == 2
    assert "--project" in result.stderr
    assert "222222222222" in result.stderr
