"""A person's consent, answered by plain HTTP: loopback redirect, pasted address, and what goes wrong."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from ytquota.auth import load_sets
from ytquota.auth.login import login, login_async, start_login
from ytquota.auth.state import StateFile
from ytquota.errors import CredentialError

ONE, TWO = "111111111111", "222222222222"
READONLY = "https://www.googleapis.com/auth/youtube.readonly"
ALLOW_HTTP = "OAUTHLIB_INSECURE_TRANSPORT"


@pytest.fixture
def begin(open_monitor):
    """Start a login whose monitor is the test's; given up at the end."""
    started = []

    def begin(settings, number=1, **options):
        monitor = options.pop("monitor", None) or open_monitor(settings)
        started.append(start_login(settings, number, monitor=monitor, **options))
        return started[-1]

    yield begin
    for attempt in started:
        attempt.cancel()


def failure_of(attempt):
    with pytest.raises(CredentialError) as caught:
        attempt.result(10)
    return str(caught.value)


def test_the_consent_page_is_asked_for_what_a_lasting_token_needs(furnish, begin):
    """Offline access, consent every time, PKCE, a state, and the scopes of YOUTUBE_SCOPES."""
    settings = furnish(tokens=False)

    query = parse_qs(urlsplit(begin(settings).url).query)

    assert (query["access_type"], query["prompt"], query["code_challenge_method"]) == (
        ["offline"],
        ["consent"],
        ["S256"],
    )
    assert query["scope"] == [" ".join(settings.scopes)]
    assert query["redirect_uri"][0].startswith("http://127.0.0.1:")
    assert len(query["state"][0]) > 20


def test_a_consent_makes_a_working_set(furnish, begin, person, sandbox, open_monitor, service_of):
    """The token is saved, the channel learned for one logged unit, the quarantine lifted."""
    settings = furnish({1: ONE}, tokens=False)
    monitor = open_monitor(settings)
    StateFile(settings.memory_dir).quarantine(1, "dead")
    channel = sandbox.add_channel(title="Cats & Dogs")
    attempt = begin(settings, monitor=monitor, who="ada")

    page = httpx.get(person(attempt.url, channel=channel))
    result = attempt.result(10)

    assert (page.status_code, "You may close this page" in page.text) == (200, True)
    assert (result.number, result.project, result.channel_id) == (1, ONE, channel)
    one = load_sets(settings, monitor)[0]
    assert (one.state, one.channel_id, one.channel_title) == ("ready", channel, result.channel_title)
    assert one.granted_at is not None
    assert set(one.scopes) == set(settings.scopes)
    assert settings.sets[1].token_file.stat().st_mode & 0o777 == 0o600
    assert [(row["method"], row["tag"], row["units"], row["set"]) for row in monitor.log()] == [
        ("channels.list", "ytquota login", 1, "1")
    ]
    assert sandbox.used(ONE) == 1
    (audit,) = monitor.audit_rows()
    assert (audit["action"], audit["who"], audit["from"], audit["to"]["channel_id"]) == (
        "login",
        "ada",
        None,
        channel,
    )
    service_of(settings, monitor).videos().list(part="id", id="a").execute()


def test_stray_requests_do_not_end_a_login(furnish, begin, person):
    """A favicon, a port scan, an older or forged answer and an idle connection are not the answer."""
    attempt = begin(furnish(tokens=False))
    answer = person(attempt.url)
    home = "http://" + urlsplit(answer).netloc

    with httpx.Client() as idle:
        idle.get(home + "/favicon.ico")  # keeps its connection open
        assert httpx.get(home + "/").status_code == 404
        assert httpx.get(home + "/?code=stolen&state=guessed").status_code == 404
        assert not attempt.done()
        httpx.get(answer)

        assert attempt.result(10).number == 1


def test_a_pasted_address_logs_in_from_a_machine_without_browser(furnish, open_monitor, person):
    """The address is shown, the person answers elsewhere and pastes what the browser's address line says."""
    settings = furnish(tokens=False)
    shown = []

    result = login(
        settings, 1, monitor=open_monitor(settings), headless=True, on_url=shown.append,
        paste=lambda: f'  "{person(shown[0])}"\n',
    )  # fmt: skip

    assert result.message.startswith("Set 1 is logged in: channel ")
    assert load_sets(settings)[0].state == "ready"


def test_a_wrong_paste_is_asked_for_again_and_given_up_after_three(furnish, open_monitor, person, caplog):
    """Half an address is explained; nothing is saved."""
    settings = furnish(tokens=False)
    shown, pasted = [], iter(["http://127.0.0.1:8085/?code=x", "hello", ""])

    with pytest.raises(CredentialError, match="not the answer to this login"):
        login(
            settings,
            1,
            monitor=open_monitor(settings),
            headless=True,
            on_url=shown.append,
            paste=lambda: next(pasted),
        )

    assert caplog.text.count("Copy the whole address line") == 2
    assert not settings.sets[1].token_file.exists()


