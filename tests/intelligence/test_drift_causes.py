"""Google's count against ours: what differs is put down to what is really amiss, and to nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ytquota import clock as clocks
from ytquota.intelligence.drift import DAYS, POOLS, KnownHost, compare
from ytquota.intelligence.official import OFFICIAL, official_frame
from ytquota.intelligence.sends import SENDS, sends_frame
from ytquota.prices import PriceBook

POLL = {"videos.list": "poll"}
FREE_5XX = {"5xx": 0.0}
DEARER = {"playlistItems.list": 2}


def named(drift, day):
    """What is named with good reason on a day: kind, method and detail."""
    return {(cause.kind, cause.method, cause.detail) for cause in drift.of(day) if cause.probability >= 0.8}


def false_causes(drift):
    """What is named at all, but for what the counters lost."""
    return [str(cause) for cause in drift.causes if cause.kind != "source"]


@pytest.mark.parametrize("every", [60, 300, (900, 300, 60)], ids=["minutes", "five", "mixed"])
def test_days_without_fault_have_no_cause(worlds, every):
    """Lag, smear and lost minutes are the source's own affair: nothing else is named for them."""
    world = worlds.World(days=3, seed=11, gaps=2, every=every)

    assert false_causes(world.compare()) == []


def test_calls_made_elsewhere_are_named_with_their_units(worlds):
    """Another program's polling is told from ours, of the same method on the same day, within 15 %."""
    world = worlds.World(days=2, seed=3, foreign=POLL)
    drift = world.compare()

    for day in world.dates:
        (cause,) = [cause for cause in drift.of(day) if cause.kind == "elsewhere"]
        assert cause.method == "videos.list"
        assert cause.sure == "sure"
        assert abs(cause.units - world.elsewhere(day, "videos.list")) <= 0.15 * cause.units
    assert not drift.agrees


def test_a_method_that_nothing_here_calls_is_somebody_elses(worlds):
    """Where we made no call of a method, all of it is another program's, and the evidence says so."""
    world = worlds.World(seed=4, foreign={"captions.download": "burst"})
    (cause,) = world.compare().causes

    assert (cause.kind, cause.method) == ("elsewhere", "captions.download")
    assert cause.units == world.elsewhere(world.dates[0], "captions.download")
    assert "nothing here called" in cause.evidence


def test_failures_that_google_does_not_charge_are_named(worlds):
    """5xx answers that cost nothing are what we over-counted, by their ending and to the unit."""
    world = worlds.World(days=2, seed=5, shares=FREE_5XX)
    drift = world.compare()

    for day in world.dates:
        causes = drift.of(day)
        assert {(cause.kind, cause.detail) for cause in causes} == {("over_counted", "5xx")}
        lost = world.calls[(world.calls["day"] == day) & (world.calls["ending"] == "5xx")]
        assert sum(cause.units for cause in causes) == -sum(worlds.table(method) for method in lost["method"])


def test_failures_that_cost_one_unit_are_told_from_free_ones(worlds):
    """4xx answers at one unit each, whatever the method, are over-counted where a method costs more."""
    endings = {"ok": 0.9, "4xx": 0.1}
    world = worlds.World(days=2, seed=6, shares={"4xx": worlds.UNIT}, endings=endings)
    drift = world.compare()

    for day in world.dates:
        assert {(cause.kind, cause.detail) for cause in drift.of(day)} <= {
            ("over_counted", "4xx"),
            ("over_counted", "5xx"),
        }
        assert ("over_counted", "liveChatMessages.list", "4xx") in named(drift, day)


def test_calls_that_google_charges_although_we_gave_them_back_are_named(worlds):
    """Calls with bad credentials that Google charges all the same are what we under-counted."""
    endings = {"ok": 0.9, "free": 0.1}
    world = worlds.World(days=2, seed=7, shares={"free": 1.0}, endings=endings)
    drift = world.compare()

    for day in world.dates:
        assert ("under_counted", "videos.list", "free") in named(drift, day)
        assert all(cause.units > 0 for cause in drift.of(day))


def test_a_wrong_price_is_named_with_the_right_one(worlds):
    """A method that costs two units where the log has one: the cause names both, the remedy the row."""
    world = worlds.World(days=2, seed=8, prices=DEARER)
    drift = world.compare()

    for day in world.dates:
        (cause,) = drift.of(day)
        assert (cause.kind, cause.method, cause.detail) == ("price", "playlistItems.list", "2 instead of 1")
        assert "playlistItems.list,2" in cause.remedy


def test_a_price_that_was_put_right_since_needs_nothing_more(worlds):
    """Days logged at the old price still differ; the remedy says that the price list is right by now."""
    world = worlds.World(seed=8, prices=DEARER)
    row = worlds.BOOK.price_of("playlistItems.list", on=world.dates[0])
    overrides = [replace(row, units=2, provenance="override", valid_from=date.min)]
    (cause,) = world.compare(prices=PriceBook([*worlds.BOOK.rows(), *overrides])).causes

    assert cause.kind == "price"
    assert "by now" in cause.remedy


