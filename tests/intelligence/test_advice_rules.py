"""What the rules must not say, and how savings are counted; the rules themselves are proved on a sandbox."""

from __future__ import annotations

import ast
from datetime import timedelta
from pathlib import Path

import pytest

from ytquota.intelligence import QuotaIntelligence
from ytquota.intelligence.advice import RULES, advise, read
from ytquota.monitor import Demand
from ytquota.monitor.archive import Archive

GONE = {"error": {"code": 404, "errors": [{"reason": "videoNotFound"}]}}


@pytest.fixture
def call(monitor, clock):
    """Make calls of one kind, `every` so many seconds, with facts; each is answered at once."""

    def call(method, times=1, *, every=1.0, status=200, body=None, number="1", tag="bot", retry=0, **facts):
        for turn in range(times):
            known = {name: value(turn) if callable(value) else value for name, value in facts.items()}
            demand = Demand(method, "111", number, tag, facts=known, retry=retry)
            monitor.begin([demand]).answered([(status, body)], latency=0.0)
            clock.advance(every)

    return call


@pytest.fixture
def advice(monitor):
    return lambda: QuotaIntelligence(monitor).advise()


def rules(found):
    return [one.rule for one in found]


def each(turn):
    return f"{turn:08x}00000000"


def test_nothing_logged_is_nothing_to_advise(advice):
    """No call, no advice, no error."""
    assert advice() == []


def test_a_frame_without_the_facts_is_refused_with_the_remedy(monitor, call):
    """The frame of QuotaIntelligence.calls() lacks what the rules read."""
    call("videos.list", ids=1, hash="aa")

    with pytest.raises(ValueError, match=r"advice\.read"):
        advise(QuotaIntelligence(monitor).calls())


def test_what_saves_less_than_a_hundredth_of_the_pool_is_not_told(call, advice):
    """98 units of 10,000: silence. 102: told."""
    call("channels.list", 100, ids=1, hash=each)
    assert advice() == []

    call("channels.list", 4, ids=1, hash=each)
    assert rules(advice()) == ["ids-per-call"]


def test_the_floor_follows_the_limit_in_force(monitor, call):
    """The same waste is nothing in a pool of a million."""
    call("channels.list", 300, ids=1, hash=each)
    calls = read(monitor.log())

    assert rules(advise(calls)) == ["ids-per-call"]
    assert advise(calls, limits={("111", "default"): 1_000_000}) == []


def test_a_call_is_spared_once_only(call, advice):
    """The same three ids, asked one by one again and again: the repeats are counted, and not once more."""
    call("videos.list", 600, ids=1, parts=["status"], hash=lambda turn: each(turn % 3))

    found = advice()

    assert rules(found) == ["repeated-read"]
    assert sum(one.saving for one in found) < 600


