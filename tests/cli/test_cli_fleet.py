"""What `ytquota status --all` says of several ledgers, and its exit codes."""

from __future__ import annotations

import json

import pytest

from ytquota.monitor import Demand, Journal, QuotaMonitor

ONE, TEN = "111111111111", "222222222222"


@pytest.fixture
def fleet(bot_folder):
    """Two memory folders and a list of them, named by the folder's .env."""
    for name in ("studio", "attic"):
        spend(bot_folder / name, "videos.list", 3, project=ONE if name == "studio" else TEN)
    (bot_folder / ".env").write_text("YTQUOTA_FLEET=fleet.toml\n")
    path = bot_folder / "fleet.toml"
    path.write_text(
        '[[ledger]]\nname = "studio"\naddress = "studio"\nowner = "Anna"\n'
        '[[ledger]]\nname = "attic"\naddress = "attic"\nowner = "Ben"\n'
        f'[projects]\n{ONE} = "Live shows"\n'
    )
    return path


def spend(folder, method, times, *, project=ONE):
    monitor = QuotaMonitor(Journal(folder / "calls"), folder=folder)
    for _ in range(times):
        monitor.begin([Demand(method, project, "1", "bot")]).answered([(200, None)], latency=0.1)
    monitor.close()


def test_all_ledgers_are_on_one_page(run, fleet):
    """Projects by their names, who spent what, and each ledger with its last line; at 80 columns."""
    page = run("status", "--all").stdout

    words = " ".join(page.split())
    assert "Live shows default 3 9,997 10,000 0%" in words
    assert f"{TEN} default 3" in words
    assert "Anna Live shows default 3 100%" in words
    assert "attic Ben journal" in words
    assert str(fleet) in page.replace("\n", "")
    assert max(len(line) for line in page.splitlines() if "List" not in line) <= 80


def test_all_is_one_json_document(run, fleet):
    """The keys are those of docs/fleet.md."""
    report = json.loads(run("status", "--all", "--json").stdout)

    assert report.keys() == {
        "fleet", "day", "resets_at", "seconds_to_reset", "projects", "ledgers", "warnings",
    }  # fmt: skip
    assert report["projects"][ONE]["pools"]["default"]["owners"] == [
        {"owner": "Anna", "units": 3, "share": 1.0}
    ]
    assert [ledger["reachable"] for ledger in report["ledgers"]] == [True, True]


def test_check_ends_with_the_worst_pool_and_with_1_where_one_is_out_of_sight(run, fleet, bot_folder):
    """Half a view is not fine; an exhausted pool is worse."""
    assert run("status", "--all", "--check").exit_code == 0

    fleet.write_text(fleet.read_text() + '[[ledger]]\nname = "gone"\naddress = "gone"\n')
    result = run("status", "--all", "--check")
    assert result.exit_code == 1
    assert "gone: There is no folder" in " ".join(result.stdout.split())
    assert run("status", "--all").exit_code == 0

    spend(bot_folder / "attic", "videos.insert", 85, project=TEN)
    assert run("status", "--all", "--check").exit_code == 10
    assert run("status", "--all", "--check", "--project", "Live shows").exit_code == 1


def test_a_project_is_asked_for_by_name_or_number(run, fleet):
    """The other is left out."""
    for word in ("Live shows", ONE):
        report = json.loads(run("status", "--all", "--json", "--project", word).stdout)
        assert list(report["projects"]) == [ONE]


def test_a_project_that_nobody_counts_is_told(run, fleet):
    """Not shown as one in which nothing was used."""
    result = run("status", "--all", "--project", "Nobody's")

    assert (result.exit_code, result.stdout) == (2, "")
    assert f"no project Nobody's is known here (known: Live shows, {TEN})" in result.stderr


def test_a_log_of_a_project_that_nobody_counts_is_bad_usage(run, fleet):
    """A project without a name is known by its calls, whenever they were made."""
    result = run("log", "--all", "--project", "Nobody's")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "no project Nobody's is known here (known: Live shows)" in result.stderr
    assert run("log", "--all", "--project", TEN, "--day", "yesterday").exit_code == 0


def test_two_ledgers_of_one_project_are_told_on_the_page(run, fleet, bot_folder):
    """With what to do about it."""
    spend(bot_folder / "attic", "videos.list", 1, project=ONE)

    words = " ".join(run("status", "--all").stdout.split())

    assert "Live shows is counted by ledgers that do not know of each other: studio and attic" in words
    assert "share a Redis" in words


def test_without_a_list_it_says_how_to_write_one(run, bot_folder):
    """And a list that is wrong is one sentence; a status without --all does not read it."""
    result = run("status", "--all")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "YTQUOTA_FLEET" in result.stderr
    assert "docs/fleet.md" in result.stderr

    (bot_folder / ".env").write_text("YTQUOTA_FLEET=gone.toml\n")
    result = run("status", "--all")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "gone.toml: the file does not exist" in result.stderr
    assert run("status").exit_code == 0


def test_an_empty_fleet_says_so(run, bot_folder):
    """Nothing has been counted in a memory folder that is still empty."""
    (bot_folder / "studio" / "calls").mkdir(parents=True)
    (bot_folder / ".env").write_text("YTQUOTA_FLEET=fleet.toml\n")
    (bot_folder / "fleet.toml").write_text('[[ledger]]\nname = "studio"\naddress = "studio"\n')

    page = run("status", "--all").stdout

    assert "No ledger of the list has counted anything yet." in page
    assert "nothing today" in page


def test_watching_all_goes_on_until_it_is_ended(run, fleet, bot_folder, monkeypatch):
    """New calls show up on the page."""

    def call_once_then_interrupt(_seconds, called=[]):  # noqa: B006 - it remembers
        if called:
            raise KeyboardInterrupt
        spend(bot_folder / "attic", "search.list", 7, project=TEN)
        called.append(True)

    monkeypatch.setattr("ytquota.cli.fleet.time.sleep", call_once_then_interrupt)

    result = run("status", "--all", "--watch")

    assert result.exit_code == 130
    assert "search_list 7" in " ".join(result.stdout.split())


def test_the_calls_of_all_ledgers_are_one_log(run, fleet):
    """With the ledger on the page, and ledger and owner for programs; a project goes by its name."""
    rows = [json.loads(line) for line in run("log", "--all", "--json").stdout.splitlines()]
    assert [(row["ledger"], row["owner"]) for row in rows] == [("studio", "Anna")] * 3 + [
        ("attic", "Ben")
    ] * 3

    page = run("log", "--all", "--project", "Live shows").stdout
    assert page.count("studio") == 3
    assert "attic" not in page
    assert max(map(len, page.splitlines())) <= 80

    head, first, *_ = run("log", "--all", "--csv").stdout.splitlines()
    assert head.endswith(",id,ledger,owner")
    assert first.endswith(",studio,Anna")
    assert run("log", "--all", "--tag", "nobody").stdout == ""


def test_a_log_that_lacks_a_ledger_says_so(run, fleet, caplog):
    """The others are shown."""
    fleet.write_text(fleet.read_text() + '[[ledger]]\nname = "gone"\naddress = "gone"\n')

    result = run("log", "--all", "--json")

    assert len(result.stdout.splitlines()) == 6
    assert "gone of the fleet is left out: There is no folder" in caplog.text


def test_a_dashboard_of_a_fleet_needs_a_list(run, bot_folder):
    """It is told before a server is started."""
    result = run("dashboard", "--all", "--no-browser")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "docs/fleet.md" in result.stderr
