"""Debian's Chromium against real Jupyter servers on loopback, on a sandbox with a history."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import nbformat
import pytest
from PIL import Image
from playwright.sync_api import expect

from ytquota.dashboard import serve
from ytquota.demo.history import copy_history
from ytquota.demo.story import CHANNELS, SETS
from ytquota.monitor import Demand, QuotaMonitor
from ytquota.sandbox import Sandbox
from ytquota.settings import Settings

PICTURES = os.environ.get("SCREENSHOTS")
ROOT = Path(__file__).parents[2]
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
LOOPBACK = ("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:", "about:")

EVENING = datetime(2026, 11, 14, 20, 10, tzinfo=ZoneInfo("America/Los_Angeles"))
"""A Saturday on which a live stream is on: pictures are taken then, whatever the time is."""

NOTEBOOK_7 = "Cannot read properties of undefined (reading 'schema')"
"""What Notebook 7.6 raises whenever it starts, before any notebook runs."""

TITLES = {1: "Evening Piano Live", 10: "Open Data Lab"}

expect.set_options(timeout=20_000)


class ShiftedClock:
    """The time of day that a picture needs, running at its usual speed."""

    def __init__(self, offset):
        self.offset = offset

    def time(self):
        return time.time() + self.offset


@dataclass
class Stage:
    """A folder with a `.env` on a sandbox, and the monitor of its ledger."""

    settings: Settings
    monitor: QuotaMonitor
    sandbox: Sandbox
    offset: float = 0.0

    def call(self, method="videos.list", *, number=1, tag="chat-bot", times=1):
        """Make calls through the real ledger, answered at once."""
        for _ in range(times):
            flight = self.monitor.begin([Demand(method, SETS[number], str(number), tag)])
            flight.answered([(200, None)], latency=0.05)

    def used(self, number=1, bucket="default"):
        return self.monitor.ledger.usage(SETS[number])[SETS[number]][bucket].used


@contextlib.contextmanager
def built_stage(folder, history, *, until, days):
    """Two projects on a sandbox, with the story of the demonstration up to `until`."""
    offset = until.timestamp() - time.time()
    with Sandbox(clock=ShiftedClock(offset)) as sandbox:
        for project in SETS.values():
            sandbox.add_project(project)
        env_file = sandbox.write_env(folder, dict(SETS), channels=dict(CHANNELS))
        with env_file.open("a") as file:
            file.write("YTQUOTA_ROTATION=1,10\n")
        for number, title in TITLES.items():
            token = folder / f"credentials/oauth_token_{number}.json"
            name_channel(token, CHANNELS[number], title, expiry=until + timedelta(minutes=40))
        settings = Settings.load(clean_environment(), start=folder)
        copy_history(settings.memory_dir, cache=history, until=until, days=days)
        monitor = QuotaMonitor.open(settings, clock=ShiftedClock(offset))
        yield Stage(settings, monitor, sandbox, offset)
        monitor.close()


def name_channel(token_file, channel, title, *, expiry):
    """Note whose channel a token speaks for and when it ends, as a login does."""
    token = json.loads(token_file.read_text())
    token["expiry"] = expiry.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
    token_file.write_text(json.dumps(token | {"channel_id": channel, "channel_title": title}))


def clean_environment():
    """The environment without settings of ytquota: those of the stage are in its `.env`."""
    own = ("YTQUOTA_", "GOOGLE_", "OAUTH_", "YOUTUBE_")
    return {name: value for name, value in os.environ.items() if not name.startswith(own)}


@pytest.fixture(scope="session")
def histories(tmp_path_factory):
    return tmp_path_factory.mktemp("histories")


@pytest.fixture(scope="session")
def stage(tmp_path_factory, histories):
    """A stage in the present."""
    with built_stage(tmp_path_factory.mktemp("now"), histories, until=datetime.now(UTC), days=3) as built:
        yield built


@pytest.fixture(scope="session")
def voila(stage):
    """The dashboard of the present stage, as `ytquota dashboard` serves it."""
    with serve(stage.settings, open_browser=False) as served:
        yield served


@pytest.fixture(scope="session")
def set_stage(histories):
    """Set a stage with the story up to some instant, in a folder with a name that pictures may show."""

    @contextlib.contextmanager
    def set_stage_(until=EVENING, days=28):
        named = tempfile.TemporaryDirectory(prefix="my-bots-", ignore_cleanup_errors=True)
        with named as folder, built_stage(Path(folder), histories, until=until, days=days) as built:
            yield built

    return set_stage_


@pytest.fixture(scope="session")
def serve_widget(tmp_path_factory):
    """Serve a page with one widget of ytquota, by the clock of a stage."""
    return lambda stage, widget: served_at(stage, widget, tmp_path_factory.mktemp("notebook"))


@pytest.fixture(scope="session")
def evening(set_stage):
    """A stage on which it is always a lively evening, with four weeks of history."""
    with set_stage() as built:
        yield built


@pytest.fixture(scope="session")
def evening_page(evening, serve_widget):
    """The dashboard of that evening."""
    with serve_widget(evening, "Dashboard") as served:
        yield served


@pytest.fixture(scope="session")
def evening_console(evening, serve_widget):
    """The rotation console of that evening."""
    with serve_widget(evening, "Console") as served:
        yield served


def served_at(stage, widget, folder):
    """Serve a notebook that hands the stage's clock to a widget."""
    cell = f"""
import time
from ytquota.dashboard import {widget}
from ytquota.monitor import QuotaMonitor
from ytquota.settings import Settings

class Evening:
    def time(self):
        return time.time() + {stage.offset}

settings = Settings.load()
{widget}(settings, QuotaMonitor.open(settings, clock=Evening()))
"""
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path = folder / "evening.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell)], metadata=kernel), path)
    return serve(stage.settings, open_browser=False, notebook=str(path))


