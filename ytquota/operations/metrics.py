"""Figures of a ledger for Prometheus, made when they are asked for."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from ytquota.intelligence.published import VALID, read_published
from ytquota.monitor.log import calls_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from threading import Thread
    from wsgiref.simple_server import WSGIServer

    from prometheus_client.metrics_core import Metric

    from ytquota.monitor.log import Position
    from ytquota.monitor.metering import QuotaMonitor

HOST = "127.0.0.1"
PORT = 9464

_POOL = ("project", "bucket")
_CALL = ("project", "bucket", "method", "outcome")
_GAUGES: dict[str, tuple[str, Callable[[dict[str, Any]], float]]] = {
    "used": ("Units charged today.", lambda pool: pool["used"]),
    "left": ("Units that may still be spent today.", lambda pool: pool["left"]),
    "limit": ("Units a day.", lambda pool: pool["limit"]),
    "refused": ("Units asked for and not given today.", lambda pool: pool["refused"]),
    "exhausted": (
        "1 while nothing is left or Google says so.",
        lambda pool: bool(pool["exhausted_until"]) or pool["left"] <= 0,
    ),
}


class Figures:
    """A collector for prometheus_client.

    Args:
        monitor: whose ledger. Calls are counted from the beginning of the quota day it is made on.
        projects: projects to show even if nothing was counted for them yet.
    """

    def __init__(self, monitor: QuotaMonitor, projects: tuple[str, ...] = ()) -> None:
        self._monitor, self._projects = monitor, projects
        self._calls: Counter[tuple[str, ...]] = Counter()
        self._units: Counter[tuple[str, ...]] = Counter()
        self._position: Position | None = None
        self._lock = Lock()  # two may ask at once

    def collect(self) -> Iterator[Metric]:
        """Gauges of every pool, and counters of calls and units by method and outcome."""
        summary = self._monitor.get_usage_summary(projects=self._projects)
        for name, (text, value) in _GAUGES.items():
            gauge = GaugeMetricFamily(f"ytquota_pool_{name}", text, labels=_POOL)
            for project, pools in summary["projects"].items():
                for bucket, pool in pools.items():
                    gauge.add_metric((project, bucket), float(value(pool)))
            yield gauge
        reset = GaugeMetricFamily("ytquota_seconds_to_reset", "Seconds until all pools are full again.")
        reset.add_metric((), summary["seconds_to_reset"])
        yield reset
        yield self._ahead()
        yield from self._counters()

    def _ahead(self) -> Metric:
        text = "Probability that the pool runs out before its reset; absent without a forecast of late."
        gauge = GaugeMetricFamily("ytquota_pool_run_out_probability", text, labels=_POOL)
        found = read_published(self._monitor.folder)
        if found is None:
            return gauge
        age = self._monitor.clock.time() - datetime.fromisoformat(found["made_at"]).timestamp()
        if 0 <= age <= VALID:
            for pool in found["pools"]:
                if pool.get("run_out_probability") is not None:
                    gauge.add_metric((pool["project"], pool["bucket"]), pool["run_out_probability"])
        return gauge

    def _counters(self) -> Iterator[Metric]:
        with self._lock:
            self._monitor.ledger.flush()
            rows, self._position = self._monitor.tail(self._position)
            for row in rows:
                key = tuple(str(row.get(name, "")) for name in _CALL)
                self._calls[key] += calls_of(row)
                self._units[key] += int(row.get("units", 0))
            calls, units = dict(self._calls), dict(self._units)
        for name, text, counts in (
            ("ytquota_calls", "Calls by method and outcome; a retry is no further call.", calls),
            ("ytquota_units", "Units charged by method and outcome.", units),
        ):
            counter = CounterMetricFamily(name, text, labels=_CALL)
            for key, count in counts.items():
                counter.add_metric(key, count)
            yield counter


def serve(
    monitor: QuotaMonitor, *, port: int = PORT, projects: tuple[str, ...] = ()
) -> tuple[WSGIServer, Thread]:
    """Answer on loopback until the server is shut down.

    Args:
        monitor: whose ledger.
        port: 0 takes a free one; it is then `server.server_port`.
        projects: projects to show even if nothing was counted for them yet.

    Returns:
        The server and its thread.

    Raises:
        OSError: the port is taken.
    """
    registry = CollectorRegistry()
    registry.register(Figures(monitor, projects))
    return start_http_server(port, addr=HOST, registry=registry)