def test_a_price_that_changes_is_wrong_only_from_that_day_on(worlds):
    """Days before the change agree; from it on the price is named."""
    before = worlds.World(days=3, seed=9)
    after = worlds.World(days=3, seed=10, prices=DEARER, first=worlds.FIRST + timedelta(days=3))
    drift = compare(
        pd.concat([before.official, after.official]).astype(OFFICIAL),
        pd.concat([before.ours, after.ours]).astype(SENDS),
        prices=worlds.BOOK,
        since=before.since,
        until=after.until,
    )

    assert {cause.day for cause in drift.causes if cause.kind == "price"} == set(after.dates)
    assert not any(drift.of(day) for day in before.dates)


def test_all_at_once_is_taken_apart(worlds):
    """Another program, free 5xx and a wrong price on the same days: each is named, and no other."""
    world = worlds.World(days=3, seed=12, gaps=1, foreign=POLL, shares=FREE_5XX, prices=DEARER)
    drift = world.compare()

    for day in world.dates:
        found = named(drift, day)
        assert {("elsewhere", "videos.list", ""), ("price", "playlistItems.list", "2 instead of 1")} <= found
        assert {kind for kind, _, _ in found} <= {"elsewhere", "price", "over_counted", "source"}
        assert {detail for kind, _, detail in found if kind == "over_counted"} == {"5xx"}


def test_one_method_may_be_dearer_and_used_by_others_too(worlds):
    """On the very method that another program uses, the rhythm of our calls tells a wrong price from it."""
    world = worlds.World(days=3, seed=13, foreign={"videos.list": "shadow"}, prices={"videos.list": 2})
    drift = world.compare()

    for day in world.dates:
        assert {("elsewhere", "videos.list", ""), ("price", "videos.list", "2 instead of 1")} <= named(
            drift, day
        )


def test_too_few_calls_cannot_be_told_apart(worlds):
    """One call that came to twice its price: no cause is sure, and the other is named with it."""
    habits = {"videos.insert": 2}
    world = worlds.World(seed=5, habits=habits, endings={"ok": 1.0}, prices={"videos.insert": 2})
    assert len(world.calls) == 1
    causes = world.compare().causes

    assert causes
    assert all(cause.sure == "cannot be told apart" and cause.alternatives for cause in causes)
    assert "cannot be told apart from" in str(causes[0])


def test_calls_that_come_too_evenly_are_said_to(worlds):
    """Beside a stranger's even calls even ones of ours do not show their price, and the evidence says so."""
    (cause,) = worlds.even_world().compare().causes

    assert cause.kind == "elsewhere"
    assert "too evenly" in cause.evidence


def test_minutes_that_the_counters_lost_are_the_sources(worlds):
    """What fell into a gap is named as such, and does not correct the balance."""
    world = worlds.World(seed=14, gaps=2, smear=0.0)
    drift = world.compare()

    assert drift.agrees
    assert (drift.days["gap"] < 0).any()
    assert drift.pools["correction"].abs().sum() == 0


def test_counters_that_say_nothing_at_all_say_nothing_about_prices(worlds):
    """Without a single reading all is put down to the source, not to prices that would be 0."""
    world = worlds.World(seed=14)
    drift = compare(official_frame([]), world.ours, prices=worlds.BOOK, since=world.since, until=world.until)

    assert {cause.kind for cause in drift.causes} == {"source"}
    assert drift.pools["correction"].abs().sum() == 0


def test_a_second_ledger_explains_what_is_left_over(worlds):
    """Calls of a program that counts elsewhere are put down to that ledger, by its address."""
    world = worlds.World(days=2, seed=15, foreign=POLL)
    drift = world.compare(others={"/srv/other/memory": worlds.sends(world.others, host="other")})

    for day in world.dates:
        (cause,) = drift.of(day)
        assert (cause.kind, cause.detail) == ("second_ledger", "/srv/other/memory")
        assert cause.units == world.elsewhere(day, "videos.list")


def test_a_copy_of_our_own_ledger_explains_nothing(worlds):
    """A ledger with the same calls as ours is no second one: Google counted them once."""
    world = worlds.World(seed=16, foreign=POLL)
    drift = world.compare(others={"/srv/copy": world.ours})

    assert {cause.kind for cause in drift.causes} == {"elsewhere"}


def test_a_host_that_is_silent_on_one_day_is_missed(worlds):
    """What a host usually does, on the day without its lines, is put down to it and not to a stranger."""
    world = worlds.World(days=5, seed=17)
    other = worlds.World(days=5, seed=18, habits={"channels.list": 120, "captions.list": 20})
    gone = world.dates[3]
    lines = worlds.sends(other.calls[other.calls["day"] != gone], host="attic")
    drift = compare(
        pd.concat([world.official, other.official]).astype(OFFICIAL),
        pd.concat([world.ours, lines]).astype(SENDS),
        prices=worlds.BOOK,
        since=world.since,
        until=world.until,
    )

    assert {(cause.day, cause.kind, cause.detail) for cause in drift.causes} == {
        (gone, "missing_host", "attic")
    }


