"""monitored(): a bot's own service, credentials or API key, metered."""

from __future__ import annotations

import json
import logging
from concurrent.futures import ThreadPoolExecutor

import httplib2
import pytest
from google.oauth2.credentials import Credentials
from google_auth_httplib2 import AuthorizedHttp
from googleapiclient.discovery import build, build_from_document
from googleapiclient.errors import HttpError
from googleapiclient.http import HttpMock, MediaInMemoryUpload, build_http, set_user_agent

from ytquota.errors import CredentialError, QuotaExceeded
from ytquota.intelligence import QuotaIntelligence
from ytquota.monitor import Decision, Journal, QuotaMonitor, tag
from ytquota.service import ServerQuotaExceeded, monitored
from ytquota.service.fingerprint import key_of
from ytquota.service.routes import shipped_document

PROJECT, OTHER = "111111111111", "222222222222"


@pytest.fixture
def plain(sandbox, closing):
    """A service as a bot builds it, without anything of ours, on the sandbox."""

    def make(**options):
        document = {k: v for k, v in shipped_document().items() if k != "mtlsRootUrl"}
        document |= {"rootUrl": sandbox.url + "/", "baseUrl": sandbox.url + "/"}
        return closing(build_from_document(document, **options))

    return make


def test_a_service_of_ones_own_is_rebuilt_with_its_credentials_and_address(
    plain, credentials, monitor, spent, sandbox
):
    """Lists, uploads and batches of the twin go where the original's went, and are charged to its project."""
    twin = monitored(plain(credentials=credentials(OTHER)), monitor=monitor)

    twin.videos().list(part="id", id="a").execute()
    media = MediaInMemoryUpload(b"x", "video/mp4", resumable=True)
    twin.videos().insert(part="snippet", body={"snippet": {"title": "t"}}, media_body=media).execute()
    batch = twin.new_batch_http_request()
    batch.add(twin.channels().list(part="id", id="a"))
    batch.execute()
    twin.close()

    expected = {"default": {"videos.list": 1, "channels.list": 1}, "video_insert": {"videos.insert": 1}}
    assert spent() == sandbox.billed() == {OTHER: expected}


def test_the_original_service_stays_as_it_was(plain, credentials, monitor, spent, closing):
    """What goes through the original is not metered."""
    original = plain(credentials=credentials())
    closing(monitored(original, monitor=monitor))

    original.videos().list(part="id", id="a").execute()

    assert spent() == {}


def test_settings_of_the_original_http_are_kept(plain, credentials, monitor, closing):
    """Time-out, proxies, certificates and redirect rules belong to the bot."""
    http = build_http()
    http.timeout, http.proxy_info = 7, None
    http.add_certificate("key.pem", "cert.pem", "")
    twin = closing(monitored(plain(http=AuthorizedHttp(credentials(), http=http)), monitor=monitor))
    twin.videos().list(part="id", id="a").execute()

    twin.close()

    assert twin._http.timeout == 7
    assert list(twin._http._slot().http.http.http.certificates.iter("")) == [("key.pem", "cert.pem", None)]
    assert 308 not in twin._http.redirect_codes
    assert twin._http._slot().http.http.http.proxy_info is None


def test_a_metered_service_is_not_metered_twice(service, monitor, spent, closing):
    """monitored(monitored(...)) charges once."""
    twice = closing(monitored(service.main if hasattr(service, "main") else service(), monitor=monitor))

    twice.videos().list(part="id", id="a").execute()

    assert spent() == {PROJECT: {"default": {"videos.list": 1}}}


def test_an_http_with_a_replaced_request_keeps_it(plain, credentials, monitor, closing, spent):
    """set_user_agent patches the object; a copy would lose that."""
    seen = []
    http = build_http()
    http.request = lambda *a, **k: (seen.append(k["headers"]), httplib2.Http.request(http, *a, **k))[1]
    http = set_user_agent(http, "my-bot/1.0")
    twin = closing(monitored(plain(http=AuthorizedHttp(credentials(), http=http)), monitor=monitor))

    twin.videos().list(part="id", id="a").execute()

    assert "my-bot/1.0" in seen[0]["user-agent"]
    assert spent() == {PROJECT: {"default": {"videos.list": 1}}}


