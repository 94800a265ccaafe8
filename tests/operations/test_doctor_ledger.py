"""Faults of the ledger, of what lies beside it, and of limits: planted, found, gone after the remedy."""

from __future__ import annotations

import json
import os
import shutil

import pytest

from ytquota.auth import get_authenticated_service
from ytquota.errors import LedgerUnavailable, QuotaExceeded
from ytquota.monitor import Demand, QuotaMonitor
from ytquota.operations.doctor import fix
from ytquota.settings import Settings

ONE, TEN = "111111111111", "222222222222"


def add(path, data):
    with path.open("ab") as file:
        file.write(data)


def used(bot, project=ONE):
    monitor = bot.open()
    try:
        return monitor.ledger.usage(project)[project]["default"].used
    finally:
        monitor.close()


# -- torn, garbled, edited


def half_a_line(path):
    add(path, path.read_bytes().splitlines()[-1][:40])


def a_garbled_last_line(path):
    add(path, b"\x00\x00\x00\n")


def half_a_line_behind_a_garbled_one(path):
    add(path, b"garbage\n" + path.read_bytes()[:30])


@pytest.mark.parametrize(
    ("plant", "checks"),
    [
        (half_a_line, {"torn": "warning"}),
        (a_garbled_last_line, {"garbled": "error"}),
        (half_a_line_behind_a_garbled_one, {"torn": "warning", "garbled": "error"}),
    ],
)
def test_a_damaged_journal_is_found_and_mended_on_record(bot, plant, checks):
    """Nothing is lost of the count, nothing deleted, and an audit row says what was done."""
    path = bot.count(times=7)
    before = path.read_bytes()
    plant(path)
    damage = path.read_bytes()[len(before) :]

    found = bot.look()

    assert {finding.check: finding.severity for finding in found} == checks
    assert all("`ytquota doctor --fix`" in finding.remedy for finding in found)
    assert all(finding.subject == str(path) and finding.fixable for finding in found)
    assert all(done.done for done in fix(found))
    assert bot.look() == []
    kept = (
        path.read_bytes() + path.with_suffix(".torn").read_bytes() if "torn" in checks else path.read_bytes()
    )
    assert kept.startswith(before)
    assert all(part in kept for part in damage.splitlines())
    assert used(bot) == 7
    bot.count()
    assert used(bot) == 8
    rows = [json.loads(line) for line in (bot.memory / "audit.jsonl").read_text().splitlines()]
    assert {(row["action"], row["project"]) for row in rows} == {("mend", ONE)}
    assert str(path) in rows[0]["why"]


def test_an_older_day_that_would_stop_today_is_mended_too(bot):
    """What was learned of limits carries over from the last day that counted, however old."""
    clock = bot.at_noon()
    path = bot.count(times=2)
    a_garbled_last_line(path)
    clock.advance(5 * 86400)
    with pytest.raises(LedgerUnavailable):
        bot.count()

    (found,) = [finding for finding in bot.look() if finding.check == "garbled"]
    fix([found])

    assert bot.look("garbled") == []
    bot.count()


def test_a_lost_line_in_the_middle_is_noted_and_left_alone(bot):
    """The balance after it is whole, so no unit is touched."""
    path = bot.count(times=4)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:3], b"garbage\n", *lines[4:]]))

    (found,) = bot.look()

    assert (found.check, found.severity, found.fixable) == ("garbled", "note", False)
    assert used(bot) == 4


def test_an_edited_balance_is_found_and_put_right_by_the_command_that_is_named(bot, run):
    """The lines themselves say what was used."""
    path = bot.count(times=6)
    lines = path.read_bytes().splitlines(keepends=True)
    row = json.loads(lines[-1])
    row["bal"]["default"][0] = 1
    path.write_bytes(b"".join(lines[:-1]) + json.dumps(row, separators=(",", ":")).encode() + b"\n")

    (found,) = bot.look()

    assert (found.check, found.severity, found.fixable) == ("sums", "warning", False)
    assert f"`ytquota correct {ONE}/default =6 " in found.remedy
    assert run("correct", f"{ONE}/default", "=6", "--reason", "the lines add up to 6", "--yes").exit_code == 0
    assert used(bot) == 6
    assert bot.look() == []


