"""What was counted some minutes ago, while the count goes on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ytquota import clock as clocks
from ytquota.clock import ManualClock
from ytquota.monitor import CallRecord, Journal
from ytquota.monitor.places import journal_path
from ytquota.monitor.settled import settled_count

NOON = clocks.bounds_of(clocks.quota_day(1_794_340_800.0)).start + 12 * 3600
PROJECT = "123456789012"


def counted(journal, until):
    bounds = clocks.bounds_at(until)
    return settled_count(journal_path(journal.folder, bounds.day, PROJECT), until, earliest=bounds.start)


def record(units, *, released=0):
    return CallRecord("videos.list", "default", units or released, units, released)


def test_calls_after_the_instant_are_left_out(journal, clock):
    """Five units at noon, seven more ten minutes later: five had been used at five past."""
    clock.set(NOON)
    journal.settle(journal.hold(PROJECT, (("default", 5),)), [record(5)])
    clock.set(NOON + 600)
    journal.settle(journal.hold(PROJECT, (("default", 7),)), [record(7)])

    settled = counted(journal, NOON + 330)

    assert (settled.until, settled.used["default"], settled.doubtful) == (NOON + 300, 5, {})


def test_what_was_given_back_later_was_not_used(journal, clock):
    """A hold of before, refused after the instant: Google never counted it."""
    clock.set(NOON)
    hold = journal.hold(PROJECT, (("default", 5),))
    clock.set(NOON + 700)
    journal.settle(hold, [record(0, released=5)])
    clock.set(NOON + 720)
    journal.settle(journal.hold(PROJECT, (("default", 3),)), [record(3)])

    assert counted(journal, NOON + 60).used["default"] == 0


def test_a_correction_since_then_is_not_made_twice(journal, clock):
    """Whoever reconciles twice within the lag finds the second time that nothing is left to do."""
    clock.set(NOON)
    journal.settle(journal.hold(PROJECT, (("default", 5),)), [record(5)])
    clock.set(NOON + 700)
    journal.adjust(PROJECT, "default", 120, reason="Google counted more", who="somebody")

    assert counted(journal, NOON + 90).used["default"] == 125


def test_a_minute_without_a_request_under_way_is_chosen(journal, clock):
    """A request that spans the minute may be counted on either side of it; a minute earlier nothing was."""
    clock.set(NOON + 30)
    journal.settle(journal.hold(PROJECT, (("default", 1),)), [record(1)])
    clock.set(NOON + 298)
    hold = journal.hold(PROJECT, (("default", 5),))
    clock.set(NOON + 303)
    journal.settle(hold, [record(5)])

    settled = counted(journal, NOON + 310)

    assert (settled.until, settled.used["default"], settled.doubtful) == (NOON + 240, 1, {})


def test_units_under_way_are_doubtful_where_no_minute_is_quiet(journal, clock):
    """A request of twelve minutes lies over all of them: its units may be with Google or not."""
    clock.set(NOON)
    hold = journal.hold(PROJECT, (("default", 5),))
    clock.set(NOON + 900)
    journal.settle(hold, [record(5)])

    settled = counted(journal, NOON + 660)

    assert (settled.until, settled.doubtful) == (NOON + 660, {"default": 5})


def test_nothing_counted_is_nothing_used(journal, clock):
    """No journal, and a day that has just begun."""
    assert counted(journal, NOON).used == {}
    start = clocks.bounds_at(NOON).start
    assert counted(journal, start + 30).until == start


steps = st.lists(
    st.tuples(
        st.sampled_from(["call", "refused", "adjust", "lost"]), st.integers(1, 9), st.floats(0.1, 400.0)
    ),
    max_size=40,
)


@given(steps=steps, back=st.integers(0, 900))
@pytest.mark.slow
def test_it_equals_a_replay(tmp_path_factory, steps, back):
    """Whatever happened: what a replay of the calls up to the chosen minute adds up to."""
    clock = ManualClock(NOON)
    journal = Journal(tmp_path_factory.mktemp("calls"), clock=clock)
    kept, corrected, least = [], 0, 0
    for kind, units, wait in steps:
        clock.advance(wait)
        if kind == "adjust":
            journal.adjust(PROJECT, "default", units, reason="r", who="w")
            corrected += units
            continue
        hold = journal.hold(PROJECT, (("default", units),))
        kept.append((clock.time(), units if kind != "refused" else 0))
        clock.advance(0.3)
        if kind != "lost":
            journal.settle(hold, [record(units) if kind == "call" else record(0, released=units)])
    try:
        settled = counted(journal, clock.time() - back)
    finally:
        journal.close()
    expected = sum(units for at, units in kept if at <= settled.until) + corrected
    assert settled.used.get("default", 0) == (expected if steps else least)
