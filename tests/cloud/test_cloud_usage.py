"""What Google says was used is what it billed: by minute, bucket and method, to the unit."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build_from_document
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ytquota.cloud import LAG, CloudError, Reading
from ytquota.cloud.method_names import method_of
from ytquota.cloud.readings import readings
from ytquota.sandbox.method_labels import label_of
from ytquota.sandbox.router import discovery_document, methods

if TYPE_CHECKING:
    from ytquota.cloud import Cloud
    from ytquota.sandbox import Sandbox

PROJECT = "111111111111"
NOON = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def summed(found: list[Reading]) -> dict[tuple[str, str], int]:
    total: Counter[tuple[str, str]] = Counter()
    for reading in found:
        total[reading.bucket, reading.method] += reading.units
    return dict(total)


def billed(sandbox: Sandbox) -> dict[tuple[str, str], int]:
    buckets = sandbox.billed(PROJECT).get(PROJECT, {})
    return {(bucket, name): units for bucket, sums in buckets.items() for name, units in sums.items()}


def test_readings_add_up_to_the_bill(sandbox: Sandbox, cloud: Cloud) -> None:
    """Every bucket and method of a day comes out with the units that were billed."""
    sandbox.add_project(PROJECT, enforced=False)
    for number, name in enumerate(sorted(methods())):
        sandbox.spend(PROJECT, name, 1 + number % 3, at=MIDNIGHT + number * timedelta(minutes=7))
    assert summed(cloud.usage(PROJECT, MIDNIGHT)) == billed(sandbox)


def test_calls_over_the_wire_are_in_the_readings(
    sandbox: Sandbox, cloud: Cloud, clock: Any, tmp_path: Any
) -> None:
    """What the google client really called is what the series show, in its minute."""
    token = sandbox.issue_token(PROJECT)
    document = {**discovery_document(), "rootUrl": f"{sandbox.url}/", "baseUrl": f"{sandbox.url}/"}
    service = build_from_document(document, credentials=Credentials(token["token"]))
    service.search().list(part="snippet", q="x").execute()
    service.videos().list(part="id", id="x").execute()
    service.close()
    clock.advance(3600)
    assert cloud.usage(PROJECT, NOON) == [
        Reading(NOON, NOON + MINUTE, "default", "videos.list", 1),
        Reading(NOON, NOON + MINUTE, "search_list", "search.list", 1),
    ]


def test_a_project_without_use_has_no_readings(cloud: Cloud) -> None:
    """Google keeps no series of nothing: that is zero, not an error."""
    assert cloud.usage(PROJECT, MIDNIGHT) == []


def test_an_empty_stretch_asks_nobody(sandbox: Sandbox, cloud: Cloud) -> None:
    """From midnight to a settled time before midnight there is nothing, and no request."""
    sandbox.stop()
    assert cloud.usage(PROJECT, NOON) == []


@pytest.mark.parametrize("partial", [False, True])
def test_only_settled_minutes_are_read(sandbox: Sandbox, cloud: Cloud, partial: bool) -> None:
    """Minutes that are late, or shown in part, do not count until they are ten minutes old."""
    sandbox.monitoring_lag(partial=partial)
    for back in range(30):
        sandbox.spend(PROJECT, "videos.list", 10, at=NOON - back * MINUTE)
    found = cloud.usage(PROJECT, NOON - timedelta(hours=1))
    assert cloud.settled_until() == NOON - LAG
    assert max(reading.end for reading in found) == NOON - LAG
    assert {reading.units for reading in found} == {10}
    unsettled = cloud.usage(PROJECT, NOON - timedelta(hours=1), NOON)
    assert sum(reading.units for reading in unsettled) < 300


def test_what_is_late_appears_later(sandbox: Sandbox, cloud: Cloud, clock: Any) -> None:
    """With a longer lag the figures are missing, and there once its time has passed."""
    sandbox.monitoring_lag(3600)
    sandbox.spend(PROJECT, "videos.list", 5, at=NOON - timedelta(minutes=30))
    assert cloud.usage(PROJECT, MIDNIGHT) == []
    clock.advance(3600)
    assert summed(cloud.usage(PROJECT, MIDNIGHT)) == {("default", "videos.list"): 5}


def test_a_minute_belongs_to_the_day_it_began_in(sandbox: Sandbox, cloud: Cloud) -> None:
    """The last minute before midnight is not in the day after, and the first one is."""
    sandbox.spend(PROJECT, "videos.list", 3, at=MIDNIGHT - timedelta(seconds=1))
    sandbox.spend(PROJECT, "videos.list", 5, at=MIDNIGHT)
    assert cloud.usage(PROJECT, MIDNIGHT) == [
        Reading(MIDNIGHT, MIDNIGHT + MINUTE, "default", "videos.list", 5)
    ]
    before = cloud.usage(PROJECT, MIDNIGHT - timedelta(days=1), MIDNIGHT)
    assert before == [Reading(MIDNIGHT - MINUTE, MIDNIGHT, "default", "videos.list", 3)]


def test_gaps_in_googles_figures_are_gaps(sandbox: Sandbox, cloud: Cloud) -> None:
    """Minutes that Monitoring lost are missing, and only those."""
    for hour in range(4):
        sandbox.spend(PROJECT, "videos.list", 1 + hour, at=MIDNIGHT + timedelta(hours=hour))
    sandbox.monitoring_gap(MIDNIGHT + timedelta(hours=1), MIDNIGHT + timedelta(hours=3))
    assert [reading.units for reading in cloud.usage(PROJECT, MIDNIGHT)] == [1, 4]


@pytest.mark.parametrize("points", [1, 2, 7, 100])
def test_all_pages_are_read(sandbox: Sandbox, cloud: Cloud, points: int) -> None:
    """However few points a page carries, none is lost or counted twice; series go on over pages."""
    for name in ("videos.list", "search.list", "comments.insert"):
        for number in range(5):
            sandbox.spend(PROJECT, name, number + 1, at=MIDNIGHT + number * MINUTE)
    sandbox.monitoring_pages(points)
    assert summed(cloud.usage(PROJECT, MIDNIGHT)) == billed(sandbox)


def test_one_metric_under_two_limits_counts_once(sandbox: Sandbox, cloud: Cloud) -> None:
    """Where each limit has a series of its own, the same units are not counted for each."""
    sandbox.spend(PROJECT, "videos.list", 7, at=MIDNIGHT)
    sandbox.spend(PROJECT, "search.list", 2, at=MIDNIGHT)
    sandbox.monitoring_limit_names()
    assert summed(cloud.usage(PROJECT, MIDNIGHT)) == billed(sandbox)


@pytest.mark.parametrize("every", [MINUTE, 15 * MINUTE, 60 * MINUTE, 37 * MINUTE])
def test_longer_readings_have_the_same_sum(sandbox: Sandbox, cloud: Cloud, every: timedelta) -> None:
    """Added up on Google's side or not, units neither come nor go, and readings begin at the beginning."""
    for number in range(200):
        sandbox.spend(PROJECT, "videos.list", 1 + number % 4, at=MIDNIGHT + number * timedelta(minutes=3))
    until = MIDNIGHT + timedelta(hours=7, minutes=31)
    found = cloud.usage(PROJECT, MIDNIGHT, until, every=every)
    by_the_minute = cloud.usage(PROJECT, MIDNIGHT, until)
    assert summed(found) == summed(by_the_minute)
    whole = MIDNIGHT + (until - MIDNIGHT) // every * every
    assert all((reading.start - MIDNIGHT) % every == timedelta() for reading in found if reading.end <= whole)
    assert all(reading.end - reading.start in (every, MINUTE) for reading in found)


