"""One service, many threads; and a forked child."""

from __future__ import annotations

import gc
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

PROJECT = "111111111111"


def test_many_threads_may_use_one_service(service, sandbox, spent):
    """Each call is charged once, whoever makes it; nobody reads another thread's answer."""
    shared = service()

    def work(number):
        for step in range(15):
            answer = shared.videos().list(part="id", id=f"video-{number}-{step}").execute()
            assert [item["id"] for item in answer["items"]] == [f"video-{number}-{step}"]
            shared.channels().list(part="id", id=f"channel-{number}").execute()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))

    assert spent() == sandbox.billed() == {PROJECT: {"default": {"channels.list": 120, "videos.list": 120}}}


def test_a_thread_keeps_its_connection_and_gives_it_back_when_it_ends(service):
    """One http per living thread, closed with the thread."""
    shared = service()
    first = shared._http._slot()
    shared.videos().list(part="id", id="a").execute()
    seen = []

    def work():
        shared.videos().list(part="id", id="b").execute()
        seen.append(shared._http._slot().http)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    gc.collect()

    assert shared._http._slot() is first
    assert seen[0] is not first.http
    assert shared._http._living() == [first]
    assert not seen[0].http.http.connections


def test_nested_resources_are_made_once(service):
    """service.videos() costs the google client 1 ms each time; here only the first."""
    shared = service()

    assert shared.videos() is shared.videos()
    deep = [shared.youtube().v3().liveChat().messages() for _ in range(2)]
    assert deep[0] is deep[1]


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_calls_over_a_connection_of_its_own(service, sandbox, spent):
    """Parent and child go on with the same service, and every call is counted once."""
    shared = service()
    shared.videos().list(part="id", id="a").execute()

    child = os.fork()
    if child == 0:
        code = 1
        try:
            answers = [shared.videos().list(part="id", id=f"c{n}").execute() for n in range(20)]
            code = 0 if [a["items"][0]["id"] for a in answers] == [f"c{n}" for n in range(20)] else 2
        finally:
            os._exit(code)
    answers = [shared.videos().list(part="id", id=f"p{n}").execute() for n in range(20)]
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert [a["items"][0]["id"] for a in answers] == [f"p{n}" for n in range(20)]
    assert spent() == sandbox.billed() == {PROJECT: {"default": {"videos.list": 41}}}
