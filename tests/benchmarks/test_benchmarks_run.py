"""The benchmarks run, each contestant counts as its row says, and the judge sees what is wrong."""

from __future__ import annotations

from array import array

import pytest

from benchmarks import history, machine, opening
from benchmarks.contest import Contest, Plan, Row
from benchmarks.contestants import CONTESTANTS
from benchmarks.figures import Heat, exactness_of, heat_of
from benchmarks.race import Lap, Stable, exact_heat, timed_heat
from benchmarks.redis_server import redis_server
from benchmarks.references import line_lengths
from benchmarks.report import Results, markdown

BUDGET = 300
PAIRS = 50


@pytest.fixture(scope="module")
def stable():
    with Stable(1) as stable:
        yield stable


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("bench")


@pytest.fixture(scope="module")
def server(folder):
    with redis_server(folder) as server:
        yield server


def marked(name):
    return pytest.param(name, marks=[pytest.mark.redis] if CONTESTANTS[name].needs_redis else [])


@pytest.fixture(params=[marked(name) for name in CONTESTANTS])
def contestant(request, server):
    contestant = CONTESTANTS[request.param]
    if contestant.needs_redis and server is None:
        pytest.skip("no redis-server")
    return contestant


def test_every_contestant_runs_its_pairs(contestant, stable, folder, server):
    """A heat without end in sight grants every pair and leaves nothing behind."""
    laps = timed_heat(stable, contestant, 1, folder=folder, server=server, seconds=60, pairs=PAIRS)

    assert [len(lap.taken) for lap in laps] == [PAIRS]
    assert laps[0].refused == 0
    assert heat_of(laps).p50 > 0
    assert not list(folder.glob(f"{contestant.name}-*"))


def test_a_contestant_admits_the_budget_exactly_or_says_why_not(contestant, stable, folder, server):
    """In one process nobody grants more than there is; who refuses too early has a known fault."""
    if not contestant.decides:
        pytest.skip("it decides nothing")
    prices = [(100, 50, 1, 100, 50, 1, *[1] * 20)]

    laps = exact_heat(stable, contestant, prices, folder=folder, server=server, budget=BUDGET)
    found = exactness_of(laps, BUDGET)

    assert found.granted <= BUDGET
    assert found.granted == sum(units for *_, units, granted in laps[0].attempts if granted)
    assert not found.too_early or contestant.fault


def test_a_budget_that_runs_out_is_given_out_to_the_last_unit(stable, folder, server):
    """Ours and the fair reference refuse what does not fit, and go on with what does."""
    prices = [(100, 100, 50, 100, *[1] * 49, 50, 1, 1, 1)]

    for name in ("journal", "power", "sqlite"):
        laps = exact_heat(stable, CONTESTANTS[name], prices, folder=folder, server=server, budget=BUDGET)
        found = exactness_of(laps, BUDGET)

        assert (found.granted, found.too_early, str(found)) == (BUDGET, 0, "exact"), name


def lap_of(*attempts):
    return Lap(array("q"), 0, 0, 0, attempts)


def test_the_judge_sees_units_over_the_budget():
    """More granted than there was."""
    found = exactness_of([lap_of((0, 1, 60, True)), lap_of((0, 1, 60, True))], 100)

    assert not found.holds
    assert str(found) == "over by 20"


def test_the_judge_calls_a_refusal_too_early_only_when_it_is_certain():
    """What had begun before the refusal came back may have been counted before it."""
    grants = [(0, 10, 60, True), (50, 60, 40, True)]

    certain = exactness_of([lap_of(*grants), lap_of((5, 20, 40, False))], 100)
    doubtful = exactness_of([lap_of(*grants), lap_of((5, 55, 40, False))], 100)

    assert (certain.too_early, doubtful.too_early) == (1, 0)
    assert doubtful.holds


def test_the_slowest_process_is_measured_against_a_fair_part():
    """One process with 1 pair beside one with 3 got half of its share."""
    laps = [Lap(array("q", [1000]), 0, 0, 10**9), Lap(array("q", [1000, 3000, 2000]), 0, 0, 10**9)]

    assert heat_of(laps) == Heat(p50=2.0, p99=3.0, worst=3.0, rate=4.0, slowest=0.5, refused=0.0)


def test_the_floor_writes_lines_as_long_as_ours():
    """A hold and a settlement of the real format; neither is near a page."""
    held, settled = line_lengths()

    assert 200 < held < settled < 1000


def test_the_page_names_everybody_and_no_path(tmp_path):
    """A row for each contestant, for those without a server too."""
    rows = [Row(contestant, 1, [Heat(1, 2, 3, 4, 1, 0)]) for contestant in CONTESTANTS.values()]
    rows[-1].failure = "no redis-server"
    facts = machine.facts(tmp_path, None)

    page = markdown(Results(Plan(rounds=1), facts, Contest(rows), None, None))

    for contestant in CONTESTANTS.values():
        assert page.count(contestant.label) >= 2
    assert "no redis-server" in page
    assert str(tmp_path) not in page


@pytest.mark.slow
def test_a_full_day_and_a_long_history_are_measured(tmp_path):
    """Small ones of either kind go through the same steps as the large ones."""
    day = opening.measure(tmp_path / "days", calls=20_000, turns=1)
    past = history.measure(tmp_path / "history", calls=9_000, days=3, turns=1)

    assert day.full > 0
    assert day.empty > 0
    assert past.bytes_per_call > 4
    assert {name: reading.rows > 0 for name, reading in past.readings.items()} == dict.fromkeys(
        past.readings, True
    )
