"""A poller that spends its share evenly until a given time, by the ledger and by what the chat says."""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from ytquota import QuotaExceeded, SettingsError
from ytquota.clock import SystemClock, day_start, epoch, next_reset
from ytquota.monitor.demand import Decision
from ytquota.pace import pace
from ytquota.service.pacing_rhythm import FASTEST, SLOWEST, Rhythm

PROJECT, OTHER = "111111111111", "222222222222"
CHAT = "liveChatMessages.list"
HOUR = 3600.0


@pytest.fixture
def poller(monitor, clock):
    """Make a pacer whose waits move the clock."""

    def make(hours=1.0, **options):
        options = {"monitor": monitor, "project": PROJECT, "sleep": clock.advance, **options}
        return pace(CHAT, until=clock.time() + hours * HOUR, **options)

    return make


@pytest.fixture
def play(monitor, clock):
    """Poll through the ledger; returns the instants of the polls, in seconds from now."""

    def run(pacer, during=lambda _tick: None, *, most=5000):
        begin, polls = clock.time(), []
        for tick in pacer:
            polls.append(tick.at - begin)
            with monitor.call(CHAT, project=PROJECT):
                during(tick)
            if len(polls) == most:
                break
        return polls

    return run


@pytest.fixture
def left(monitor):
    return lambda project=PROJECT: monitor.ledger.usage(project)[project]["default"].left


@pytest.fixture
def others(monitor):
    """Somebody else spends units of the pool."""
    return lambda units: monitor.ledger.hold(PROJECT, (("default", units),))


def gaps(polls):
    return [after - before for before, after in pairwise(polls)]


# -- the budget


def test_a_share_is_spent_evenly_until_the_end(poller, play, left):
    """60 % of 10,000 units in ten hours: 1,200 polls of 5 units, thirty seconds apart."""
    pacer = poller(10, share=0.6)

    polls = play(pacer)

    assert pacer.ended == "until"
    assert 1199 <= len(polls) <= 1200
    assert gaps(polls) == pytest.approx([30.0] * (len(polls) - 1), abs=0.1)
    assert 4000 <= left() <= 4005


def test_the_first_round_begins_at_once(poller, clock):
    """Nobody waits for the first look."""
    begin = clock.time()
    tick = next(poller())

    assert (tick.number, tick.at, tick.left) == (1, begin, 10_000)


def test_it_ends_at_the_time_named(poller, play, clock):
    """Neither earlier by much nor later, and it stays ended."""
    pacer, begin = poller(2.0), clock.time()
    play(pacer)

    assert clock.time() == pytest.approx(begin + 2 * HOUR, abs=0.01)
    assert (pacer.ended, list(pacer)) == ("until", [])


def test_a_time_that_is_past_ends_before_the_first_round(poller, left):
    """No units are spent."""
    pacer = poller(-1)

    assert (list(pacer), pacer.ended) == ([], "until")
    assert left() == 10_000


def test_without_a_time_the_reset_is_the_end(monitor, clock, play):
    """A day's quota for the rest of the day."""
    pacer = pace(CHAT, monitor=monitor, project=PROJECT, sleep=clock.advance)
    reset = next_reset(clock.time())
    polls = play(pacer)

    assert clock.time() == pytest.approx(epoch(reset), abs=0.01)
    assert len(polls) == pytest.approx(2000, abs=1)


def test_an_aware_time_is_taken_and_a_naive_one_refused(monitor, clock):
    """Nobody guesses a zone."""
    later = datetime.fromtimestamp(clock.time(), UTC) + timedelta(hours=1)

    assert pace(CHAT, until=later, monitor=monitor, project=PROJECT).until == clock.time() + HOUR
    with pytest.raises(ValueError, match="time zone"):
        pace(CHAT, until=later.replace(tzinfo=None), monitor=monitor, project=PROJECT)


@pytest.mark.parametrize("share", [0, -0.1, 1.1])
def test_what_is_no_share_is_refused(poller, share):
    """A percentage is the usual mistake."""
    with pytest.raises(ValueError, match="share"):
        poller(share=share)


