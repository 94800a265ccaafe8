"""A pool that is used up for the day is recognised in every body that says so."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta

import pytest

from ytquota.clock import day_start
from ytquota.errors import classify

RESET = day_start(date(2026, 11, 23))
NOW = RESET - timedelta(hours=4)
PROJECT = "123456789012"
DAY, MINUTE = "1/d/{project}", "1/min/{project}"
LINK = (
    'The request cannot be completed because you have exceeded your <a href="/youtube/v3/x#quota">quota</a>.'
)
SEARCHES = (
    "Quota exceeded for quota metric 'Search Queries' and limit 'Search Queries per day' of service "
    f"'youtube.googleapis.com' for consumer 'project_number:{PROJECT}'."
)
UPLOADS = SEARCHES.replace("Search Queries", "Video Uploads")
OLD_DAILY = (
    "Code: 8; Description: ?metric: youtube.googleapis.com/default, limit: defaultPerDayPerProject, "
    f"consumer: project_number:{PROJECT}"
)
HELP = {
    "@type": "type.googleapis.com/google.rpc.Help",
    "links": [{"description": "more", "url": "https://x"}],
}


def facts(verdict):
    """Return what machines go by: kind, and whether units are given back or were never taken."""
    return verdict.kind, verdict.refused, verdict.free


@pytest.mark.parametrize(
    ("metric", "limit_id", "message"),
    [
        ("search_list", "defaultSearchListPerDayPerProject", SEARCHES),
        ("video_insert", "defaultVideoInsertPerDayPerProject", UPLOADS),
        ("video_batch_get_stats", "defaultVideoBatchGetStatsPerDayPerProject", "no"),
        ("default", "defaultPerDayPerProject", "no"),
    ],
)
def test_a_429_per_day_is_a_pool_used_up_not_a_call_to_slow_down(body, quota, metric, limit_id, message):
    """The trap of 2026: rateLimitExceeded with unit 1/d/{project} means gone until midnight Pacific."""
    detail = quota(
        metric, limit_id, DAY, window_start_time=str(int(day_start(date(2026, 11, 22)).timestamp()))
    )
    answer = body(
        429, "rateLimitExceeded", message=message, status="RESOURCE_EXHAUSTED", details=(HELP, detail)
    )
    verdict = classify(429, answer, now=NOW)

    assert facts(verdict) == ("exhausted", True, False)
    assert (verdict.bucket, verdict.project, verdict.limit) == (metric, PROJECT, 100)
    assert (verdict.until, verdict.window_start) == (RESET, day_start(date(2026, 11, 22)))
    assert (verdict.reason, verdict.wait) == ("rateLimitExceeded", None)
    assert f"pool {metric} of project {PROJECT} is used up for the day (its limit is 100)" in verdict.message
    assert "2026-11-23 00:00 PST" in verdict.message


@pytest.mark.parametrize("missing", ["quota_unit", "quota_limit", "quota_metric", "window_start_time"])
def test_three_of_the_four_quota_fields_are_enough(body, quota, missing):
    """Whatever single field a body lacks, day and bucket are still recognised."""
    detail = quota("search_list", "defaultSearchListPerDayPerProject", DAY, window_start_time="1795334400")
    del detail["metadata"][missing]
    verdict = classify(429, body(429, "rateLimitExceeded", details=(detail,)), now=NOW)

    assert (verdict.kind, verdict.bucket, verdict.until) == ("exhausted", "search_list", RESET)


def test_the_mark_of_an_answer_that_came_late_belongs_to_the_day_it_names(body, quota):
    """An answer of yesterday's window, read after midnight, ends yesterday; today's pool is untouched."""
    detail = quota(
        "search_list", "x", DAY, window_start_time=str(int(day_start(date(2026, 11, 22)).timestamp()))
    )
    verdict = classify(
        429, body(429, "rateLimitExceeded", details=(detail,)), now=RESET + timedelta(minutes=3)
    )

    assert verdict.until == RESET


@pytest.mark.parametrize(
    "start", ["soon", "-5", "99999999999999999999", "1e9", "", None, 17, True, ["1795334400"]]
)
def test_a_window_start_that_makes_no_sense_is_not_believed(body, quota, start):
    """The mark then ends at the next reset after the answer."""
    detail = quota("search_list", "x", DAY, window_start_time=start)
    verdict = classify(429, body(429, "rateLimitExceeded", details=(detail,)), now=NOW)

    assert (verdict.until, verdict.window_start) == (RESET, None)


@pytest.mark.parametrize(
    ("day", "until"), [(date(2026, 11, 1), "2026-11-02T08:00Z"), (date(2026, 3, 8), "2026-03-09T07:00Z")]
)
def test_a_mark_ends_with_the_true_length_of_its_day(body, quota, day, until):
    """On days of 25 and 23 hours too."""
    detail = quota("search_list", "x", DAY, window_start_time=str(int(day_start(day).timestamp())))
    verdict = classify(429, body(429, "rateLimitExceeded", details=(detail,)), now=NOW)

    assert verdict.until == datetime.fromisoformat(until)


def test_a_limit_of_zero_is_a_limit(body, quota):
    """Projects without any searches exist; their zero is not taken for unknown."""
    detail = quota("search_list", "defaultSearchListPerDayPerProject", DAY, quota_limit_value="0")
    verdict = classify(429, body(429, "rateLimitExceeded", details=(detail,)), now=NOW)

    assert verdict.limit == 0
    assert "(its limit is 0)" in verdict.message


def test_a_bucket_google_adds_is_named_as_google_names_it(body, quota):
    """It must not be taken for a known one, whose calls would be stopped for nothing."""
    detail = quota("caption_insert", "defaultCaptionInsertPerDayPerProject", DAY)

    assert (
        classify(429, body(429, "rateLimitExceeded", details=(detail,)), now=NOW).bucket == "caption_insert"
    )

    del detail["metadata"]["quota_metric"]

    assert (
        classify(429, body(429, "rateLimitExceeded", details=(detail,)), now=NOW).bucket == "caption_insert"
    )


@pytest.mark.parametrize(
    ("code", "reason", "more", "bucket", "project"),
    [
        (403, "quotaExceeded", {"domain": "youtube.quota", "message": LINK}, "default", None),
        (403, "quotaExceeded", {"domain": "youtube.quota", "debug_info": OLD_DAILY}, "default", PROJECT),
        (403, "dailyLimitExceeded", {"domain": "usageLimits"}, "default", None),
        (429, "rateLimitExceeded", {"message": SEARCHES}, "search_list", PROJECT),
        (429, "rateLimitExceeded", {"message": UPLOADS}, "video_insert", PROJECT),
        (403, "rateLimitExceeded", {"debug_info": OLD_DAILY}, "default", PROJECT),
        (429, "", {"message": SEARCHES, "status": "RESOURCE_EXHAUSTED"}, "search_list", PROJECT),
    ],
)
def test_older_and_barer_bodies_of_an_empty_pool(body, code, reason, more, bucket, project):
    """Without details, the reason, the debugInfo or the name of the limit tell day and bucket."""
    verdict = classify(code, body(code, reason, **more), now=NOW)

    assert facts(verdict) == ("exhausted", True, False)
    assert (verdict.bucket, verdict.project, verdict.until) == (bucket, project, RESET)


@pytest.mark.parametrize(
    ("method", "bucket", "guessed"),
    [
        ("search.list", "search_list", True),
        ("youtube.videos.insert", "video_insert", True),
        ("videos.batchGetStats", "video_batch_get_stats", True),
        ("videos.list", "default", False),
        ("nobodys.method", "default", False),
        ("", "default", False),
    ],
)
def test_a_body_that_names_no_pool_speaks_of_the_one_the_method_is_charged_to(body, method, bucket, guessed):
    """Google gives it for the general pool; a call that is not charged there cannot have emptied that."""
    verdict = classify(403, body(403, "quotaExceeded", domain="youtube.quota"), method=method, now=NOW)

    assert facts(verdict) == ("exhausted", True, False)
    assert (verdict.bucket, verdict.guessed, verdict.until) == (bucket, guessed, RESET)
    assert ("not which" in verdict.message) is guessed
    assert bucket in verdict.message


def test_what_a_body_names_goes_before_the_method(body):
    """Nothing is guessed where Google says it."""
    verdict = classify(
        403, body(403, "quotaExceeded", domain="youtube.quota", debug_info=OLD_DAILY), method="search.list"
    )

    assert (verdict.bucket, verdict.guessed) == ("default", False)


OLD_BODY = """{"error": {"code": 403, "message": "quota used up", "errors": [
  {"message": "quota used up", "domain": "youtube.quota", "reason": "quotaExceeded"}]}}"""
NEW_BODY = """{"error": {"code": 429, "status": "RESOURCE_EXHAUSTED",
  "message": "... limit 'Search Queries per day' ... consumer 'project_number:1'",
  "errors": [{"domain": "global", "reason": "rateLimitExceeded", "message": "..."}],
  "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "RATE_LIMIT_EXCEEDED",
    "domain": "googleapis.com", "metadata": {"service": "youtube.googleapis.com", "consumer": "projects/1",
      "quota_metric": "youtube.googleapis.com/search_list",
      "quota_limit": "defaultSearchListPerDayPerProject", "quota_limit_value": "100",
      "quota_unit": "1/d/{project}", "quota_location": "global", "window_start_time": "1790924400"}}]}}"""


@pytest.mark.parametrize(
    ("code", "text", "bucket"), [(403, OLD_BODY, "default"), (429, NEW_BODY, "search_list")]
)
def test_bodies_as_they_came_over_the_wire(code, text, bucket):
    """The two observed shapes, as text, as bytes, parsed, in a list and as a part of a batch."""
    part = f"HTTP/1.1 {code} No\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{text}\r\n"
    verdicts = [
        classify(code, form, now=NOW)
        for form in (text, text.encode(), json.loads(text), f"[{text}]", [json.loads(text)], part.encode())
    ]

    assert verdicts[0].kind == "exhausted"
    assert verdicts[0].bucket == bucket
    assert verdicts == [verdicts[0]] * len(verdicts)
