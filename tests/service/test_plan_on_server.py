"""A plan is run as it stands, on a server that counts for itself."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ytquota.clock import day_start
from ytquota.errors import QuotaExceeded
from ytquota.intelligence import QuotaIntelligence

PROJECT = "111111111111"


def test_every_planned_call_is_accepted_and_one_more_is_not(sandbox, service, monitor, limits, clock):
    """Fifteen searches, six a day, and one comment too many for the first day."""
    allowed = {"search_list": 6, "default": 250}
    limits.update(allowed)
    for bucket, units in allowed.items():
        sandbox.set_limit(PROJECT, bucket, units)
    youtube, playlist = service(), {"snippet": {"title": "one more"}}
    send = {
        "search.list": lambda: youtube.search().list(part="snippet", q="quota").execute(),
        "videos.list": lambda: youtube.videos().list(part="snippet", id="a").execute(),
        "playlists.insert": lambda: youtube.playlists().insert(part="snippet", body=playlist).execute(),
    }
    work = {"search.list": 15, "playlists.insert": 7, "videos.list": 60}

    plan = QuotaIntelligence(monitor).plan(work, project=PROJECT)

    assert [day.calls.get("search.list") for day in plan.days] == [6, 6, 3]
    for day in plan.days:
        clock.set(max(clock.time(), (day_start(day.day) + timedelta(hours=1)).timestamp()))
        for method, count in day.calls.items():
            for _ in range(count):
                send[method]()
        if day.calls.get("search.list") == 6:
            with pytest.raises(QuotaExceeded):
                send["search.list"]()
    for method, count in work.items():
        billed = [entry for entry in sandbox.access_log() if entry["method"] == method and entry["units"]]
        assert len(billed) == count