def test_others_may_spend_their_part_unnoticed(poller, play, others, left):
    """While they stay within the rest, the poller keeps its pace and its part."""

    def spend(tick):
        if tick.number % 100 == 0:
            others(300)

    polls = play(poller(10, share=0.6), spend)

    assert gaps(polls) == pytest.approx([30.0] * (len(polls) - 1), abs=0.1)
    assert left() == pytest.approx(10_000 - 6000 - 3300, abs=5)


def test_where_others_spend_more_it_slows_down_and_still_lasts(poller, play, others):
    """At half time 7,000 units are suddenly gone: what is left is spread over the rest."""
    pacer = poller(2, share=0.6)
    polls = play(pacer, lambda tick: others(6000) if tick.number == 600 else None)

    assert pacer.ended == "until"
    assert gaps(polls)[:598] == pytest.approx([6.0] * 598, abs=0.1)
    assert gaps(polls)[620] == pytest.approx(3600 / 200, rel=0.1)
    assert polls[-1] > 2 * HOUR - 30


def test_when_the_pool_is_empty_it_ends(poller, play, others, left):
    """`ended` says why; nothing is left to wait for today."""
    pacer = poller(2)
    polls = play(pacer, lambda tick: others(left()) if tick.number == 3 else None)

    assert (len(polls), pacer.ended) == (3, "exhausted")


def test_a_pool_that_youtube_refused_ends_it(poller, play, monitor, clock):
    """Even if the ledger has units left."""
    pacer = poller(2)
    until = epoch(next_reset(clock.time()))
    polls = play(
        pacer,
        lambda tick: monitor.ledger.exhaust(PROJECT, "default", until) if tick.number == 2 else None,
    )

    assert (len(polls), pacer.ended) == (2, "exhausted")


def test_what_is_kept_for_more_important_work_is_not_the_pollers(monitor, poller, play, left, rule):
    """Admission's word counts: 4,000 units are kept, the share is of the other 6,000."""
    seen = set()

    def admission(demand, price, _balances):
        seen.add((demand.method, demand.priority, price.units))
        return Decision(keep=4000)

    monitor.admission = rule(admission)
    polls = play(poller(2, share=0.5))

    assert len(polls) == pytest.approx(600, abs=1)
    assert seen == {(CHAT, "normal", 5)}
    assert left() >= 7000


def test_the_poller_gets_its_share_of_a_reserve_that_is_let_go(monitor, poller, play, left, rule):
    """A forecast reserve shrinks as the day goes on."""
    kept = {"units": 8000}
    monitor.admission = rule(lambda *_: Decision(keep=kept["units"]))

    def let_go(tick):
        if tick.at > tick.pacer.until - HOUR:
            kept["units"] = 0

    polls = play(poller(2, share=0.5), let_go)

    assert sum(at < HOUR for at in polls) == pytest.approx(100, abs=2)
    assert left() == pytest.approx(5000, abs=10)


def test_a_spent_share_pauses_until_there_is_more(monitor, poller, play, others, caplog, rule):
    """It looks again each minute, says so once, and goes on when the limit was raised."""
    waits = []

    def sleep(seconds):
        waits.append(seconds)
        monitor.clock.advance(seconds)
        if len(waits) == 30:
            monitor.ledger.limit(PROJECT, "default", 20_000, source="operator")

    monitor.admission = rule(lambda *_: Decision(keep=10_000 if len(waits) < 30 else 0))
    with caplog.at_level(logging.WARNING, "ytquota.service"):
        polls = play(poller(1, sleep=sleep), most=3)

    assert waits[:30] == [60.0] * 30
    assert polls[0] == 1800.0
    assert [record.message.partition(":")[0] for record in caplog.records] == [f"{CHAT} pauses"]


def test_a_limit_that_turns_out_lower_makes_its_part_smaller(monitor, poller, play, left):
    """It keeps to half of what there really is."""
    pacer = poller(2, share=0.5)
    play(
        pacer,
        lambda tick: (
            monitor.ledger.limit(PROJECT, "default", 6000, source="server") if tick.number == 10 else None
        ),
    )

    assert left() == pytest.approx(3000, abs=10)


