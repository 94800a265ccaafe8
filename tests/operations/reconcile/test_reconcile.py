"""The counts beside Google's counters: what differs, what is corrected, what is imported."""

from __future__ import annotations

import logging
import random
import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from googleapiclient.errors import HttpError

from ytquota import clock as clocks
from ytquota.cloud import CloudError
from ytquota.intelligence import QuotaIntelligence
from ytquota.monitor import Demand, Journal, QuotaMonitor
from ytquota.monitor.correction import correct
from ytquota.monitor.reconciled import ReconciledFile
from ytquota.operations import reconcile
from ytquota.operations.doctor import examine
from ytquota.operations.reconcile import routine
from ytquota.operations.watch import Watch

ONE = "111111111111"
NOON = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
"""A Friday, 12:00 Pacific."""


def label(bot):
    return bot.monitor.get_usage_summary()["projects"][ONE]["default"]["basis"]


def test_a_count_that_is_right_has_no_drift(bot):
    """Every call of ours is in Google's counters, and then the count is called reconciled."""
    bot.call(12)
    assert label(bot) == "local"
    bot.settle()

    compared = bot.compare()

    check = compared.checks["default"]
    assert (check.local, check.official, check.drift) == (12, 12, 0)
    assert {one.drift for one in compared.checks.values()} == {0}
    assert label(bot) == "reconciled"
    assert reconcile.to_correct([compared]) == []


def test_only_what_has_settled_is_compared(bot):
    """Calls of the last minutes are not in Google's counters yet, and are no drift."""
    bot.call(6)
    bot.settle()
    bot.call(9)

    check = bot.compare().checks["default"]

    assert (check.local, check.official) == (6, 6)
    assert check.until <= bot.clock.time() - 600


def test_after_apply_the_balance_is_the_servers(bot, sandbox):
    """Somebody else spends the same project; one correction later both counts agree to the unit."""
    bot.call(6)
    sandbox.spend(ONE, "search.list", 3)
    sandbox.spend(ONE, "comments.insert", 4)
    bot.call(3)
    bot.settle()
    bot.call(5)  # not settled when compared

    compared = bot.compare()
    assert (compared.checks["default"].drift, compared.checks["search_list"].drift) == (200, 3)
    assert bot.used() == 14  # nothing was changed by looking
    done = bot.apply(compared)

    assert {(one.bucket, one.units) for one in done} == {("default", 200), ("search_list", 3)}
    assert bot.used() == sandbox.used(ONE) == 214
    assert bot.used("search_list") == sandbox.used(ONE, "search_list") == 3
    assert label(bot) == "reconciled"
    row = next(row for row in bot.monitor.audit_rows() if row["bucket"] == "default")
    assert (row["action"], row["who"], row["from"], row["to"]) == (
        "correct", "anna@studio", {"used": 14}, {"used": 214},
    )  # fmt: skip
    assert "Google had counted 209" in row["why"]


def test_done_twice_it_changes_nothing_the_second_time(bot, sandbox):
    """Neither within the lag nor after it, nor by the same comparison applied again."""
    sandbox.spend(ONE, "comments.insert", 4)
    bot.call()
    bot.settle()
    first = bot.compare()
    assert bot.apply(first)
    assert bot.apply(first) == []
    assert bot.apply(bot.compare()) == []
    bot.settle()
    assert bot.apply(bot.compare()) == []
    assert bot.used() == sandbox.used(ONE)


@pytest.mark.slow
def test_what_we_counted_and_google_did_not_is_given_back(bot, sandbox):
    """Answers of 500 that Google does not bill were charged here; a later call shows that they never will."""
    sandbox.server_errors_free(True)
    bot.call(4)
    bot.clock.advance(60)
    sandbox.fail("videos.list", status=500, times=3)
    for _ in range(3):
        with pytest.raises(HttpError, match="500"):
            bot.call()
        bot.clock.advance(20)
    assert bot.used() == 7
    bot.settle()
    assert bot.apply(bot.compare(causes=True)) == []  # nothing says yet that Google's figures are there

    bot.call(2, every=60.0)
    bot.settle()
    bot.apply(bot.compare(causes=True))

    assert bot.used() == sandbox.used(ONE) == 6


