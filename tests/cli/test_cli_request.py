"""`ytquota request`: the evidence as a page, and a request that goes out only when seen and agreed to."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from ytquota.clock import ManualClock, bounds_of, quota_day
from ytquota.cloud import FORM
from ytquota.errors import QuotaExceeded
from ytquota.monitor import Demand, QuotaMonitor
from ytquota.sandbox import Sandbox
from ytquota.settings import Settings

ONE, TEN = "111111111111", "222222222222"
ASK = ("request", "--send", "default", "--contact", "me@example.com")


@pytest.fixture
def sandbox():
    with Sandbox() as running:
        yield running


@pytest.fixture
def needy(bot_folder, sandbox):
    """A bot that wanted 30 calls of 400 units on each of the last 10 days, and an account that may ask."""
    sandbox.add_project(ONE)
    sandbox.write_env(bot_folder, {1: ONE}, cloud=True)
    key = json.loads((bot_folder / "credentials" / "cloud_reader.json").read_text())
    sandbox.grant_role(key["client_email"], "roles/cloudquotas.admin", ONE)
    clock = ManualClock(0.0)
    monitor = QuotaMonitor.open(Settings.load({}, start=bot_folder), clock=clock)
    today = quota_day(datetime.now(UTC))
    for ago in range(10, 0, -1):
        start = bounds_of(today - timedelta(days=ago)).start
        for turn in range(30):
            clock.set(start + 3600 + turn * 2400)
            try:
                monitor.begin([Demand("captions.insert", ONE, "1", "bot")]).answered(
                    [(200, None)], latency=0.1
                )
            except QuotaExceeded:
                continue
    monitor.close()
    return bot_folder


def rows(folder):
    monitor = QuotaMonitor.open(Settings.load({}, start=folder))
    try:
        return monitor.audit_rows()
    finally:
        monitor.close()


def told(result):
    return " ".join((result.stdout + result.stderr).split())


def test_the_page_is_markdown_for_the_form(run, needy):
    """Ready to be pasted: use, need, limit, and where it goes; nothing but the page on stdout."""
    result = run("request")

    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith(f"# Quota of project {ONE}")
    assert "| `captions.insert` | `default` | 250 |" in result.stdout
    assert FORM in result.stdout
    assert result.stdout.endswith(".\n")


def test_the_page_goes_to_a_file_and_says_what_to_do_with_it(run, needy):
    """The same text, and the address of the form."""
    page = run("request").stdout

    result = run("request", "--output", "request.md")

    assert (result.exit_code, result.stdout) == (0, "")
    assert (needy / "request.md").read_text(encoding="utf-8") == page
    assert "request.md" in result.stderr
    assert FORM in result.stderr


def test_programs_get_the_figures(run, needy):
    """The evidence with stable keys, and the form's address; to a file too."""
    found = json.loads(run("request", "--json").stdout)
    run("request", "--json", "--output", "request.json")

    assert (found["project"], found["local_days"], found["form"]) == (ONE, 10, FORM)
    (pool,) = found["pools"]
    assert pool["advised"]["is_more"]
    assert len(pool["run_outs"]) == 10
    assert json.loads((needy / "request.json").read_text())["pools"] == [pool]


def test_an_empty_folder_says_how_to_start(run):
    """No ledger is begun by asking for more quota."""
    result = run("request")

    assert result.exit_code == 1
    assert "ytquota" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_new_bot_is_told_that_there_is_nothing_to_show(run, bot_folder, sandbox):
    """Set up, and never run."""
    sandbox.add_project(ONE)
    sandbox.write_env(bot_folder, {1: ONE})

    result = run("request")

    assert result.exit_code == 0
    assert "Nothing to show yet" in result.stdout


def test_of_several_projects_one_must_be_named(run, furnished):
    """A request is for one project; the known ones are listed."""
    assert run("request").exit_code == 2
    assert f"{ONE}, {TEN}" in told(run("request"))
    assert run("request", "--project", ONE).exit_code == 0
    assert run("request", "--project", "333333333333").exit_code == 2


