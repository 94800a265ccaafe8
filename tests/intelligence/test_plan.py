"""Plans from a ledger: against brute force over the same possible days, and against a server."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from itertools import product
from random import Random
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from ytquota.intelligence import Admission, QuotaIntelligence
from ytquota.intelligence.planner import _Pool
from ytquota.monitor import Balance, Demand
from ytquota.settings import Settings

PACIFIC = ZoneInfo("America/Los_Angeles")
FIRST = datetime(2026, 10, 12, tzinfo=PACIFIC)
TODAY = FIRST + timedelta(days=10)


def spend(monitor, method, times=1, tag="bot", priority=""):
    for _ in range(times):
        monitor.begin([Demand(method, "111", "1", tag, priority)]).answered([(200, None)], latency=0.0)


@pytest.fixture
def lived(monitor, clock):
    """Ten days of 40 searches, 20 in the morning and 20 in the evening; today it is noon."""
    for day in range(10):
        for hour in (1, 8, 20):
            clock.set(FIRST + timedelta(days=day, hours=hour))
            spend(monitor, "search.list", 20 if hour > 1 else 0)
            spend(monitor, "videos.list")
    clock.set(TODAY + timedelta(hours=8))
    spend(monitor, "search.list", 20)
    clock.set(TODAY + timedelta(hours=12))
    return QuotaIntelligence(monitor)


def test_what_fits_beside_the_usual_load_fits_today(lived):
    """20 are used and 20 usually follow, so about 60 of 100 searches are free."""
    plan = lived.plan({"search.list": 55})
    assert plan.fits_today
    assert plan.probability >= 0.8
    assert plan.binding == ""
    assert [one.calls for one in plan.days] == [{"search.list": 55}]
    assert plan.meets_deadline
    assert "all of it fits today" in str(plan)


def test_what_does_not_fit_is_spread_over_the_days(lived):
    """Around 60 a day are free: 150 take three days, the searches bind and the uploads do not."""
    plan = lived.plan({"search.list": 150, "videos.insert": 20}, deadline=TODAY.date() + timedelta(days=1))
    assert not plan.fits_today
    assert plan.binding == "search_list"
    assert [one.day for one in plan.days] == [TODAY.date() + timedelta(days=day) for day in range(3)]
    assert sum(one.calls["search.list"] for one in plan.days) == 150
    assert plan.days[0].calls["videos.insert"] == 20
    assert all(one.probability >= 0.8 for one in plan.days)
    assert not plan.meets_deadline
    assert plan.done_in_time["search.list"] == 150 - plan.days[2].calls["search.list"]
    assert "By Fri 23 Oct 2026 only" in str(plan)


def test_what_if_the_limit_were_higher(lived):
    """The same work with 500 searches a day."""
    assert lived.plan({"search.list": 150}, limits={"search_list": 500}).fits_today


def test_a_more_cautious_plan_takes_no_less_time(lived):
    """The surer a day is to be, the less of it is free."""
    rooms = [lived.plan({"search.list": 400}, confidence=sure).pools[0].room for sure in (0.5, 0.8, 0.95)]
    assert rooms == sorted(rooms, reverse=True)


def test_more_than_a_whole_day_never_fits(lived):
    """A call dearer than the limit is said to have no room, in words."""
    plan = lived.plan({"comments.insert": 1}, limits={"default": 10})
    assert plan.finished_on is None
    assert not plan.meets_deadline
    assert "there is no room" in str(plan)


def test_the_fixed_reserve_is_not_planned_with(monitor, lived, clock):
    """Half of each pool kept back is half a day less."""
    free = lived.plan({"search.list": 5}).pools[0].room
    monitor.admission = Admission(Settings.load({"YTQUOTA_RESERVE": "30%"}), clock=clock)
    assert lived.plan({"search.list": 5}).pools[0].room == free - 30
    assert lived.plan({"search.list": 5}, priorities={"search.list": "high"}).pools[0].room == free


def test_an_exhausted_pool_has_no_room_today(monitor, lived):
    """Google's word counts: the work begins tomorrow."""
    monitor.ledger.exhaust("111", "search_list", (TODAY + timedelta(days=1)).timestamp())
    plan = lived.plan({"search.list": 5})
    assert not plan.fits_today
    assert plan.probability == 0.0
    assert plan.finished_on == TODAY.date() + timedelta(days=1)


def test_a_plan_fits_into_json(lived):
    """`as_dict` holds plain values only, its sentences included."""
    plan = lived.plan({"search.list": 150, "videos.insert": 20}, deadline=date(2026, 12, 1)).as_dict()
    assert json.loads(json.dumps(plan)) == plan
    assert plan["meets_deadline"]


@pytest.mark.parametrize(
    ("work", "options", "words"),
    [
        ({}, {}, "needs work"),
        ({"search.list": 0}, {}, "at least one call"),
        ({"search.list": 1, "youtube.search.list": 1}, {}, "twice"),
        ({"search.list": 1}, {"confidence": 1.0}, "between 0 and 1"),
    ],
)
def test_nonsense_is_refused_with_the_reason(lived, work, options, words):
    """Nothing is planned from a slip of the pen."""
    with pytest.raises(ValueError, match=words):
        lived.plan(work, **options)


# -- brute force


class KnownLoads:
    """Stands where a pool's ensembles do: so much usual load on each of a few equally likely days."""

    def __init__(self, loads, limit):
        self.loads, self.limit, self.now, self.declared = loads, limit, 0.0, ()
        self.today, self.quarter = TODAY.date(), 0
        self.days = type("Days", (), {"dates": (self.today,)})()

    def rest(self):
        return self.day_ahead(self.today, None)

    def day_ahead(self, day, today):
        load = np.array(self.loads[(day - self.today).days % len(self.loads)], dtype=float)
        return type("Load", (), {"rest": load, "weights": np.full(len(load), 1 / len(load))})()


@pytest.mark.parametrize("hundred", range(5))
def test_rooms_and_probabilities_are_those_of_counting(hundred):
    """Five hundred random pools: the largest amount that fits often enough, found by trying every amount."""
    for seed in range(hundred * 100, hundred * 100 + 100):
        rng = Random(seed)
        limit, used, reserve = rng.randint(5, 40), rng.randint(0, 20), rng.randint(0, 5)
        sure = rng.choice([0.5, 0.6, 0.8, 0.9])
        loads = [[rng.randint(0, 30) for _ in range(rng.choice([5, 10]))] for _ in range(3)]
        pool = _Pool(KnownLoads(loads, limit), "b", Balance(used, 0, limit), reserve=reserve, confidence=sure)
        for ahead, units in product(range(3), range(limit + 1)):
            free = max(0, limit - reserve - (0 if ahead else used))
            if not ahead and used >= limit:
                free = 0
            fits = sum(load + units <= free for load in loads[ahead]) / len(loads[ahead])
            assert pool.probability(ahead, units) == pytest.approx(fits)
            if units:
                assert (units <= pool.room(ahead)) == (fits >= sure - 1e-9), (seed, ahead, units)
