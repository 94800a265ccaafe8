"""A day on which everything happens: the work gets done, every move is explained, every unit accounted for.

Two bots, real processes on one ledger and one sandbox, work through rounds of jobs, and in each round
something breaks. The books are compared by project, bucket and method, exactly: what the ledger charges is
what the sandbox billed, and what a hole in the network swallowed, which the hole itself has counted.
"""

from __future__ import annotations

import importlib.util
import json
import random
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ytquota.auth.sets import load_sets

NAME = "chaos_stage"
_spec = importlib.util.spec_from_file_location(NAME, Path(__file__).with_name(f"{NAME}.py"))
stage_module = sys.modules[NAME] = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(stage_module)
ONE, TWO, SETS = stage_module.ONE, stage_module.TWO, stage_module.SETS
Stage, MovedClock, wait_for = stage_module.Stage, stage_module.MovedClock, stage_module.wait_for

NOON = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)


@pytest.fixture
def make_stage(sandbox, furnish, tmp_path):
    stages = []

    def make(seed):
        sandbox.add_project(ONE, limits={"search_list": 12})
        sandbox.add_project(TWO, limits={"search_list": 15})
        settings = furnish(SETS, extra={"YTQUOTA_ROTATION": "1,2,3,4"})
        clock = MovedClock(tmp_path / "offset")
        set_clocks(sandbox, clock, NOON)
        stages.append(Stage(sandbox, settings, clock, random.Random(seed)))
        return stages[-1]

    yield make
    for stage in stages:
        stage.close()


def set_clocks(sandbox, clock, at):
    clock.move_to(at)
    sandbox.set_clock(clock.now())


# -- what happens; each is one round of work


def storm(stage):
    """YouTube answers a dozen calls of any kind with a 503."""
    stage.sandbox.fail(None, status=503, times=12)
    stage.round()
    stage.sandbox.behave()


def revocation(stage):
    """The person behind set 1 withdraws the consent."""
    stage.sandbox.revoke(1)
    stage.round()


def foreign_spending(stage):
    """Somebody else's program uses up the units of project ONE."""
    stage.sandbox.spend(ONE, "videos.list", 20_000)
    stage.round()


def swallowing(stage):
    """Requests leave and are never answered, nor billed: the ledger charges them all the same."""
    with stage.hole():
        stage.round([["once", "hole"]])


def no_network(stage):
    """Connections are refused for a while: nothing leaves, nothing is charged."""
    stage.sandbox.stop()
    stage.give()
    before = not_sent(stage)
    wait_for(lambda: not_sent(stage) >= before + 4)
    stage.sandbox.start()
    stage.gather()


def not_sent(stage):
    return sum(row["outcome"] == "not_sent" for row in stage.monitor.log())


def token_trouble(stage):
    """Access tokens of set 3 end early, and the token address is in trouble; set 3 comes back by itself."""
    stage.sandbox.expire_tokens(3)
    stage.sandbox.fail("token", status=400, body={"error": "slow_down"})
    stage.round()
    stage.sandbox.behave()
    wait_for(lambda: load_sets(stage.settings, stage.monitor)[2].retry_at is None)
    stage.round()


def lost_answers(stage):
    """Two writes are done and their answers lost; two reads never reach their method."""
    stage.sandbox.drop("commentThreads.insert", times=2, when="after")
    stage.sandbox.drop("videos.list", times=2, when="before")
    stage.round()
    stage.sandbox.behave()


def killing(stage):
    """A bot ends by kill -9 in the middle of a call."""
    stage.kill_in_mid_call()


def clock_back(stage):
    """Every clock is set back by seven minutes."""
    set_clocks(stage.sandbox, stage.clock, stage.clock.now() - timedelta(minutes=7))
    stage.round()


TROUBLES = (
    storm,
    revocation,
    foreign_spending,
    swallowing,
    no_network,
    token_trouble,
    lost_answers,
    killing,
    clock_back,
)


def next_day(stage, days):
    """An hour after the reset, with a new login for set 1: everything comes home."""
    set_clocks(stage.sandbox, stage.clock, NOON + timedelta(days=days, hours=-11))
    path = stage.settings.sets[1].token_file
    path.write_text(json.dumps(stage.sandbox.issue_token(ONE)))
    return stage.round()


def check(stage, days):
    """What must hold at the end."""
    assert stage.unexplained == []
    # critical work finishes; only answers that were lost on order stay unknown, and were not repeated
    assert set(stage.outcomes) == {"done", "lost"}, stage.outcomes
    assert stage.outcomes["lost"] == 2 * days
    # no unit is unaccounted for
    assert stage.charged() == stage.billed() + stage.swallowed
    assert sum(stage.unsettled().values()) == days  # the calls of the killed, which were billed too
    assert sum(stage.swallowed.values()) == 4 * days  # two bots, and httplib2 sends a read twice
    by_pool = Counter()
    for (project, bucket, _), units in stage.charged().items():
        by_pool[project, bucket] += units
    assert stage.balances() == by_pool


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_on_a_day_of_chaos_the_work_is_done_and_the_books_agree(make_stage):
    """One of each trouble; and on the next morning all is as it was, without anybody's doing."""
    stage = make_stage(1)
    stage.round()
    for trouble in TROUBLES:
        trouble(stage)
    morning = next_day(stage, 1)

    check(stage, 1)
    assert {row["set"] for row in morning if row["outcome"] == "ok"} == {"1"}
    actions = Counter(row["action"] for row in stage.monitor.audit_rows())
    assert actions["quarantine"] == 2  # the revoked login, and the one whose token address was in trouble
    assert actions["recover"] == 2
    assert actions["failover"] >= 6
    assert actions["return"] >= 2
    assert all(row["why"] for row in stage.monitor.audit_rows())


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(3))
def test_days_of_chaos_in_any_order(make_stage, seed):
    """The same over five days, the troubles of each in an order of its own."""
    stage, rng = make_stage(seed), random.Random(seed)
    for day in range(5):
        stage.round()
        for trouble in rng.sample(TROUBLES, len(TROUBLES)):
            trouble(stage)
        next_day(stage, day + 1)
        check(stage, day + 1)
