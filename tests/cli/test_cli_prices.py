"""`ytquota prices`."""

from __future__ import annotations

import json

import pytest

from ytquota.prices import PriceBook


def test_all_prices_fit_80_columns_and_are_all_there(run):
    """One line a method, one for the heads, one for day and profile; also where prices are flagged."""
    for arguments in ((), ("--on", "2021-05-01")):
        lines = run("prices", *arguments).stdout.splitlines()
        assert max(map(len, lines)) <= 80
        found = {line.split()[0] for line in lines}
        assert set(PriceBook.load().methods()) <= found


def test_json_has_the_documented_keys(run):
    """day, profile and prices with their provenance; of one method also every row."""
    answer = json.loads(run("prices", "youtube.search.list", "--on", "2026-11-22", "--json").stdout)

    assert answer.keys() == {"day", "profile", "prices", "rows"}
    (price,) = answer["prices"]
    assert price.keys() == {"method", "bucket", "units", "provenance", "valid_from", "source", "flag"}
    assert (price["method"], price["bucket"], price["units"]) == ("search.list", "search_list", 1)
    assert [(row["bucket"], row["units"]) for row in answer["rows"]] == [("search_list", 1), ("default", 100)]
    assert json.loads(run("prices", "--json").stdout).keys() == {"day", "profile", "prices"}


def test_everything_known_of_a_method_is_shown(run):
    """A row of the same date, and one that was refuted, each with its source; the row in force once."""
    members = run("prices", "members.list", "--on", "2026-11-22").stdout
    chat = run("prices", "liveChatMessages.list", "--on", "2026-11-22").stdout

    assert "members.list costs 1 of the units" in members
    assert "  2 of default, community, since 2020-08-01\n    Valgorithms/YoutubePHP" in members
    assert "  1 of default, documented" not in members
    assert "liveChatMessages.list costs 5 of the units" in chat
    assert "  1 of default, refuted, since 2026-09-15\n    https://developers.google.com" in chat
    assert "  5 of default, community, since 2020-08-01\n" in chat
    assert "Also known" not in run("prices", "videos.list").stdout


def test_a_price_depends_on_the_day(run):
    """A search cost 100 units of the one pool before the buckets came."""
    page = run("prices", "search.list", "--on", "2026-05-01").stdout

    assert "search.list costs 100 of the units in pool default" in page
    assert "1 of search_list" in page


def test_the_profile_may_be_pessimistic(run):
    """What two editions of Google's table disagree on costs the dearer of both."""

    def units(profile):
        options = ("liveBroadcasts.insert", "--on", "2026-11-22", "--profile", profile, "--json")
        return json.loads(run("prices", *options).stdout)["prices"][0]["units"]

    assert (units("current"), units("pessimistic")) == (1, 50)


def test_the_operators_own_prices_are_shown(run, bot_folder):
    """YTQUOTA_PRICES_FILE and YTQUOTA_PRICE_PROFILE of the `.env` hold here too."""
    (bot_folder / "mine.csv").write_text("method,units\nvideos.list,3\n")
    (bot_folder / ".env").write_text("YTQUOTA_PRICES_FILE=mine.csv\nYTQUOTA_PRICE_PROFILE=pessimistic\n")

    answer = json.loads(run("prices", "videos.list", "--json").stdout)

    assert answer["profile"] == "pessimistic"
    assert (answer["prices"][0]["units"], answer["prices"][0]["provenance"]) == (3, "override")


def test_an_unknown_method_is_a_failure_that_suggests(run):
    """It would be charged as the dearest of its kind; a slip of the pen is guessed."""
    result = run("prices", "videos.lst")

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(
        "No price is known for videos.lst; a call would be charged as the dearest"
    )
    assert "Did you mean videos.list" in result.stderr


@pytest.mark.parametrize("arguments", [("--on", "then"), ("--profile", "rosy")])
def test_wrong_options_of_prices_are_bad_usage(run, arguments):
    """Exit 2, and the option is named."""
    result = run("prices", *arguments)

    assert result.exit_code == 2
    assert arguments[0] in result.stderr