def test_a_double_in_place_of_the_http_is_metered(monitor, spent):
    """A bot's tests with HttpMock go on working."""
    mock = HttpMock(headers={"status": "200"})
    mock.data = b'{"items": []}'
    service = monitored(
        developerKey="k", http=mock, project=PROJECT, monitor=monitor, endpoint="https://example.org"
    )

    assert service.videos().list(part="id", id="a").execute() == {"items": []}
    assert spent() == {PROJECT: {"default": {"videos.list": 1}}}


def test_an_answer_from_the_http_cache_costs_nothing(monitor):
    """httplib2 answered from its cache: nothing left, so the hold is released."""

    class Cached:
        def request(self, *_arguments, **_options):
            response = httplib2.Response({"status": "200"})
            response.fromcache = True
            return response, b"{}"

    service = monitored(
        developerKey="k", http=Cached(), project=PROJECT, monitor=monitor, endpoint="https://example.org"
    )
    service.videos().list(part="id", id="a").execute()

    assert [(row["outcome"], row["units"]) for row in monitor.log()] == [("not_sent", 0)]


def test_an_api_key_has_a_pool_of_its_own_until_an_error_names_its_project(
    sandbox, monitor, closing, caplog, spent
):
    """The pool is provisional, and the hint says which setting would name it."""
    key = sandbox.add_api_key(PROJECT)
    sandbox.set_limit(PROJECT, "search_list", 1)
    service = closing(monitored(developerKey=key, monitor=monitor, endpoint=sandbox.url, credential_set=3))
    service.search().list(part="id", q="x").execute()
    (pool,) = spent()

    with pytest.raises(ServerQuotaExceeded), caplog.at_level(logging.WARNING, logger="ytquota.service"):
        service.search().list(part="id", q="x").execute()

    assert pool.startswith("key:")
    assert len(pool) == 16
    assert f"YTQUOTA_PROJECT_3={PROJECT}" in caplog.text
    assert key not in caplog.text


def test_a_key_of_the_settings_brings_its_set_and_project(sandbox, monkeypatch, tmp_path, closing):
    """With nothing but a key: set number, project, endpoint and ledger come from the .env."""
    env = sandbox.write_env(tmp_path / "bot", {1: OTHER}, api_keys={3: PROJECT})
    monkeypatch.chdir(env.parent)
    key = env.read_text().partition("YOUTUBE_API_KEY_3=")[2].split()[0]

    service = closing(monitored(developerKey=key))
    service.videos().list(part="id", id="a").execute()
    again = closing(monitored(developerKey=key))
    again.videos().list(part="id", id="a").execute()

    monitor = service._http.account.monitor
    rows = list(monitor.log())
    monitor.close()
    assert [(row["project"], row["set"], row["units"]) for row in rows] == [(PROJECT, "3", 1)] * 2
    assert again._http.account.monitor is service._http.account.monitor
    assert (env.parent / "memory" / "calls").is_dir()


def test_credentials_that_name_no_project_ask_for_it(sandbox, monitor, closing, spent):
    """A bare access token has no client id."""
    bare = Credentials(sandbox.issue_token(PROJECT)["token"])

    with pytest.raises(CredentialError, match="project='123456789012'"):
        monitored(bare, monitor=monitor, endpoint=sandbox.url)

    service = closing(monitored(bare, project=PROJECT, monitor=monitor, endpoint=sandbox.url))
    service.videos().list(part="id", id="a").execute()
    assert spent() == {PROJECT: {"default": {"videos.list": 1}}}


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((), {}, "needs a service"),
        (("youtube",), {}, "not str"),
        ((), {"developerKey": "k", "cache_discovery": False}, "does not know cache_discovery"),
        ((Credentials("t"),), {"credentials": Credentials("t")}, "given twice"),
    ],
)
def test_what_cannot_be_metered_is_refused_with_the_reason(arguments, options, message):
    """Nothing is ignored in silence."""
    with pytest.raises(TypeError, match=message):
        monitored(*arguments, **options)


def test_only_a_whole_youtube_service_is_taken(plain):
    """A part of one, another API's, or one that is to be built twice."""
    with pytest.raises(TypeError, match="give the service itself"):
        monitored(plain(developerKey="k").videos())
    with pytest.raises(TypeError, match="keeps its own developerKey"):
        monitored(plain(developerKey="k"), developerKey="j")
    with build("drive", "v3", developerKey="k") as other, pytest.raises(TypeError, match="drive:v3"):
        monitored(other)