def test_two_projects_are_kept_apart(sandbox: Sandbox, cloud: Cloud) -> None:
    """One account may read several projects, each with its own figures."""
    other = "222222222222"
    sandbox.grant_role(cloud.account.name, "roles/monitoring.viewer", other)
    sandbox.spend(PROJECT, "videos.list", 3, at=MIDNIGHT)
    sandbox.spend(other, "videos.list", 4, at=MIDNIGHT)
    assert [reading.units for reading in cloud.usage(PROJECT, MIDNIGHT)] == [3]
    assert [reading.units for reading in cloud.usage(other, MIDNIGHT)] == [4]


def test_reading_costs_nothing_and_is_no_call(sandbox: Sandbox, cloud: Cloud) -> None:
    """Questions to Monitoring are neither billed nor in the log of YouTube calls."""
    cloud.usage(PROJECT, MIDNIGHT)
    assert sandbox.billed() == {}
    assert {row["kind"] for row in sandbox.access_log()} == {"token"}


@pytest.mark.parametrize("method", sorted(methods()))
def test_every_method_is_known_by_googles_name(method: str) -> None:
    """The name in the gRPC service leads back to the one in the discovery document."""
    assert method_of(label_of(method)) == (method, True)
    assert method_of(f"youtube.{method}") == (method, True)


