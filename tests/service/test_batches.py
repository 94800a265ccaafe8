"""Batches: each part pays for itself, whole or not at all."""

from __future__ import annotations

import pytest
from google_auth_httplib2 import AuthorizedHttp
from googleapiclient.errors import HttpError
from googleapiclient.http import BatchHttpRequest, build_http

from ytquota.errors import QuotaExceeded
from ytquota.service import Identity, ServerQuotaExceeded, monitored, register_token

# googleapiclient leaves the connection open over which it refreshes for a batch
upstream_leak = pytest.mark.filterwarnings(
    "ignore:.*unclosed <socket", "ignore::pytest.PytestUnraisableExceptionWarning"
)

PROJECT, OTHER = "111111111111", "222222222222"


@pytest.fixture(autouse=True)
def equal_bills(sandbox, spent):
    """Whatever a test does: the ledger's units per project, bucket and method are what the sandbox billed."""
    yield
    assert spent() == sandbox.billed()


@pytest.fixture
def told():
    """Callbacks that note (request id, kind of exception or None)."""

    class Told(dict):
        def __call__(self, request_id, response, exception):
            assert (response is None) == (exception is not None)
            self[request_id] = exception

    return Told()


def lists(service, count):
    return [service.videos().list(part="id", id=f"video{n}") for n in range(count)]


def test_a_batch_of_the_service_is_charged_part_by_part(service, told, spent, rows):
    """new_batch_http_request() is metered, and every callback is called."""
    batch = service.new_batch_http_request(callback=told)
    for request in lists(service, 7):
        batch.add(request)
    batch.add(service.search().list(part="id", q="x"), request_id="search")
    batch.execute()

    assert set(told.values()) == {None}
    assert len(told) == 8
    assert spent() == {PROJECT: {"default": {"videos.list": 7}, "search_list": {"search.list": 1}}}
    assert len(rows()) == 8


def test_a_batch_that_does_not_fit_whole_is_not_sent(service, limits, told, sandbox):
    """The error says how many would fit."""
    limits["default"] = 5
    batch = service.new_batch_http_request(callback=told)
    for request in lists(service, 7):
        batch.add(request)

    with pytest.raises(QuotaExceeded) as caught:
        batch.execute()

    assert (caught.value.fits, caught.value.left, caught.value.asked) == (5, 5, 7)
    assert not told
    assert not sandbox.access_log()


def test_a_part_refused_by_the_server_reaches_its_callback_as_quota_exceeded(service, sandbox, told, monitor):
    """The others got through; the pool is marked; the error is an HttpError too."""
    sandbox.set_limit(PROJECT, "search_list", 1)
    one_by_one = []
    batch = service.new_batch_http_request(callback=told)
    batch.add(service.search().list(part="id", q="a"))
    batch.add(service.search().list(part="id", q="b"), lambda *what: one_by_one.append(what[2]))
    batch.add(service.videos().list(part="id", id="a"))
    batch.execute()

    assert told["1"] is None
    assert told["3"] is None
    for error in (told["2"], *one_by_one):
        assert isinstance(error, ServerQuotaExceeded)
        assert isinstance(error, HttpError)
        assert (error.project, error.bucket, error.status_code) == (PROJECT, "search_list", 429)
        assert error.retry_at is not None
    with pytest.raises(QuotaExceeded) as denied:
        service.search().list(part="id", q="c").execute()
    assert not isinstance(denied.value, HttpError)


def test_a_hand_made_batch_marks_the_pool_all_the_same(service, sandbox, told):
    """Its callback gets a plain HttpError, the ledger learns as much."""
    sandbox.set_limit(PROJECT, "search_list", 1)
    batch = BatchHttpRequest(callback=told, batch_uri=f"{sandbox.url}/batch")
    batch.add(service.search().list(part="id", q="a"))
    batch.add(service.search().list(part="id", q="b"))
    batch.execute()

    assert told["1"] is None
    assert isinstance(told["2"], HttpError)
    with pytest.raises(QuotaExceeded):
        service.search().list(part="id", q="c").execute()


