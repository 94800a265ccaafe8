"""Real Redis servers on this machine, started for the tests and stopped with them."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
import redis

pytest.register_assert_rewrite(
    *(f"ytquota.testing.{part}" for part in ("admission", "settlement", "pools", "days", "crowd"))
)

SLOTS = 16_384


class RedisServer:
    """A redis-server in a folder of its own, on a unix socket and, where it is needed, a loopback port."""

    def __init__(self, *options, with_port=False):
        self.folder = Path(tempfile.mkdtemp(prefix="ytquota-redis-"))
        self.port = _free_port() if with_port else 0
        self.options = options
        self.process = None
        self.start()

    @property
    def socket_url(self):
        return f"unix://{self.folder}/redis.sock"

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}/0" if self.port else self.socket_url

    def client(self, **options):
        return redis.Redis.from_url(self.socket_url, **options)

    def start(self):
        command = [
            *("redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""),
            *("--unixsocket", str(self.folder / "redis.sock"), "--dir", str(self.folder)),
            *("--maxmemory-policy", "noeviction", *self.options),
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        said = []
        for line in self.process.stdout:
            said.append(line)
            if "ready to accept connections" in line.lower():
                return
        self._wait()
        raise RuntimeError("".join(said))

    def kill(self):
        """As a power cut would: nothing is said goodbye to."""
        self.process.kill()
        self._wait()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        self._wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _wait(self):
        self.process.wait(timeout=20)
        self.process.stdout.close()


class ClusterNode(RedisServer):
    """A server in cluster mode; it has no slots yet."""

    def __init__(self):
        self.bus_port = _free_port()  # by default the port plus 10,000, which may not exist
        options = ("--cluster-enabled", "yes", "--cluster-port", str(self.bus_port))
        super().__init__(*options, "--cluster-node-timeout", "2000", with_port=True)


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _eventually(true, seconds=20.0):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _cluster(nodes):
    """Make a cluster of the nodes, with the slots in equal shares."""
    share = SLOTS // len(nodes)
    clients = [node.client() for node in nodes]
    for number, client in enumerate(clients):
        last = SLOTS - 1 if number == len(nodes) - 1 else (number + 1) * share - 1
        client.execute_command("CLUSTER ADDSLOTSRANGE", number * share, last)
        if number:
            client.execute_command("CLUSTER MEET", "127.0.0.1", nodes[0].port, nodes[0].bus_port)
    for client in clients:
        _eventually(lambda client=client: _state(client) == ("ok", str(SLOTS), str(len(nodes))))
        client.close()


def _state(client):
    info = client.execute_command("CLUSTER INFO")
    return info["cluster_state"], info["cluster_slots_ok"], info["cluster_known_nodes"]


@pytest.fixture
def eventually():
    """Wait until something that must come true has come true."""
    return _eventually


@pytest.fixture
def start_redis():
    """Start a server of this test's own; stopped afterwards."""
    _need_redis()
    started = []

    def start(*options, kind=RedisServer, **more):
        started.append(kind(*options, **more))
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def start_cluster(start_redis):
    """Start a cluster of so many nodes."""

    def start(count):
        nodes = [start_redis(kind=ClusterNode) for _ in range(count)]
        _cluster(nodes)
        return nodes

    return start


@pytest.fixture(scope="session")
def shared_redis():
    """One server for all tests of this worker that do not harm it."""
    _need_redis()
    server = RedisServer()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def shared_cluster():
    """A single node in cluster mode, for all tests of this worker."""
    _need_redis()
    server = ClusterNode()
    _cluster([server])
    yield server
    server.stop()


@pytest.fixture
def redis_url(shared_redis):
    """The address of an empty server."""
    return _emptied(shared_redis)


@pytest.fixture
def cluster_url(shared_cluster):
    """The address of an empty cluster of one node."""
    return _emptied(shared_cluster)


def _emptied(server):
    with server.client() as client:
        client.flushall()
    return server.url


def _need_redis():
    if not shutil.which("redis-server"):
        pytest.fail("These tests need a real redis-server: sudo apt-get install redis-server")