def test_a_host_that_is_known_to_have_charged_is_missed(worlds):
    """What Redis says of another host is taken off what is left over, and only the rest is a stranger's."""
    world = worlds.World(seed=19, foreign={"captions.list": "burst"})
    spent = world.elsewhere(world.dates[0], "captions.list")
    host = KnownHost("attic", world.dates[0], "default", spent - 100)
    causes = world.compare(hosts=[host]).causes

    assert {(cause.kind, cause.units) for cause in causes} == {
        ("missing_host", spent - 100),
        ("elsewhere", 100),
    }


def test_today_is_compared_as_far_as_it_is_settled(worlds):
    """What was sent after the settled time is shown, not compared."""
    world = worlds.World(days=2, seed=20, hours=14.0)
    until = clocks.utc(clocks.bounds_of(world.dates[1]).start + 12 * 3600)
    drift = compare(world.official, world.ours, prices=worlds.BOOK, since=world.since, until=until)

    assert drift.causes == ()
    assert drift.pools.groupby("day")["is_whole"].all().tolist() == [True, False]
    late = drift.days.groupby("day")["unsettled"].sum()
    assert late[world.dates[0]] == 0
    assert late[world.dates[1]] == world.ours.loc[world.ours["minute"] >= until, "units"].sum()


@pytest.mark.parametrize("first", [date(2026, 3, 7), date(2026, 10, 31)], ids=["23 hours", "25 hours"])
def test_days_on_which_the_clock_changes_are_compared_like_others(worlds, first):
    """The day of 23 and the day of 25 hours have no cause of their own."""
    world = worlds.World(days=3, seed=21, first=first)

    assert false_causes(world.compare()) == []


@pytest.mark.slow
def test_whole_days_tell_what_totals_can_tell(worlds):
    """Days of which only totals are known still tell a wrong price from free failures."""
    world = worlds.World(days=6, seed=22, prices=DEARER, shares=FREE_5XX, every=86_400, smear=0.0)
    drift = world.compare()

    for day in world.dates:
        assert ("price", "playlistItems.list", "2 instead of 1") in named(drift, day)
        assert ("over_counted", "liveChatMessages.list", "5xx") in named(drift, day)


def test_units_that_were_corrected_are_not_corrected_again(worlds):
    """What the balance already has without a line is in the pools, and no more is to be added."""
    world = worlds.World(seed=23, foreign=POLL, smear=0.0)
    day = world.dates[0]
    first = world.compare().pools.set_index("bucket").loc["default"]
    again = world.compare(adjusted={(day, "default"): first["correction"]}).pools.set_index("bucket")

    assert first["correction"] == world.elsewhere(day, "videos.list")
    assert again.loc["default", "correction"] == 0
    assert again.loc["default", "adjusted"] == first["correction"]


def test_nothing_on_either_side_is_nothing(worlds):
    """Empty frames give empty frames with their columns; no time between the ends is an error."""
    since, until = clocks.day_start(worlds.FIRST), clocks.day_start(worlds.FIRST + timedelta(days=2))
    drift = compare(official_frame([]), sends_frame([]), prices=worlds.BOOK, since=since, until=until)

    assert drift.causes == ()
    assert drift.agrees
    assert drift.days.dtypes.astype(str).to_dict() == DAYS
    assert drift.pools.dtypes.astype(str).to_dict() == POOLS
    with pytest.raises(ValueError, match="nothing to compare"):
        compare(official_frame([]), sends_frame([]), prices=worlds.BOOK, since=until, until=since)


def test_all_that_is_said_fits_into_json(worlds):
    """Dates are text, figures plain numbers; each cause says how sure it is."""
    import orjson  # noqa: PLC0415

    world = worlds.World(seed=24, foreign=POLL)
    told = orjson.loads(orjson.dumps(world.compare().to_json()))

    assert told["causes"][0]["sure"] == "sure"
    assert told["days"][0]["day"] == world.dates[0].isoformat()


@pytest.mark.slow
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 10_000),
    price=st.sampled_from([0, 1, 3]),
    free=st.sampled_from([0.0, 1.0]),
    foreign=st.sampled_from(["poll", "burst", "shadow"]),
    gaps=st.integers(0, 3),
)
def test_the_parts_make_up_the_whole(worlds, seed, price, free, foreign, gaps):
    """Of every day and method, causes and what is unexplained add up to the difference, whatever is amiss."""
    world = worlds.World(
        seed=seed,
        habits={"videos.list": 150, "channels.list": 60, "search.list": 10},
        prices={"channels.list": price},
        shares={"5xx": free},
        foreign={"videos.list": foreign},
        gaps=gaps,
    )
    drift = world.compare()

    told = {}
    for cause in drift.causes:
        key = cause.day, cause.bucket, cause.method
        told[key] = told.get(key, 0) + (cause.units if cause.kind != "unexplained" else 0)
        assert 0 <= cause.probability <= 1
    for row in drift.days.itertuples():
        explained = told.get((row.day, row.bucket, row.method), 0)
        assert row.official - row.local == row.difference == explained + row.unexplained
    assert (drift.days["gap"] <= 0).all()
    assert np.isclose(drift.days["official"].sum(), world.official["units"].sum())
