"""Rules, edges and the history: told once, told in time, told when it is over."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ytquota.clock import bounds_of, quota_day
from ytquota.operations.alerts import Book, Edges, Entry, Pool, Thresholds, judge
from ytquota.operations.alerts.rules import quarantined

PACIFIC = ZoneInfo("America/Los_Angeles")
DAY = date(2026, 11, 10)
START = bounds_of(DAY).start
RESET = datetime(2026, 11, 11, tzinfo=PACIFIC)
FINE = Pool("111", "default", RESET, 43_200.0, 1_000, 10_000, probability=0.0)


def states(pool):
    return {one.rule: one.state for one in judge(pool, Thresholds())}


def told(edges, pool, at, *more):
    return edges.step([*judge(pool, Thresholds()), *more], at)


@pytest.mark.parametrize(("used", "state"), [(7_499, "off"), (7_600, "between"), (8_000, "on")])
def test_the_used_share_rings_at_80_per_cent_and_is_over_below_75(used, state):
    """Between the two it stays what it was."""
    assert states(replace(FINE, used=used))["share"] == state


def test_both_windows_must_agree_on_the_burn():
    """One burst moves the fast one only, an old burst only the slow one."""
    hot = replace(FINE, used=7_000, fast=4_000.0, slow=4_000.0, probability=None)
    assert states(hot)["burn"] == "on"
    assert states(replace(hot, slow=100.0))["burn"] == "off"
    assert states(replace(hot, fast=100.0))["burn"] == "off"


def test_burn_is_measured_against_what_is_left_until_the_reset():
    """The same pace is too much at noon and harmless an hour before midnight."""
    hot = replace(FINE, used=7_000, fast=4_000.0, slow=4_000.0, probability=None)
    assert hot.burn == pytest.approx((16.0, 16.0))
    assert states(replace(hot, seconds_left=1_200.0))["burn"] == "off"


def test_a_forecast_that_knows_the_pace_silences_the_burn():
    """Five rounds a day look like a run-out five times a day, and are none: both must find it likely."""
    hot = replace(FINE, used=7_000, fast=4_000.0, slow=4_000.0)
    assert states(replace(hot, probability=0.25))["burn"] == "between"
    assert states(replace(hot, probability=0.35))["burn"] == "on"
    assert states(replace(hot, probability=None))["burn"] == "on"


def test_a_pace_that_the_forecast_doubts_is_told_in_time_or_not_at_all():
    """Less than half an hour ahead it takes the probability of any warning; the used share has been told."""
    late = replace(FINE, used=9_000, fast=4_000.0, slow=4_000.0)
    assert late.gone_in == pytest.approx(900.0)
    assert states(replace(late, probability=0.7))["burn"] == "between"
    assert states(replace(late, probability=0.8))["burn"] == "on"
    assert states(replace(late, used=7_000, probability=0.7))["burn"] == "on"
    soon = replace(FINE, probability=0.8, run_out_at=RESET - timedelta(seconds=FINE.seconds_left - 900))
    assert states(soon)["run-out"] == "on"


def test_the_used_share_tells_when_nothing_is_left_at_this_pace():
    """A fact and no forecast: whoever is told of 80 % is told how long the rest lasts."""
    hot = replace(FINE, used=8_000, fast=4_000.0, slow=4_000.0, probability=0.42)

    def text(pool):
        return next(one.text for one in judge(pool, Thresholds()) if one.rule == "share")

    assert "nothing is left at about 12:30 PST" in text(hot)
    assert text(hot).endswith("a run-out is 42% likely.")
    assert text(replace(hot, probability=None)).endswith("(20:30 UTC).")
    assert "nothing is left" not in text(replace(hot, fast=0.0))
    assert "nothing is left" not in text(replace(hot, slow=100.0, fast=100.0))


def test_a_run_out_that_is_far_off_must_be_all_but_certain():
    """80 % is enough for the next five hours, and not for tonight."""
    near, far = RESET - timedelta(hours=9), RESET - timedelta(hours=1)
    assert states(replace(FINE, probability=0.8, run_out_at=near))["run-out"] == "on"
    assert states(replace(FINE, probability=0.8, run_out_at=far))["run-out"] == "between"
    assert states(replace(FINE, probability=0.98, run_out_at=far))["run-out"] == "on"


def test_after_a_false_alarm_only_near_certainty_is_told_until_monday():
    """Edges remember what came of a warning of this week; a run-out that came true does not count."""
    edges, wednesday, sunday = Edges(), START + 90_000, START + 5.9 * 86_400
    near = replace(FINE, probability=0.78, run_out_at=RESET - timedelta(hours=9))
    assert [one.rule for one in told(edges, near, START + 43_200)] == ["run-out"]
    assert edges.vain("111", "default", START + 43_200) == 0

    told(edges, FINE, wednesday)
    assert edges.vain("111", "default", wednesday) == 1
    told(edges, replace(near, probability=0.99, used=8_000), wednesday + 40_000)
    told(edges, replace(FINE, used=10_000, exhausted=True), wednesday + 50_000)
    told(edges, FINE, sunday)
    assert edges.vain("111", "default", sunday) == 1
    assert edges.vain("111", "default", START + 6 * 86_400 + 60) == 0


def test_near_certainty_is_a_forecast_of_99_per_cent_for_a_pool_well_used():
    """Neither alone is enough, and a pace without a forecast never."""
    sure = replace(FINE, used=7_100, probability=0.99, run_out_at=RESET - timedelta(hours=9), vain=1)
    hot = replace(sure, fast=3_000.0, slow=3_000.0)
    assert states(sure)["run-out"] == states(hot)["burn"] == "on"
    for weaker in (
        replace(hot, probability=0.98),
        replace(hot, used=6_900),
        replace(hot, probability=None),
    ):
        assert {states(weaker)[rule] for rule in ("run-out", "burn")} == {"between"}


def test_a_false_alarm_is_remembered_by_a_watch_that_is_started_again(tmp_path):
    """What came of the last warnings is in the history; another process goes by it."""
    near = replace(FINE, probability=0.78, run_out_at=RESET - timedelta(hours=9))
    with Book(tmp_path).change(START + 43_200) as page:
        assert [one.rule for one in told(page.edges, near, START + 43_200)] == ["run-out"]
    with Book(tmp_path).change(START + 90_000) as page:
        told(page.edges, FINE, START + 90_000)

    edges = Book(tmp_path).read().edges

    assert edges.vain("111", "default", START + 90_060) == 1


def test_a_pool_without_allowance_or_forecast_is_nobodys_worry():
    """No division by zero, no alert."""
    assert states(replace(FINE, limit=0)) == {}
    assert states(replace(FINE, probability=None))["run-out"] == "between"


def test_what_is_over_is_told_once_and_not_told_again_the_same_day():
    """80 %, corrected down, 80 % again: one alert, one recovery; the next day may ring again."""
    edges, high, low = Edges(), replace(FINE, used=8_100), replace(FINE, used=7_000)

    kinds = [[one.kind for one in told(edges, pool, START + 3600)] for pool in (high, high, low, high, low)]
    tomorrow = told(edges, high, START + 90_000)

    assert kinds == [["alert"], [], ["recovery"], [], []]
    assert [one.kind for one in tomorrow] == ["alert"]


def test_a_new_quota_day_ends_what_rang_with_one_word_per_pool():
    """Share and refusals of one pool are over at midnight, in one sentence."""
    edges = Edges()
    told(edges, replace(FINE, used=10_000, exhausted=True, refused=4, refused_lately=4), START + 3600)

    (word,) = told(edges, replace(FINE, used=0), START + 86_400 + 60)

    assert (word.kind, word.severity, word.bucket) == ("recovery", "info", "default")
    assert "A new quota day has begun" in word.text


def test_a_quarantined_set_rings_once_until_it_is_mended():
    """Midnight is no cure: it goes on without another alert."""
    edges, out = Edges(), quarantined(10, "Google refuses it.")

    first = edges.step([out], START)
    later = edges.step([out], START + 90_000)
    mended = edges.step([quarantined(10, None)], START + 90_060)

    assert [one.rule for one in first] == ["quarantined"]
    assert "set 10 is quarantined: Google refuses it." in first[0].text
    assert later == []
    assert [one.kind for one in mended] == ["recovery"]


def test_an_empty_pool_stays_refused_while_nobody_asks():
    """It is no recovery that the bots gave up."""
    edges = Edges()
    gone = replace(FINE, used=10_000, exhausted=True)
    told(edges, replace(gone, refused=1, refused_lately=1), START)

    assert [one.rule for one in told(edges, gone, START + 7_200)] == []


SEEN = st.tuples(
    st.integers(1, 3 * 86_400 - 1),
    st.integers(0, 11_000),
    st.floats(0, 1),
    st.floats(0, 9_000),
    st.integers(0, 2),
)


@given(st.lists(SEEN, max_size=60))
def test_whatever_a_pool_does_nothing_is_told_twice_a_day(seen):
    """Per topic and quota day at most one alert; each recovery belongs to an alert before it."""
    edges, topics, open_ = Edges(), [], 0
    for after, used, likely, pace, refused in sorted(seen):
        pool = replace(
            FINE,
            used=used,
            probability=likely,
            fast=pace,
            slow=pace,
            refused=refused,
            refused_lately=refused,
            exhausted=used >= 10_000,
            seconds_left=bounds_of(quota_day(START + after)).end - START - after,
        )
        for one in told(edges, pool, START + after):
            if one.kind == "alert":
                topic = "ahead" if one.rule in {"run-out", "burn"} else one.rule
                topics.append((topic, quota_day(one.at)))
                open_ += 1
            else:
                open_ -= 1
                assert open_ >= 0

    assert len(topics) == len(set(topics))


def test_the_history_survives_and_a_garbled_one_is_set_aside(tmp_path):
    """What was told stays told; a file nobody can read is kept beside a fresh one."""
    book = Book(tmp_path)
    high = replace(FINE, used=8_100)
    with book.change(START) as page:
        page.history += [Entry(one, ["webhook"]) for one in told(page.edges, high, START)]
    with book.change(START + 60) as page:
        assert told(page.edges, high, START + 60) == []
    assert [entry.waiting for entry in book.read().history] == [["webhook"]]
    assert book.path.stat().st_mode & 0o777 == 0o600

    book.path.write_text(json.dumps({"v": 99}))
    with book.change(START + 120) as page:
        assert page.history == []
    assert (tmp_path / "quota_alerts.json.old").exists()


def test_the_texts_name_pool_figures_and_reset():
    """A person knows what to do without looking anything up."""
    at = RESET - timedelta(hours=9)
    texts = {
        one.rule: one.text
        for one in judge(replace(FINE, probability=0.9, run_out_at=at, refused=3), Thresholds())
    }

    assert texts["run-out"].startswith("Pool default of project 111 will probably run out at about 15:00 PST")
    assert "(90% likely; 1,000 of 10,000 used)" in texts["run-out"]
    hot = replace(FINE, used=7_000, fast=4_000.0, slow=4_000.0, probability=0.4)
    burn = next(one.text for one in judge(hot, Thresholds()) if one.rule == "burn")
    assert burn.endswith("the 3,000 that are left go in 45 minutes; a run-out is 40% likely.")
    assert "3 calls were refused in the last ten minutes; 9,000 of 10,000 are left" in texts["refusals"]


@pytest.mark.parametrize(
    ("units", "state"), [(None, "between"), (0, "off"), (249, "off"), (300, "between"), (500, "on")]
)
def test_spend_by_somebody_else_rings_from_5_per_cent_of_the_limit(units, state):
    """Not known is no alarm, and no all-clear either."""
    assert states(replace(FINE, elsewhere=units))["elsewhere"] == state


def test_spend_by_somebody_else_is_told_once_and_ends_with_the_correction():
    """The count is Google's again: one recovery."""
    edges = Edges()
    (first,) = told(edges, replace(FINE, elsewhere=800), START + 43_200)
    assert (first.rule, first.severity) == ("elsewhere", "warning")
    assert "Google counts 800 units more than this ledger (8% of the limit)" in first.text
    assert told(edges, replace(FINE, elsewhere=900), START + 44_000) == []
    (last,) = told(edges, replace(FINE, elsewhere=0), START + 45_000)
    assert last.kind == "recovery"