def test_other_errors_of_a_part_reach_the_callback_unchanged(service, told):
    """Only an empty pool is translated."""
    batch = service.new_batch_http_request(callback=told)
    batch.add(service.videos().list(part="id"))
    batch.add(service.videos().list(part="id", id="a"))
    batch.execute()

    assert type(told["1"]) is HttpError
    assert told["2"] is None


@upstream_leak
@pytest.mark.parametrize("hand_made", [False, True])
def test_parts_answered_401_are_charged_when_they_are_sent_again(service, sandbox, told, rows, hand_made):
    """The client refreshes and re-sends them in a second batch: the first time free, the second paid."""
    uri = f"{sandbox.url}/batch"
    batch = BatchHttpRequest(told, uri) if hand_made else service.new_batch_http_request(told)
    for request in lists(service, 3):
        batch.add(request)
    sandbox.fail("videos.list", status=401, times=2)
    batch.execute()

    assert set(told.values()) == {None}
    assert sorted(row[1] for row in rows()) == ["free", "free", "ok", "ok", "ok"]


@upstream_leak
@pytest.mark.parametrize("hand_made", [False, True])
def test_parts_answered_401_that_no_longer_fit_keep_that_answer(service, sandbox, limits, told, hand_made):
    """The answers of the other parts must not be lost with them."""
    limits["default"] = 3
    monitor = service()._http.account.monitor
    uri = f"{sandbox.url}/batch"
    batch = BatchHttpRequest(told, uri) if hand_made else service.new_batch_http_request(told)
    for request in lists(service, 3):
        batch.add(request)
    sandbox.fail("videos.list", status=401, times=1)

    def spend_what_came_free(_demand, _verdict):
        monitor.on_verdict = None
        service().videos().list(part="id", id="z").execute()

    monitor.on_verdict = spend_what_came_free
    batch.execute()

    assert sorted(told) == ["1", "2", "3"]
    assert [error.status_code for error in told.values() if error] == [401]


def test_a_batch_over_two_projects_charges_each_part_to_its_own(service, told, spent):
    """Every part carries the token of the service that made it; an unused service's token is known too."""
    other = service(OTHER)
    batch = service.new_batch_http_request(callback=told)
    for request in (*lists(service, 2), *lists(other, 3)):
        batch.add(request)
    batch.execute()

    assert set(told.values()) == {None}
    assert spent() == {PROJECT: {"default": {"videos.list": 2}}, OTHER: {"default": {"videos.list": 3}}}


def test_a_token_registered_by_hand_is_charged_to_its_identity(service, sandbox, told, spent):
    """A part that carries a token of no service of ours."""
    token = sandbox.issue_token(OTHER)["token"]
    register_token(token, Identity(OTHER, "10"))
    request = service.videos().list(part="id", id="a")
    request.http = None
    request.headers["authorization"] = f"Bearer {token}"
    batch = service.new_batch_http_request(callback=told)
    batch.add(request)
    batch.execute(http=service._http)

    assert told == {"1": None}
    assert spent() == {OTHER: {"default": {"videos.list": 1}}}


def test_parts_with_api_keys_are_charged_to_the_project_of_each_key(sandbox, monitor, told, spent, closing):
    """A key stands in the part's address; another service's key is known by its digest."""
    made = [
        closing(
            monitored(
                developerKey=sandbox.add_api_key(project),
                project=project,
                monitor=monitor,
                endpoint=sandbox.url,
            )
        )
        for project in (PROJECT, OTHER)
    ]
    batch = made[0].new_batch_http_request(callback=told)
    for service in made:
        batch.add(service.videos().list(part="id", id="a"))
    batch.execute()

    assert set(told.values()) == {None}
    assert spent() == {project: {"default": {"videos.list": 1}} for project in (PROJECT, OTHER)}


def test_a_batch_given_an_http_of_ones_own_is_metered(service, credentials, told, spent, closing):
    """execute(http=...) of the service's batch."""
    batch = service.new_batch_http_request(callback=told)
    for request in lists(service, 2):
        batch.add(request)
    batch.execute(http=closing(AuthorizedHttp(credentials(), http=build_http())))

    assert spent() == {PROJECT: {"default": {"videos.list": 2}}}


def test_an_empty_batch_does_nothing(service, sandbox):
    """As in the google client."""
    service.new_batch_http_request().execute()

    assert not sandbox.access_log()
