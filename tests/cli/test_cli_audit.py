"""The audit trail on the command line."""

from __future__ import annotations

import json


def test_what_was_done_by_hand_is_listed_with_the_number_that_undo_takes(run, furnished):
    """Rotate, read its number, undo it by that number, and see both."""
    run("rotate", "10", "--yes", "--reason", "set 1 rests")
    table = run("audit").stdout
    assert "rotate" in table
    assert "set 1 rests" in table
    (row,) = json.loads(run("audit", "--json").stdout)

    assert run("undo", str(row["row"]), "--yes").exit_code == 0
    assert [r["action"] for r in json.loads(run("audit", "--json").stdout)] == ["rotate", "undo"]


def test_rows_are_told_in_words(run, furnished):
    """Neither names of inner values nor microseconds."""
    run("exhaust", "1", "--yes", "--reason", "a report")
    run("reset", "1", "--yes")
    run("correct", "111111111111/default", "=40", "--reason", "the console", "--yes")

    table = run("audit").stdout

    assert "=" not in table
    assert "None" not in table
    assert "00:00 P" in table
    assert "from used 0, to used 40" in " ".join(table.split())


def test_an_untouched_folder_has_no_trail(run, furnished):
    """A quiet word, and no failure; nothing at all is no failure either."""
    result = run("audit")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "by hand" in result.stderr


def test_only_the_newest_rows_if_asked(run, furnished):
    """A year of moves does not fill the screen."""
    for number in ("10", "1", "10"):
        run("rotate", number, "--yes", "--reason", "turns")

    assert len(json.loads(run("audit", "--last", "2", "--json").stdout)) == 2
