"""Every known answer of Google's gets the verdict it deserves, and no unknown one breaks anything."""

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


# -- used up for the day


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


# -- too fast


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


# -- everything else of the decision table


CONFIGURATION = ("not_authorised", False, False)
NO_CREDENTIAL = ("not_authorised", False, True)
DEAD = ("credential_dead", False, True)
STOP = ("stop", False, False)
AGAIN = ("transient", False, False)
CAP = ("channel_cap", False, False)


@pytest.mark.parametrize(
    ("code", "reason", "more", "expected", "word"),
    [
        (403, "dailyLimitExceededUnreg", {"domain": "usageLimits"}, NO_CREDENTIAL, "no API key"),
        (400, "uploadLimitExceeded", {"domain": "youtube.video"}, CAP, "24 hours"),
        (429, "uploadRateLimitExceeded", {"domain": "youtube.thumbnail"}, CAP, "thumbnails"),
        (403, "liveChatEnded", {"domain": "youtube.liveChat"}, STOP, "has ended"),
        (403, "liveChatDisabled", {"domain": "youtube.liveChat"}, STOP, "disabled"),
        (
            403,
            "forbidden",
            {"domain": "youtube.liveChat", "message": "You lack permission."},
            STOP,
            "lack permission",
        ),
        (404, "liveChatNotFound", {"domain": "youtube.liveChat"}, STOP, "no such live chat"),
        (403, "liveStreamingNotEnabled", {"domain": "youtube.liveBroadcast"}, STOP, "YouTube Studio"),
        (400, "badRequest", {"message": "API key not valid. Please pass a valid API key."}, DEAD, "API key"),
        (400, "badRequest", {"message": "API key expired. Please renew the API key."}, DEAD, "API key"),
        (400, "keyInvalid", {"domain": "usageLimits"}, DEAD, "API key"),
        (
            403,
            "forbidden",
            {"message": "Method doesn't allow unregistered callers."},
            NO_CREDENTIAL,
            "no API key",
        ),
        (403, "accessNotConfigured", {"domain": "usageLimits"}, CONFIGURATION, "not enabled"),
        (401, "authError", {"status": "UNAUTHENTICATED"}, NO_CREDENTIAL, "refreshed once"),
        (401, "authorizationRequired", {}, NO_CREDENTIAL, "refreshed once"),
        (401, "youtubeSignupRequired", {}, NO_CREDENTIAL, "no channel"),
        (401, "", {}, NO_CREDENTIAL, "401"),
        (403, "insufficientPermissions", {}, CONFIGURATION, "scopes"),
        (500, "internalError", {}, AGAIN, "internal error"),
        (503, "backendError", {}, AGAIN, "unavailable"),
        (500, "", {"status": "INTERNAL"}, AGAIN, "500"),
        (503, "", {}, AGAIN, "503"),
        (408, "", {}, AGAIN, "408"),
        (409, "", {"status": "ABORTED"}, AGAIN, "409"),
        (404, "videoNotFound", {"message": "No such video."}, STOP, "404 videoNotFound: No such video."),
        (400, "invalidParameter", {}, STOP, "invalidParameter"),
        (403, "commentsDisabled", {}, STOP, "commentsDisabled"),
    ],
)
def test_every_other_row_of_the_decision_table(body, code, reason, more, expected, word):
    """Configuration, dead credentials, channel limits, pointless calls and Google's trouble differ."""
    verdict = classify(code, body(code, reason, **more), now=NOW)

    assert facts(verdict) == expected
    assert word in verdict.message
    assert (verdict.bucket, verdict.until) == ("", None)
    if verdict.kind == "transient":
        assert verdict.wait == 1.0


def test_the_upload_cap_of_a_channel_lasts_about_a_day(body):
    """The wait says so; a thumbnail cap's length is not known."""
    assert classify(400, body(400, "uploadLimitExceeded")).wait == 86400
    assert classify(429, body(429, "uploadRateLimitExceeded")).wait is None