# -- the browser

BOTTOM = "s => Math.max(...[...document.querySelectorAll(s)].map(e => e.getBoundingClientRect().bottom))"
TO_TOP = "s => { for (let e = document.querySelector(s); e; e = e.parentElement) e.scrollTop = 0 }"


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    return {
        **browser_type_launch_args,
        "executable_path": CHROMIUM,
        "args": [
            "--no-sandbox",  # root in a container
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # nothing but loopback can be reached
        ],
    }


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args):
    return {**browser_context_args, "viewport": {"width": 1280, "height": 1000}}


@pytest.fixture
def page(page):
    """A page that must stay on loopback and raise no script error."""
    page.set_default_timeout(30_000)
    foreign, errors = [], []
    page.on("request", lambda r: None if r.url.startswith(LOOPBACK) else foreign.append(r.url))
    page.on("pageerror", lambda error: None if NOTEBOOK_7 in str(error) else errors.append(str(error)))
    yield page
    assert not foreign, f"the page asked for {foreign}"
    assert not errors, f"script errors: {errors}"


@pytest.fixture
def confirm(page):
    """Press an answer as a person does: not within the time of a double click."""

    def confirm_(name):
        button = page.get_by_role("button", name=name, exact=True)
        expect(button).to_be_visible()
        page.wait_for_timeout(500)
        button.click()

    return confirm_


@pytest.fixture
def take(page):
    """Keep a picture of the whole page, if SCREENSHOTS says where."""

    def take_(name, within=".ytq"):
        if not PICTURES:
            return
        size = page.viewport_size
        page.mouse.move(0, 0)
        page.evaluate(TO_TOP, within)
        ends = (
            "s => Math.max(...[...document.querySelectorAll(s)].map(e => e.getBoundingClientRect().bottom))"
        )
        page.set_viewport_size({"width": size["width"], "height": int(page.evaluate(ends, within)) + 8})
        page.wait_for_timeout(500)
        shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        folder = Path(PICTURES)
        folder.mkdir(parents=True, exist_ok=True)
        # 256 colours are plenty for a page, and a third of the bytes
        shot.quantize(256, kmeans=2, dither=Image.Dither.NONE).save(folder / f"{name}.png", optimize=True)
        page.set_viewport_size(size)

    return take_


# -- JupyterLab

RUN_ALL = """async () => {
  const app = window.jupyterapp;
  await app.restored;
  const panel = app.shell.currentWidget;
  await panel.context.ready;
  await panel.sessionContext.ready;
  await panel.sessionContext.session.kernel.info;
  void app.commands.execute('notebook:run-all-cells');
}"""


@pytest.fixture(scope="session")
def notebooks(stage):
    """A copy of the notebooks where the stage's `.env` is found; a test may save."""
    return shutil.copytree(ROOT / "notebooks", stage.settings.root / "notebooks")


@contextlib.contextmanager
def jupyter(program, notebooks, home):
    """JupyterLab or Notebook 7 with an empty home; yields its address."""
    port = free_port()
    if program == "jupyterlab":  # Notebook 7 has no such plugin, and stumbles over its settings
        quiet = home / "settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
        quiet.parent.mkdir(parents=True)
        quiet.write_text('{"fetchNews": "false", "checkForUpdates": false}')
    environment = clean_environment() | {
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "run"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "IPYTHONDIR": str(home / "ipython"),
        "JUPYTER_TOKEN": "test",
    }
    command = [
        sys.executable,
        "-m",
        program,
        "--no-browser",
        "--allow-root",
        f"--port={port}",
        "--ServerApp.ip=127.0.0.1",
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={notebooks}",
        "--LabApp.extension_manager=readonly",
        "--expose-app-in-browser",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.news_url=",
    ]
    with running(command, environment, port, home / "server.log"):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="session")
def lab(notebooks, tmp_path_factory):
    """JupyterLab."""
    with jupyter("jupyterlab", notebooks, tmp_path_factory.mktemp("lab")) as address:
        yield address


@pytest.fixture(scope="session")
def notebook7(notebooks, tmp_path_factory):
    """Notebook 7."""
    with jupyter("notebook", notebooks, tmp_path_factory.mktemp("notebook7")) as address:
        yield address


@pytest.fixture
def run_all(page):
    """Run every cell of the notebook that is open."""

    def run_all_():
        page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
        page.evaluate(RUN_ALL)

    return run_all_


@pytest.fixture
def open_in_lab(page, lab, run_all):
    """Open a notebook in JupyterLab and run all of it."""

    def open_(notebook):
        page.goto(f"{lab}/lab/tree/{notebook}?reset&token=test")
        run_all()
        return page

    return open_


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def running(command, environment, port, log):
    """A server that answers, in a process group of its own so that its kernels end with it."""
    with log.open("wb") as out:
        server = subprocess.Popen(command, env=environment, stdout=out, stderr=out, start_new_session=True)
    try:
        deadline = time.monotonic() + 60
        while not answers(port):
            assert server.poll() is None, log.read_text()[-2000:]
            assert time.monotonic() < deadline, log.read_text()[-2000:]
            time.sleep(0.1)
        yield server
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(15)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def answers(port):
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/not-a-page", timeout=2).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True
