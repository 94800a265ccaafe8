"""The credential sets, and what an operator does to them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from ytquota.clock import PACIFIC

ONE, TEN = "111111111111", "222222222222"


def _state(run, number):
    found = json.loads(run("sets", "--json").stdout)["sets"]
    return next(one for one in found if one["number"] == number)


def _audit(folder):
    path = folder / "memory" / "audit.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_sets_are_grouped_by_the_project_whose_pools_they_share(run, furnished):
    """Two sets of one project are said to have no more quota than one."""
    page = run("sets").stdout

    first, second = page.split(f"Project {TEN}")
    assert "set 1" in first
    assert "set 3" in first
    assert "no more quota than one" in first
    assert "set 10" in second
    assert "in order: 1, 10" in page
    assert max(map(len, page.splitlines())) <= 80


def test_sets_as_json_hold_no_secret(run, furnished):
    """Numbers, states and the rotation list, never a token or a key."""
    text = run("sets", "--json").stdout

    assert json.loads(text)["rotation"] == [1, 10]
    for file in (furnished / "credentials").iterdir():
        content = json.loads(file.read_text())
        content = content.get("installed", content)
        for name in ("client_secret", "token", "refresh_token"):
            assert content.get(name, "-no-") not in text


def test_two_keys_of_unknown_projects_do_not_look_like_twice_the_quota(run, bot_folder, sandbox):
    """Both `status` and `sets` say beside each that it may add nothing."""
    sandbox.write_env(bot_folder, {}, api_keys={3: ONE, 4: ONE}, name_projects=False)

    for command in ("status", "sets"):
        page = " ".join(run(command).stdout.split())
        assert page.count("It may be of the same project as another set, and then adds nothing.") == 2


def _ends_in(folder, hours, number=1):
    path = folder / "credentials" / f"oauth_token_{number}.json"
    end = (datetime.now(UTC) + timedelta(hours=hours, minutes=1)).isoformat(timespec="seconds")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"login_ends_at": end}))
    return end


def test_sets_say_when_a_login_ends_as_google_said(run, furnished):
    """In both zones, dated; as JSON the instant, and null where it is not known."""
    end = _ends_in(furnished, 51)

    page = " ".join(run("sets").stdout.split())
    found = json.loads(run("sets", "--json").stdout)["sets"]

    until = datetime.fromisoformat(end)
    assert f"Login ends in 2 d 3 h, {until.astimezone(PACIFIC):%a %d %b %H:%M %Z} (" in page
    assert page.count("Login ends") == 1
    assert {one["number"]: one["login_ends_at"] for one in found} == {1: end, 3: None, 10: None}


def test_status_says_it_only_when_it_is_near_or_past(run, furnished):
    """Two days ahead nobody has to act; then everybody is told, wherever they look."""
    _ends_in(furnished, 51)
    assert "Login" not in run("status").stdout
    _ends_in(furnished, 47)
    assert "Login ends in 1 d 23 h" in run("status").stdout
    _ends_in(furnished, -2)
    for command in ("status", "sets"):
        page = run(command).stdout
        assert page.count("Login ended 1 h 59 m ago") == 1
        assert max(len(line) for line in page.splitlines() if "Ledger" not in line) <= 80


def test_no_set_is_not_a_failure(run):
    """An empty folder has no sets; what to do is said on stderr."""
    result = run("sets")

    assert result.exit_code == 0
    assert result.stdout == ""
    assert "ytquota init" in result.stderr


def test_rotate_shows_asks_does_and_leaves_an_audit_row(run, furnished):
    """A yes prefers the next set; the outcome names the row and how to take it back."""
    result = run("rotate", "--reason", "tonight's stream", answer="y\n")

    assert result.exit_code == 0
    assert "New services will use set 10" in result.stdout
    assert "New services now use set 10" in result.stdout
    assert "ytquota undo 1" in result.stdout
    assert _state(run, 10)["preferred"]
    row = _audit(furnished)[-1]
    assert (row["action"], row["why"], row["credential_set"]) == ("rotate", "tonight's stream", 10)


def test_a_no_changes_nothing(run, furnished):
    """The answer no ends with 1, and neither state nor audit trail has changed."""
    result = run("rotate", "10", answer="n\n")

    assert result.exit_code == 1
    assert "Nothing was changed." in result.stdout
    assert not _state(run, 10)["preferred"]
    assert _audit(furnished) == []


def test_nobody_to_ask_is_bad_usage(run, furnished):
    """A script without --yes is told so, and nothing is changed."""
    result = run("rotate", "10", answer="")

    assert result.exit_code == 2
    assert "--yes" in result.stderr
    assert _audit(furnished) == []


def test_rotate_without_permission_is_one_sentence_with_the_line_to_add(run, bot_folder, sandbox):
    """No rotation list: exit 1, nothing on stdout, the line that would permit it on stderr."""
    sandbox.write_env(bot_folder, {1: ONE, 10: TEN})

    result = run("rotate", "--yes")

    assert result.exit_code == 1
    assert result.stdout == ""
    assert "YTQUOTA_ROTATION=1,10" in result.stderr


def test_exhaust_marks_the_pool_for_every_set_of_the_project(run, furnished):
    """Set 3 is a key of the same project as set 1."""
    result = run("exhaust", "1", "--yes", "--reason", "enough for today")

    assert result.exit_code == 0
    assert _state(run, 3)["state"] == "exhausted"
    assert _state(run, 10)["state"] == "ready"
    assert run("status", "--check").exit_code == 30


def test_exhaust_can_end_before_the_reset(run, furnished):
    """--until 1m marks for a minute; another pool than default leaves the set ready."""
    run("exhaust", "10", "--bucket", "search_list", "--until", "1m", "--yes")

    found = _state(run, 10)
    assert found["state"] == "ready"
    assert found["exhausted"].keys() == {"search_list"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("--bucket", "searches"),
        ("--until", "yesterday-ish"),
        ("--until", "2020-01-01T00:00"),
    ],
)
def test_exhaust_with_a_wrong_value_is_bad_usage(run, furnished, arguments):
    """Wrong pools and times end with 2 before anything is asked."""
    result = run("exhaust", "1", *arguments, "--yes")

    assert result.exit_code == 2
    assert arguments[0] in result.stderr


def test_reset_clears_the_mark_and_leaves_the_count(run, furnished, counted):
    """Units are the business of `correct`."""
    counted("videos.list", 7)
    run("exhaust", "1", "--yes")

    result = run("reset", "3", "--yes")

    assert result.exit_code == 0
    assert "Units stay as they are" in " ".join(result.stdout.split())
    pool = json.loads(run("status", "--json").stdout)["projects"][ONE]["default"]
    assert (pool["used"], pool["exhausted_until"]) == (7, None)


def test_reset_with_nothing_to_clear_asks_nothing(run, furnished):
    """It says so and ends; no audit row."""
    result = run("reset", "1", answer="")

    assert result.exit_code == 0
    assert "Nothing to clear" in result.stdout
    assert _audit(furnished) == []


def test_disable_and_enable_switch_a_set(run, furnished):
    """A disabled set reads as such, with the reason."""
    run("disable", "10", "--yes", "--reason", "its owner asked")
    assert _state(run, 10)["state"] == "disabled"
    assert "its owner asked" in run("sets").stdout

    run("enable", "10", "--yes")
    assert _state(run, 10)["state"] == "ready"


def test_undo_takes_the_last_action_back_or_the_one_that_is_named(run, furnished):
    """Both are audited; what was undone cannot be undone again."""
    run("rotate", "10", "--yes")
    run("exhaust", "1", "--yes")

    assert "exhaust of set 1" in " ".join(run("undo", "--yes").stdout.split())
    assert _state(run, 1)["state"] == "ready"
    assert run("undo", "1", answer="y\n").exit_code == 0
    assert not _state(run, 10)["preferred"]
    assert [row["action"] for row in _audit(furnished)] == ["rotate", "exhaust", "undo", "undo"]

    again = run("undo", "1", "--yes")
    assert again.exit_code == 1
    assert "undone already" in again.stderr


def test_an_outcome_as_json_is_all_there_is_on_stdout(spawn, furnished):
    """Preview and question go to stderr, so that a script can read the rest."""
    said, asked = spawn("exhaust", "1", "--json").communicate("y\n", timeout=30)

    assert json.loads(said).keys() == {"changed", "message", "row"}
    assert "This will mark default" in asked
    assert "Go ahead?" in asked


def test_correct_sets_adds_and_takes_away(run, furnished, counted):
    """+N, -N and =N, on record, for the pool that is named."""
    counted("videos.list", 10)

    def used():
        return json.loads(run("status", "--json").stdout)["projects"][ONE]["default"]["used"]

    assert run("correct", f"{ONE}/default", "+5", "--reason", "a", "--yes").exit_code == 0
    assert used() == 15
    assert run("correct", "default", "-3", "--reason", "b", "--yes").exit_code == 0
    assert used() == 12
    assert run("correct", "default", "=5,200", "--reason", "the console says so", answer="y\n").exit_code == 0
    assert used() == 5200
    row = _audit(furnished)[-1]
    assert (row["action"], row["why"]) == ("correct", "the console says so")
    assert (row["from"], row["to"]) == ({"used": 12}, {"used": 5200})


def test_a_correction_as_json_is_like_any_other_move(run, furnished, counted):
    """What changed, in words, and its row; null where nothing was to do."""
    counted("videos.list", 2)
    wish = ("correct", "default", "=7", "--reason", "x", "--yes", "--json")

    done, again = (json.loads(run(*wish).stdout) for _ in range(2))

    assert (done["changed"], done["row"], done["message"][:9]) == (True, 1, "Corrected")
    assert (again["changed"], again["row"], again["message"][:13]) == (False, None, "Nothing to do")


def test_a_correction_without_a_reason_is_bad_usage(run, furnished, counted):
    """The audit trail is there to say why."""
    counted("videos.list")

    result = run("correct", "default", "+1", "--reason", " ", "--yes")

    assert (result.exit_code, "say why" in result.stderr) == (2, True)


def test_correct_never_goes_below_nothing_and_says_when_nothing_is_to_do(run, furnished, counted):
    """Taking away more than there is leaves zero; zero again is no change."""
    counted("videos.list", 2)

    cut = " ".join(run("correct", "default", "-9", "--reason", "x", "--yes").stdout.split())
    assert "0 used, 10,000 left. No more than the 2 that are counted can be taken away." in cut
    assert "Nothing to do" in run("correct", "default", "=0", "--reason", "x", "--yes").stdout


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (("default", "120"), "+120"),
        (("searches", "+1"), "search_list"),
        (("999/default", "+1"), "999"),
        (("default", "+1"), f"{ONE}/default or {TEN}/default"),
    ],
)
def test_correct_with_a_wrong_value_is_bad_usage(run, furnished, counted, arguments, names):
    """The error says what would be right."""
    counted("videos.list")
    counted("videos.list", project=TEN, credential_set="10")

    result = run("correct", *arguments, "--reason", "x", "--yes")

    assert result.exit_code == 2
    assert names in " ".join(result.stderr.split())


def test_correct_wants_a_reason(run, furnished, counted):
    """A correction without a reason is bad usage."""
    assert run("correct", "default", "+1", "--yes").exit_code == 2


def test_a_correction_can_be_undone_on_its_day(run, furnished, counted):
    """The units are taken away again, on record, whatever was corrected or called since."""
    counted("videos.list", 7)
    assert "ytquota undo 1" in run("correct", "default", "+100", "--reason", "a", "--yes").stdout
    run("correct", "default", "+5", "--reason", "b", "--yes")
    counted("videos.list", 2)

    result = run("undo", "1", "--yes")

    assert result.exit_code == 0
    assert "-100 units" in result.stdout
    status = json.loads(run("status", "--json").stdout)
    assert status["projects"][ONE]["default"]["used"] == 7 + 5 + 2
    assert "undone already" in run("undo", "1", "--yes").stderr
    assert "correct of default" in run("undo", "--yes").stdout
