"""`ytquota log`: filters and forms."""

from __future__ import annotations

import csv
import io
import json

import pytest

from ytquota.cli.log import COLUMNS
from ytquota.intelligence import QuotaIntelligence
from ytquota.monitor import Demand, QuotaMonitor
from ytquota.settings import Settings

ONE, TEN = "111111111111", "222222222222"


@pytest.fixture
def some_calls(furnished, counted):
    """Five calls of two bots, one of them an error."""
    counted("videos.list", 2, tag="crawler")
    counted("search.list", 1, project=TEN, credential_set="10", tag="crawler")
    counted("liveChatMessages.list", 1, tag="chat-bot")
    counted("commentThreads.list", 1, tag="crawler", status=404, body=b"{}")


def _methods(run, *arguments):
    return [json.loads(line)["method"] for line in run("log", "--json", *arguments).stdout.splitlines()]


@pytest.mark.parametrize(
    ("arguments", "methods"),
    [
        ((), ["videos.list", "videos.list", "search.list", "liveChatMessages.list", "commentThreads.list"]),
        (("--method", "youtube.videos.list"), ["videos.list", "videos.list"]),
        (("--method", "live*"), ["liveChatMessages.list"]),
        (("--set", "10"), ["search.list"]),
        (("--tag", "chat-bot"), ["liveChatMessages.list"]),
        (("--bucket", "search_list"), ["search.list"]),
        (("--project", TEN), ["search.list"]),
        (("--outcome", "error"), ["commentThreads.list"]),
        (("--tag", "crawler", "--outcome", "ok", "--project", ONE), ["videos.list", "videos.list"]),
        (("--last", "2"), ["liveChatMessages.list", "commentThreads.list"]),
        (("--day", "today", "--last", "1"), ["commentThreads.list"]),
        (("--day", "yesterday"), []),
        (("--day", "2020-02-29"), []),
        (("--since", "1h", "--last", "1"), ["commentThreads.list"]),
        (("--since", "1h", "--until", "30m"), []),
    ],
)
def test_filters_leave_what_they_name(run, some_calls, arguments, methods):
    """Filters combine; time filters count from the quota day's start, oldest first."""
    assert _methods(run, *arguments) == methods


def test_the_table_shows_both_zones_and_the_sum(run, some_calls):
    """At 80 columns, with the quota day as its headline."""
    page = run("log").stdout

    assert page.startswith("Quota day 20")
    head = page.splitlines()[1].split()
    assert head[0] in {"PST", "PDT"}
    assert head[1] in {"CET", "CEST"}
    assert "error 404" in page
    assert page.splitlines()[-1] == "5 calls; charged: 8 of default, 1 of search_list"
    assert max(map(len, page.splitlines())) <= 80


def test_a_long_table_is_cut_to_the_newest(run, furnished, counted):
    """Forty rows, and the sum of all."""
    counted("videos.list", 60)

    page = run("log").stdout.splitlines()

    assert len(page) == 1 + 1 + 40 + 1
    assert page[-1] == "the newest 40 lines of 60 calls; charged: 60 of default"


def test_a_pipe_gets_whole_words(spawn, furnished, counted, monkeypatch):
    """A program that reads has no width: nothing is cut for 80 columns, and no blanks end a line."""
    monkeypatch.delenv("COLUMNS")
    counted("liveChatMessages.list", tag="a-tag-of-more-than-thirteen-letters")

    page, _ = spawn("log").communicate(timeout=60)
    sums, _ = spawn("log", "--by", "method,tag").communicate(timeout=60)

    for text in (page, sums):
        assert "liveChatMessages.list" in text
        assert "a-tag-of-more-than-thirteen-letters" in text
        assert not [line for line in text.splitlines() if line != line.rstrip()]


def test_csv_has_fixed_columns(run, some_calls):
    """A head line, then one line a call, facts flattened."""
    rows = list(csv.DictReader(io.StringIO(run("log", "--csv").stdout)))

    assert len(rows) == 5
    assert tuple(rows[0]) == tuple(COLUMNS)
    assert rows[0]["provenance"] == "documented"
    assert sum(int(row["units"]) for row in rows) == 9


def test_csv_of_nothing_is_its_head_line(run, furnished):
    """So that a program reading it finds its columns."""
    assert run("log", "--csv").stdout == ",".join(COLUMNS) + "\n"


