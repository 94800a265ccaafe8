"""What `ytquota status` says, and its exit codes."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta

import pytest

from ytquota.monitor.reconciled import Check, ReconciledFile

ONE, TEN = "111111111111", "222222222222"
_QUOTA_GONE = json.dumps(
    {
        "error": {
            "code": 403,
            "message": "gone",
            "errors": [{"domain": "youtube.quota", "reason": "quotaExceeded"}],
        }
    }
).encode()


def test_nothing_here_is_told_in_two_lines_how_to_start(run, bot_folder):
    """Without .env and history: two lines of at most 80 columns, fine, and no folder is made."""
    result = run("status")

    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 2
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert "ytquota demo" in result.stdout
    assert "ytquota init" in result.stdout
    assert list(bot_folder.iterdir()) == []


def test_nothing_here_has_the_same_json_keys(run, furnished, counted, monkeypatch, tmp_path):
    """A script need not know whether a folder was ever used."""
    counted("videos.list")
    full = json.loads(run("status", "--json").stdout)
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)

    assert json.loads(run("status", "--json").stdout).keys() == full.keys()


def test_json_says_what_every_pool_has_used_and_left(run, furnished, counted):
    """The keys are documented and stay."""
    counted("videos.list", 3)
    counted("search.list", 2, project=TEN, credential_set="10")

    report = json.loads(run("status", "--json").stdout)

    assert report.keys() == {
        *(
            "day",
            "resets_at",
            "seconds_to_reset",
            "counted_since",
            "is_first_day",
            "ledger",
            "projects",
            "sets",
            "unknown_settings",
        )
    }
    assert report["projects"][ONE]["default"] == {
        "used": 3,
        "refused": 0,
        "limit": 10_000,
        "left": 9_997,
        "limit_source": "default",
        "exhausted_until": None,
        "marked_by": None,
        "share": 0.0003,
        "basis": "local",
        "reconciled": None,
    }
    assert report["projects"][TEN]["search_list"]["left"] == 98
    assert [(one["number"], one["state"], one["project"]) for one in report["sets"]] == [
        *((1, "ready", ONE), (3, "ready", ONE), (10, "ready", TEN))
    ]
    assert report["ledger"] == str(furnished / "memory" / "calls")


def test_people_see_pools_sets_ledger_and_the_reset_in_both_zones(run, furnished, counted):
    """Everything the design asks of the page, at 80 columns."""
    counted("liveChatMessages.list", 500)

    page = run("status").stdout

    assert "default 2,500 7,500 10,000 default 25%" in " ".join(page.split())
    assert "00:00 P" in page
    assert "CE" in page
    assert "set 3" in page
    assert "API key" in page
    assert "Counted since" in page
    assert str(furnished / "memory" / "calls") in page.replace("\n", "")
    assert max(len(line) for line in page.splitlines() if "Ledger" not in line) <= 80


def test_counted_since_is_told_on_the_first_day_only(run, furnished, counted):
    """Where an earlier day was counted, today is complete."""
    counted("videos.list")
    (furnished / "memory" / "calls" / "2020-01-01").mkdir()

    assert "Counted since" not in run("status").stdout


def test_an_exhausted_pool_is_told_in_words(run, furnished, counted):
    """The mark replaces the bar, in both zones, and the refused demand is named."""
    counted("videos.list", status=403, body=_QUOTA_GONE)

    page = run("status").stdout

    assert "exhausted until 00:00 P" in page
    in_the_table = page.partition("default ")[2].partition("video_insert")[0]
    assert "(09:00 CE" in in_the_table or "(08:00 CE" in in_the_table
    assert "Refused today: 1 units of default" in page
    assert "exhausted" in page.partition("set 1")[2]
    assert max(len(line) for line in page.splitlines() if "Ledger" not in line) <= 80


def test_a_mark_says_whose_it_is(run, furnished, counted):
    """Google's word is one thing, an operator's another, and both say what our count has left."""
    counted("videos.list", status=403, body=_QUOTA_GONE)
    run("exhaust", "1", "--bucket", "search_list", "--yes")

    page = " ".join(run("status").stdout.split())
    pools = json.loads(run("status", "--json").stdout)["projects"][ONE]
    checked = run("check").stdout

    assert "default 0 10,000 10,000 default exhausted until" in page
    assert "search_list 0 100 100 default marked until" in page
    assert f"Marked by Google's word: default, project {ONE}, 10,000 of 10,000 left by our count" in page
    assert f"Marked by an operator: search_list, project {ONE}, 100 of 100 left by our count;" in page
    assert [pools[name]["marked_by"] for name in ("default", "search_list", "video_insert")] == [
        *("server", "operator", None)
    ]
    assert "default 0 of 10,000, exhausted until" in checked
    assert "search_list 0 of 100, marked by an operator until" in checked
    assert max(len(line) for line in run("status").stdout.splitlines() if "Ledger" not in line) <= 80


@pytest.mark.parametrize(("units", "code"), [(8000, 0), (8005, 10), (9500, 10), (9505, 20), (10_000, 30)])
def test_check_ends_with_the_code_of_the_worst_pool(run, furnished, counted, units, code):
    """10 over 80 %, 20 over 95 %, 30 with nothing left."""
    counted("liveChatBans.insert", units // 200)
    counted("liveChatMessages.list", units % 200 // 5)

    assert run("status", "--check").exit_code == code
    assert run("status", "--check", "--json").exit_code == code
    assert run("status").exit_code == 0


def test_check_ends_with_30_where_the_server_said_so(run, furnished, counted):
    """A marked pool is exhausted whatever the count says."""
    counted("videos.list", status=403, body=_QUOTA_GONE)

    assert run("status", "--check").exit_code == 30


def test_one_project_can_be_asked_for(run, furnished, counted):
    """--project leaves the others out, pools and sets, and is what --check looks at."""
    counted("liveChatBans.insert", 50)

    report = json.loads(run("status", "--json", "--project", TEN).stdout)

    assert ONE not in report["projects"]
    assert [one["number"] for one in report["sets"]] == [10]
    assert run("status", "--check", "--project", TEN).exit_code == 0
    assert run("status", "--check", "--project", ONE).exit_code == 30


def test_pools_are_shown_before_anything_was_counted(run, furnished):
    """A first look tells what there is to spend."""
    page = run("status").stdout
    assert page.count("search_list") == 2
    assert "Nothing has been counted today." in page


def test_a_misspelt_setting_is_named(run, furnished):
    """Otherwise it would do nothing, quietly."""
    with (furnished / ".env").open("a") as file:
        file.write("YTQUOTA_RESERV=500\n")

    assert "No setting of ytquota: YTQUOTA_RESERV" in run("status").stdout


def test_check_counts_a_run_out_that_is_more_likely_than_not(run, furnished, counted):
    """As `ytquota check` does, where a forecast was published within the last half hour."""
    counted("videos.list")
    expected = {"low": None, "middle": None, "high": None}
    pool = {"project": ONE, "bucket": "default", "run_out_probability": 0.7, "run_out_at": expected}
    now = datetime.now(UTC)
    for age, code in ((60, 20), (3600, 0)):
        made = {"v": 1, "made_at": (now - timedelta(seconds=age)).isoformat(), "pools": [pool]}
        (furnished / "memory" / "forecast.json").write_text(json.dumps(made))
        assert run("status", "--check").exit_code == code


def test_each_count_says_how_it_compared_with_googles(run, furnished, counted):
    """Reconciled, up to when; or how much more Google has, and what to do."""
    counted("videos.list", 7)
    assert "Google" not in run("status").stdout
    now = time.time()
    file = ReconciledFile(furnished / "memory")
    file.note(ONE, {"default": Check(now, now - 600, 7, 7), "search_list": Check(now, now - 600, 0, 0)})
    assert "Agreed with Google's counters up to" in run("status").stdout

    file.note(ONE, {"default": Check(now, now - 600, 7, 327)})
    shown = " ".join(run("status").stdout.split())
    assert "Google counts 320 more of default up to" in shown
    pool = json.loads(run("status", "--json").stdout)["projects"][ONE]["default"]
    assert (pool["basis"], pool["reconciled"]["drift"]) == ("local", 320)