def test_the_browser_of_this_machine_is_opened(furnish, open_monitor, person, monkeypatch, capsys):
    """And the address printed, for the case that it does not come up."""
    settings = furnish(tokens=False)
    opened = []

    def browser(url):
        opened.append(url)
        threading.Thread(target=lambda: httpx.get(person(url))).start()

    monkeypatch.setattr("webbrowser.open", browser)
    login(settings, 1, monitor=open_monitor(settings))

    assert opened[0] in capsys.readouterr().out


def test_a_refusal_is_told_as_such(furnish, begin, person):
    """The person said no: nothing is saved, and the page says so too."""
    settings = furnish(tokens=False)
    attempt = begin(settings)

    page = httpx.get(person(attempt.url, "deny"))

    assert "You did not allow the access" in page.text
    assert "The person said no" in failure_of(attempt)
    assert not settings.sets[1].token_file.exists()


def test_an_unticked_scope_is_named_and_nothing_is_saved(furnish, begin, person, token_of):
    """The old token stays as it was."""
    settings = furnish()
    before = token_of(settings)
    attempt = begin(settings)

    httpx.get(person(attempt.url, untick=[READONLY]))

    assert f"lacks youtube.readonly ({READONLY})" in failure_of(attempt)
    assert token_of(settings) == before


def test_nobody_answering_ends_with_a_clear_error(furnish, begin):
    """And the port is free again."""
    attempt = begin(furnish(tokens=False), timeout=0.05)
    port = urlsplit(parse_qs(urlsplit(attempt.url).query)["redirect_uri"][0]).port

    assert "Nobody answered the consent page within" in failure_of(attempt)
    wait_until(lambda: not answers(port))


def test_a_login_can_be_given_up(furnish, begin):
    """A notebook's Cancel button ends it at once."""
    attempt = begin(furnish(tokens=False))
    assert not attempt.done()

    attempt.cancel()

    assert "given up" in failure_of(attempt)
    assert attempt.done()


def test_a_notebooks_loop_goes_on_during_a_login(furnish, open_monitor, person):
    """login_async lets other tasks run while the person thinks."""
    settings = furnish(tokens=False)
    ticks = []

    async def both():
        def on_url(url):
            threading.Timer(0.2, lambda: httpx.get(person(url))).start()

        task = asyncio.create_task(login_async(settings, 1, on_url=on_url, monitor=open_monitor(settings)))
        while not task.done():
            ticks.append(1)
            await asyncio.sleep(0.01)
        return task.result()

    with ThreadPoolExecutor(1) as pool:  # a loop of its own, whatever runs in the main thread
        assert pool.submit(asyncio.run, both()).result().number == 1
    assert len(ticks) > 5


def test_a_cancelled_task_gives_the_login_up(furnish, open_monitor):
    """Nothing waits on in the background."""
    settings = furnish(tokens=False)
    urls = []

    async def cancelled():
        task = asyncio.create_task(
            login_async(settings, 1, on_url=urls.append, monitor=open_monitor(settings))
        )
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, cancelled()).result()
    port = urlsplit(parse_qs(urlsplit(urls[0]).query)["redirect_uri"][0]).port
    wait_until(lambda: not answers(port))


def test_a_login_as_another_channel_is_reported(furnish, begin, person, sandbox, token_of):
    """Bots on this set will speak as somebody else, so it is said aloud; unknown fields of the file stay."""
    settings = furnish({1: ONE})
    token_of(settings, channel_id="UCold", channel_title="Old", note="mine", account="old@example.org")
    attempt = begin(settings)

    httpx.get(person(attempt.url, channel=sandbox.add_channel("UCnew")))

    message = attempt.result(10).message
    assert "Before, it spoke for another channel: 'Old' (UCold)." in message
    after = token_of(settings)
    assert (after["channel_id"], after["note"], after.get("account")) == ("UCnew", "mine", None)


def test_a_login_into_another_project_is_reported(furnish, begin, person, token_of):
    """New client secrets mean other pools."""
    settings = furnish({1: ONE, 10: TWO})
    settings.sets[1].secrets_file.write_bytes(settings.sets[10].secrets_file.read_bytes())
    attempt = begin(settings)

    httpx.get(person(attempt.url))

    assert f"Before, it was counted in another project: {ONE}." in attempt.result(10).message
    assert load_sets(settings)[0].project == TWO


def test_a_project_without_quota_still_logs_in(furnish, begin, person, sandbox, token_of):
    """The consent is not lost for want of one unit; the channel stays unknown, not that of the old token."""
    settings = furnish({1: ONE})
    token_of(settings, channel_id="UCold")
    sandbox.add_project(ONE, limits={"default": 0})
    attempt = begin(settings)

    httpx.get(person(attempt.url))
    result = attempt.result(10)

    assert (result.channel_id, load_sets(settings)[0].state) == (None, "ready")
    assert "The channel could not be learned" in result.message
    assert "channel_id" not in token_of(settings)