@pytest.mark.parametrize(
    ("code", "first", "detail", "expected", "reason"),
    [
        (400, "badRequest", "API_KEY_INVALID", DEAD, "API_KEY_INVALID"),
        (403, "forbidden", "API_KEY_SERVICE_BLOCKED", CONFIGURATION, "API_KEY_SERVICE_BLOCKED"),
        (403, "forbidden", "API_KEY_IP_ADDRESS_BLOCKED", CONFIGURATION, "API_KEY_IP_ADDRESS_BLOCKED"),
        (403, "forbidden", "API_KEY_HTTP_REFERRER_BLOCKED", CONFIGURATION, "API_KEY_HTTP_REFERRER_BLOCKED"),
        (403, "accessNotConfigured", "SERVICE_DISABLED", CONFIGURATION, "accessNotConfigured"),
        (
            403,
            "insufficientPermissions",
            "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
            CONFIGURATION,
            "insufficientPermissions",
        ),
        (
            403,
            "forbidden",
            "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
            CONFIGURATION,
            "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        ),
        (401, "required", "CREDENTIALS_MISSING", NO_CREDENTIAL, "CREDENTIALS_MISSING"),
    ],
)
def test_details_tell_what_reasons_hide(body, info, code, first, detail, expected, reason):
    """badRequest and forbidden say nothing; the ErrorInfo detail does, and is the reason that is kept."""
    verdict = classify(code, body(code, first, details=(info(detail),)), now=NOW)

    assert (facts(verdict), verdict.reason) == (expected, reason)


def test_a_switched_off_api_tells_the_project(body, info):
    """The number is in the metadata, and in older bodies in the message."""
    message = f"YouTube Data API v3 has not been used in project {PROJECT} before or it is disabled."
    newer = body(
        403, "accessNotConfigured", details=(info("SERVICE_DISABLED", consumer=f"projects/{PROJECT}"),)
    )

    assert classify(403, newer).project == PROJECT
    assert classify(403, body(403, "accessNotConfigured", message=message)).project == PROJECT


@pytest.mark.parametrize(
    ("body_", "kind", "word"),
    [
        (
            {"error": "invalid_grant", "error_description": "Token has been expired or revoked."},
            "credential_dead",
            "7 days",
        ),
        ({"error": "invalid_grant", "error_description": "Bad Request"}, "credential_dead", "ytquota login"),
        ({"error": "invalid_client", "error_description": "Unauthorized"}, "credential_dead", "secrets file"),
        ({"error": "deleted_client"}, "credential_dead", "was deleted"),
        ({"error": "unauthorized_client"}, "credential_dead", "another OAuth client"),
        ({"error": "invalid_scope", "error_description": "Bad scope"}, "not_authorised", "YOUTUBE_SCOPES"),
        ({"error": "invalid_request", "error_description": "Missing parameter"}, "stop", "Missing parameter"),
    ],
)
def test_the_token_endpoint_is_understood_and_never_charged(body_, kind, word):
    """Its flat bodies say what died, and people are told what to do about it."""
    verdict = classify(400, json.dumps(body_), now=NOW)

    assert facts(verdict) == (kind, False, True)
    assert verdict.reason == body_["error"]
    assert word in verdict.message


@pytest.mark.parametrize(
    ("status", "method", "kind"),
    [
        ("RESOURCE_EXHAUSTED", "liveChatMessages.streamList", "slow_down"),
        ("FAILED_PRECONDITION", "liveChatMessages.streamList", "stop"),
        ("FAILED_PRECONDITION", "youtube.youtube.v3.liveChat.messages.stream", "stop"),
        ("NOT_FOUND", "liveChatMessages.streamList", "stop"),
        ("PERMISSION_DENIED", "", "stop"),
        ("UNAUTHENTICATED", "", "not_authorised"),
        ("UNAVAILABLE", "", "transient"),
        ("DEADLINE_EXCEEDED", "", "transient"),
        ("", "", "transient"),
    ],
)
def test_a_grpc_status_stands_in_where_there_is_no_http_status(status, method, kind):
    """A stream that reconnects too fast backs off; one whose chat has ended stops."""
    verdict = classify(0, {"error": {"status": status, "message": "no"}}, method=method, now=NOW)

    assert verdict.kind == kind
    if status == "FAILED_PRECONDITION":
        assert "live chat" in verdict.message


# -- never by the status alone, and never an exception


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
