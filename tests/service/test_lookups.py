"""Look-ups by id: fifty for the price of one, shared by all who ask at the same time."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest
import tblib.pickling_support
from googleapiclient.errors import HttpError
from httplib2 import Response

from ytquota import QuotaExceeded, YTQuotaError, batch, tag
from ytquota.batch import AsyncBatcher, Batcher
from ytquota.service import ServerQuotaExceeded, monitored
from ytquota.service.lookup import shared_batcher
from ytquota.service.lookup_found import Found, with_partial

PROJECT = "111111111111"
LONG = 30.0
"""Seconds of a window that nobody is to sit out: a full round goes at once."""


@pytest.fixture(autouse=True)
def equal_bills(sandbox, spent):
    """Whatever a test does: the ledger's units are what the sandbox billed."""
    yield
    assert spent() == sandbox.billed()


@pytest.fixture
def used(monitor):
    return lambda bucket="default": monitor.ledger.usage(PROJECT)[PROJECT][bucket].used


def named(count, start=0):
    return [f"video{number:03}" for number in range(start, start + count)]


def ids_of(found):
    return [item["id"] for item in found]


def together(work, count):
    """Run `work(0)`, `work(1)`, ... in threads that begin at the same moment; results or exceptions."""
    ready = threading.Barrier(count)

    def run(number):
        ready.wait()
        try:
            return work(number)
        except Exception as error:  # noqa: BLE001 - it is what the test is about
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_fifty_ids_go_in_one_call(service, used):
    """120 videos cost 3 units, and come in the order asked."""
    wanted = list(reversed(named(120)))

    found = batch.videos(service, wanted, part="snippet,statistics")

    assert ids_of(found) == wanted
    assert found[0].keys() >= {"snippet", "statistics"}
    assert used() == 3


def test_an_id_asked_twice_stands_once(service, used):
    """Duplicates take no room in a call."""
    found = batch.videos(service, named(50) + named(50))

    assert ids_of(found) == named(50)
    assert used() == 1


def test_what_is_not_there_is_reported(service):
    """In the order asked; the others come all the same."""
    found = batch.videos(service, ["a", "missing1", "b", "missing2"])

    assert (ids_of(found), found.missing, found.unasked) == (["a", "b"], ("missing1", "missing2"), ())
    assert found.by_id["b"] == found[1]


def test_a_result_is_a_list_of_items(service):
    """Length, slices, iteration, emptiness."""
    found = batch.channels(service, ["UCa", "UCb", "UCc"])

    assert len(found) == 3
    assert found[1:] == [found[1], found[2]]
    assert found[0] in found
    assert not batch.channels(service, [])


def test_nothing_asked_costs_nothing(service, used):
    """No ids, no call."""
    batch.videos(service, iter(()))

    assert used() == 0


@pytest.mark.parametrize(
    ("look_up", "method"),
    [
        (batch.channels, "channels.list"),
        (batch.playlists, "playlists.list"),
        (batch.playlist_items, "playlistItems.list"),
        (lambda service, ids: batch.look_up(service, "liveBroadcasts.list", ids), "liveBroadcasts.list"),
    ],
)
def test_lists_with_a_default_of_five_are_asked_for_fifty(service, monitor, look_up, method):
    """The default of maxResults holds for ids too."""
    look_up(service, [f"id{n}" for n in range(60)])

    rows = [row for row in monitor.log() if row["method"] == method]
    assert [(row["facts"]["ids"], row["facts"]["maxResults"]) for row in rows] == [(50, 50), (10, 50)]


def test_statistics_spend_their_own_pool(service, used):
    """videos.batchGetStats has a bucket of its own; the default one stays whole."""
    found = batch.statistics(service, named(60))

    assert all("viewCount" in item["statistics"] for item in found)
    assert (used("video_batch_get_stats"), used()) == (2, 0)


def test_threads_that_ask_together_share_a_call(service, used):
    """Ten threads with five ids each are one call of fifty; each gets its own five."""
    lookup = Batcher(service, window=LONG)

    answers = together(lambda number: lookup.videos(named(5, 5 * number)), 10)

    assert [ids_of(found) for found in answers] == [named(5, 5 * number) for number in range(10)]
    assert used() == 1


def test_a_call_that_is_not_full_goes_when_its_window_is_over(service, used):
    """Four threads, three ids in all: one call, without a fiftieth id ever coming."""
    lookup = Batcher(service, window=0.3)

    answers = together(lambda number: lookup.videos(["shared", f"own{number % 2}"]), 4)

    assert [ids_of(found) for found in answers] == [["shared", f"own{n % 2}"] for n in range(4)]
    assert used() == 1


