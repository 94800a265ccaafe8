"""The page ends with the program that serves it, however that ends."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import psutil
import pytest

COMMANDS = {
    "dashboard": ["dashboard", "--no-browser"],
    "demo": ["demo", "--no-browser", "--days", "1"],
}


@pytest.fixture
def serving(tmp_path):
    """Start a command that serves the dashboard, and open its page; returns the process."""
    started = []

    def serving_(*arguments):
        kept = tmp_path / "tmp"
        kept.mkdir()
        (tmp_path / ".env").write_text("")
        own = {name: value for name, value in os.environ.items() if not name.startswith("YTQUOTA_")}
        process = subprocess.Popen(
            [sys.executable, "-c", "from ytquota.cli import main; main()", *arguments],
            cwd=tmp_path,
            env=own | {"TMPDIR": str(kept)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        said = next(line for line in process.stdout if line.startswith("The dashboard is at"))
        with urllib.request.urlopen(said.split()[-1], timeout=60) as page:
            assert b"kernelId" in page.read()
        return psutil.Process(process.pid)

    yield serving_
    for process in started:
        process.kill()
        process.communicate()


def gone(processes, seconds=30):
    _, alive = psutil.wait_procs(processes, timeout=seconds)
    return [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]


@pytest.mark.slow
@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_a_killed_command_leaves_neither_server_nor_kernel_nor_files(serving, tmp_path, command):
    """SIGKILL, which nobody can answer: the server notices that it is alone, its kernels that it is gone."""
    program = serving(*COMMANDS[command])
    family = program.children(recursive=True)
    names = [" ".join(one.cmdline()) for one in family]
    assert any("ytquota.dashboard.server" in name for name in names), names
    assert any("ipykernel" in name for name in names), names
    program.kill()
    assert gone(family) == []
    left = [path.name for path in (tmp_path / "tmp").glob("ytquota-dashboard-*")]
    assert left == []


@pytest.mark.slow
def test_a_server_that_does_not_listen_is_ended_all_the_same(tmp_path):
    """Stuck before it can stop in good order, it is alone: it goes, and its folder."""
    folder = tmp_path / "own"
    folder.mkdir()
    code = (
        "import signal, sys, time, types\n"
        "from ytquota.dashboard import server\n"
        "server._PATIENCE = 0.5\n"
        "def stuck(arguments, config):\n"
        "    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "    print('stuck', *arguments, flush=True)\n"
        "    time.sleep(600)\n"
        "sys.modules['voila'] = types.ModuleType('voila')\n"
        "app = types.SimpleNamespace(Voila=types.SimpleNamespace(launch_instance=stuck))\n"
        "sys.modules['voila.app'] = app\n"
        "server.main()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(folder), "page.ipynb"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with contextlib.closing(process.stdout):
        assert process.stdout.readline() == "stuck page.ipynb\n"
        process.stdin.close()
        assert process.wait(30) == 1
    assert not Path(folder).exists()
