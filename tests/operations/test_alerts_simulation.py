"""Run-outs are announced in time, false alarms are rare, nothing is told twice: over simulated months.

Every alert goes over real HTTP to a receiver. `docs/alerts.md` shows the figures of the twenty months.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

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
    """A webhook's sender, and the ids that arrived."""
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
    ways = channels(AlertSettings(webhook=Secret(f"http://127.0.0.1:{server.server_port}/")))
    yield ways["webhook"], arrived
    server.shutdown()
    thread.join()
    server.server_close()


def tell(what, score):
    """A line of the table in the documents, for whoever runs it with -s."""
    weeks = score.days / 7
    sys.stdout.write(
        f"{what:8} {score.days:4} days, {score.run_outs:3} run-outs, announced {score.announced} of "
        f"{score.slow_run_outs}, false {score.false_alarms} ({score.false_alarms / weeks:.2f} a week, up to "
        f"{score.worst_week} in seven days), repeated {score.repeated}, {dict(score.alerts)}\n"
    )
    sys.stdout.flush()


@pytest.mark.slow
def test_a_month_of_steady_demand(tmp_path, receiver):
    """Nearly all run-outs half an hour ahead, at most one false alarm a week, none repeated, all sent."""
    send, arrived = receiver
    score = months.live(tmp_path, "steady", days=25, seed=0, deliver=send)
    tell("steady", score)

    assert score.slow_run_outs >= 3
    assert score.announced >= 0.9 * score.slow_run_outs
    assert score.false_alarms <= score.days / 7
    assert score.repeated == 0
    assert len(arrived) == len(set(arrived)) >= sum(score.alerts.values())


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_twenty_months_of_five_kinds(tmp_path, receiver):
    """Four months of each kind of demand; one false alarm per pool and week is the average allowed."""
    send, arrived = receiver
    scores = {}
    for kind in months.KINDS:
        scores[kind] = months.live(tmp_path / kind, kind, days=120, seed=0, deliver=send)
        tell(kind, scores[kind])
    total = sum(scores.values(), months.Score())
    tell("total", total)

    assert total.announced >= 0.9 * total.slow_run_outs
    assert all(score.false_alarms <= score.days / 7 for score in scores.values())
    assert total.repeated == 0
    assert len(arrived) == len(set(arrived)) >= sum(total.alerts.values())