def test_the_innermost_tag_names_the_call(service, monitor):
    """A block beats the service's own tag, which beats the script's name."""
    tagged = service(tag="crawler")
    tagged.videos().list(part="id", id="a").execute()
    with tag("nightly"):
        tagged.videos().list(part="id", id="a").execute()
        made_inside = tagged.videos().list(part="id", id="a")
    with ThreadPoolExecutor(1) as pool:
        pool.submit(made_inside.execute).result()
    service(priority="low").videos().list(part="id", id="a").execute()

    rows = list(monitor.log())
    assert [row["tag"] for row in rows[:3]] == ["crawler", "nightly", "nightly"]
    assert rows[3]["tag"] not in {"crawler", "nightly", ""}
    assert [row["priority"] for row in rows] == ["normal", "normal", "normal", "low"]


def test_a_service_of_ones_own_can_be_asked_about(plain, monitor, tmp_path, sandbox, rule):
    """By the service: its project, tag, priority and ledger, whatever the asker has."""
    seen = []
    monitor.admission = rule(lambda demand, *_: seen.append(demand) or Decision(keep=30, reason="30 kept"))
    own = monitored(
        plain(developerKey=sandbox.add_api_key(OTHER)),
        project=OTHER,
        tag="crawler",
        priority="low",
        monitor=monitor,
    )
    elsewhere = QuotaIntelligence(
        QuotaMonitor(Journal(tmp_path / "elsewhere"), folder=tmp_path / "elsewhere")
    )
    own.search().list(part="id", q="x").execute()
    seen.clear()

    answer = elsewhere.can_perform_operation("search.list", count=80, service=own)

    assert (answer.allowed, answer.project, answer.fits, answer.left_after) == (False, OTHER, 69, 99)
    (demand,) = seen
    assert (demand.project, demand.credential_set, demand.tag, demand.priority) == (
        OTHER, "own", "crawler", "low",
    )  # fmt: skip
    with tag("nightly"):
        elsewhere.can_perform_operation("search.list", service=own)
    assert seen[-1].tag == "nightly"
    assert elsewhere.can_perform_operation("search.list", service=own, priority="high")
    assert seen[-1].priority == "high"


def test_admission_is_asked_before_each_call(service, monitor, sandbox, rule):
    """The monitor's rule sees method, price and priority, and may keep everything for others."""
    asked = []

    def admission(demand, price, _balances):
        asked.append((demand.method, price.units, demand.priority))
        return Decision(keep=10_000 if demand.priority == "low" else 0, reason="not now")

    monitor.admission = rule(admission)
    service(priority="high").videos().list(part="id", id="a").execute()
    with pytest.raises(QuotaExceeded):
        service(priority="low").videos().list(part="id", id="a").execute()

    assert asked[0] == ("videos.list", 1, "high")
    assert len(sandbox.access_log()) == 1


def test_the_log_tells_who_called_what_and_how(service, monitor):
    """One line: set, method, price, facts; no ids."""
    service(credential_set=10).videos().list(part="id,snippet", id="aaa,bbb", maxResults=50).execute()

    (row,) = monitor.log()
    assert (row["set"], row["method"], row["price"], row["status"]) == ("10", "videos.list", 1, 200)
    assert row["latency"] > 0
    facts = dict(row["facts"])
    assert len(facts.pop("hash")) == 16
    assert facts == {"ids": 2, "maxResults": 50, "parts": ["id", "snippet"]}


def test_the_hashes_of_all_bots_on_one_ledger_compare(service, monitor, tmp_path):
    """The key lies beside the ledger, for its owner only; without it a hash says nothing."""
    for made in (service(), service(tag="other")):
        made.videos().list(part="id", id="a").execute()

    first, second = (row["facts"]["hash"] for row in monitor.log())
    key = tmp_path / "memory" / "parameters.key"
    assert first == second
    assert key.stat().st_mode & 0o777 == 0o600
    assert key_of.__wrapped__(key.parent) == key.read_bytes()
    assert [path.name for path in key.parent.glob("parameters*")] == [key.name]


def test_a_memory_folder_that_cannot_be_written_gives_the_process_a_key_of_its_own(tmp_path):
    """Hashes are a help for advice, never a reason to fail a call."""
    (tmp_path / "file").write_text("in the way")

    assert len(key_of.__wrapped__(tmp_path / "file" / "memory")) == 16


