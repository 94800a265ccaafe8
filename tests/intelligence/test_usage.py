"""Frames against numbers worked out by hand, and answers to "may it run"."""

from __future__ import annotations

import json
import time
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from ytquota.errors import SettingsError
from ytquota.intelligence import Admission, QuotaIntelligence, frames
from ytquota.settings import Settings

PACIFIC = ZoneInfo("America/Los_Angeles")
DAILY_GONE = json.dumps(
    {"error": {"code": 403, "errors": [{"reason": "quotaExceeded", "domain": "youtube.quota"}]}}
)


def pacific(day, hour, minute=0):
    return datetime(2026, 11, day, hour, minute, tzinfo=PACIFIC)


@pytest.fixture
def history(spend):
    """Saturday the 7th to Tuesday the 10th of November 2026, in two projects; no call on the Sunday."""
    spend("videos.list", at=pacific(7, 23, 59))
    spend("videos.list", at=pacific(9, 0, 1))
    spend("comments.insert", at=pacific(9, 8), tag="mod")
    spend("comments.insert", at=pacific(9, 8, 30), tag="mod", status=500)
    spend("search.list", at=pacific(9, 9), number="10", project="222")
    spend("videos.list", at=pacific(10, 8, 2))
    spend("videos.list", at=pacific(10, 8, 4))
    spend("videos.list", at=pacific(10, 8, 6))
    spend("videos.list", at=pacific(10, 9), status=403, body=DAILY_GONE)


@pytest.fixture
def intelligence(monitor, history):
    return QuotaIntelligence(monitor)


def test_calls_have_the_documented_columns(intelligence):
    """One row per call, oldest first, every column of the dtype the documentation names."""
    calls = intelligence.calls()
    assert {name: str(dtype) for name, dtype in calls.dtypes.items()} == frames.CALLS
    assert calls["at"].is_monotonic_increasing
    assert calls["units"].tolist() == [1, 1, 50, 50, 1, 1, 1, 1, 0]
    assert calls["outcome"].tolist() == ["ok", "ok", "ok", "error", "ok", "ok", "ok", "ok", "refused"]
    assert calls["unmet"].tolist() == [0] * 8 + [1]
    assert calls["latency"].tolist() == [0.5] * 9


def test_a_call_belongs_to_its_pacific_day(intelligence):
    """A minute before midnight Pacific is still the old day, although it is the next one in UTC."""
    days = intelligence.calls()["day"].dt.date.tolist()
    assert days[:2] == [date(2026, 11, 7), date(2026, 11, 9)]


def test_daily_burn_has_a_row_for_every_day(intelligence):
    """Days without a call have zeros, for every pool that was used at all."""
    burn = intelligence.daily_burn(project="111")
    assert burn["day"].dt.day.tolist() == [7, 8, 9, 10]
    assert burn["units"].tolist() == [1, 0, 101, 3]
    assert burn["calls"].tolist() == [1, 0, 3, 3]
    assert burn["failed"].tolist() == [0, 0, 1, 0]
    assert burn["refused"].tolist() == [0, 0, 0, 1]
    assert burn["unmet"].tolist() == [0, 0, 0, 1]


def test_buckets_are_never_added_up(intelligence):
    """A search counts in its own bucket and takes no share of the units of others."""
    burn = intelligence.burn_by("method")
    assert burn[["bucket", "method", "units"]].to_numpy().tolist() == [
        ["default", "comments.insert", 100],
        ["default", "videos.list", 5],
        ["search_list", "search.list", 1],
    ]
    assert burn["share"].round(4).tolist() == [0.9524, 0.0476, 1.0]


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ("credential_set", [["default", "1", 105], ["search_list", "10", 1]]),
        ("tag", [["default", "mod", 100], ["default", "bot", 5], ["search_list", "bot", 1]]),
        ("project", [["default", "111", 105], ["search_list", "222", 1]]),
        (
            "hour",
            [
                ["default", 0, 1],
                ["default", 8, 103],
                ["default", 9, 0],
                ["default", 23, 1],
                ["search_list", 9, 1],
            ],
        ),
    ],
)
def test_burn_by_everything_else(intelligence, what, expected):
    """Dearest first within a bucket; hours are Pacific and in order."""
    assert intelligence.burn_by(what)[["bucket", what, "units"]].to_numpy().tolist() == expected


