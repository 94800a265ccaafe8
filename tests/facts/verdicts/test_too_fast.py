"""A limit below a day asks to slow down, and for how long."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from ytquota.clock import day_start
from ytquota.errors import classify

RESET = day_start(date(2026, 11, 23))
NOW = RESET - timedelta(hours=4)
PROJECT = "123456789012"
DAY, MINUTE = "1/d/{project}", "1/min/{project}"
OLD_DAILY = (
    "Code: 8; Description: ?metric: youtube.googleapis.com/default, limit: defaultPerDayPerProject, "
    f"consumer: project_number:{PROJECT}"
)


def facts(verdict):
    """Return what machines go by: kind, and whether units are given back or were never taken."""
    return verdict.kind, verdict.refused, verdict.free


@pytest.mark.parametrize(
    ("unit", "limit_id", "wait"),
    [
        (MINUTE, "defaultPerMinutePerProject", 60),
        ("1/min/{project}/{user}", "defaultPerMinutePerProjectPerUser", 60),
        ("", "SearchListPerMinutePerProject", 60),
        ("1/s/{project}", "x", 1),
        ("1/100s/{project}/{user}", "x", 100),
        ("", "defaultPer100SecondsPerUser", 100),
        ("1/h/{project}", "x", 3600),
    ],
)
@pytest.mark.parametrize("code", [429, 403])
def test_a_limit_below_a_day_asks_to_slow_down(body, quota, code, unit, limit_id, wait):
    """The metadata prove it: the call was not run, its units come back; the wait is the window's length."""
    answer = body(code, "rateLimitExceeded", details=(quota("default", limit_id, unit),))
    verdict = classify(code, answer, now=NOW)

    assert facts(verdict) == ("slow_down", True, False)
    assert (verdict.bucket, verdict.wait, verdict.until) == ("default", wait, None)


def test_the_wait_ends_with_the_window_if_its_start_is_known(body, quota):
    """45 seconds into the minute, 15 are left."""
    start = str(int(NOW.timestamp()) - 45)
    answer = body(429, "rateLimitExceeded", details=(quota("default", "x", MINUTE, window_start_time=start),))

    assert classify(429, answer, now=NOW).wait == 15


def test_google_may_say_itself_how_long_to_wait(body, quota):
    """A RetryInfo detail beats our guess."""
    retry = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "12.5s"}
    answer = body(429, "rateLimitExceeded", details=(quota("default", "x", MINUTE), retry))

    assert classify(429, answer, now=NOW).wait == 12.5


def test_an_old_body_that_names_a_limit_per_minute_is_no_daily_one(body):
    """debugInfo is more specific than the reason quotaExceeded."""
    debug_info = OLD_DAILY.replace("PerDay", "PerMinute")
    verdict = classify(
        403, body(403, "quotaExceeded", domain="youtube.quota", debug_info=debug_info), now=NOW
    )

    assert facts(verdict) == ("slow_down", True, False)


@pytest.mark.parametrize(
    ("code", "reason", "domain", "method", "refused"),
    [
        (403, "rateLimitExceeded", "usageLimits", "videos.list", True),
        (403, "userRateLimitExceeded", "usageLimits", "videos.list", True),
        (429, "rateLimitExceeded", "usageLimits", "", True),
        (403, "rateLimitExceeded", "youtube.liveChat", "liveChatMessages.list", False),
        (403, "rateLimitExceeded", "youtube.liveChat", "youtube.liveChatMessages.list", False),
        (403, "rateLimitExceeded", "youtube.liveBroadcast", "liveBroadcasts.insert", False),
        (403, "userRequestsExceedRateLimit", "youtube.liveBroadcast", "", False),
        (429, "rateLimitExceeded", "global", "search.list", False),
        (429, "", "", "search.list", False),
    ],
)
def test_bare_reasons_ask_to_slow_down(body, code, reason, domain, method, refused):
    """Units come back only where the domain proves a quota limit; a chat's or a channel's own was charged."""
    verdict = classify(code, body(code, reason, domain=domain), method=method, now=NOW)

    assert facts(verdict) == ("slow_down", refused, False)
    assert verdict.wait > 0


def test_a_chat_polled_too_soon_is_told_what_to_obey(body):
    """The message names the field of the last answer."""
    answer = body(403, "rateLimitExceeded", domain="youtube.liveChat")

    assert "pollingIntervalMillis" in classify(403, answer, method="liveChatMessages.list").message


@pytest.mark.parametrize(
    ("method", "message", "kind", "bucket"),
    [
        ("search.list", "Quota exceeded: queries per day", "exhausted", "search_list"),
        ("videos.insert", "Too many uploads per day.", "exhausted", "video_insert"),
        ("videos.list", "Too many per day.", "exhausted", "default"),
        ("search.list", "Too many requests.", "slow_down", ""),
        ("search.list", "", "slow_down", ""),
        ("unheardOf.list", "Too many per day.", "slow_down", ""),
        ("", "Too many per day.", "slow_down", ""),
    ],
)
def test_a_429_that_only_speaks_to_people_is_believed_about_known_methods(
    body, method, message, kind, bucket
):
    """ "per day" and a known bucket mean used up; else it could be anything, so slow down."""
    verdict = classify(429, body(429, "", message=message), method=method, now=NOW)

    assert (verdict.kind, verdict.bucket) == (kind, bucket)