def test_a_journal_of_a_newer_ytquota_is_not_touched(bot):
    """It says to upgrade."""
    path = bot.count()
    add(path, json.dumps(json.loads(path.read_bytes().splitlines()[-1]) | {"v": 2}).encode() + b"\n")

    (found,) = bot.look()

    assert (found.check, found.severity, found.fixable) == ("newer", "error", False)
    assert "pip install --upgrade ytquota" in found.remedy


# -- holds, prices


def test_unsettled_holds_are_noted_after_15_minutes_and_stay_spent(bot, run):
    """The note goes when a person corrects the pool, not before."""
    clock = bot.at_noon()
    monitor = bot.open()
    flight = monitor.begin([Demand("videos.update", ONE, "1", "bot")])
    clock.advance(14 * 60)
    assert bot.look("unsettled") == []
    clock.advance(2 * 60)

    (found,) = bot.look("unsettled")

    assert (found.severity, found.fixable) == ("note", False)
    assert "50 of default" in found.what
    assert f'`ytquota correct {ONE}/default -50 --reason "never sent"`' in found.remedy
    assert used(bot) == 50
    monitor.ledger.adjust(ONE, "default", -50, reason="never sent", who="test")
    assert bot.look("unsettled") == []
    assert used(bot) == 0
    del flight
    monitor.close()


def test_an_unpriced_method_is_found_until_the_operator_prices_it(bot):
    """By the log's own rows; the remedy names file, line and variable."""
    bot.count("hypeTrains.list", 3)

    (found,) = bot.look()

    assert (found.check, found.severity, found.subject) == ("unpriced", "warning", "hypeTrains.list")
    assert "3 calls" in found.what
    assert "`hypeTrains.list,<units>`" in found.remedy
    assert "YTQUOTA_PRICES_FILE=my_prices.csv" in found.remedy
    (bot.folder / "my_prices.csv").write_text("method,units\nhypeTrains.list,1\n")
    bot.setting("YTQUOTA_PRICES_FILE", "my_prices.csv")
    assert bot.look() == []


def test_a_wrong_price_file_is_a_finding(bot):
    """It names the line."""
    (bot.folder / "my_prices.csv").write_text("method,units\nvideos.list,many\n")
    bot.setting("YTQUOTA_PRICES_FILE", "my_prices.csv")

    (found,) = bot.look()

    assert (found.check, found.severity) == ("prices", "error")
    assert "line 2" in found.what


# -- a second ledger


@pytest.mark.parametrize("place", ["bot/tools/memory", "memory"])
def test_a_second_ledger_of_our_projects_is_found(bot, place):
    """In a folder inside, where a bot once ran, and in a folder above; it is gone once moved away."""
    path = bot.count()
    second = bot.folder.parent / place
    shutil.copytree(bot.memory, second)

    (found,) = bot.look()

    assert (found.check, found.severity, found.subject) == ("second-ledger", "warning", str(second))
    assert f"YTQUOTA_MEMORY_DIR={bot.memory}" in found.remedy
    assert f"`mv {second} {second}.old`" in found.remedy
    second.rename(f"{second}.old")
    assert bot.look() == []
    assert path.exists()


def test_the_ledger_of_the_working_folder_is_looked_for(bot, monkeypatch, tmp_path):
    """A program that found no `.env` counts where it was started."""
    bot.count()
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(bot.memory, elsewhere / "memory")
    assert bot.look() == []

    monkeypatch.chdir(elsewhere)

    assert [finding.subject for finding in bot.look()] == [str(elsewhere / "memory")]


def test_a_ledger_of_other_projects_nearby_is_none_of_our_business(bot, sandbox):
    """Two bots of two projects live side by side."""
    bot.count()
    shutil.copytree(bot.memory, bot.folder / "other" / "memory")
    journal = next((bot.folder / "other" / "memory" / "calls").glob(f"*/{ONE}.jsonl"))
    journal.rename(journal.with_name("333333333333.jsonl"))

    assert bot.look() == []


@pytest.mark.parametrize("place", ["quota_usage.json", "memory/quota_usage.json"])
def test_the_count_of_another_program_up_the_tree_is_found(bot, place):
    """A file of that name which no ledger of ours writes: a warning while it is written, then a note."""
    bot.count()
    path = bot.folder.parent / place
    path.parent.mkdir(exist_ok=True)
    path.write_text('{"units_used": 4200}')

    (found,) = bot.look()

    assert (found.check, found.severity, found.subject) == ("second-ledger", "warning", str(path))
    long_ago = path.stat().st_mtime - 5 * 86400
    os.utime(path, (long_ago, long_ago))
    assert [finding.severity for finding in bot.look()] == ["note"]
    path.rename(f"{path}.old")
    assert bot.look() == []


