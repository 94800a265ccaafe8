"""The endpoint for Prometheus, scraped for real."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from urllib.parse import urlsplit

import pytest
from prometheus_client.parser import text_string_to_metric_families

from ytquota.intelligence.published import publish
from ytquota.monitor import Demand
from ytquota.operations.metrics import serve

ONE = "111111111111"
_DEFAULT = {"project": ONE, "bucket": "default"}


@pytest.fixture
def scrape():
    """The samples of an endpoint: {name: [(labels, value), ...]}."""

    def scrape(url):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(url, timeout=20) as answer:
            text = answer.read().decode()
        found = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                found.setdefault(sample.name, []).append((sample.labels, sample.value))
        return found

    return scrape


def test_gauges_and_counters_are_those_of_the_ledger(bot, scrape):
    """Used, left, limit and probability by pool; calls and units, growing as they come."""
    clock = bot.at_noon()
    bot.count("videos.list", 3)
    bot.count("liveChatBans.insert", 2, status=404)
    pool = _DEFAULT | {"run_out_probability": 0.25, "kept": {}}
    publish(bot.memory, clock.time(), [pool])
    monitor = bot.open()
    server, thread = serve(monitor, port=0, projects=("222222222222",))
    try:
        url = f"http://127.0.0.1:{server.server_port}/metrics"
        first = scrape(url)
        bot.count("videos.list")
        second = scrape(url)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        monitor.close()

    assert server.server_address[0] == "127.0.0.1"
    for name, value in (("used", 403), ("left", 9_597), ("limit", 10_000), ("refused", 0), ("exhausted", 0)):
        assert (_DEFAULT, value) in first[f"ytquota_pool_{name}"]
    assert first["ytquota_pool_run_out_probability"] == [(_DEFAULT, 0.25)]
    assert len(first["ytquota_pool_used"]) == 8
    counted = {(labels["method"], labels["outcome"]): value for labels, value in first["ytquota_calls_total"]}
    assert counted == {("videos.list", "ok"): 3, ("liveChatBans.insert", "error"): 2}
    assert sum(value for _, value in second["ytquota_calls_total"]) == 6
    assert sum(value for _, value in second["ytquota_units_total"]) == 404


def test_a_retry_is_charged_and_is_no_further_call(bot, scrape):
    """As `ytquota log` and the analysis count it."""
    monitor = bot.open()
    for retry, status in enumerate((503, 200)):
        flight = monitor.begin([Demand("videos.list", ONE, "1", "bot", retry=retry)])
        flight.answered([(status, b"{}")], latency=0.05)
    server, thread = serve(monitor, port=0)
    try:
        found = scrape(f"http://127.0.0.1:{server.server_port}/metrics")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        monitor.close()

    assert sum(value for _, value in found["ytquota_calls_total"]) == 1
    assert sum(value for _, value in found["ytquota_units_total"]) == 2


def test_the_command_says_where_it_listens_and_ends_at_sigterm(bot, scrape):
    """A real process on loopback."""
    bot.count()
    program = [sys.executable, "-c", "from ytquota.cli import main; main()", "metrics", "--port", "0"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True, env=os.environ) as process:
        try:
            said = process.stdout.readline()
            url = said.split()[0]
            samples = scrape(url)
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        finally:
            process.kill()

    assert urlsplit(url).hostname == "127.0.0.1"
    assert "this machine only" in said
    assert (_DEFAULT, 1) in samples["ytquota_pool_used"]


def test_a_port_that_is_taken_is_one_sentence(bot, run):
    """With the way out."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = run("metrics", "--port", taken.getsockname()[1])

    assert result.exit_code == 1
    assert "name another with --port" in result.stderr
