"""The Python face: files, threads, processes, the command."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import httpx
import pytest
from dotenv import dotenv_values

from ytquota.sandbox import Sandbox

PROJECT, OTHER = "111111111111", "222222222222"


def test_the_environment_names_files_that_work(sandbox, tmp_path, credentials_of, web):
    """Secrets, tokens and keys for the chosen sets, all mode 0600, all pointing at the sandbox."""
    path = sandbox.write_env(
        tmp_path, {1: PROJECT, 10: OTHER}, api_keys={3: OTHER}, channels={10: "UCten"}, extra={"A": "b"}
    )
    values = dotenv_values(path)
    secrets = json.loads((tmp_path / values["GOOGLE_CLIENT_SECRETS_FILE_10"]).read_text())["installed"]
    token = json.loads((tmp_path / values["OAUTH_TOKEN_FILE_10"]).read_text())

    assert (values["YTQUOTA_API_ENDPOINT"], values["YTQUOTA_PROJECT_3"]) == (sandbox.url, OTHER)
    assert values["A"] == "b"
    assert re.fullmatch(OTHER + r"-\w+\.apps\.googleusercontent\.com", secrets["client_id"])
    assert secrets["client_id"] == token["client_id"]
    assert secrets["token_uri"] == token["token_uri"] == sandbox.url + "/token"
    assert secrets["auth_uri"].startswith(sandbox.url)
    files = [path, *(tmp_path / "credentials").iterdir()]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert len(files) == 5
    for bearer in (token["token"], sandbox.access_token(10)):
        mine = web.get(
            f"{sandbox.url}/youtube/v3/channels?part=id&mine=true",
            headers={"Authorization": f"Bearer {bearer}"},
        )
        assert mine.json()["items"][0]["id"] == "UCten"
    key = {"x-goog-api-key": values["YOUTUBE_API_KEY_3"]}
    assert web.get(f"{sandbox.url}/youtube/v3/i18nRegions?part=id", headers=key).status_code == 200
    assert sandbox.billed() == {OTHER: {"default": {"channels.list": 2, "i18nRegions.list": 1}}}


def test_the_environment_can_be_one_before_the_first_login(sandbox, tmp_path):
    """No token files; the set's token can still be revoked and asked for by its number."""
    path = sandbox.write_env(tmp_path, {1: PROJECT}, tokens=False)

    assert not (tmp_path / dotenv_values(path)["OAUTH_TOKEN_FILE_1"]).exists()
    sandbox.revoke(1)
    with pytest.raises(KeyError, match="no OAuth set 2"):
        sandbox.access_token(2)


