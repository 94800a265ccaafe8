"""Running out, in the shapes that the API gives, and starting over at midnight on the Pacific coast."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest

PROJECT = "111111111111"
NOON = datetime(2026, 10, 2, 19, 0, tzinfo=UTC)  # noon, Pacific time
MIDNIGHT = 1_790_924_400  # 2026-10-02 00:00 Pacific


@pytest.fixture
def get(sandbox):
    """GET with a fresh token of the project."""
    sandbox.set_clock(NOON)
    token = sandbox.issue_token(PROJECT)["token"]
    with httpx.Client(
        verify=False, base_url=sandbox.url, headers={"Authorization": f"Bearer {token}"}
    ) as http:
        yield lambda path, **params: http.get(f"/youtube/v3/{path}", params={"part": "id", **params})


def test_the_general_bucket_runs_out_in_the_old_shape(sandbox, get):
    """A 403 without details, status or metadata, whose message carries a link."""
    sandbox.set_limit(PROJECT, "default", 2)
    first, second, third = (get("videos", id="a") for _ in range(3))
    error = third.json()["error"]

    assert [first.status_code, second.status_code, third.status_code] == [200, 200, 403]
    assert (error["errors"][0]["domain"], error["errors"][0]["reason"]) == ("youtube.quota", "quotaExceeded")
    assert {"code", "message", "errors"} == set(error)
    assert '<a href="/youtube/v3/getting-started#quota">quota</a>' in error["message"]
    assert sandbox.used(PROJECT) == 2


@pytest.mark.parametrize(
    ("path", "bucket", "limit"),
    [
        ("search", "search_list", "defaultSearchListPerDayPerProject"),
        ("videos:batchGetStats", "video_batch_get_stats", "defaultVideoBatchGetStatsPerDayPerProject"),
    ],
)
def test_a_split_bucket_runs_out_with_metadata(sandbox, get, path, bucket, limit):
    """A 429 that means "gone for today": the unit is a day, and the window began at midnight."""
    sandbox.set_limit(PROJECT, bucket, 1)
    get(path, id="a")
    answer = get(path, id="a")
    error = answer.json()["error"]

    assert answer.status_code == 429
    assert (error["status"], error["errors"][0]["domain"]) == ("RESOURCE_EXHAUSTED", "global")
    assert error["errors"][0]["reason"] == "rateLimitExceeded"
    assert (
        f"per day' of service 'youtube.googleapis.com' for consumer 'project_number:{PROJECT}'"
        in (error["message"])
    )
    assert error["details"][0]["reason"] == "RATE_LIMIT_EXCEEDED"
    assert error["details"][0]["metadata"] == {
        "service": "youtube.googleapis.com",
        "consumer": f"projects/{PROJECT}",
        "quota_metric": f"youtube.googleapis.com/{bucket}",
        "quota_limit": limit,
        "quota_limit_value": "1",
        "quota_unit": "1/d/{project}",
        "quota_location": "global",
        "window_start_time": str(MIDNIGHT),
    }
    assert get("videos", id="a").status_code == 200


def test_uploads_run_out_before_any_content_is_sent(sandbox, web):
    """The start of a resumable upload is refused with the upload bucket's own limit."""
    sandbox.add_project(PROJECT, limits={"video_insert": 0})
    token = sandbox.issue_token(PROJECT)["token"]
    answer = web.post(
        f"{sandbox.url}/upload/youtube/v3/videos?part=snippet&uploadType=resumable",
        headers={"Authorization": f"Bearer {token}"},
        json={},
    )

    metadata = answer.json()["error"]["details"][0]["metadata"]
    assert (answer.status_code, metadata["quota_limit"]) == (429, "defaultVideoInsertPerDayPerProject")
    assert "Video Uploads per day" in answer.json()["error"]["message"]
    assert sandbox.billed() == {}


def test_a_price_that_does_not_fit_whole_is_refused(sandbox, get):
    """With 49 units left a call of 50 is refused, and a call of 1 is not."""
    sandbox.set_limit(PROJECT, "default", 49)

    assert get("captions", videoId="v").status_code == 403
    assert get("videos", id="a").status_code == 200
    noted = [(row["bucket"], row["units"], row["reason"]) for row in sandbox.access_log()]
    assert noted == [("default", 0, "quotaExceeded"), ("default", 1, "")]


def test_the_counters_start_over_at_midnight_pacific(sandbox, get):
    """A second before midnight there is nothing left; at midnight there is, and each day keeps its sums."""
    sandbox.set_limit(PROJECT, "default", 1)
    sandbox.set_clock(datetime(2026, 10, 3, 6, 59, 50, tzinfo=UTC), frozen=True)
    before = [get("videos", id="a").status_code for _ in range(2)]
    sandbox.advance(10)
    after = [get("videos", id="a").status_code for _ in range(2)]

    assert (before, after) == ([200, 403], [200, 403])
    assert [row["day"] for row in sandbox.access_log()] == ["2026-10-02"] * 2 + ["2026-10-03"] * 2
    assert sandbox.used(PROJECT) == 1


def test_prices_follow_the_clock(sandbox, get):
    """In spring 2026 a search still cost 100 units of the general bucket."""
    sandbox.set_clock(datetime(2026, 4, 1, tzinfo=UTC))
    get("search", q="x")

    assert sandbox.billed() == {PROJECT: {"default": {"search.list": 100}}}


def test_a_minute_limit_says_slow_down(sandbox, get):
    """The unit is a minute; what was refused cost nothing; the next minute is fine."""
    sandbox.set_clock(NOON, frozen=True)
    sandbox.per_minute(PROJECT, "default", 2)
    answers = [get("videos", id="a") for _ in range(3)]
    metadata = answers[2].json()["error"]["details"][0]["metadata"]
    sandbox.advance(60)

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert (
        metadata["quota_unit"],
        metadata["quota_limit"],
    ) == ("1/min/{project}", "defaultPerMinutePerProject")
    assert get("videos", id="a").status_code == 200
    assert sandbox.used(PROJECT) == 3


def test_somebody_else_spends_the_same_project(sandbox, get):
    """Their calls count against the limit, are told apart in the sums, and stop where the limit is."""
    sandbox.set_limit(PROJECT, "search_list", 5)

    assert sandbox.spend(PROJECT, "search.list", times=4) == 4
    assert [get("search", q="x").status_code for _ in range(2)] == [200, 429]
    assert sandbox.spend(PROJECT, "search.list", times=4) == 0
    assert sandbox.billed() == {PROJECT: {"search_list": {"search.list": 5}}}
    assert sandbox.billed(foreign=False) == {PROJECT: {"search_list": {"search.list": 1}}}


def test_a_project_that_is_not_enforced_is_billed_without_end(sandbox, get):
    """Nothing is refused, everything is counted."""
    sandbox.add_project(PROJECT, limits={"default": 1}, enforced=False)

    assert {get("videos", id="a").status_code for _ in range(5)} == {200}
    assert sandbox.used(PROJECT) == 5


def test_projects_and_buckets_are_named_rightly(sandbox):
    """A name that cannot be right is refused where it is given."""
    with pytest.raises(ValueError, match="no bucket 'searches'"):
        sandbox.set_limit(PROJECT, "searches", 1)
    with pytest.raises(ValueError, match="by its number"):
        sandbox.add_project("my-project")
    with pytest.raises(ValueError, match=r"no method 'videos\.lists'"):
        sandbox.fail("videos.lists")
    with pytest.raises(ValueError, match="aware"):
        sandbox.set_clock(datetime(2026, 1, 1))  # noqa: DTZ001 that is what is tested
