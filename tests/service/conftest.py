"""The real google client over real HTTP: a sandbox, a ledger beside it, and services between the two."""

from __future__ import annotations

import contextlib
import itertools
import re
import select
import socket
import threading
from collections import Counter
from datetime import UTC, datetime

import pytest
from google.oauth2.credentials import Credentials

from ytquota.clock import ManualClock
from ytquota.monitor import Journal, QuotaMonitor
from ytquota.sandbox import Sandbox
from ytquota.service import monitored

PROJECT, OTHER = "111111111111", "222222222222"
NOON = datetime(2026, 11, 10, 20, 0, tzinfo=UTC)
SEEDS = itertools.count()
LOST = re.compile(rb"quotaUser=(lost\w+)")


@pytest.fixture
def clock():
    return ManualClock(NOON)


@pytest.fixture
def sandbox(clock):
    # a seed of its own for each test: as at Google, no token is ever issued twice
    with Sandbox(seed=next(SEEDS), clock=clock) as sandbox:
        sandbox.add_project(PROJECT)
        sandbox.add_project(OTHER)
        yield sandbox


@pytest.fixture
def limits():
    """(bucket, project) or bucket -> what the operator says the limit is; fill it before the first call."""
    return {}


@pytest.fixture
def monitor(tmp_path, clock, limits):
    journal = Journal(
        tmp_path / "memory" / "calls", clock=clock, limits=lambda _project, bucket: limits.get(bucket)
    )
    monitor = QuotaMonitor(journal, folder=tmp_path / "memory", clock=clock)
    yield monitor
    monitor.close()


@pytest.fixture
def credentials(sandbox):
    """Make google-auth credentials of a project on the sandbox."""

    def make(project=PROJECT, **options):
        return credentials_from(sandbox.issue_token(project, **options))

    return make


def credentials_from(info):
    names = ("token", "refresh_token", "token_uri", "client_id", "client_secret")
    expiry = datetime.fromisoformat(info["expiry"]).replace(tzinfo=None)
    return Credentials(**{name: info[name] for name in names}, expiry=expiry)


@pytest.fixture
def service(sandbox, monitor, credentials, closing):
    """A metered service of project PROJECT; call it for others."""

    class Made:
        def __call__(self, project=PROJECT, *, endpoint=None, **options):
            options.setdefault("monitor", monitor)
            made = monitored(credentials(project), endpoint=endpoint or sandbox.url, **options)
            return closing(made)

        def __getattr__(self, name):
            self.main = self()
            self.__class__.__getattr__ = lambda self, name: getattr(self.main, name)
            return getattr(self.main, name)

    return Made()


@pytest.fixture
def no_waiting():
    """Take the pauses out of the google client's retries."""

    def hurry(request):
        request._sleep = lambda _seconds: None
        return request

    return hurry


@pytest.fixture
def closing():
    """Close what is handed in when the test ends."""
    with contextlib.ExitStack() as stack:

        def keep(thing):
            stack.callback(thing.close)
            return thing

        yield keep


@pytest.fixture
def spent(monitor):
    """What the ledger's lines charge: {project: {bucket: {method: units}}}; its balances must agree."""
    return lambda: bill_of(monitor)[0]


@pytest.fixture
def make_spent(clock):
    """The same for a folder that other processes filled: (bill, rows of the log)."""

    def read(folder):
        monitor = QuotaMonitor(Journal(folder / "calls", clock=clock), folder=folder, clock=clock)
        try:
            return bill_of(monitor)
        finally:
            monitor.close()

    return read


def bill_of(monitor):
    rows, sums, bill = list(monitor.log()), Counter(), {}
    for row in rows:
        sums[row["project"], row["bucket"], row["method"]] += row["units"]
    for (project, bucket, method), units in sorted(sums.items()):
        if units:
            bill.setdefault(project, {}).setdefault(bucket, {})[method] = units
    for project, buckets in monitor.ledger.usage().items():
        for bucket, balance in buckets.items():
            assert balance.used == sum(bill.get(project, {}).get(bucket, {}).values()), (project, bucket)
    return bill, rows


@pytest.fixture
def rows(monitor):
    """The log's rows as (method, outcome, status, units, retry, attempts)."""

    def read():
        names = ("method", "outcome", "status", "units", "retry", "attempts")
        return [tuple(row[name] for name in names) for row in monitor.log()]

    return read


@pytest.fixture
def sends(sandbox):
    """How many calls of a method the sandbox received."""
    return lambda method: sum(
        row["method"] == method and row["kind"] != "chunk" for row in sandbox.access_log()
    )


@pytest.fixture
def make_relay(sandbox):
    """Lay a stretch of wire to the sandbox that loses answers and hangs up politely, as a proxy may.

    The first answer to a request with a new `quotaUser=lost...` is swallowed and the connection closed.
    """
    with contextlib.ExitStack() as stack:
        yield lambda tls=None: stack.enter_context(Relay(int(sandbox.url.rpartition(":")[2]), tls))


@pytest.fixture
def relay(make_relay):
    return make_relay()


class Relay:
    def __init__(self, port, tls=None):
        self._port, self._tls, self._seen, self._lock = port, tls, set(), threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open = []
        self.connections = 0
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self):
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join()
        self.hang_up()

    def hang_up(self):
        """Close every connection, and wait until each is closed."""
        serving, self._open = self._open, []
        for server, thread in serving:
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            thread.join()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._port))
                thread = threading.Thread(target=self._serve, args=(client, server), daemon=True)
                thread.start()
                self._open.append((server, thread))
                self.connections += 1

    def _serve(self, client, server):
        with client, server:
            try:
                if self._tls:
                    client = self._tls.wrap_socket(client, server_side=True)
                with client:
                    self._pass_on(client, server)
            except OSError:
                return

    def _pass_on(self, client, server):
        swallow = False
        while True:
            ready, _, _ = select.select([client, server], [], [])
            if server in ready:
                data = server.recv(65536)
                if not data or swallow:
                    return
                client.sendall(data)
            if client in ready:
                data = client.recv(65536)
                if not data:
                    return
                swallow = swallow or self._is_new(LOST.search(data))
                server.sendall(data)

    def _is_new(self, found):
        with self._lock:
            if found is None or found[1] in self._seen:
                return False
            self._seen.add(found[1])
            return True