def test_burn_by_bucket(intelligence):
    """By bucket, each is the whole of itself."""
    burn = intelligence.burn_by("bucket")
    assert burn[["bucket", "units", "share"]].to_numpy().tolist() == [
        ["default", 105, 1.0],
        ["search_list", 1, 1.0],
    ]


def test_since_and_until_bound_what_is_read(intelligence):
    """`since` is included, `until` is not."""
    calls = intelligence.calls(pacific(9, 8), pacific(10, 8, 4), bucket="default")
    assert calls["units"].tolist() == [50, 50, 1]


def test_heatmap_is_a_mean_over_the_weekdays_seen(intelligence):
    """Monday 8 h had 100 units on one Monday; a weekday that never occurred is missing."""
    heat = intelligence.heatmap()
    assert heat.shape == (24, 7)
    assert heat.loc[8, "Mon"] == 100
    assert heat.loc[8, "Tue"] == 3
    assert heat.loc[23, "Sat"] == 1
    assert heat.loc[5, "Sun"] == 0
    assert heat["Wed"].isna().all()


def test_intraday_runs_up_to_now(intelligence, clock):
    """Steps of five minutes with a running total; the curve of today ends at the present step."""
    clock.set(pacific(10, 9, 2))
    curve = intelligence.intraday()
    assert len(curve) == 9 * 12 + 1
    assert curve["total"].iloc[-1] == 3
    assert curve.set_index("at").loc[pacific(10, 8, 5), "units"] == 2
    assert curve.set_index("at").loc[pacific(10, 8, 10), "total"] == 3


@pytest.mark.parametrize(
    ("day", "steps"), [(date(2026, 3, 8), 276), (date(2026, 11, 1), 300), (date(2026, 7, 1), 288)]
)
def test_intraday_knows_days_of_23_and_25_hours(day, steps):
    """The steps of a quota day are those of its real length."""
    noon = datetime(day.year, day.month, day.day, 20, tzinfo=UTC)
    row = {"at": noon.isoformat(), "project": "1", "bucket": "default", "outcome": "ok", "units": 1}
    assert len(frames.intraday(frames.calls_frame([row]), day)) == steps


def test_an_empty_history_has_every_column(monitor):
    """Nothing logged: empty frames with the right columns and dtypes, and a heat map of missing values."""
    empty = QuotaIntelligence(monitor)
    assert {name: str(dtype) for name, dtype in empty.calls().dtypes.items()} == frames.CALLS
    assert {name: str(dtype) for name, dtype in empty.daily_burn().dtypes.items()} == frames.DAILY
    assert {name: str(dtype) for name, dtype in empty.intraday().dtypes.items()} == frames.INTRADAY
    assert list(empty.burn_by("method").columns) == ["bucket", "method", *frames.BURN]
    assert empty.heatmap().isna().all().all()


def test_summed_refusals_count_as_many_calls(monitor, spend, clock):
    """One line may stand for a thousand denied calls; the frames count calls, not lines."""
    spend()
    monitor.ledger.limit("111", "default", 1, source="operator")
    for _ in range(1_000):
        with pytest.raises(Exception, match="left"):
            spend()
        clock.advance(0.01)
    burn = QuotaIntelligence(monitor).daily_burn()
    assert burn[["calls", "refused", "unmet"]].to_numpy().tolist() == [[1, 1_000, 1_000]]


@pytest.mark.slow
def test_four_weeks_of_100_000_lines_become_frames_in_1_5_seconds():
    """Building every frame from 100,000 rows stays quick (reading the files comes on top)."""
    start = datetime(2026, 10, 12, 7, tzinfo=UTC)
    rows = [
        {
            "at": (start + timedelta(seconds=24 * i)).isoformat(timespec="microseconds"),
            "project": str(i % 2),
            "method": ("videos.list", "comments.insert", "liveChatMessages.list")[i % 3],
            "set": "1",
            "tag": "bot",
            "priority": "normal",
            "bucket": "default",
            "units": 1,
            "price": 1,
            "prov": "documented",
            "outcome": "ok",
            "status": 200,
            "reason": "",
            "latency": 0.1,
        }
        for i in range(100_000)
    ]
    begun = time.process_time()
    calls = frames.calls_frame(rows)
    frames.daily_burn(calls), frames.burn_by(calls, "method"), frames.heatmap(calls)
    frames.intraday(calls, date(2026, 10, 20))
    assert time.process_time() - begun < 1.5


