"""From a ledger to the forecast of a pool."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from ytquota.clock import bounds_of
from ytquota.errors import QuotaExceeded, YTQuotaError
from ytquota.intelligence import QuotaIntelligence, day_grid
from ytquota.intelligence.demand import demand_of
from ytquota.intelligence.pool_days import DaysReader, Work
from ytquota.monitor import Demand
from ytquota.monitor.archive import Archive
from ytquota.monitor.ledger import PoolKey

PACIFIC = ZoneInfo("America/Los_Angeles")
KEY = PoolKey("111", "default")


def at(day, hour=0.0):
    """An instant by the clock on the wall of a Pacific day."""
    whole = datetime(day.year, day.month, day.day, tzinfo=PACIFIC)
    return whole.replace(hour=int(hour), minute=int(hour % 1 * 60))


@pytest.fixture
def live(monitor, clock):
    """Live through days: from 8 to 20 o'clock a 50-unit call every half hour, `times` at once."""

    def live_(first, days, *, times=4, until=24.0, every=0.5):
        for number in range(days):
            day = first + timedelta(days=number)
            for hour in np.arange(8.0, 20.0, every):
                if number == days - 1 and hour >= until:
                    break
                clock.set(at(day, hour))
                for _ in range(times):
                    try:
                        monitor.begin([Demand("comments.insert", "111", "1", "bot")]).answered(
                            [(200, None)], latency=0.0
                        )
                    except QuotaExceeded:
                        continue
            if number == days - 1:
                clock.set(at(day, until) if until < 24 else at(day, 23.9))

    return live_


# -- days on a grid


@pytest.mark.parametrize("day", [date(2026, 3, 8), date(2026, 7, 1), date(2026, 11, 1)])
def test_noon_is_the_48th_quarter_on_every_day(day):
    """Also on days of 23 and 25 hours, and so are 6 and 18 o'clock."""
    for hour in (0, 6, 12, 18, 23):
        assert day_grid.place(day, at(day, hour).timestamp()) == 4 * hour
    grid = day_grid.edges(day)
    assert (grid[0], grid[-1]) == bounds_of(day)[1:]
    assert (np.diff(grid) >= 0).all()


def test_the_hour_that_comes_twice_lies_in_longer_quarters():
    """On the day of 25 hours one quarter is half an hour; on that of 23, an hour has no length."""
    assert np.diff(day_grid.edges(date(2026, 11, 1)))[[0, 4, 7, 8]].tolist() == [900, 1800, 1800, 900]
    assert np.diff(day_grid.edges(date(2026, 3, 8)))[[7, 8, 11, 12]].tolist() == [900, 0, 0, 900]


def test_places_and_instants_are_inverse():
    """There and back, on a long day."""
    day = date(2026, 11, 1)
    places = np.array([0.0, 3.5, 5.0, 47.25, 95.5])
    back = [day_grid.place(day, instant) for instant in day_grid.instants(day, places)]
    assert np.allclose(back, places)


# -- what was asked for


def work(used, denied):
    spread = np.zeros((2, len(used), 96))
    for kind, days in enumerate((used, denied)):
        for day, hours in enumerate(days):
            for quarter, units in hours.items():
                spread[kind, day, quarter] = units
    return Work(*spread)


USUAL = dict.fromkeys(range(32, 80), 100)


def test_a_day_that_ran_out_and_went_silent_is_cut_off():
    """One denial, then nothing: what came after is not known."""
    early = dict.fromkeys(range(32, 56), 100)
    demand = demand_of(work([USUAL] * 10 + [early], [{}] * 10 + [{56: 5}]), 2_400)
    assert demand.ran_out.tolist()[-1]
    assert demand.units[-1].sum() == pytest.approx(2_400, rel=0.01)