def test_over_the_reset_each_day_has_its_own_part(monitor, clock, play):
    """Today's part lasts until midnight in Los Angeles; then a whole new pool is spread over the rest."""
    midnight = epoch(day_start(datetime(2026, 11, 11, tzinfo=UTC).date()))
    clock.set(midnight - HOUR)
    pacer = pace(CHAT, until=midnight + 2 * HOUR, monitor=monitor, project=PROJECT, sleep=clock.advance)
    polls = play(pacer)

    before = [at for at in polls if at < HOUR]
    after = [at for at in polls if at >= HOUR]
    assert (len(before), len(after)) == (pytest.approx(2000, abs=2), pytest.approx(2000, abs=2))
    assert gaps(after) == pytest.approx([3.6] * (len(after) - 1), abs=0.1)


def test_two_pollers_of_one_pool_get_their_shares(monitor, clock):
    """30 % and 60 % add up; neither takes what is the other's."""
    options = {"until": clock.time() + HOUR, "monitor": monitor, "project": PROJECT}
    due, counts, now = {}, {"a": 0, "b": 0}, clock.time()
    pacers = {"a": pace(CHAT, share=0.3, **options), "b": pace(CHAT, share=0.6, **options)}
    while now < options["until"]:
        clock.set(now)
        for name, pacer in pacers.items():
            if due.get(name, 0) <= now:
                step = pacer._step()
                if isinstance(step, float):
                    due[name] = now + step
                elif step is not None:
                    counts[name] += 1
                    with monitor.call(CHAT, project=PROJECT):
                        pass
        now += 0.5

    assert counts == {"a": pytest.approx(600, rel=0.02), "b": pytest.approx(1200, rel=0.02)}


# -- the rhythm


def answer(messages, millis=0):
    return {"pollingIntervalMillis": millis, "items": [{}] * messages}


def test_it_never_asks_sooner_than_the_server_allows(poller, play):
    """pollingIntervalMillis counts from the answer, here half a second after the round began."""

    def busy(tick):
        tick.pacer._clock.advance(0.5)
        tick.answered(answer(50, millis=4000))

    polls = play(poller(0.5), busy, most=50)

    assert min(gaps(polls)) >= 4.5


def test_it_keeps_a_least_distance_by_itself(poller, play):
    """However much there is to spend."""
    assert min(gaps(play(poller(0.1, at_least=2.5), most=50))) >= 2.5


def test_a_busy_chat_is_asked_more_often_and_a_quiet_one_less(poller, play):
    """Half an hour of murmur, ten minutes of uproar, a murmur again; and the budget lasts."""

    def listen(tick):
        since = tick.pacer.until - 4 * HOUR
        uproar = 1800 < tick.at - since < 2400
        tick.answered(answer(200 if uproar else 1))

    pacer = poller(4)
    polls = play(pacer, listen)

    def between(begin, end):
        return (end - begin) / sum(begin < at <= end for at in polls)

    even = 4 * HOUR / 2000
    assert between(600, 1800) == pytest.approx(even, rel=0.1)
    assert between(1830, 2400) < 0.7 * even
    assert between(2600, 3600) > 1.1 * even
    assert pacer.ended == "until"
    assert polls[-1] > 4 * HOUR - 3 * even


def test_the_first_answer_is_history(poller):
    """A first look shows what was said before; it is not taken for a burst."""
    pacer = poller()
    next(pacer).answered(answer(75))
    next(pacer)

    assert pacer._rhythm._rate is None


def test_answers_of_several_pages_add_up(poller):
    """Whoever fetches more than one page in a round tells of each."""
    pacer = poller()
    next(pacer).answered(answer(0))
    tick = next(pacer)
    tick.answered(answer(500))
    tick.answered(answer(40))
    seconds = tick.at - (pacer.until - HOUR)
    next(pacer)

    assert pacer._rhythm._rate == pytest.approx(540 / seconds)


def test_a_list_that_is_no_chat_says_nothing_about_its_rhythm(poller):
    """Fifty items of a list of comments may all be old; `news` tells how many are not."""
    pacer = poller()
    for _ in range(3):
        next(pacer).answered({"items": [{}] * 50})
    assert pacer._rhythm.factor == 1
    for _ in range(3):
        next(pacer).answered({"items": [{}] * 50}, news=2)
    next(pacer)
    assert pacer._rhythm._rate == pytest.approx(2 / pacer.interval, rel=0.1)