@pytest.mark.slow
def test_calls_made_while_it_runs_are_neither_lost_nor_counted_twice(bot, sandbox):
    """A bot goes on calling through comparison and correction."""
    bot.call(5)
    sandbox.spend(ONE, "comments.insert", 2)
    bot.settle()
    begun, stop = threading.Event(), threading.Event()

    def go_on():
        while not stop.is_set():
            bot.call(every=1.0)
            begun.set()

    calling = threading.Thread(target=go_on)
    calling.start()
    begun.wait(10)
    try:
        for _ in range(3):
            bot.apply(bot.compare())
    finally:
        stop.set()
        calling.join()

    assert bot.used() == sandbox.used(ONE)
    bot.settle()
    assert bot.compare().checks["default"].drift == 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_whatever_differs_the_balance_is_the_servers_afterwards(bot, sandbox, seed):
    """Somebody else, errors that are not billed, a wrong price, a correction by hand: all of it at once."""
    rng = random.Random(seed)
    sandbox.set_price("videos.list", 3)
    sandbox.server_errors_free(True)
    for _ in range(40):
        if rng.random() < 0.2:
            sandbox.spend(ONE, rng.choice(["comments.insert", "search.list"]), rng.randint(1, 3))
        if rng.random() < 0.2:
            sandbox.fail("videos.list", status=500)
            with pytest.raises(HttpError, match="500"):
                bot.call()
        bot.call(every=rng.uniform(0.2, 90.0))
        if rng.random() < 0.05:
            correct(bot.monitor, ONE, "default", rng.randint(-5, 5), reason="a guess", who="anna")
        if rng.random() < 0.2:
            bot.apply(bot.compare())
    bot.call(2, every=60.0)
    bot.settle()
    bot.apply(bot.compare(causes=True))
    bot.settle()

    checks = bot.compare().checks
    assert {bucket: check.drift for bucket, check in checks.items()} == dict.fromkeys(checks, 0)
    for bucket in checks:
        assert bot.used(bucket) == sandbox.used(ONE, bucket)
        assert bot.monitor.get_usage_summary()["projects"][ONE][bucket]["basis"] == "reconciled"


def test_a_request_under_way_at_the_minute_is_held_against_nobody(bot, sandbox):
    """It was charged here before the full minute and reached Google after it; the minute before is taken."""
    bot.call(3)
    bot.clock.set(NOON + timedelta(minutes=7, seconds=59.8))
    sandbox.slow(0.0)
    hold = bot.monitor.ledger.hold(ONE, (("default", 50),))
    bot.clock.advance(0.4)
    sandbox.spend(ONE, "comments.insert", 1)
    bot.clock.advance(3)
    bot.monitor.ledger.settle(hold, [])
    bot.clock.set(NOON + timedelta(minutes=18, seconds=20))  # settled up to the very minute

    check = bot.compare().checks["default"]

    assert check.until == (NOON + timedelta(minutes=7)).timestamp()
    assert (check.local, check.official, check.drift) == (3, 3, 0)


def test_in_the_first_minutes_of_a_day_nothing_is_compared(bot, sandbox):
    """What has settled is yesterday's."""
    bot.call(3)
    bot.clock.set(clocks.bounds_of(date(2026, 11, 21)).start + 300)
    sandbox.spend(ONE, "comments.insert", 1)
    assert bot.compare().checks == {}


@pytest.mark.slow
def test_minutes_that_google_lost_are_not_given_back(bot, sandbox):
    """A gap in Google's counters says nothing about our calls."""
    bot.call(180, every=30.0)
    start = NOON + timedelta(minutes=10)
    sandbox.monitoring_gap(start, start + timedelta(minutes=5), ONE)
    bot.settle()

    compared = bot.compare(causes=True)

    assert compared.checks["default"].lost == 10
    assert not compared.is_late
    assert bot.apply(compared) == []
    assert bot.used() == 180


@pytest.mark.slow
def test_imported_days_are_not_taken_for_our_own_calls(bot, sandbox):
    """Others spent on a day of rest: it is in the log now, still Google's, and no call of ours."""
    bot.clock.set(NOON - timedelta(days=2))
    bot.call(3)
    rested = NOON - timedelta(days=1)
    sandbox.furnish(ONE, [(rested, "comments.insert", 2)], foreign=True)
    bot.clock.set(NOON)
    bot.call(6)
    bot.settle()
    assert bot.compare(days=3).imported == (date(2026, 11, 19),)

    drift = bot.compare(days=3, causes=True).explained.drift

    days = drift.days.set_index(["day", "method"])
    assert days.loc[date(2026, 11, 19), "comments.insert"][["local", "official"]].tolist() == [0, 100]
    assert days["local"].sum() == 9
    assert {(cause.day, cause.kind, cause.units) for cause in drift.causes} == {
        (date(2026, 11, 19), "elsewhere", 100)
    }


