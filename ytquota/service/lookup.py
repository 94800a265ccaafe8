"""Look-ups by id, fifty for the price of one."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from abc import ABC, abstractmethod
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from weakref import WeakKeyDictionary

import orjson

from ytquota.clock import SystemClock
from ytquota.errors import YTQuotaError
from ytquota.monitor.tagging import tag_in_force
from ytquota.service.lookup_found import Found, found_of, with_partial
from ytquota.service.lookup_rounds import MOST, Answers, Question, Round, Rounds

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ytquota.clock import Clock

WINDOW = 0.005
"""Seconds that a call of fewer than 50 ids waits for company."""

_NOT_YOURS = frozenset(("fields", "id", "maxResults", "pageToken"))
_RETRIES = 2

Asked = TypeVar("Asked")
"""What asking gives: a `Found`, or a coroutine that will."""


class _Asker(ABC, Generic[Asked]):
    """What the look-ups of threads and of tasks have in common; see `Batcher` for its arguments."""

    def __init__(
        self,
        service: Any,
        *,
        keep: float = 0.0,
        window: float = WINDOW,
        num_retries: int = _RETRIES,
        clock: Clock | None = None,
    ) -> None:
        self._service, self._num_retries = service, num_retries
        self._rounds = Rounds(keep=keep, window=window, clock=clock or SystemClock())

    def videos(self, ids: Iterable[str], part: str | Iterable[str] = "snippet", **options: Any) -> Asked:
        """Videos by id: 1 unit for 50, whatever the parts."""
        return self.look_up("videos.list", ids, part, **options)

    def channels(self, ids: Iterable[str], part: str | Iterable[str] = "snippet", **options: Any) -> Asked:
        """Channels by id: 1 unit for 50."""
        return self.look_up("channels.list", ids, part, **options)

    def playlists(self, ids: Iterable[str], part: str | Iterable[str] = "snippet", **options: Any) -> Asked:
        """Playlists by id: 1 unit for 50."""
        return self.look_up("playlists.list", ids, part, **options)

    def playlist_items(
        self, ids: Iterable[str], part: str | Iterable[str] = "snippet", **options: Any
    ) -> Asked:
        """Entries of playlists by their own ids (not those of their videos): 1 unit for 50."""
        return self.look_up("playlistItems.list", ids, part, **options)

    def statistics(self, ids: Iterable[str]) -> Asked:
        """Views, likes and comments of videos: 1 call for 50, of a pool of its own with 10,000 a day.

        By videos.batchGetStats; by videos.list where the client library is older than that.
        """
        return self.look_up(self._statistics(), ids, "statistics")

    @abstractmethod
    def look_up(
        self, method: str, ids: Iterable[str], part: str | Iterable[str] = "snippet", **options: Any
    ) -> Asked:
        """Any list method that takes ids, by its name."""

    def _call(self, one: Round) -> None:
        """Wait for the round's window, and make its call unless another waiter does."""
        one.wait_until_due()
        if not self._rounds.take(one):
            return
        try:
            self._rounds.finish(one, self._fetch(one.question, list(one.ids)))
        except Exception as error:  # noqa: BLE001 - it is raised where each of them waits
            self._rounds.fail(one, error)
        except BaseException:
            stopped = "The thread that made this call for several askers was stopped; ask again."
            self._rounds.fail(one, YTQuotaError(stopped))
            raise

    def _fetch(self, question: Question, ids: list[str]) -> Answers:
        resource, _, verb = question.method.partition(".")
        options: dict[str, Any] = dict(question.options)
        if resource != "videos":  # whose list does not take it together with ids
            options["maxResults"] = MOST  # the default of 5 holds for ids too
        request = getattr(getattr(self._service, resource)(), verb)(id=",".join(ids), **options)
        answer = request.execute(num_retries=self._num_retries)
        return {item["id"]: orjson.dumps(item) for item in answer.get("items", ())}

    def _statistics(self) -> str:
        """The method that has a pool of its own, if this service knows it."""
        return "videos.batchGetStats" if hasattr(self._service.videos(), "batchGetStats") else "videos.list"