def test_denied_demand_of_bots_that_go_on_asking_is_added():
    """The day then counts in full, with what was asked for."""
    early = dict.fromkeys(range(32, 56), 100)
    asked = dict.fromkeys(range(56, 80), 100)
    demand = demand_of(work([USUAL] * 10 + [early], [{}] * 10 + [asked]), 2_400)
    assert not demand.ran_out.any()
    assert demand.units[-1].sum() == pytest.approx(4_800)


def test_hammering_is_believed_up_to_a_point():
    """A bot that asks a thousand times a minute does not want a thousand times as much."""
    early = dict.fromkeys(range(32, 56), 100)
    asked = dict.fromkeys(range(56, 80), 50000)
    demand = demand_of(work([USUAL] * 10 + [early], [{}] * 10 + [asked]), 2_400)
    assert 4_800 <= demand.units[-1].sum() <= 2_400 + 2 * 2_400 * 1.1


# -- the forecast


def test_a_regular_bot_is_forecast_to_the_hour(monitor, live, clock):
    """24 x 200 units a day and a limit of 3,000: it runs out at about 15:00, and tomorrow again."""
    clock.set(at(date(2026, 10, 1)))
    monitor.ledger.limit("111", "default", 3_000, source="operator")
    live(date(2026, 10, 1), 21)
    live(date(2026, 10, 22), 1, until=12.0)

    forecast = QuotaIntelligence(monitor).forecast("111", "default")[0]

    assert (forecast.basis, forecast.used, forecast.limit) == ("forecast", 1_600, 3_000)
    assert forecast.run_out_probability > 0.95
    assert abs(forecast.run_out_at[1] - at(date(2026, 10, 22), 15.0)) < timedelta(minutes=45)
    assert forecast.total.middle == pytest.approx(4_800, rel=0.12)
    assert forecast.sustainable_rate == pytest.approx(1_400 / 12)
    assert forecast.checked.startswith("in the last 13 days, known at noon: median error")
    assert forecast.days_ahead[0].run_out_probability > 0.9
    assert "Runs out about" in str(forecast)


def test_all_of_a_forecast_fits_into_json(monitor, live):
    """`as_dict` holds plain values only, also of pools without a forecast."""
    live(date(2026, 10, 1), 9, until=12.0)

    made = [one.as_dict() for one in QuotaIntelligence(monitor).forecast()]

    assert json.loads(json.dumps(made)) == made
    assert {one["basis"] for one in made} == {"forecast", "withheld"}


def test_little_history_makes_a_marked_simple_forecast(monitor, live):
    """Two finished days (the first was not seen whole): wide, provisional, with the reason."""
    live(date(2026, 10, 1), 4, until=12.0)

    forecast = QuotaIntelligence(monitor).forecast("111", "default")[0]

    assert forecast.basis == "simple"
    assert forecast.reason == "only 2 finished days of history (7 are needed)"
    assert forecast.total.low < forecast.total.middle < forecast.total.high


def test_without_use_the_forecast_is_withheld(monitor, live):
    """The reason is said in place of numbers."""
    live(date(2026, 10, 1), 2, until=12.0)

    forecast = QuotaIntelligence(monitor).forecast("111", "search_list")[0]

    assert (forecast.basis, forecast.run_out_probability, forecast.total) == ("withheld", None, None)
    assert forecast.reason == "nothing was counted in this pool yet"


def test_an_exhausted_pool_freezes_its_forecast(monitor, live, clock):
    """It says when it ran out and what would have been, and does not move any more."""
    live(date(2026, 10, 1), 14)
    monitor.ledger.limit("111", "default", 2_400, source="operator")
    live(date(2026, 10, 15), 1, until=15.0)
    intelligence = QuotaIntelligence(monitor)

    frozen = intelligence.forecast("111", "default")[0]
    clock.set(at(date(2026, 10, 15), 22.0))
    later = intelligence.forecast("111", "default")[0]

    assert frozen.basis == later.basis == "frozen"
    assert frozen.run_out_at[0].hour in {13, 14}
    assert frozen.total.middle == pytest.approx(4_800, rel=0.15)
    assert frozen.reason.startswith("ran out at 1")
    assert "demand would have been about 4," in frozen.reason
    assert (later.total, later.run_out_at) == (frozen.total, frozen.run_out_at)


