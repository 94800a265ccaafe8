"""Long proofs: a real kernel that looks at the ledger eight thousand times while bots call a sandbox."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime

import psutil
import pytest
from jupyter_client import KernelManager

from ytquota.demo.history import write_history
from ytquota.demo.story import CHANNELS, SETS, STREAMING
from ytquota.demo.troupe import Troupe
from ytquota.monitor import Demand, QuotaMonitor
from ytquota.sandbox import Sandbox
from ytquota.settings import Settings

pytestmark = [pytest.mark.soak, pytest.mark.timeout(3600)]

REFRESHES, WARM_UP = 8_000, 1_000

LOOK = """
import json, logging, os, time
from statistics import quantiles
from ytquota.dashboard import Dashboard

complaints, costs = [], {"quiet": [], "news": []}

class Complaints(logging.Handler):
    def emit(self, record):
        complaints.append(record.getMessage())

for name in ("traitlets", "asyncio", "ytquota"):
    logging.getLogger(name).addHandler(Complaints(logging.WARNING))

dashboard = Dashboard(interval=3600)  # its own loop rests: this cell looks
dashboard.problem.observe(lambda change: change.new and complaints.append(change.new), "value")

class Spent:  # time that a part of a look takes on the kernel's loop
    seconds, news = 0.0, False

    def timed(self, name):
        inner = getattr(dashboard, name)
        def outer(*given):
            self.news |= name == "_show"
            begun = time.perf_counter()
            inner(*given)
            self.seconds += time.perf_counter() - begun
        setattr(dashboard, name, outer)

spent = Spent()
spent.timed("_show")
spent.timed("_tick")

async def look(times):
    for number in range(times):
        spent.seconds, spent.news = 0.0, False
        begun = time.perf_counter()
        await dashboard.refresh()
        whole = time.perf_counter() - begun
        costs["news" if spent.news else "quiet"].append(spent.seconds if spent.news else whole)
        if number % 50 == 0:
            await dashboard.read_more()
            dashboard.tabs.selected_index = number // 50 % 5

def told():
    facts = {"complaints": complaints, "drawn": len(dashboard.today.value)}
    for name, found in costs.items():
        cuts = quantiles(found, n=20)
        facts[f"{name} looks"] = len(found)
        facts[f"{name} p50 ms"], facts[f"{name} p95 ms"] = 1000 * cuts[9], 1000 * cuts[18]
    return facts
"""


@pytest.fixture
def folder(tmp_path):
    """Four weeks of history in two projects on a sandbox, with room to spend, and its live bots."""
    with Sandbox() as sandbox:
        for project in SETS.values():
            sandbox.add_project(project, limits={"default": 10_000_000})
        env_file = sandbox.write_env(tmp_path, dict(SETS), channels=dict(CHANNELS))
        with env_file.open("a") as file:
            file.write("YTQUOTA_ROTATION=1,10\nYTQUOTA_LIMIT_DEFAULT=10000000\n")
        settings = Settings.load({}, start=tmp_path)
        write_history(settings.memory_dir, until=datetime.now(UTC), days=28)
        with Troupe(tmp_path):
            yield tmp_path


@pytest.fixture
def busy(folder):
    """A further bot in a hurry, through the ledger: hardly a look without news."""
    monitor, enough = QuotaMonitor.open(Settings.load({}, start=folder)), threading.Event()

    def hurry():
        number = 0
        while not enough.wait(0.002):
            number += 1
            flight = monitor.begin([Demand("videos.list", STREAMING, "1", f"bot {number % 20}")])
            flight.answered([(200 if number % 9 else 404, None)], latency=0.1)

    thread = threading.Thread(target=hurry)
    thread.start()
    yield
    enough.set()
    thread.join()
    monitor.close()


@pytest.fixture
def kernel(folder):
    """Run code in a real kernel, whose messages somebody receives, and get back what it printed as JSON."""
    manager = KernelManager()
    manager.start_kernel(cwd=str(folder))
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=60)

    def run(code):
        said = []

        def hear(message):
            if message["msg_type"] == "stream":
                said.append(message["content"]["text"])
            assert message["msg_type"] != "error", message["content"]

        client.execute_interactive(code, output_hook=hear, timeout=3000)
        return json.loads("".join(said)) if said else None

    run.memory = lambda: psutil.Process(manager.provisioner.pid).memory_info().rss / 1e6
    yield run
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def test_8000_looks_back_to_back_leave_the_kernel_as_it_was(kernel, busy, capsys):
    """While bots call: no exception, no task left, and after the first thousand the memory stays as it is."""
    kernel(LOOK)
    kernel(f"await look({WARM_UP})")
    before = kernel.memory()
    kernel(f"await look({REFRESHES})")
    grown = kernel.memory() / before - 1
    told = kernel("print(json.dumps(told()))")
    with capsys.disabled():
        print(f"\n{before:.0f} MB, grown by {grown:.2%}; {told}")  # noqa: T201 - figures for the documentation
    assert told["complaints"] == []
    assert told["news looks"] > REFRESHES / 10
    assert told["drawn"] > 10_000
    assert grown < 0.05
    assert told["quiet p50 ms"] < 10
    assert told["news p50 ms"] < 50