def test_files_that_are_not_the_sandboxs_are_never_overwritten(sandbox, tmp_path):
    """Neither somebody's .env nor, without one, somebody's credentials."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / ".env").write_text("MINE=1\n")
    (tmp_path / "b" / "credentials").mkdir(parents=True)
    (tmp_path / "b" / "credentials" / "client_secret_1.json").write_text("{}")

    for folder in ("a", "b"):
        with pytest.raises(FileExistsError, match="stays as it is"):
            sandbox.write_env(tmp_path / folder)
    assert sandbox.write_env(tmp_path / "c") == sandbox.write_env(tmp_path / "c")


def test_calls_from_many_threads_are_all_counted(sandbox):
    """Eight threads, four hundred calls, four hundred units."""
    key = {"x-goog-api-key": sandbox.add_api_key(PROJECT)}

    def work(_):
        with httpx.Client(verify=False, base_url=sandbox.url, headers=key) as http:
            for _ in range(50):
                assert http.get("/youtube/v3/videos?part=id&id=a").status_code == 200

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))

    assert sandbox.used(PROJECT) == len(sandbox.access_log()) == 400
    sandbox.clear_log()
    assert (sandbox.used(PROJECT), sandbox.billed(), sandbox.access_log()) == (400, {}, [])


def test_it_starts_and_stops_at_once(web):
    """Half a second for each is plenty; nothing is left behind."""
    threads = threading.active_count()
    began = time.monotonic()
    with Sandbox() as sandbox:
        started = time.monotonic() - began
        web.get(sandbox.url)
        began = time.monotonic()
    stopped = time.monotonic() - began

    assert started < 0.5
    assert stopped < 1.0
    assert threading.active_count() == threads


def test_one_that_never_served_leaves_nothing_open(web):
    """Its address is known before it starts; stopping it closes the port."""
    sandbox = Sandbox()
    url = sandbox.url
    sandbox.stop()

    with pytest.raises(httpx.ConnectError):
        web.get(url)


def test_a_copy_of_the_socket_in_a_child_keeps_nobody_waiting(sandbox, web):
    """A forked child has the listening socket, too; still a stopped sandbox refuses, and starts again."""
    url = sandbox.url
    copy = os.dup(sandbox._server._socket.fileno())
    try:
        sandbox.stop()
        with pytest.raises(httpx.ConnectError):
            web.get(url)
        sandbox.start()
        assert web.get(url).status_code == 200
    finally:
        os.close(copy)


def test_answers_that_are_held_back_do_not_keep_it_from_stopping():
    """A stop cuts slow answers short."""
    with Sandbox() as sandbox:
        sandbox.slow(30)
        key = {"x-goog-api-key": sandbox.add_api_key(PROJECT)}
        url = f"{sandbox.url}/youtube/v3/videos?part=id&id=a"
        caller = threading.Thread(target=_swallow, args=(url, key))
        caller.start()
        while not sandbox.access_log():
            time.sleep(0.01)
        began = time.monotonic()
    caller.join()

    assert time.monotonic() - began < 5


def test_simple_calls_are_cheap(sandbox):
    """Under 5 ms of processor time a call, client included, by the best of five rounds."""
    key = {"x-goog-api-key": sandbox.add_api_key(PROJECT)}
    rounds = []
    with httpx.Client(verify=False, base_url=sandbox.url, headers=key) as http:
        for _ in range(5):
            began = time.process_time()
            for _ in range(40):
                http.get("/youtube/v3/videos?part=snippet&id=a")
            rounds.append((time.process_time() - began) / 40)

    assert min(rounds) < 0.005


def test_other_programs_can_read_sums_and_log(sandbox, web):
    """The same as the Python face tells, as JSON; and a discovery document that leads here."""
    key = {"x-goog-api-key": sandbox.add_api_key(PROJECT)}
    web.get(f"{sandbox.url}/youtube/v3/videos?part=id&id=a", headers=key)
    document = web.get(f"{sandbox.url}/discovery/v1/apis/youtube/v3/rest").json()

    assert web.get(f"{sandbox.url}/sandbox/billed").json() == sandbox.billed()
    assert web.get(f"{sandbox.url}/sandbox/access_log").json() == sandbox.access_log()
    assert document["rootUrl"] == document["baseUrl"] == sandbox.url + "/"
    assert "nothing reaches Google" in web.get(sandbox.url).text


def test_the_command_serves_in_the_foreground(tmp_path, web):
    """It says where, that it is loopback, and what it wrote; Ctrl-C ends it quietly."""
    command = [sys.executable, "-m", "ytquota.sandbox", "--env", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        first, second = process.stdout.readline(), process.stdout.readline()
        url = re.search(r"http://127\.0\.0\.1:\d+", first)[0]
        answer = web.get(url)
        process.send_signal(2)
        _, errors = process.communicate(timeout=10)

    assert "loopback" in first
    assert str(tmp_path / ".env") in second
    assert answer.status_code == 200
    assert (process.returncode, errors) == (0, "")


def _swallow(url, headers):
    try:
        httpx.get(url, headers=headers, timeout=60, verify=False)
    except httpx.HTTPError:
        return


def test_a_channel_has_one_title_everywhere(sandbox):
    """What the consent page offers is what channels.list answers."""
    sandbox.add_project(PROJECT)
    channel = sandbox.add_channel(title="Night Owl Live")
    token = sandbox.issue_token(PROJECT, channel=channel)["token"]

    answer = httpx.get(
        f"{sandbox.url}/youtube/v3/channels",
        params={"part": "snippet", "mine": "true"},
        headers={"Authorization": f"Bearer {token}"},
    )

    (item,) = answer.json()["items"]
    assert (item["id"], item["snippet"]["title"]) == (channel, "Night Owl Live")


def test_its_answers_tell_the_time_of_its_clock(sandbox, web):
    """The Date header, by which programs judge their own clock, follows `set_clock`; on every path."""
    sandbox.set_clock(datetime(2026, 3, 8, 10, 0, tzinfo=UTC), frozen=True)
    for path in ("/youtube/v3/videos", "/", "/no-such-page"):
        answer = web.get(sandbox.url + path)
        assert answer.headers.get_list("date") == ["Sun, 08 Mar 2026 10:00:00 GMT"]
