"""Run-outs are announced in time, false alarms are rare, nothing is told twice: over simulated months.

Every alert goes over real HTTP to a receiver. `docs/alerts.md` shows the figures of the twenty months.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median

import pytest

from ytquota.operations.alerts.delivery import channels
from ytquota.settings import AlertSettings, Secret


def _load():
    spec = importlib.util.spec_from_file_location("alert_months", Path(__file__).with_name("alert_months.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules["alert_months"] = module
    spec.loader.exec_module(module)
    return module


months = _load()


@pytest.fixture
def receiver():
    """The address of a webhook, and the ids that arrived there."""
    arrived = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            arrived.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["id"])
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/", arrived
    server.shutdown()
    thread.join()
    server.server_close()


def tell(what, score):
    """A line of the table in the documents, for whoever runs it with -s."""
    weeks, middle = score.days / 7, median(score.ahead) if score.ahead else 0
    sys.stdout.write(
        f"{what:8} {score.days:4} days, {score.slow_run_outs:3} slow run-outs, announced {score.announced} "
        f"({middle:.0f} min ahead) and told when {score.told_when}; {score.false_alarms} false alarms "
        f"({score.false_alarms / weeks:.2f} a week, up to {score.worst_week} in one), "
        f"repeated {score.repeated}, {dict(score.alerts)}\n"
    )
    sys.stdout.flush()


def assert_holds(score):
    """Nine of ten slow run-outs half an hour ahead; never two false alarms in a week; nothing twice."""
    assert score.announced >= 0.9 * score.slow_run_outs
    assert score.worst_week <= 1
    assert score.repeated == 0


@pytest.mark.slow
def test_a_month_of_steady_demand(tmp_path, receiver):
    """All of it on a month of a daily cycle, and every alert sent once."""
    webhook, arrived = receiver
    send = channels(AlertSettings(webhook=Secret(webhook)))["webhook"]
    score = months.live(tmp_path, "steady", days=25, seed=0, deliver=send)
    tell("steady", score)

    assert score.slow_run_outs >= 3
    assert_holds(score)
    assert len(arrived) == len(set(arrived)) >= sum(score.alerts.values())


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_twenty_months_of_five_kinds(tmp_path, receiver):
    """Four months of each kind of demand: one pool each, and no pool is told two false alarms in a week."""
    webhook, arrived = receiver

    def live(kind):
        words = [sys.executable, months.__file__, tmp_path / kind, kind, "120", "0", webhook]
        done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
        return months.Score.from_json(done.stdout)

    with ThreadPoolExecutor(2) as threads:
        scores = dict(zip(months.KINDS, threads.map(live, months.KINDS), strict=True))
    for kind, score in scores.items():
        tell(kind, score)
    total = sum(scores.values(), months.Score())
    tell("total", total)

    assert_holds(total)
    assert len(arrived) == len(set(arrived)) >= sum(total.alerts.values())
