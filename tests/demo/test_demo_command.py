"""`ytquota demo` as a person runs it: it agrees with its bill, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request

import pytest

from ytquota.demo.story import RESEARCH, STREAMING

_AGREED = re.compile(r"(\d+) (\w+): counted ([\d,]+), billed ([\d,]+)")
_MINE = {
    "GOOGLE_CLIENT_SECRETS_FILE_1": "/nowhere/mine.json",
    "OAUTH_TOKEN_FILE_1": "/nowhere/my_token.json",
    "YTQUOTA_LEDGER": "redis://127.0.0.1:1/0",
    "YTQUOTA_RESERVE": "nonsense",
    "HTTP_PROXY": "http://127.0.0.1:1",
    "http_proxy": "http://127.0.0.1:1",
}


@pytest.fixture
def demo(tmp_path):
    """Start the demonstration with a person's own settings about; ended at the end if need be."""
    started = []

    def demo(*arguments):
        process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                "from ytquota.cli import main; main()",
                "demo",
                "--no-browser",
                *arguments,
            ],
            cwd=tmp_path,
            env=os.environ | _MINE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield demo
    for process in started:
        process.terminate()
        process.communicate()


def _read_until(process, beginning):
    said = []
    for line in process.stdout:
        said.append(line)
        if line.startswith(beginning):
            return said
    raise AssertionError(f"ended without {beginning!r}: {''.join(said)}{process.stderr.read()}")


@pytest.mark.slow
def test_it_ends_by_itself_and_the_bill_agrees(demo, tmp_path, programs_in, eventually):
    """Exit 0, counted equals billed for every pool, live calls are in the kept folder, no process is left."""
    folder = tmp_path / "kept"
    said, error = demo("--seconds", "8", "--days", "3", "--folder", str(folder)).communicate(timeout=110)

    assert error == ""
    pools = {
        (project, bucket): (counted, billed) for project, bucket, counted, billed in _AGREED.findall(said)
    }
    assert {project for project, _ in pools} == {STREAMING, RESEARCH}
    assert all(counted == billed for counted, billed in pools.values())
    assert eventually(lambda: programs_in(folder) == [])
    journals = (folder / "memory" / "calls").glob("*/*.jsonl")
    rows = [json.loads(line) for journal in journals for line in journal.read_text().splitlines()]
    settled = [row for row in rows if row["kind"] == "settle"]
    live = [row for row in settled if row["tag"] == "chat-bot" and row["pid"] != rows[0]["pid"]]
    assert live


@pytest.mark.slow
def test_four_weeks_are_a_live_page_within_a_minute(demo, tmp_path, programs_in, eventually):
    """From start to a page that answers, with its token, and only with it; Ctrl-C ends it with 130."""
    began = time.monotonic()
    process = demo()
    said = _read_until(process, "The dashboard is at")
    url = said[-1].split()[-1]
    with urllib.request.urlopen(url, timeout=60) as page:
        assert page.status == 200
    took = time.monotonic() - began

    assert took < 60
    assert "28 days" in "".join(said)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert (process.returncode, error) == (130, "")


@pytest.mark.slow
def test_sigterm_ends_everything_and_the_folder_goes(demo, programs_in, eventually):
    """143, no bot, no server, no temporary folder."""
    process = demo("--days", "1")
    folder = _read_until(process, "Look around from elsewhere")[-1].split("cd ")[1].split(" &&")[0]
    assert os.path.isdir(folder)  # noqa: PTH112 - a text from its output

    process.terminate()
    process.communicate(timeout=60)

    assert process.returncode == 143
    assert eventually(lambda: programs_in(folder) == [])
    assert not os.path.exists(folder)  # noqa: PTH110 - a text from its output


def test_a_folder_with_something_in_it_is_refused(demo, tmp_path):
    """Nothing of a person's is mixed with make-believe; one sentence, exit 1."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / ".env").write_text("YTQUOTA_RESERVE=5%\n")

    process = demo("--folder", str(tmp_path / "mine"))
    said, error = process.communicate(timeout=60)

    assert (process.returncode, said) == (1, "")
    assert "not empty" in error
    assert len(error.splitlines()) == 1
    assert (tmp_path / "mine" / ".env").read_text() == "YTQUOTA_RESERVE=5%\n"