def test_archived_days_give_the_same_forecast(monitor, live):
    """Roll-ups carry all that a forecast looks at."""
    live(date(2026, 10, 1), 12, until=12.0)
    before = QuotaIntelligence(monitor).forecast("111", "default")[0]
    monitor.ledger.close()
    days = Archive(monitor.folder / "archive").take_in(monitor.folder / "calls", now=monitor.clock.time())
    assert len(days) >= 8

    assert QuotaIntelligence(monitor).forecast("111", "default")[0] == before


def test_what_is_kept_in_memory_is_what_a_fresh_look_finds(monitor, live, clock):
    """A reader that is kept reads only new lines; across midnight too."""
    reader = DaysReader(monitor)
    for day in range(3):
        live(date(2026, 10, 1) + timedelta(days=day), 1, until=12.0)
        reader.read()
        live(date(2026, 10, 1) + timedelta(days=day), 1, until=14.0)
        reader.read()
    fresh = DaysReader(monitor)
    fresh.read()

    assert np.array_equal(reader.pool(KEY).past.used, fresh.pool(KEY).past.used)
    assert np.array_equal(reader.pool(KEY).today.used, fresh.pool(KEY).today.used)
    assert reader.pool(KEY).dates == (date(2026, 10, 2),)  # the first day was not seen from its start


# -- what was declared


def test_declared_load_moves_the_forecast(monitor, live):
    """Twenty more comments at six make the day a thousand units longer, and a stream is spread evenly."""
    live(date(2026, 10, 1), 12, until=12.0)
    intelligence = QuotaIntelligence(monitor)
    before = intelligence.forecast("111", "default")[0]

    intelligence.declare("comments.insert", count=20, at=at(date(2026, 10, 12), 18))
    stream = at(date(2026, 10, 12), 19), at(date(2026, 10, 12), 22)
    intelligence.declare_rate("liveChatMessages.list", 200, *stream)
    after = intelligence.forecast("111", "default")[0]

    assert after.declared == pytest.approx(1_000 + 3 * 200 * 5)
    assert after.total.middle == pytest.approx(before.total.middle + 4_000)
    pairs = zip(after.fan, before.fan, strict=True)
    points = {point.at: point.total.middle - old.total.middle for point, old in pairs}
    assert points[at(date(2026, 10, 12), 18)] == pytest.approx(0)
    assert points[at(date(2026, 10, 12), 19)] == pytest.approx(1_000)
    assert points[at(date(2026, 10, 12), 20.5)] == pytest.approx(2_500)


def test_what_is_over_is_dropped(monitor, live, clock):
    """At the next writing only what is still to come is kept; the past cannot be declared."""
    live(date(2026, 10, 1), 2, until=12.0)
    intelligence = QuotaIntelligence(monitor)
    intelligence.declare("videos.insert", count=3, at=at(date(2026, 10, 2), 18))
    clock.set(at(date(2026, 10, 3), 1))
    intelligence.declare("videos.insert", at=at(date(2026, 10, 3), 18))

    kept = json.loads((monitor.folder / "declarations.json").read_text())["declarations"]
    assert [row["units"] for row in kept] == [1]
    with pytest.raises(ValueError, match="future"):
        intelligence.declare("videos.insert", at=at(date(2026, 10, 2), 18))
    with pytest.raises(ValueError, match="after the start"):
        intelligence.declare_rate("videos.list", 5, at(date(2026, 10, 4)), at(date(2026, 10, 4)))


def test_garbled_declarations_are_an_error_that_names_the_file(monitor, live):
    """What cannot be read never reads as nothing declared."""
    live(date(2026, 10, 1), 2, until=12.0)
    (monitor.folder / "declarations.json").write_text("[]")
    with pytest.raises(YTQuotaError, match=r"declarations\.json"):
        QuotaIntelligence(monitor).forecast()