@pytest.mark.parametrize(
    "words",
    [("--send", "lists"), ("--send", "default"), ("--days", "0"), ("--send", "default", "--value", "0")],
)
def test_bad_usage_is_told_before_anything_is_asked(run, needy, sandbox, words):
    """A bucket that there is not, no address for Google's questions, no day, no unit."""
    sandbox.stop()
    assert run("request", *words).exit_code == 2


def test_without_another_word_nothing_is_sent(run, needy, sandbox):
    """--send alone shows what would be sent, and how to send it."""
    sandbox.adjustable(ONE, "default")

    result = run(*ASK)

    assert result.exit_code == 0, result.stderr
    assert "asked for" in result.stdout
    assert "Nothing was sent" in result.stderr
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert json.loads(run("request", "--state", "--json").stdout) == []
    assert rows(needy) == []


def test_a_no_sends_nothing(run, needy, sandbox):
    """Asked at the terminal; and where nobody is there to be asked, nothing is sent either."""
    sandbox.adjustable(ONE, "default")

    assert run(*ASK, "--no-dry-run", answer="n\n").exit_code == 1
    assert run(*ASK, "--no-dry-run", answer="").exit_code == 2
    assert json.loads(run("request", "--state", "--json").stdout) == []
    assert rows(needy) == []


def test_a_yes_sends_what_was_shown_and_is_on_record(run, needy, sandbox):
    """Shown, agreed to, sent, noted; then its state is told, with who asked."""
    sandbox.adjustable(ONE, "default")
    sandbox.answer_requests(after=0.0, share=0.5)

    result = run(*ASK, "--no-dry-run", "--why", "Captions for one channel.", answer="y\n")

    assert result.exit_code == 0, result.stderr
    (row,) = rows(needy)
    assert row["action"] == "request"
    assert row["why"].startswith("Captions for one channel.")
    assert f"{row['to']:,} a day" in told(result)
    assert f"Audit row {row['row']}" in told(result)
    state = run("request", "--state")
    assert "partly" in state.stdout
    assert "ytquota limits --learn" in state.stderr
    assert max(map(len, state.stdout.splitlines())) <= 80
    (one,) = json.loads(run("request", "--state", "--json").stdout)
    assert (one["who"], one["row"], one["preference"]["asked"]) == (row["who"], row["row"], row["to"])


def test_a_script_says_yes_and_reads_json(run, needy, sandbox):
    """--yes is explicit, too; what was sent and what Google made of it come as one document."""
    sandbox.adjustable(ONE, "default")

    shown = json.loads(run(*ASK, "--value", "15000", "--json").stdout)
    sent = json.loads(run(*ASK, "--value", "15000", "--no-dry-run", "--yes", "--json").stdout)

    assert (shown["sent"], sent["sent"]) == (False, True)
    assert shown["wish"] == sent["wish"]
    assert (sent["preference"]["asked"], sent["preference"]["state"]) == (15_000, "pending")


def test_where_google_takes_no_request_the_form_is_named(run, needy):
    """As a rule for YouTube: one sentence, and the way that there is."""
    result = run(*ASK)

    assert result.exit_code == 1
    assert "cannot be asked for by Cloud Quotas" in told(result)
    assert FORM in told(result)


def test_less_than_there_is_is_no_request(run, needy, sandbox):
    """A limit is not lowered by a slip of the finger."""
    sandbox.adjustable(ONE, "default")

    result = run(*ASK, "--value", "100")

    assert result.exit_code == 1
    assert "would not be more" in told(result)


def test_a_file_that_cannot_be_written_is_named_as_it_was(needy, run):
    """Not by the name of a draft beside it; and with --json stdout says where it went."""
    result = run("request", "--output", "/nonexistent/x.md")

    assert result.exit_code == 1
    assert result.stderr.startswith("/nonexistent/x.md cannot be written: ")
    assert "Name a file in a folder that is there and writable." in result.stderr
    assert json.loads(run("request", "--json", "--output", "x.json").stdout)["written"] == "x.json"