def test_a_view_that_shows_nothing_of_ours_is_no_count(bot):
    """As a command leaves it in a folder where nothing was ever counted."""
    bot.count()
    (bot.memory / "quota_usage.json").rename(bot.folder.parent / "quota_usage.json")
    assert bot.look() == []

    view = {"v": 1, "ledger": "/elsewhere/calls", "projects": {"333333333333": {}}}
    (bot.folder.parent / "quota_usage.json").write_text(json.dumps(view))
    assert bot.look() == []


# -- limits


def test_a_limit_below_the_operators_that_google_reported_is_found(bot, sandbox):
    """Two sets of the project share it; the remedy's line settles it."""
    sandbox.add_project(ONE, limits={"search_list": 3})
    bot.setting("YTQUOTA_LIMIT_SEARCH_LIST", 50)
    monitor = bot.open()
    service = get_authenticated_service(1, settings=bot.settings, monitor=monitor)
    for _ in range(3):
        service.search().list(part="id", q="cats").execute()
    with pytest.raises(QuotaExceeded):
        service.search().list(part="id", q="cats").execute()
    service.close()
    monitor.close()

    (found,) = bot.look()

    assert (found.check, found.severity, found.subject) == ("limits", "warning", f"{ONE}/search_list")
    assert "YTQUOTA_LIMIT_SEARCH_LIST says 50 a day, Google says 3" in found.what
    assert "sets 1 and 3" in found.what
    assert f"YTQUOTA_LIMIT_SEARCH_LIST_{ONE}=3" in found.remedy
    bot.setting(f"YTQUOTA_LIMIT_SEARCH_LIST_{ONE}", 3)
    assert bot.look() == []


def test_two_env_files_with_different_limits_for_one_project_are_found(bot):
    """Another bot's folder inside ours, a set of the same project in it."""
    other = bot.folder / "nightly"
    other.mkdir()
    text = (bot.folder / ".env").read_text().replace("=credentials/", "=../credentials/")
    (other / ".env").write_text(text + "YTQUOTA_MEMORY_DIR=../memory\nYTQUOTA_LIMIT_DEFAULT=20000\n")

    found = bot.look()

    assert {finding.check for finding in found} == {"limits"}
    assert {finding.subject for finding in found} == {f"{ONE}/default", f"{TEN}/default"}
    assert str(other / ".env") in found[0].what
    assert f"YTQUOTA_LIMIT_DEFAULT_{ONE}=<limit>" in found[0].remedy
    bot.setting("YTQUOTA_LIMIT_DEFAULT", 20000)
    assert bot.look() == []


def test_programs_that_take_turns_in_saying_the_limit_are_found(bot):
    """Wherever their settings are: the ledger's own lines tell; an hour after the last turn it is over."""
    clock = bot.at_noon()
    for limit in (9000, 8000, 9000):
        bot.setting("YTQUOTA_LIMIT_DEFAULT", limit)
        bot.count()

    (found,) = bot.look("limits")

    assert "9,000 and 8,000" in found.what
    assert f"YTQUOTA_LIMIT_DEFAULT_{ONE}" in found.remedy
    clock.advance(3700)
    assert bot.look("limits") == []


def test_a_limit_that_was_changed_once_is_nobodys_fault(bot):
    """An operator may correct a setting while bots run."""
    bot.at_noon()
    for limit in (9000, 8000):
        bot.setting("YTQUOTA_LIMIT_DEFAULT", limit)
        bot.count()

    assert bot.look("limits") == []


def test_two_ledgers_that_learned_different_limits_are_found(bot):
    """Each believes what Google told it."""
    clock = bot.at_noon()
    bot.count()
    here = QuotaMonitor.open(bot.settings, clock=clock)
    here.ledger.limit(ONE, "search_list", 6, source="server")
    here.close()
    shutil.copytree(bot.memory, bot.folder / "tools" / "memory")
    there = QuotaMonitor.open(Settings(root=bot.folder / "tools"), clock=clock)
    there.ledger.limit(ONE, "search_list", 60, source="server")
    there.close()

    (found,) = bot.look("limits")

    assert "of 6 a day" in found.what
    assert str(bot.folder / "tools" / "memory") in found.what