def test_a_code_is_good_once(furnish, begin, person, sandbox):
    """A refused exchange names Google's reason, and saves nothing."""
    settings = furnish(tokens=False)
    attempt = begin(settings)
    answer = person(attempt.url)
    sandbox.fail("token", 400, body={"error": "invalid_grant", "error_description": "Bad Request"})

    httpx.get(answer)

    assert "invalid_grant: Bad Request" in failure_of(attempt)
    assert not settings.sets[1].token_file.exists()


def test_a_token_address_out_of_reach_is_told(furnish, begin, person, sandbox):
    """Not as a refusal."""
    attempt = begin(furnish(tokens=False))
    answer = person(attempt.url)
    sandbox.stop()

    httpx.get(answer)

    assert "no answer from the token address (ConnectionError)" in failure_of(attempt)
    sandbox.start()


@pytest.mark.parametrize(
    ("number", "words"),
    [(2, r"no credential set 2 \(there is: 1, 3\)"), (3, "is an API key; it needs no login")],
)
def test_a_set_that_cannot_log_in_is_refused_at_once(furnish, begin, number, words):
    """Before a browser opens."""
    with pytest.raises(CredentialError, match=words):
        begin(furnish({1: ONE}, api_keys={3: ONE}), number)


def test_missing_client_secrets_say_where_to_get_them(furnish, begin):
    """The commonest first error of a newcomer."""
    settings = furnish(tokens=False)
    settings.sets[1].secrets_file.unlink()

    with pytest.raises(CredentialError, match=r"does not exist.*Desktop app.*GOOGLE_CLIENT_SECRETS_FILE_1"):
        begin(settings)


def test_a_web_client_comes_back_to_its_registered_address(furnish, begin, person, free_port):
    """Google accepts no other for a client of type web."""
    settings = furnish(tokens=False)
    redirect = f"http://localhost:{free_port}/back"
    as_web(settings, [f"https://example.org:{free_port}/", redirect])
    attempt = begin(settings)

    assert parse_qs(urlsplit(attempt.url).query)["redirect_uri"] == [redirect]
    httpx.get(person(attempt.url).replace("localhost", "127.0.0.1"))
    assert attempt.result(10).number == 1


def test_a_web_client_without_an_address_here_is_refused(furnish, begin):
    """With the advice to register one, or better to use a Desktop client."""
    settings = furnish(tokens=False)
    as_web(settings, ["https://example.org/"])

    with pytest.raises(CredentialError, match=r"Register http://localhost:8080/.*Desktop app"):
        begin(settings)


@pytest.mark.parametrize("before", [None, "", "1"])
def test_plain_http_is_allowed_for_the_exchange_only(furnish, begin, person, monkeypatch, before):
    """The switch of oauthlib is as it was before, while the person thinks and afterwards."""
    monkeypatch.delenv(ALLOW_HTTP, raising=False)
    if before is not None:
        monkeypatch.setenv(ALLOW_HTTP, before)
    attempt = begin(furnish(tokens=False))

    during = os.environ.get(ALLOW_HTTP)
    httpx.get(person(attempt.url))
    attempt.result(10)

    assert (during, os.environ.get(ALLOW_HTTP)) == (before, before)


def test_plain_http_is_not_allowed_to_leave_this_machine(furnish, begin, tmp_path):
    """Secrets whose addresses are neither Google's nor loopback never get as far as a consent page."""
    settings = furnish(tokens=False)
    path = settings.sets[1].secrets_file
    path.write_text(path.read_text().replace("http://127.0.0.1", "http://10.0.0.1"))

    with pytest.raises(CredentialError, match="auth_uri at 10\\.0\\.0\\.1, which is neither"):
        begin(settings)


def test_a_login_logs_no_secret(furnish, begin, person, secrets_of, everything_logged):
    """Neither we nor the libraries beneath write a token, the client's secret or the code, down to DEBUG."""
    settings = furnish(tokens=False)
    attempt = begin(settings)
    answer = person(attempt.url)
    code = parse_qs(urlsplit(answer).query)["code"][0]
    client_secret = settings.sets[1].secrets_file.read_text().split('"client_secret": "')[1].split('"')[0]
    urllib.request.urlopen(answer).close()  # logs nothing itself
    attempt.result(10)

    text = everything_logged()

    assert "channels" in text

    for secret in [code, client_secret, *secrets_of(settings)]:
        assert secret not in text
    assert logging.getLogger("requests_oauthlib").level == logging.NOTSET


@pytest.fixture
def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def as_web(settings, redirects):
    path = settings.sets[1].secrets_file
    client = json.loads(path.read_text())["installed"] | {"redirect_uris": redirects}
    path.write_text(json.dumps({"web": client}))


def answers(port):
    try:
        httpx.get(f"http://127.0.0.1:{port}/", timeout=1)
    except httpx.HTTPError:
        return False
    return True


def wait_until(true, seconds=5.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)