def test_savings_of_two_rules_add_up_to_what_both_save(call, advice):
    """Each of 300 ids asked twice in a minute: the repeats go, and the rest is asked by fifty; 10 remain."""
    call("channels.list", 600, every=0.2, ids=1, parts=["id"], hash=lambda turn: each(turn // 2))

    found = advice()

    assert sorted(rules(found)) == ["ids-per-call", "repeated-read"]
    assert sum(one.saving for one in found) == pytest.approx(600 - 6, abs=4)


def test_slow_lookups_of_one_id_are_no_batch(call, advice):
    """An id that comes up every 20 seconds could not have waited for the next."""
    call("videos.list", 300, every=20, ids=1, parts=["snippet"], hash=each)

    assert advice() == []


def polled(call, times, *, every, **facts):
    """Polls of a chat whose answers ask to wait five seconds."""
    call("liveChatMessages.list", times, every=every, pollingIntervalMillis=5_000, **facts)


def test_a_poll_a_hair_early_is_no_waste(call, advice):
    """Timers and clocks are not that exact, and what they are early by does not add up."""
    polled(call, 1_000, every=4.95, hash="aaaaaaaa")

    assert advice() == []


def test_a_pause_makes_up_for_nothing_and_costs_nothing(call, advice):
    """Ten polls in ten seconds could have been two or three, however long the bot is quiet after them."""
    for _ in range(60):
        polled(call, 10, every=1.0, hash="aaaaaaaa")
        call("videos.list", every=600, ids=1, parts=["snippet"], hash="bbbbbbbb")

    (found,) = advice()

    assert (found.rule, found.calls, found.spared) == ("poll-too-soon", 600, 480)
    assert found.saving == 480 * 5


def test_the_polls_of_a_bot_that_waits_most_of_the_time_are_counted_by_time(call, advice):
    """Every four seconds instead of five: a fifth, though each of them comes too soon."""
    polled(call, 1_000, every=4.0, hash="aaaaaaaa")

    (found,) = advice()

    assert found.spared == pytest.approx(200, abs=2)


def test_two_chats_in_one_process_are_polled_each_at_its_own_pace(call, advice):
    """By turns every three seconds: each chat every six."""
    polled(call, 1_000, every=3.0, hash=lambda turn: "aaaaaaaa" if turn % 2 else "bbbbbbbb")

    assert advice() == []


def test_two_processes_with_one_tag_do_not_hurry_each_other(call, monitor):
    """What the answer asked of one of them is no business of the other."""
    polled(call, 1_000, every=3.0, hash="aaaaaaaa")
    rows = list(monitor.log())

    assert rules(advise(read(rows))) == ["poll-too-soon"]
    assert advise(read({**row, "pid": turn % 2} for turn, row in enumerate(rows))) == []


def test_polls_whose_answers_were_not_noted_are_left_alone(call, advice):
    """A log from before intervals were kept tells nothing of them."""
    call("liveChatMessages.list", 1_000, every=1.0, hash="aaaaaaaa")

    assert advice() == []


def test_a_single_page_is_nothing_to_enlarge(call, advice):
    """Who reads five items and stops may want five."""
    call("playlistItems.list", 400, every=5, hash=each)

    assert advice() == []


def test_full_pages_are_left_alone(call, advice):
    """Fifty a page, whatever the number of pages."""
    call("playlistItems.list", 400, maxResults=50, page=lambda turn: turn % 10 > 0, hash=each)

    assert advice() == []


@pytest.mark.parametrize(
    "filters",
    [["q"], ["channelId", "q"], ["channelId", "order=viewCount"], ["channelId", "type=playlist"], None],
)
def test_searches_that_no_list_answers_are_left_alone(call, advice, filters):
    """With a word, by views, for playlists; and those of logs that did not keep the filters."""
    call("search.list", 50, every=30, hash=each, **({"filters": filters} if filters else {}))

    assert advice() == []


def test_the_same_question_of_two_accounts_is_two_questions(call, advice):
    """`mine` is another channel's for another set."""
    for turn in range(400):
        call("channels.list", hash="aaaaaaaaaaaaaaaa", parts=["snippet"], number=str(turn))

    assert advice() == []


def test_a_moving_chat_and_downloads_are_no_repeats(call, advice):
    """Polling a chat and loading captions look alike each time, and are not."""
    call("liveChatMessages.list", 100, every=10, hash="aaaaaaaaaaaaaaaa")
    call("captions.download", 20, hash="bbbbbbbbbbbbbbbb")

    assert advice() == []


def test_failing_writes_with_other_words_are_no_repeats(call, advice):
    """The text of a write is not in its hash; only the client's own retry is surely the same."""
    call("comments.insert", 30, status=404, body=GONE, hash="aaaaaaaaaaaaaaaa")
    assert advice() == []

    call("comments.insert", 30, status=404, body=GONE, hash="aaaaaaaaaaaaaaaa", retry=1)
    assert rules(advice()) == ["permanent-error"]


def test_a_success_in_between_makes_an_error_new(call, advice):
    """What was there again a minute ago may be gone for a new reason."""
    for _ in range(60):
        call("commentThreads.list", every=120, status=404, body=GONE, hash="aaaaaaaaaaaaaaaa")
        call("commentThreads.list", every=120, hash="aaaaaaaaaaaaaaaa", maxResults=100)

    assert advice() == []


def test_errors_of_the_server_may_be_retried(call, advice):
    """A 503 is worth another try."""
    call("videos.list", 300, status=503, hash="aaaaaaaaaaaaaaaa", ids=1)

    assert advice() == []


def test_a_bot_that_only_watches_has_no_quiet_hours(call, advice, clock):
    """Nobody sees in the log what its polls find."""
    call("liveBroadcasts.list", 10 * 144, every=600, hash="aaaaaaaaaaaaaaaa", maxResults=50)

    assert advice() == []


def test_a_weekly_rhythm_is_no_break(call, advice, clock):
    """Four times as much on each Saturday and Sunday is a habit."""
    for day in range(21):
        times = 400 if day % 7 > 4 else 100
        call(
            "videos.list",
            times,
            every=30,
            ids=1,
            parts=["snippet"],
            hash=lambda turn, d=day: each(1000 * d + turn),
        )
        clock.advance(86_400 - 30 * times)

    assert advice() == []


def test_a_young_bot_has_no_history_to_break_with(call, advice, clock):
    """A week is too short to know what is usual."""
    for day in range(6):
        call(
            "videos.list",
            10 if day < 5 else 600,
            every=30,
            ids=1,
            hash=lambda turn, d=day: each(1000 * d + turn),
        )
        clock.advance(86_400 - 18_000)

    assert advice() == []


def test_archived_days_give_the_same_advice(call, advice, monitor, clock, tmp_path):
    """Parquet keeps what the rules read."""
    call("channels.list", 300, ids=1, parts=["snippet"], hash=each)
    call("search.list", 30, every=30, filters=["channelId", "order=date"], hash=each)
    call("commentThreads.list", 400, page=lambda turn: turn % 8 > 0, parts=["snippet"], hash=each)
    clock.advance(timedelta(days=1).total_seconds())
    call("videos.list")
    before = advice()
    monitor.ledger.close()
    clock.advance(timedelta(days=9).total_seconds())

    Archive(tmp_path / "archive").take_in(tmp_path / "calls", now=clock.time())

    assert len(list((tmp_path / "calls").iterdir())) == 1
    assert len(before) == 3
    assert advice() == before


RULES_IN_ORDER = (
    *("search-for-uploads", "search-for-live", "statistics-only", "permanent-error", "poll-too-soon"),
    *("repeated-read", "page-size", "ids-per-call", "quiet-hours", "burn-break", "asking-on"),
)


def test_the_document_tells_every_rule_in_the_order_in_which_they_are_asked():
    """The order matters: what one rule spares is gone for the next."""
    text = (Path(__file__).parents[2] / "docs" / "advice.md").read_text()
    rows = [line for line in text.splitlines() if line.startswith("| `") and line.count("|") == 5]

    assert [row.split("`")[1] for row in rows] == list(RULES_IN_ORDER)
    assert len(RULES) == len(RULES_IN_ORDER)


def test_the_code_that_is_shown_is_python(call, advice):
    """What is meant to be copied must parse, with the figures filled in, and fit 80 columns."""
    call("channels.list", 300, ids=1, parts=["snippet"], hash=each)
    call("videos.list", 300, ids=1, parts=["statistics"], hash=lambda turn: each(1000 + turn))
    call("videos.list", 300, every=3, ids=1, parts=["status"], hash="eeeeeeee00000000")
    call(
        "search.list", 30, every=30, filters=["channelId", "order=date"], hash=lambda turn: each(2000 + turn)
    )
    call(
        "search.list",
        30,
        every=30,
        filters=["channelId", "eventType=live"],
        hash=lambda turn: each(3000 + turn),
    )
    call("commentThreads.list", 400, page=lambda turn: turn % 8 > 0, hash=lambda turn: each(4000 + turn))
    call("comments.list", 200, status=404, body=GONE, hash="ffffffff00000000")

    found = advice()

    assert len(found) == 7
    for one in found:
        ast.parse(one.code)
        assert max(map(len, one.code.splitlines())) <= 75