def test_the_functions_share_calls_by_service(service, used):
    """`batch.videos(service, ...)` from many threads, without an object to hand around."""
    own = service()
    shared_batcher(own)._rounds._window = LONG
    answers = together(lambda number: batch.videos(own, named(10, 10 * number)), 5)

    assert sum(map(len, answers)) == 50
    assert used() == 1


def test_a_service_is_not_kept_alive(credentials, monitor, sandbox):
    """What the functions remember of it goes with it."""
    own = monitored(credentials(), monitor=monitor, endpoint=sandbox.url)
    batch.videos(own, ["a"])
    own.close()
    gone = weakref.ref(own)
    del own
    gc.collect()

    assert gone() is None


def test_tags_do_not_mix(service, monitor):
    """A call is logged under the tag of those who asked, so two tags make two calls."""
    lookup = Batcher(service, window=0.2)

    def ask(number):
        with tag(f"tag{number % 2}"):
            return lookup.videos([f"video{number}"])

    together(ask, 4)

    assert sorted((row["tag"], row["facts"]["ids"]) for row in monitor.log()) == [("tag0", 2), ("tag1", 2)]


def test_other_parts_or_options_are_another_call(service, used):
    """Parts in another order are the same; another language is not."""
    lookup = Batcher(service, keep=60)

    lookup.videos(["a"], part="snippet,statistics")
    lookup.videos(["a"], part=["statistics", "snippet"])
    lookup.videos(["a"], part="snippet,statistics", hl="de")

    assert used() == 2


def test_an_answer_is_kept_for_the_time_stated(service, used, clock):
    """Also that an id is missing; then it is asked again."""
    lookup = Batcher(service, keep=300, clock=clock)
    first = lookup.videos(["a", "missing"])
    clock.advance(299)

    assert lookup.videos(["missing", "a"]) == first
    assert used() == 1
    clock.advance(1)
    lookup.videos(["a"])
    assert used() == 2


def test_without_a_time_nothing_is_kept(service, used):
    """The default asks YouTube every time."""
    lookup = Batcher(service)
    lookup.videos(["a"])
    lookup.videos(["a"])

    assert used() == 2


def test_what_one_asker_changes_the_next_does_not_see(service):
    """Everybody gets copies."""
    lookup = Batcher(service, keep=60)
    lookup.videos(["a"])[0]["snippet"]["title"] = "changed"

    assert lookup.videos(["a"])[0]["snippet"]["title"] != "changed"


def test_a_kept_answer_is_waited_for_while_it_is_on_its_way(service, used, sandbox):
    """Who asks for it a moment later joins the call that is out already."""
    lookup = Batcher(service, keep=60, window=0)
    sandbox.slow(0.4, "videos.list")
    on_its_way, fetch = threading.Event(), lookup._fetch

    def told(*arguments):
        on_its_way.set()
        return fetch(*arguments)

    lookup._fetch = told
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(lookup.videos, ["a"])
        on_its_way.wait()
        second = lookup.videos(["a"])

    assert second == first.result()
    assert used() == 1


def test_an_error_reaches_everybody_who_waits(service, sandbox):
    """Each gets an object of their own."""
    lookup = Batcher(service, window=LONG, num_retries=0)
    sandbox.fail("videos.list", status=400, reason="invalidPart")

    answers = together(lambda number: lookup.videos(named(25, 25 * number)), 2)

    assert [type(error) for error in answers] == [HttpError, HttpError]
    assert [error.partial.unasked for error in answers] == [tuple(named(25)), tuple(named(25, 25))]
    assert answers[0] is not answers[1]
    assert len(lookup.videos(named(50))) == 50  # nothing is kept of an error


def test_what_was_fetched_before_the_quota_ended_is_on_the_error(service, limits, used):
    """`partial` holds it, with what is missing, and what is still to do; nothing more is asked."""
    limits["default"] = 2
    with pytest.raises(QuotaExceeded) as caught:
        batch.videos(service, ["missing", *named(199)])

    partial = caught.value.partial
    assert ids_of(partial) == named(99)
    assert partial.missing == ("missing",)
    assert partial.unasked == tuple(named(100, 99))
    assert used() == 2
    assert caught.value.__cause__ is None


def test_a_refusal_of_youtube_leaves_what_came_before(service, sandbox):
    """Also where the server says no; the error is still an HttpError."""
    sandbox.set_limit(PROJECT, "default", 1)
    with pytest.raises(ServerQuotaExceeded) as caught:
        batch.videos(service, named(80))

    assert caught.value.status_code == 403
    assert len(caught.value.partial) == 50
    assert "default" in str(caught.value)


def test_who_is_denied_leaves_nothing_behind(service, monitor, limits):
    """Rounds that nobody waits for any more are not called by the next asker."""
    limits["default"] = 1
    lookup = Batcher(service, window=0)
    with pytest.raises(QuotaExceeded):
        lookup.videos(named(120))
    monitor.ledger.limit(PROJECT, "default", 10, source="operator")

    found = lookup.videos(["late"])

    assert ids_of(found) == ["late"]
    assert lookup._rounds._pending == lookup._rounds._open == {}