def test_nothing_found_is_no_failure(run, furnished):
    """A hint on stderr, nothing on stdout."""
    result = run("log")

    assert (result.exit_code, result.stdout) == (0, "")
    assert "No call matches" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("--json", "--csv"),
        ("--outcome", "fine"),
        ("--bucket", "searches"),
        ("--day", "tomorrow"),
        ("--since", "noon"),
        ("--until", "25:99"),
        ("--day", "today", "--since", "1h"),
        ("--last", "0"),
        ("--by", "colour"),
        ("--by", ""),
        ("--by", "owner"),
        ("--last", "5", "--by", "tag"),
    ],
)
def test_wrong_options_are_bad_usage(run, arguments):
    """Exit 2, and the option is named."""
    result = run("log", *arguments)

    assert result.exit_code == 2
    assert arguments[0] in result.stderr


def test_summed_refusals_count_as_many_calls(run, furnished, counted):
    """Denied demand is summed per second in the ledger; the sum of calls says how many there were."""
    counted("liveChatBans.insert", 50)
    with pytest.raises(Exception, match="left today"):
        counted("videos.list")

    page = run("log", "--outcome", "denied").stdout

    assert "denied" in page
    assert "1 call; charged: nothing" in page


def test_calls_are_added_up_by_name(run, some_calls):
    """The dearest of each bucket first; units of two buckets are never added."""
    sums = json.loads(run("log", "--by", "tag,method", "--json").stdout)

    assert [tuple(one.values()) for one in sums] == [
        ("default", "chat-bot", "liveChatMessages.list", 5, 1, 0, 0, None),
        ("default", "crawler", "videos.list", 2, 2, 0, 0, None),
        ("default", "crawler", "commentThreads.list", 1, 1, 1, 0, None),
        ("search_list", "crawler", "search.list", 1, 1, 0, 0, None),
    ]
    page = run("log", "--by", "tag").stdout
    assert page.splitlines()[1].split() == ["default", "chat-bot", "5", "62%", "1", "0", "0"]
    assert max(map(len, page.splitlines())) <= 80
    rows = list(csv.DictReader(io.StringIO(run("log", "--by", "day,hour", "--csv").stdout)))
    assert list(rows[0]) == ["bucket", "day", "hour", "units", "calls", "failed", "refused", "usual"]
    assert sum(int(row["units"]) for row in rows) == 9


def test_filters_hold_for_sums_too_and_nothing_is_said_so(run, some_calls):
    """Only what matches is added up; where nothing does, a hint, an empty list, or a head line."""
    found = json.loads(run("log", "--by", "set", "--method", "search*", "--json").stdout)
    assert [one["set"] for one in found] == ["10"]
    nobody = ("log", "--by", "set", "--tag", "nobody")
    assert "No call matches" in run(*nobody).stderr
    assert json.loads(run(*nobody, "--json").stdout) == []
    assert run(*nobody, "--csv").stdout == "bucket,set,units,calls,failed,refused,usual\n"


def test_refused_demand_shows_in_sums(run, furnished, counted):
    """Who was denied, and how many units."""
    counted("liveChatBans.insert", 50)
    with pytest.raises(Exception, match="left today"):
        counted("videos.list", tag="late")

    sums = json.loads(run("log", "--by", "tag", "--json").stdout)

    late = next(one for one in sums if one["tag"] == "late")
    assert (late["units"], late["calls"], late["refused"]) == (0, 1, 1)


def test_a_retry_is_charged_and_is_no_further_call(run, furnished):
    """`log`, its sums and the figures of the analysis count one call of three sends alike."""
    monitor = QuotaMonitor.open(Settings.load({}, start=furnished))
    for retry, status in enumerate((503, 503, 200)):
        flight = monitor.begin([Demand("videos.list", ONE, "1", "bot", retry=retry)])
        flight.answered([(status, b"{}")], latency=0.05)
    burnt = QuotaIntelligence(monitor).burn_by("tag").iloc[0]
    monitor.close()

    (summed,) = json.loads(run("log", "--by", "tag", "--json").stdout)

    assert [summed[name] for name in ("units", "calls", "failed")] == [3, 1, 1]
    assert [burnt[name] for name in ("units", "calls", "failed")] == [3, 1, 1]
    assert run("log").stdout.splitlines()[-1] == "1 call; charged: 3 of default"
