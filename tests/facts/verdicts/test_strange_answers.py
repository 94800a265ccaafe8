"""Never by the status alone, and never an exception."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ytquota.clock import day_start
from ytquota.errors import OK, Verdict, classify
from ytquota.verdicts import RULES

RESET = day_start(date(2026, 11, 23))
NOW = RESET - timedelta(hours=4)
PROJECT = "123456789012"
DAY, MINUTE = "1/d/{project}", "1/min/{project}"
SEARCHES = (
    "Quota exceeded for quota metric 'Search Queries' and limit 'Search Queries per day' of service "
    f"'youtube.googleapis.com' for consumer 'project_number:{PROJECT}'."
)


@pytest.mark.parametrize("code", [200, 204, 206, 301, 304, 308])
def test_answers_that_are_no_errors_are_fine(code):
    """Whatever their body says."""
    assert classify(code, b'{"error": {"errors": [{"reason": "quotaExceeded"}]}}') is OK


@pytest.mark.parametrize("code", [400, 401, 403, 404, 429, 500, 503])
@pytest.mark.parametrize(
    "empty", [None, b"", "", {}, [], b"<html>quotaExceeded per day</html>", b"{", b"null", b"[]"]
)
def test_a_status_alone_condemns_neither_pool_nor_credential(code, empty):
    """Without evidence in the body nothing is marked, quarantined or given back."""
    verdict = classify(code, empty, method="videos.list", now=NOW)

    assert verdict.kind in {"slow_down", "not_authorised", "stop", "transient"}
    assert not verdict.refused
    assert verdict.free == (code == 401)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
words = st.sampled_from([*RULES, "quotaExceeded", "rateLimitExceeded", "RATE_LIMIT_EXCEEDED", "forbidden"])
odd = words | json_values
metadata = st.fixed_dictionaries(
    {},
    optional={
        "quota_unit": st.sampled_from([DAY, MINUTE]) | odd,
        "quota_limit": st.sampled_from(["defaultPerDayPerProject", "PerMinute"]) | odd,
        "quota_metric": odd,
        "quota_limit_value": odd,
        "consumer": odd,
        "window_start_time": st.integers().map(str) | odd,
    },
)
errors = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(["RESOURCE_EXHAUSTED", "INTERNAL"]) | odd,
        "message": st.sampled_from([SEARCHES, "per day", "<a href='x'>\ud800</a>"]) | odd,
        "errors": st.lists(st.fixed_dictionaries({"reason": odd, "domain": odd, "debugInfo": odd})) | odd,
        "details": st.lists(st.fixed_dictionaries({"reason": odd, "metadata": metadata | odd})) | odd,
    },
)
bodies = (
    st.binary()
    | st.text()
    | json_values
    | st.fixed_dictionaries({"error": errors | odd})
    | st.fixed_dictionaries({"error": errors}).map(lambda data: json.dumps(data).encode())
)


@given(
    st.integers(min_value=-1, max_value=999),
    bodies,
    st.sampled_from(["", "search.list", "what.ever"]) | st.text(),
)
def test_no_answer_whatever_raises_or_gives_a_verdict_that_cannot_be_logged(status, body_, method):
    """Bytes, JSON of any shape and half-right bodies alike end in one well-formed verdict."""
    verdict = classify(status, body_, method=method, now=NOW)

    assert isinstance(verdict, Verdict)
    json.dumps(
        [verdict.reason, verdict.message, verdict.bucket, verdict.project], ensure_ascii=False
    ).encode()
    assert len(verdict.reason) <= 60
    assert "\n" not in verdict.message
    assert (verdict.kind == "ok") == (verdict.message == "")
    assert verdict.project is None or verdict.project.isdecimal()
    assert not verdict.refused or verdict.kind in {"exhausted", "slow_down"}
    if verdict.kind == "exhausted":
        assert verdict.bucket
        assert verdict.refused
        assert verdict.until.tzinfo is not None


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000 + "]" * 100_000,
        '{"a":' * 100_000,
        '{"error":' * 5_000 + "1" + "}" * 5_000,
        '{"error":1' + "0" * 9999 + "}",
    ],
)
def test_bodies_made_to_break_a_parser_break_nothing(text):
    """Nesting without end and numbers without end count as no evidence."""
    assert classify(403, text, now=NOW).kind == "stop"


def test_a_time_without_a_zone_is_taken_for_utc(body):
    """An error must be judged even if its caller was careless."""
    careless = datetime(2026, 11, 23, 4)  # noqa: DTZ001 - the point

    assert classify(403, body(403, "quotaExceeded"), now=careless).until == RESET
    assert classify(403, body(403, "quotaExceeded")).until > datetime.now(UTC)