def test_the_rhythm_stays_within_its_bounds():
    """Whatever comes: at most four times as often, at least half as often as evenly."""
    rhythm = Rhythm()
    assert rhythm.factor == 1
    for _ in range(1000):
        rhythm.heard(0, 20)
    assert rhythm.factor == pytest.approx(1)
    rhythm.heard(100_000, 20)
    assert rhythm.factor == FASTEST
    for _ in range(1000):
        rhythm.heard(10_000, 5)
    for _ in range(30):
        rhythm.heard(0, 20)
    assert rhythm.factor == SLOWEST


def test_a_clock_that_is_put_back_does_not_stop_it(poller, clock):
    """At most one interval is waited, not the hour that the clock lost."""
    pacer = poller(2)
    next(pacer)
    clock.advance(-HOUR)

    assert pacer._step() <= pacer.interval


# -- asyncio, services, the real thing


def test_async_for_does_the_same(poller, clock, monitor, left):
    """Rounds, waits and end; a sleeper may be awaited or not."""

    async def sleep(seconds):
        clock.advance(seconds)

    async def main(pacer):
        async for tick in pacer:
            async with monitor.call(CHAT, project=PROJECT):
                tick.answered(answer(1))
        return pacer.ended

    assert asyncio.run(main(poller(0.1, sleep=sleep, share=0.01))) == "until"
    assert left() == pytest.approx(9900, abs=5)
    assert asyncio.run(main(poller(0.1, share=0.01))) == "until"


def test_the_service_tells_who_pays(service, monitor, clock, rule):
    """Project, tag and priority are the service's."""
    seen = []
    monitor.admission = rule(lambda demand, *_: seen.append(demand) or Decision())
    other = service(OTHER, tag="poller", priority="low")
    next(pace(CHAT, until=clock.time() + HOUR, service=other))

    assert [(one.project, one.tag, one.priority) for one in seen] == [(OTHER, "poller", "low")]


def test_it_must_be_told_who_pays(monitor):
    """Neither an unmetered service nor nothing at all will do."""
    with pytest.raises(SettingsError, match="metered"):
        pace(CHAT, service=object())
    with pytest.raises(SettingsError, match="Whose quota"):
        pace(CHAT, monitor=monitor)


def test_a_chat_of_the_sandbox_is_paced(service, monitor, clock, sandbox, left):
    """The real client over real HTTP: an hour on 500 units, each message seen once, nobody asked too soon."""
    sandbox.set_limit(PROJECT, "default", 500)
    youtube, chat, seen = service(), {"liveChatId": "chat1", "part": "snippet"}, []
    pacer = pace(CHAT, until=clock.time() + HOUR, share=0.8, service=youtube, sleep=clock.advance)
    monitor.ledger.limit(PROJECT, "default", 500, source="operator")
    for tick in pacer:
        response = youtube.liveChatMessages().list(**chat).execute()
        chat["pageToken"] = response["nextPageToken"]
        tick.answered(response)
        seen += [item["id"] for item in response["items"]]

    assert pacer.ended == "until"
    assert sandbox.used(PROJECT) == 500 - left() == pytest.approx(400, abs=10)
    assert len(seen) == len(set(seen)) > 500
    at = [row["at"] for row in sandbox.access_log() if row["method"] == CHAT]
    assert min(gaps(at)) >= 2.0


def test_what_a_round_raises_reaches_the_bot(service, sandbox, clock):
    """YouTube refuses although the ledger had units: an error once, and then the end."""
    sandbox.set_limit(PROJECT, "default", 12)
    youtube = service()
    pacer = pace(CHAT, until=clock.time() + HOUR, service=youtube, sleep=clock.advance)

    def look():
        for tick in pacer:
            youtube.liveChatMessages().list(liveChatId="chat1", part="snippet").execute()
            assert tick.number < 3

    with pytest.raises(QuotaExceeded):
        look()
    assert (list(pacer), pacer.ended) == ([], "exhausted")


def test_real_time_passes_between_rounds(service):
    """With the clock of this machine, and no sleeper: a second between two looks, not a busy loop."""
    begin = time.monotonic()
    pacer = pace(CHAT, until=time.time() + 1.5, service=service(), clock=SystemClock(), at_least=1.0)
    rounds = [tick.number for tick in pacer]

    assert rounds == [1, 2]
    assert 1.4 < time.monotonic() - begin < 5