# -- may it run?


def test_what_fits_is_allowed(intelligence):
    """The answer is true, and says what is left afterwards."""
    answer = intelligence.can_perform_operation("comments.insert", 10, count=4)
    assert answer
    assert (answer.units, answer.left_after, answer.fits, answer.remedy) == (200, 9_800, 4, "")
    assert answer.why == "4 x comments.insert costs 200 of default; 10,000 of 10,000 are left: it fits."


def test_what_does_not_fit_says_how_much_would(intelligence, spend):
    """Of 200 comments 199 fit into what is left, and the rest waits for the reset."""
    spend("comments.insert", project="222", number="10")
    answer = intelligence.can_perform_operation("comments.insert", 10, count=200)
    assert not answer
    assert (answer.bucket, answer.fits, answer.left_after) == ("default", 199, 9_950)
    assert answer.remedy == "Do 199 of 200 now and the rest after the reset at 2026-11-11 00:00 PST."


def test_an_exhausted_pool_says_who_said_so(intelligence):
    """Google's word counts more than our arithmetic."""
    answer = intelligence.can_perform_operation("videos.list", 1)
    assert not answer.allowed
    assert answer.fits == 0
    assert "Google says that this pool is exhausted" in answer.why
    assert answer.resets_at == pacific(11, 0)
    assert answer.remedy == (
        "Wait for the reset at 2026-11-11 00:00 PST. `ytquota advise` shows what could be spared, and "
        "`ytquota request` prepares asking Google for more."
    )


def test_more_than_a_whole_day_says_over_how_many(intelligence):
    """No reset helps an operation that is dearer than a day's limit."""
    answer = intelligence.can_perform_operation("comments.insert", 10, count=500)
    assert answer.remedy == "Spread it over 3 days: it is more than the 10,000 of a whole day."


def test_the_reserve_is_for_high_priority(open_monitor):
    """What only critical and high may touch is denied to normal, with the reason."""
    intelligence = QuotaIntelligence(
        open_monitor(admission=Admission(Settings.load({"YTQUOTA_RESERVE": "9990"})))
    )
    normal = intelligence.can_perform_operation("videos.list", 1, count=11)
    assert not normal.allowed
    assert normal.fits == 10
    assert "9,990 units are kept for critical and high priority" in normal.why
    assert intelligence.can_perform_operation("videos.list", 1, count=11, priority="high")


def test_an_unknown_set_is_a_settings_error(monitor):
    """Nobody guesses whose quota it would be."""
    with pytest.raises(SettingsError, match="YTQUOTA_PROJECT_7"):
        QuotaIntelligence(monitor).can_perform_operation("videos.list", 7)


def test_a_bot_in_no_set_asks_by_its_project(intelligence):
    """The same answer as by the number of a set of that project."""
    by_set = intelligence.can_perform_operation("comments.insert", 10, count=4)

    assert intelligence.can_perform_operation("comments.insert", project="222", count=4) == by_set


def test_nobody_named_pays_nothing(intelligence):
    """Neither a set nor a project: nobody guesses, also where the ledger knows one project only."""
    with pytest.raises(SettingsError, match="Whose quota"):
        intelligence.can_perform_operation("videos.list")


def test_a_service_that_is_not_metered_tells_nothing(intelligence):
    """Its calls are not counted, so what is left after them is not known."""
    with pytest.raises(SettingsError, match="metered"):
        intelligence.can_perform_operation("videos.list", service=object())


def test_a_count_below_one_is_refused(monitor):
    """Asking about nothing is a mistake."""
    with pytest.raises(ValueError, match="at least 1"):
        QuotaIntelligence(monitor).can_perform_operation("videos.list", 1, count=0)


def test_frames_do_not_touch_the_ledger(intelligence, monitor):
    """Asking and reading charge nothing."""
    before = monitor.get_usage_summary()["projects"]
    intelligence.can_perform_operation("videos.insert", 10, count=3)
    assert isinstance(intelligence.daily_burn(), pd.DataFrame)
    assert monitor.get_usage_summary()["projects"] == before
