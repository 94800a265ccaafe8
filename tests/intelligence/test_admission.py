"""The reserve: who may spend the last units."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ytquota.errors import QuotaExceeded
from ytquota.intelligence import Admission
from ytquota.monitor import Balance, Demand
from ytquota.prices import price_of
from ytquota.settings import Settings

POOLS = {"default": Balance(0, 0, 10_000), "search_list": Balance(0, 0, 100)}


def admission(reserve):
    return Admission(Settings.load({"YTQUOTA_RESERVE": reserve} if reserve else {}))


def kept(reserve, priority, method="videos.list"):
    demand = Demand(method, "111", priority=priority)
    return admission(reserve).decide(demand, price_of(method), POOLS).keep


def test_a_lone_bot_gets_its_last_unit():
    """Without a reserve nothing is kept from anybody."""
    assert [kept("", priority) for priority in ("critical", "high", "normal", "low")] == [0, 0, 0, 0]


def test_only_critical_and_high_may_use_the_reserve():
    """Normal and low leave the reserve in the pool, and so does a priority nobody knows."""
    assert [kept("500", p) for p in ("critical", "high", "normal", "low", "urgent!")] == [0, 0, 500, 500, 500]


def test_a_share_is_kept_of_every_pool():
    """5% of a pool of 100 searches is 5 searches."""
    assert kept("5%", "normal") == 500
    assert kept("5%", "normal", "search.list") == 5


def test_a_number_of_units_is_meant_for_the_default_bucket():
    """500 units kept back do not close a pool of 100 searches."""
    assert kept("500", "normal", "search.list") == 0


def test_the_reason_names_the_units_kept():
    """Who is held back can read how much is kept, and for whom."""
    decision = admission("1500").decide(Demand("videos.list", "111"), price_of("videos.list"), POOLS)
    assert decision.reason == "1,500 units are kept for critical and high priority"


def test_the_ledger_keeps_the_reserve_for_those_who_may_use_it(open_monitor):
    """With 3 units left and 2 kept, a normal call gets one and a high call gets the rest."""
    monitor = open_monitor(admission=admission("2"))
    monitor.ledger.limit("111", "default", 3, source="operator")
    monitor.begin([Demand("videos.list", "111")])
    with pytest.raises(QuotaExceeded):
        monitor.begin([Demand("videos.list", "111")])
    monitor.begin([Demand("videos.list", "111", priority="high")])
    monitor.begin([Demand("videos.list", "111", priority="critical")])


@pytest.mark.parametrize(
    ("reserve", "priority", "looks"),
    [("", "normal", 0), ("", "low", 0), ("2", "critical", 0), ("2", "high", 0), ("2", "normal", 1)],
)
def test_a_pool_is_looked_at_only_where_something_is_kept(open_monitor, reserve, priority, looks):
    """With nothing to keep a call asks its ledger once, for the hold: one trip to a Redis, not two."""
    monitor = open_monitor(admission=admission(reserve))
    asked, usage = [], monitor.ledger.usage
    monitor.ledger.usage = lambda *given: asked.append(given) or usage(*given)

    flight = monitor.begin([Demand("videos.list", "111", priority=priority)])

    assert len(asked) == looks
    monitor.ledger.usage = usage
    flight.answered([(200, None)], latency=0.1)


def test_asking_and_admitting_cost_no_pandas():
    """A bot that uses admission and the intelligence's answers never loads pandas."""
    code = (
        "import sys, ytquota.intelligence as i; i.QuotaIntelligence; i.Admission; "
        "assert not {'pandas', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