def test_an_interrupted_thread_does_not_hang_the_others(service):
    """Who stops the call with Ctrl-C tells the others to ask again."""
    lookup = Batcher(service, window=LONG)
    entered = threading.Event()

    def interrupted(*_):
        entered.set()
        raise KeyboardInterrupt

    lookup._fetch = interrupted

    def ask(number):
        try:
            return lookup.videos(named(25, 25 * number))
        except KeyboardInterrupt:
            return "interrupted"

    answers = together(ask, 2)

    assert "interrupted" in answers
    (other,) = (answer for answer in answers if answer != "interrupted")
    assert isinstance(other, YTQuotaError)


@pytest.mark.parametrize("wrong", [[""], ["a,b"], [" a"], [None], [7]])
def test_what_is_no_id_is_said_before_anything_is_sent(service, used, wrong):
    """A list joined to one text is the usual mistake."""
    with pytest.raises(ValueError, match="is no id"):
        batch.videos(service, wrong)

    assert used() == 0


def test_one_id_may_be_given_as_it_is(service):
    """A text is not taken for a list of letters."""
    assert ids_of(batch.videos(service, "abc")) == ["abc"]


@pytest.mark.parametrize("name", ["id", "maxResults", "pageToken", "fields"])
def test_parameters_that_a_look_up_sets_are_refused(service, name):
    """They would be sent twice, or break the answer apart."""
    with pytest.raises(TypeError, match=name):
        batch.look_up(service, "channels.list", ["UCa"], **{name: "x"})


# -- asyncio


def test_tasks_that_ask_together_share_a_call(service, used):
    """A hundred tasks with one id each are two calls."""

    async def main():
        lookup = AsyncBatcher(service, window=LONG)
        return await asyncio.gather(*(lookup.videos([name]) for name in named(100)))

    answers = asyncio.run(main())

    assert [ids_of(found) for found in answers] == [[name] for name in named(100)]
    assert used() == 2


def test_a_cancelled_task_leaves_the_call_to_the_others(service, used):
    """Also when it was the first to ask."""

    async def main():
        lookup = AsyncBatcher(service, window=0.3)
        first = asyncio.create_task(lookup.videos(["a"]))
        second = asyncio.create_task(lookup.videos(["b"]))
        await asyncio.sleep(0)
        first.cancel()
        return await asyncio.gather(first, second, return_exceptions=True)

    first, second = asyncio.run(main())

    assert isinstance(first, asyncio.CancelledError)
    assert ids_of(second) == ["b"]
    assert used() == 1


def test_a_call_that_everybody_left_is_not_made(service, used):
    """A task cancelled within the window costs nothing."""

    async def main():
        lookup = AsyncBatcher(service, window=0.1)
        task = asyncio.create_task(lookup.videos(["a"]))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(main())

    assert used() == 0


def test_tasks_get_the_same_errors(service, limits):
    """With what was fetched before."""
    limits["default"] = 1

    async def main():
        with tag("aio"):
            await AsyncBatcher(service).videos(named(60))

    with pytest.raises(QuotaExceeded) as caught:
        asyncio.run(main())

    assert len(caught.value.partial) == 50


def test_the_other_look_ups_are_awaited_too(service, monitor):
    """Each by its own method, under the task's tag."""

    async def main():
        lookup = AsyncBatcher(service, window=0)
        with tag("aio"):
            await lookup.channels(["UCa"])
            await lookup.playlists(["PLa"])
            await lookup.playlist_items(["x"])
            await lookup.statistics(["a"])

    asyncio.run(main())

    assert [(row["method"], row["tag"]) for row in monitor.log()] == [
        ("channels.list", "aio"),
        ("playlists.list", "aio"),
        ("playlistItems.list", "aio"),
        ("videos.batchGetStats", "aio"),
    ]


class OddError(Exception):
    """One that cannot be made again from its arguments."""

    def __init__(self, *, status):
        super().__init__("odd")
        self.status = status


@pytest.mark.parametrize(
    "error",
    [
        OddError(status=1),
        FileNotFoundError(2, "no", "file"),
        HttpError(Response({"status": 400}), b"{}", uri="u"),
    ],
)
def test_each_asker_has_an_error_of_their_own_whatever_its_kind(error):
    """Also where tblib has its own way of copying errors, as in programs that use Dask."""
    tblib.pickling_support.install()
    first = with_partial(error, Found([], (), ("a",)))
    second = with_partial(error, Found([], (), ("b",)))

    assert (first.partial.unasked, second.partial.unasked) == (("a",), ("b",))
    assert type(first) is type(error)
    assert str(first) == str(error)
    assert vars(first) == vars(error) | {"partial": first.partial}
