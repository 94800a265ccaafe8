"""Redis keeps every promise of a ledger, as a single server and as a node of a cluster."""

from __future__ import annotations

import pytest

from ytquota.testing import LedgerConformance, RedisOpener

pytestmark = pytest.mark.redis


class TestRedis(LedgerConformance):
    """A single server, on a unix socket."""

    @pytest.fixture(autouse=True)
    def _an_empty_server(self, redis_url, tmp_path):
        self.url, self.folder = redis_url, tmp_path / "calls"

    def opener(self):
        return RedisOpener(self.url, self.folder)


class TestRedisCluster(LedgerConformance):
    """A node in cluster mode, on a port: all keys of a step must share a slot."""

    @pytest.fixture(autouse=True)
    def _an_empty_cluster(self, cluster_url, tmp_path):
        self.url, self.folder = cluster_url, tmp_path / "calls"

    def opener(self):
        return RedisOpener(self.url, self.folder)