class Batcher(_Asker[Found]):
    """Looks things up by id: calls of 50, shared by all threads that ask within the window.

    Each method returns a `Found`: a list in the order of the ids, with `missing` and `by_id`. What goes wrong
    in a call reaches everyone who waits for it; the error's `partial` is a `Found` of what came before, its
    `unasked` are the ids still to do.

    Only calls of the same method, options and tag are shared.

    Args:
        service: a metered service, as `get_authenticated_service()` or `monitored()` returns.
        keep: seconds for which an answer, "missing" included, is given again without a call; 0 for never.
        window: seconds that a call of fewer than 50 ids waits for others to join.
        num_retries: how often a call that failed for the moment is repeated; each attempt costs its price.
        clock: the time by which answers grow old.
    """

    def look_up(
        self, method: str, ids: Iterable[str], part: str | Iterable[str] = "snippet", **options: Any
    ) -> Found:
        """Any list method that takes ids, by its name: "liveBroadcasts.list".

        Args:
            method: as in the discovery document.
            ids: a list of ids, or one.
            part: one or several, as text or as a list.
            options: further parameters of the method, as `hl`; they go with every call.

        Raises:
            QuotaExceeded: the pool has too little left; `partial` holds what was found.
            googleapiclient.errors.HttpError: YouTube's error, with `partial` too.
            ValueError: an id is empty, or has a comma or a blank in it.
            TypeError: `id`, `maxResults`, `pageToken` or `fields` was given.
        """
        wanted = _checked(ids)
        known, rounds = self._rounds.join(_question(method, part, options), wanted)
        try:
            for one in rounds:
                self._call(one)
                known |= one.answers.result()
        except Exception as error:  # noqa: BLE001 - raised again, as this asker's own
            own = with_partial(error, found_of(wanted, known))
            raise own from own.__cause__
        finally:
            for one in rounds:
                self._rounds.leave(one)
        return found_of(wanted, known)


class AsyncBatcher(_Asker[Coroutine[Any, Any, Found]]):
    """`Batcher` for asyncio: the same methods, awaited; all tasks that ask within the window share a call.

    The google client blocks, so each call is made in a thread of the loop's own pool. A task that is
    cancelled leaves the call to the others.

    Args: those of `Batcher`.
    """

    async def look_up(
        self, method: str, ids: Iterable[str], part: str | Iterable[str] = "snippet", **options: Any
    ) -> Found:
        """Any list method that takes ids; see `Batcher.look_up` for arguments and errors."""
        wanted = _checked(ids)
        known, rounds = self._rounds.join(_question(method, part, options), wanted)
        try:
            for one in rounds:
                known |= await self._answers(one)
        except Exception as error:  # noqa: BLE001 - raised again, as this asker's own
            own = with_partial(error, found_of(wanted, known))
            raise own from own.__cause__
        finally:
            for one in rounds:
                self._rounds.leave(one)
        return found_of(wanted, known)

    async def _answers(self, one: Round) -> Answers:
        if self._rounds.needs_job(one):
            # not awaited: it goes on for the others when the task that began it is cancelled
            run = contextvars.copy_context().run
            asyncio.get_running_loop().run_in_executor(None, run, self._call, one)
        return await asyncio.wrap_future(one.answers)


def shared_batcher(service: Any) -> Batcher:
    """Return a batcher without a memory that shares its calls with all others of the same service."""
    batcher = Batcher(service)
    with _shared_lock:
        # the rounds alone are kept: a batcher would hold the service that it is kept for
        batcher._rounds = _shared.setdefault(service, batcher._rounds)  # noqa: SLF001
    return batcher


_shared: WeakKeyDictionary[Any, Rounds] = WeakKeyDictionary()
_shared_lock = threading.Lock()


def _checked(ids: Iterable[str]) -> tuple[str, ...]:
    """Each id once, in the order asked."""
    wanted = tuple(dict.fromkeys([ids] if isinstance(ids, str) else ids))
    for id_ in wanted:
        if not isinstance(id_, str) or not id_ or "," in id_ or id_.split() != [id_]:
            raise ValueError(f"{id_!r} is no id. Give a list of ids, each as a text of its own.")
    return wanted


def _question(method: str, part: str | Iterable[str], options: dict[str, Any]) -> Question:
    wrong = _NOT_YOURS & options.keys()
    if wrong:
        raise TypeError(
            f"A look-up asks for fifty whole items at a time: leave out {', '.join(sorted(wrong))}."
        )
    parts = part.split(",") if isinstance(part, str) else part
    named = {**options, "part": ",".join(sorted({one.strip() for one in parts}))}
    return Question(
        method, tuple(sorted((name, str(value)) for name, value in named.items())), tag_in_force()
    )