def test_a_request_whose_http_was_replaced_is_metered(service, credentials, closing, spent):
    """Instead of handing it to execute(), a bot may put its own http on the request."""
    request = service.videos().list(part="id", id="a")
    request.http = closing(AuthorizedHttp(credentials(OTHER), http=build_http()))
    request.execute()

    assert spent() == {OTHER: {"default": {"videos.list": 1}}}


def test_an_http_that_names_no_project_goes_on_the_services_account(service, sandbox, spent, closing):
    """A bare token handed to execute(): whose it is cannot be told, so the service pays."""
    bare = Credentials(sandbox.issue_token(PROJECT)["token"])

    service.videos().list(part="id", id="a").execute(http=closing(AuthorizedHttp(bare, http=build_http())))

    assert spent() == {PROJECT: {"default": {"videos.list": 1}}}


def test_settings_of_the_http_reach_threads_that_are_already_calling(service):
    """As on an http object of the google client."""
    shared = service()
    shared.videos().list(part="id", id="a").execute()
    shared._http.timeout = 11
    shared._http.add_certificate("key.pem", "cert.pem", "")

    assert shared._http._slot().http.http.timeout == 11
    assert shared.videos().list(part="id", id="a").execute()["items"]


def test_without_an_endpoint_calls_go_to_google(monitor, monkeypatch):
    """Lists, uploads and batches alike."""
    monkeypatch.setenv("YTQUOTA_API_ENDPOINT", "")
    service = monitored(developerKey="k", monitor=monitor)

    assert (
        service.videos().list(part="id").uri.startswith("https://youtube.googleapis.com/youtube/v3/videos?")
    )
    assert service.new_batch_http_request()._batch_uri == "https://youtube.googleapis.com/batch"


def test_an_http_without_credentials_or_key_needs_a_project(monitor):
    """Nothing tells whose quota it would be."""
    with pytest.raises(CredentialError, match="project"):
        monitored(http=build_http(), monitor=monitor)

    assert (
        monitored(http=build_http(), project=PROJECT, monitor=monitor)._http.account.identity.project
        == PROJECT
    )


def test_a_request_can_be_written_as_json(service):
    """As in the google client."""
    assert json.loads(service.videos().list(part="id", id="a").to_json())["methodId"] == "youtube.videos.list"


def test_nothing_but_the_youtube_api_is_metered(service, monitor, sandbox):
    """The same http may be used for something else."""
    facade = service()._http
    facade.request(f"{sandbox.url}/somewhere/else")
    with pytest.raises((httplib2.ServerNotFoundError, OSError)):
        facade.request("http://127.0.0.1:9/youtube/v3/videos")

    assert [row["outcome"] for row in monitor.log()] == ["not_sent"]


def test_a_service_is_a_context_manager_and_works_again_after_close(service, spent):
    """Closing lets go of connections, not of the service."""
    with service() as one:
        one.videos().list(part="id", id="a").execute()
    one.videos().list(part="id", id="a").execute()
    one.close()

    assert spent() == {PROJECT: {"default": {"videos.list": 2}}}


def test_an_api_key_stands_in_no_error(sandbox, monitor, closing):
    """Bots log what they catch; the address in an HttpError must not carry the key."""
    key = sandbox.add_api_key(PROJECT)
    service = closing(monitored(developerKey=key, project=PROJECT, monitor=monitor, endpoint=sandbox.url))
    sandbox.fail("videos.list", 404)

    with pytest.raises(HttpError) as error:
        service.videos().list(part="id", id="a").execute()

    assert key not in f"{error.value!r} {error.value} {error.value.uri}"


def test_a_proxy_of_the_environment_is_not_asked_about_this_machine(sandbox, monitor, closing, monkeypatch):
    """A sandbox on loopback works behind a company's proxy."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    key = sandbox.add_api_key(PROJECT)
    service = closing(monitored(developerKey=key, project=PROJECT, monitor=monitor, endpoint=sandbox.url))

    assert service.videos().list(part="id", id="a").execute()["items"]


def test_no_address_of_this_machine_is_behind_a_proxy(monitor, closing, monkeypatch):
    """Loopback is 127.0.0.0/8, here as where plain http is allowed."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    there = "http://127.0.0.2:8080"
    service = closing(monitored(developerKey="key", project=PROJECT, monitor=monitor, endpoint=there))

    assert service._http._slot().http.http.http.proxy_info is None
