"""What the sandbox charges, against a table written out by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest

from ytquota.sandbox.accounts import SCOPE_PREFIX
from ytquota.sandbox.pacific import day_at
from ytquota.sandbox.price_list import HISTORY, price_on
from ytquota.sandbox.router import known_scopes, methods

PROJECT = "111111111111"

GOLDEN = {  # what each method costs on 2026-11-23: bucket and units
    "abuseReports.insert": ("default", 50),
    "activities.list": ("default", 1),
    "captions.delete": ("default", 50),
    "captions.download": ("default", 200),
    "captions.insert": ("default", 400),
    "captions.list": ("default", 50),
    "captions.update": ("default", 450),
    "channelBanners.insert": ("default", 50),
    "channelSections.delete": ("default", 50),
    "channelSections.insert": ("default", 50),
    "channelSections.list": ("default", 1),
    "channelSections.update": ("default", 50),
    "channels.list": ("default", 1),
    "channels.update": ("default", 50),
    "commentThreads.insert": ("default", 50),
    "commentThreads.list": ("default", 1),
    "comments.delete": ("default", 50),
    "comments.insert": ("default", 50),
    "comments.list": ("default", 1),
    "comments.markAsSpam": ("default", 50),
    "comments.setModerationStatus": ("default", 50),
    "comments.update": ("default", 50),
    "i18nLanguages.list": ("default", 1),
    "i18nRegions.list": ("default", 1),
    "liveBroadcasts.bind": ("default", 1),
    "liveBroadcasts.delete": ("default", 1),
    "liveBroadcasts.insert": ("default", 1),
    "liveBroadcasts.insertCuepoint": ("default", 1),
    "liveBroadcasts.list": ("default", 1),
    "liveBroadcasts.transition": ("default", 1),
    "liveBroadcasts.update": ("default", 1),
    "liveChatBans.delete": ("default", 200),
    "liveChatBans.insert": ("default", 200),
    "liveChatMessages.delete": ("default", 20),
    "liveChatMessages.insert": ("default", 20),
    "liveChatMessages.list": ("default", 5),
    "liveChatMessages.streamList": ("default", 5),
    "liveChatMessages.transition": ("default", 20),
    "liveChatModerators.delete": ("default", 200),
    "liveChatModerators.insert": ("default", 200),
    "liveChatModerators.list": ("default", 50),
    "liveStreams.delete": ("default", 1),
    "liveStreams.insert": ("default", 1),
    "liveStreams.list": ("default", 1),
    "liveStreams.update": ("default", 1),
    "members.list": ("default", 1),
    "membershipsLevels.list": ("default", 1),
    "playlistImages.delete": ("default", 50),
    "playlistImages.insert": ("default", 50),
    "playlistImages.list": ("default", 1),
    "playlistImages.update": ("default", 50),
    "playlistItems.delete": ("default", 50),
    "playlistItems.insert": ("default", 50),
    "playlistItems.list": ("default", 1),
    "playlistItems.update": ("default", 50),
    "playlists.delete": ("default", 50),
    "playlists.insert": ("default", 50),
    "playlists.list": ("default", 1),
    "playlists.update": ("default", 50),
    "search.list": ("search_list", 1),
    "subscriptions.delete": ("default", 50),
    "subscriptions.insert": ("default", 50),
    "subscriptions.list": ("default", 1),
    "superChatEvents.list": ("default", 1),
    "tests.insert": ("default", 50),
    "thirdPartyLinks.delete": ("default", 50),
    "thirdPartyLinks.insert": ("default", 50),
    "thirdPartyLinks.list": ("default", 1),
    "thirdPartyLinks.update": ("default", 50),
    "thumbnails.set": ("default", 50),
    "videoAbuseReportReasons.list": ("default", 1),
    "videoCategories.list": ("default", 1),
    "videoTrainability.get": ("default", 1),
    "videos.batchGetStats": ("video_batch_get_stats", 1),
    "videos.delete": ("default", 50),
    "videos.getRating": ("default", 1),
    "videos.insert": ("video_insert", 1),
    "videos.list": ("default", 1),
    "videos.rate": ("default", 50),
    "videos.reportAbuse": ("default", 50),
    "videos.update": ("default", 50),
    "watermarks.set": ("default", 50),
    "watermarks.unset": ("default", 50),
}

_GIVEN = {
    "part": "id",
    "rating": "like",
    "moderationStatus": "published",
    "broadcastStatus": "live",
    "type": "channelToStoreLink",
}
_FILTERS = {
    "mine": "true",
    "chart": "mostPopular",
    "regionCode": "US",
    "playlistId": "PL1",
    "parentId": "c",
}
_MORE = {  # required in fact, though the discovery document does not say so
    "commentThreads.list": "videoId",
    "liveChatMessages.streamList": "liveChatId",
    "liveChatMessages.transition": "id",
    "videoTrainability.get": "id",
    "videos.batchGetStats": "id",
}

_CHANGES = [
    ("search.list", "2026-05-31", "default", 100),
    ("search.list", "2026-06-01", "search_list", 1),
    ("videos.insert", "2025-12-03", "default", 1600),
    ("videos.insert", "2025-12-04", "default", 100),
    ("videos.insert", "2026-06-01", "video_insert", 1),
    ("liveBroadcasts.bind", "2026-10-02", "default", 50),
    ("liveBroadcasts.bind", "2026-10-03", "default", 1),
    ("liveChatMessages.insert", "2026-10-02", "default", 50),
    ("liveChatMessages.insert", "2026-10-03", "default", 20),
    ("liveChatMessages.list", "2021-01-01", "default", 5),
    ("liveChatMessages.list", "2026-09-20", "default", 5),
    ("liveChatMessages.streamList", "2026-01-01", "default", 5),
    ("liveChatBans.insert", "2026-10-02", "default", 50),
    ("liveChatModerators.list", "2026-10-02", "default", 1),
    ("videos.batchGetStats", "2026-01-01", "video_batch_get_stats", 1),
    ("videos.list", "2019-01-01", "default", 1),
]


def test_every_method_of_the_discovery_document_has_the_price_of_the_table():
    """All 83, no more and no fewer, at the prices in force in November 2026."""
    day = date(2026, 11, 23)

    assert 83 == len(methods()) == len(GOLDEN)
    assert set(GOLDEN) == set(methods()) == set(HISTORY)
    assert {name: tuple(price_on(name, day)) for name in methods()} == GOLDEN


@pytest.mark.parametrize(("method", "day", "bucket", "units"), _CHANGES)
def test_a_price_is_that_of_its_day(method, day, bucket, units):
    """A price holds from its first day until the next one begins."""
    assert (bucket, units) == price_on(method, date.fromisoformat(day))


def test_every_method_answers_and_is_charged_its_price(sandbox):
    """Over HTTP, with every parameter it requires, no method fails inside the sandbox."""
    sandbox.add_project(PROJECT, enforced=False)
    token = sandbox.issue_token(PROJECT, scopes=known_scopes())["token"]
    with httpx.Client(
        verify=False, base_url=sandbox.url, headers={"Authorization": f"Bearer {token}"}
    ) as http:
        statuses = {
            name: http.request(method.verb, **_request_for(method)).status_code
            for name, method in methods().items()
        }

    assert {name: status for name, status in statuses.items() if status not in (200, 204)} == {}
    billed = {
        method: (bucket, units)
        for bucket, sums in sandbox.billed()[PROJECT].items()
        for method, units in sums.items()
    }
    today = sandbox.now().astimezone(ZoneInfo("America/Los_Angeles")).date()
    assert billed == {name: tuple(price_on(name, today)) for name in methods()}


def _request_for(method):
    params = {p.name: _GIVEN.get(p.name, "x1") for p in method.parameters.values() if p.required}
    if method.reads and "id" not in params:
        params |= {name: value for name, value in _FILTERS.items() if name in method.parameters}
    if method.verb == "DELETE":
        params["id"] = params["linkingToken"] = f"{method.name} and gone"
    if method.name in _MORE:
        params[_MORE[method.name]] = "x1"
    body = {"id": "x1", "linkingToken": "x1"} if method.request else None
    if method.name == "liveChatMessages.insert":
        body = {"snippet": {"liveChatId": "chat", "textMessageDetails": {"messageText": "hi"}}}
    prefix = "/upload" if method.upload and method.verb == "POST" else ""
    return {"url": prefix + method.path.replace("{id}", "x1"), "params": params, "json": body}


def test_quota_days_are_those_of_the_pacific_coast():
    """Hour by hour over twelve years, by rule and by database, the days are the same."""
    zone = ZoneInfo("America/Los_Angeles")
    at = datetime(2020, 1, 1, tzinfo=UTC)
    while at.year < 2032:
        day = day_at(at.timestamp())
        assert at.astimezone(zone).date() == day.date
        assert datetime(day.date.year, day.date.month, day.date.day, tzinfo=zone).timestamp() == day.start
        assert day.start <= at.timestamp() < day.end
        at += timedelta(hours=7)


@pytest.mark.parametrize(("day", "hours"), [("2026-03-08", 23), ("2026-11-01", 25), ("2026-11-02", 24)])
def test_a_quota_day_is_as_long_as_the_clocks_make_it(day, hours):
    """23 hours in March, 25 in November."""
    noon = datetime.fromisoformat(f"{day}T20:00:00+00:00").timestamp()
    found = day_at(noon)

    assert (day, hours * 3600) == (found.date.isoformat(), found.end - found.start)


def test_the_scope_prefix_is_that_of_the_discovery_document():
    """Short scope names are what remains of Google's full ones."""
    assert all(scope.startswith(SCOPE_PREFIX) for scope in known_scopes())