@pytest.mark.slow
@pytest.mark.parametrize("is_listed", [False, True])
def test_a_second_ledger_is_named_with_its_address(bot, sandbox, tmp_path, is_listed):
    """Another folder counts the same project, nearby or in the fleet's list: Google has its calls, too."""
    folder = (tmp_path / "far" / "away" if is_listed else bot.folder / "other") / "memory"
    if is_listed:
        (bot.folder / "fleet.toml").write_text(f'[[ledger]]\nname = "far"\naddress = "{folder}"\n')
        bot.settings = replace(bot.settings, fleet=bot.folder / "fleet.toml")
    other = QuotaMonitor(Journal(folder / "calls", clock=bot.clock), clock=bot.clock, folder=folder)
    for _ in range(20):
        bot.call(every=30.0)
        other.begin([Demand("comments.insert", ONE)]).answered([(200, None)], latency=0.0)
        sandbox.bill(ONE, "comments.insert")
        bot.clock.advance(30.0)
    other.close()
    bot.settle()

    compared = bot.compare(days=1, causes=True)

    (cause,) = compared.explained.drift.causes
    assert (cause.kind, cause.units, cause.detail) == ("second_ledger", 1_000, str(folder))
    assert str(folder) in str(cause)
    assert "second_ledger" in reconcile.to_correct([compared])[0].why


@pytest.mark.slow
def test_a_new_install_sees_six_weeks_and_has_a_forecast(bot):
    """Nothing was ever called here; after one run the history is there, and the forecast is made from it."""
    bot.history()

    compared = bot.compare()
    made = QuotaIntelligence(bot.monitor).forecast(ONE, "default")

    assert len(compared.imported) == 42
    (forecast,) = made
    assert (forecast.basis, forecast.total is not None) == ("forecast", True)
    assert (forecast.days, forecast.official_days) == (41, 41)  # the oldest may have begun before
    assert forecast.total.middle == pytest.approx(3_200, rel=0.1)  # what is to come after noon
    burn = QuotaIntelligence(bot.monitor).daily_burn(bucket="default")
    assert burn["units"].tolist() == [4_000] * 42
    assert bot.used() == 0  # today is the ledger's ...

    bot.apply(compared)
    (forecast,) = QuotaIntelligence(bot.monitor).forecast(ONE, "default")
    assert forecast.used == 800  # ... until somebody wants Google's count of it
    assert forecast.total.middle == pytest.approx(4_000, rel=0.1)


def test_a_forecast_knows_how_many_of_its_days_google_alone_counted(bot):
    """The day on which calls were made here is not one of them, though its morning was counted by Google."""
    bot.history(days=10)
    bot.clock.set(NOON - timedelta(days=3))
    bot.call(3)
    bot.clock.set(NOON)
    bot.compare()

    (forecast,) = QuotaIntelligence(bot.monitor).forecast(ONE, "default")

    assert (forecast.days, forecast.official_days) == (9, 8)
    facts = forecast.as_dict()
    assert (facts["days"], facts["official_days"]) == (9, 8)


def test_importing_again_changes_nothing(bot):
    """A second run finds every day as it was."""
    bot.history(days=10)
    assert len(bot.compare().imported) == 10
    stamp = bot.monitor.official.stamp()
    assert bot.compare().imported == ()
    assert bot.monitor.official.stamp() == stamp


def test_the_first_day_is_whole_the_day_after(bot, sandbox):
    """Others used 500 units before noon; our own count began at noon and knows 8 units of its own."""
    morning = clocks.bounds_of(date(2026, 11, 20)).start + 3600
    sandbox.furnish(ONE, [(morning + 60 * n, "comments.insert", 1) for n in range(10)], foreign=True)
    bot.call(8)
    bot.clock.advance(86_400)
    bot.call()

    bot.compare()

    burn = QuotaIntelligence(bot.monitor).daily_burn(bucket="default")
    assert burn["units"].tolist() == [508, 1]


def test_limits_are_learned_on_the_way(bot, sandbox):
    """Google says what the project may use; the ledger's limit is that."""
    sandbox.set_limit(ONE, "search_list", 42)
    compared = bot.compare()
    balance = bot.monitor.ledger.usage(ONE)[ONE]["search_list"]
    assert (balance.limit, balance.limit_source) == (42, "server")
    assert any("42 a day" in learned.remark for learned in compared.limits)


