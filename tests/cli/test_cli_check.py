"""``ytquota check``: a line per pool, and the exit code of the worst."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from ytquota.intelligence.published import publish

ONE, TEN = "111111111111", "222222222222"
_QUOTA_GONE = b'{"error": {"code": 403, "errors": [{"domain": "youtube.quota", "reason": "quotaExceeded"}]}}'


@pytest.mark.parametrize(
    ("units", "code", "state"),
    [(8_000, 0, "ok"), (8_050, 10, "nearly"), (9_550, 20, "almost"), (10_000, 30, "gone")],
)
def test_the_exit_code_is_that_of_the_worst_pool(run, furnished, counted, units, code, state):
    """10 over 80 %, 20 over 95 %, 30 with nothing left; also as JSON."""
    counted("liveChatBans.insert", units // 200)
    counted("liveChatMessages.list", units % 200 // 5)

    result, document = run("check"), run("check", "--json")

    assert (result.exit_code, document.exit_code) == (code, code)
    assert f"{state:<7}{ONE}/default {units:,} of 10,000" in result.stdout
    assert len(result.stdout.splitlines()) == 8
    report = json.loads(document.stdout)
    worst = next(pool for pool in report["pools"] if (pool["project"], pool["bucket"]) == (ONE, "default"))
    assert (report["code"], worst["state"], worst["used"]) == (code, state, units)


def test_a_probable_run_out_counts_as_almost(run, furnished, counted):
    """The published forecast is believed while it is fresh, and not after half an hour."""
    counted("videos.list")
    now = datetime.now(UTC).timestamp()
    times = {"low": None, "middle": "2026-11-10T21:00:00-08:00", "high": None}
    pool = {"project": ONE, "bucket": "default", "run_out_probability": 0.6, "run_out_at": times, "kept": {}}

    publish(furnished / "memory", now, [pool])
    fresh = run("check")
    publish(furnished / "memory", now - 3_600, [pool])
    stale = run("check")

    assert fresh.exit_code == 20
    assert "runs out at 21:00 PST (06:00 CET): 60% likely" in fresh.stdout
    assert stale.exit_code == 0


def test_a_pool_that_google_calls_empty_is_gone(run, furnished, counted):
    """Whatever the count says; and a healthy project can be asked for alone."""
    counted("videos.list", status=403, body=_QUOTA_GONE)

    result = run("check")

    assert result.exit_code == 30
    assert f"{ONE}/default 0 of 10,000, exhausted until 00:00 P" in result.stdout
    assert run("check", "--project", TEN).exit_code == 0
    assert run("check", "--project", "999").exit_code == 2


@pytest.mark.parametrize(("spoil", "state"), [("unlink", "missing"), ("write_text", "unusable")])
def test_a_dead_credential_set_is_a_failure(run, furnished, counted, spoil, state):
    """Every bot of that set has stopped, however full its pools: 1, and a line that says what is wrong."""
    counted("videos.list")
    file = furnished / "credentials" / "oauth_token_1.json"
    getattr(file, spoil)(*(["{"] if spoil == "write_text" else []))

    result, document = run("check"), json.loads(run("check", "--json").stdout)

    (line,) = [line for line in result.stdout.splitlines() if line.startswith("broken")]
    assert line.startswith(f"broken set 1: The token file of set 1 {file} ")
    assert ("is not valid JSON" in line) == (state == "unusable")
    assert (result.exit_code, document["code"], run("status", "--check").exit_code) == (1, 1, 1)
    assert [(one["number"], one["state"]) for one in document["broken"]] == [(1, state)]
    watched = run("watch", "--once")
    assert (watched.exit_code, line in watched.stdout) == (1, True)
    counted("liveChatBans.insert", 48)
    assert run("check").exit_code == 20


def test_a_disabled_set_is_no_failure(run, furnished, counted):
    """Somebody wanted it so."""
    counted("videos.list")
    run("disable", "10", "--yes")

    assert run("check").exit_code == 0
    assert run("watch", "--once").stdout.splitlines()[-1] == "Nothing new to tell."


def test_days_without_a_dry_run_start_no_watch(run, furnished):
    """They mean a look back, which a real watch does not take."""
    result = run("watch", "--days", "3")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "it goes with --dry-run" in result.stderr


def test_where_nothing_is_set_up_it_fails(run):
    """A cron job in the wrong folder must not look healthy."""
    assert run("check").exit_code == 1
    assert run("watch", "--once").exit_code == 1
    assert run("metrics").exit_code == 1