@pytest.mark.parametrize(
    "label",
    ["youtube.api.v3.V3DataHologramService.List", "V3DataVideoService.Teleport", "", "unknown", "x" * 300],
)
def test_an_unknown_method_keeps_googles_name(label: str) -> None:
    """A method newer than our prices is shown as Google calls it, and flagged."""
    assert method_of(label) == (label, False)


def entry(labels: dict[str, str], units: int) -> dict[str, Any]:
    interval = {"startTime": "2026-11-20T08:00:00Z", "endTime": "2026-11-20T08:01:00Z"}
    point = {"interval": interval, "value": {"int64Value": str(units)}}
    return {"metric": {"labels": labels}, "points": [point]}


def test_an_unknown_bucket_keeps_its_name() -> None:
    """A metric that Google adds one day is a bucket of its own, not lost."""
    label = {"quota_metric": "youtube.googleapis.com/video_dreams", "method": label_of("videos.list")}
    assert [reading.bucket for reading in readings([entry(label, 3)])] == ["video_dreams"]


@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["day", "minute", ""]), st.integers(0, 9)),
        max_size=12,
    )
)
def test_series_of_one_limit_add_up_and_of_several_do_not(pieces: list[tuple[str, str, int]]) -> None:
    """Per method: the sum over its pieces within a limit, and the largest of these over the limits."""
    series = [
        entry({"quota_metric": "x/default", "method": name, "limit_name": limit}, units)
        for name, limit, units in pieces
    ]
    sums: dict[str, Counter[str]] = {}
    for name, limit, units in pieces:
        sums.setdefault(name, Counter())[limit] += units
    expected = {name: max(by_limit.values(), default=0) for name, by_limit in sums.items()}
    assert {reading.method: reading.units for reading in readings(series)} == expected


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    calls=st.lists(
        st.tuples(
            st.integers(-3000, 60 * 20), st.sampled_from(["videos.list", "search.list"]), st.integers(1, 3)
        ),
        max_size=40,
    ),
    since=st.integers(0, 600),
    length=st.integers(1, 700),
)
def test_any_stretch_holds_what_was_billed_in_it(
    sandbox: Sandbox,
    cloud: Cloud,
    calls: list[tuple[int, str, int]],
    since: int,
    length: int,
) -> None:
    """For any calls and any stretch: exactly the units of the minutes within."""
    project = sandbox.add_project(str(next(_numbers)), enforced=False)
    sandbox.grant_role(cloud.account.name, "roles/monitoring.viewer", project)
    sandbox.furnish(project, [(MIDNIGHT + minute * MINUTE, name, times) for minute, name, times in calls])
    start, end = MIDNIGHT + since * MINUTE, min(MIDNIGHT + (since + length) * MINUTE, NOON - LAG)
    expected: Counter[str] = Counter()
    for minute, name, times in calls:
        if start <= MIDNIGHT + minute * MINUTE < end:
            expected[name] += times
    found = cloud.usage(project, start, end)
    assert Counter({name: units for (_, name), units in summed(found).items()}) == expected


_numbers = iter(range(900_000_000, 10**9))


def test_naive_times_are_refused(cloud: Cloud) -> None:
    """A time without a zone could mean any; the error says what is missing."""
    with pytest.raises(ValueError, match="tzinfo"):
        cloud.usage(PROJECT, datetime(2026, 11, 20))  # noqa: DTZ001


def test_readings_of_half_minutes_are_refused(cloud: Cloud) -> None:
    """Google counts by the minute."""
    with pytest.raises(ValueError, match="whole minutes"):
        cloud.usage(PROJECT, MIDNIGHT, every=timedelta(seconds=90))


def test_a_pool_without_a_project_says_what_to_write(cloud: Cloud) -> None:
    """An API key's provisional pool cannot be asked for; the sentence names the setting."""
    with pytest.raises(CloudError, match="YTQUOTA_PROJECT_N") as caught:
        cloud.usage("key:0123abcd", MIDNIGHT)
    assert caught.value.reason == "no_project"