def test_limits_that_cannot_be_read_do_not_keep_the_counts_from_it(bot, sandbox):
    """Another API, another role: what can be compared is."""
    sandbox.disable_api("cloudquotas", ONE)
    compared = bot.compare()
    assert compared.checks
    assert "Quotas" in compared.no_limits


def test_what_google_refuses_is_noted_until_it_works(bot, sandbox):
    """One sentence says what to click; the doctor repeats it; the next comparison forgets it."""
    sandbox.disable_api("monitoring", ONE)
    with pytest.raises(CloudError, match="Monitoring"):
        bot.compare()
    assert ReconciledFile(bot.settings.memory_dir).read().failures[ONE].why

    sandbox.disable_api("monitoring", ONE, disabled=False)
    bot.compare()
    assert not ReconciledFile(bot.settings.memory_dir).read().failures


@pytest.fixture
def keeper(bot):
    """A watch on the bot's ledger; each look is a quarter of an hour after the last."""

    def look():
        told = keeper.look()
        bot.clock.advance(routine.EVERY)
        return told

    keeper = Watch(bot.settings, bot.monitor)
    return look


def test_the_watch_tells_that_somebody_else_spends(bot, sandbox, keeper):
    """At the next look after it has settled; once; and once more when the count was corrected."""
    bot.call(3)
    sandbox.spend(ONE, "comments.insert", 12)
    bot.settle()

    assert [(one.kind, one.rule) for one in keeper()] == [("alert", "elsewhere")]
    assert keeper() == []
    bot.apply(bot.compare())
    assert [(one.kind, one.rule) for one in keeper()] == [("recovery", "elsewhere")]


def test_the_watch_imports_history_and_compares_every_quarter_only(bot, keeper, caplog):
    """Between two comparisons a look asks Google nothing: a gate that is shut is not noticed."""
    bot.history(days=3)
    keeper()
    assert len(bot.monitor.official.days()) == 4  # with today's beginning

    bot.clock.advance(-routine.EVERY + 60)
    bot.sandbox.disable_api("monitoring", ONE)
    keeper()
    assert "could not be held" not in caplog.text
    keeper()
    assert caplog.text.count("could not be held") == 1


def test_the_watch_logs_a_failure_once(bot, keeper, caplog):
    """Every quarter of an hour the same is no news; that it works again is."""
    bot.sandbox.disable_api("monitoring", ONE)
    for _ in range(3):
        keeper()
    assert caplog.text.count("could not be held against Google's") == 1
    assert "Monitoring" in caplog.text

    bot.sandbox.disable_api("monitoring", ONE, disabled=False)
    with caplog.at_level(logging.INFO, "ytquota.alerts"):
        keeper()
    assert "can be read again" in caplog.text


def test_a_watch_without_an_account_asks_nothing(bot, caplog):
    """Not configured is no failure."""
    settings = replace(bot.settings, cloud_credentials=None)
    Watch(settings, bot.monitor).look()
    assert not (bot.settings.memory_dir / "reconciled.json").exists()
    assert "Google" not in caplog.text


def findings(bot, **options):
    found = examine(bot.settings, clock=bot.clock, **options)
    return [one for one in found if one.check == "reconcile"]


def test_the_doctor_says_when_nobody_has_compared(bot):
    """Never, or not for two days; silent after a comparison."""
    bot.call()
    (never,) = findings(bot)
    assert (never.severity, "never" in never.what) == ("note", True)
    bot.settle()
    bot.compare()
    assert findings(bot) == []
    bot.clock.advance(3 * 86_400)
    assert "2026-11-20" in findings(bot)[0].what


def test_the_doctor_says_why_the_counters_cannot_be_read(bot, sandbox):
    """As the last comparison found, or as Google says now."""
    bot.call()
    bot.settle()
    bot.compare()
    sandbox.disable_api("monitoring", ONE)
    assert findings(bot) == []
    with pytest.raises(CloudError):
        bot.compare()
    (known,) = findings(bot)
    assert (known.severity, "Monitoring" in known.what) == ("warning", True)

    sandbox.disable_api("monitoring", ONE, disabled=False)
    assert findings(bot, ask_google=True) == []


def test_the_doctor_is_silent_where_no_account_is_named(bot):
    """Whoever does not compare is not reminded of it."""
    bot.call()
    found = examine(replace(bot.settings, cloud_credentials=None), clock=bot.clock)
    assert not [one for one in found if one.check == "reconcile"]
