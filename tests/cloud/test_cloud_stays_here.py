"""With a sandbox nothing leaves this machine, and nothing of Google's is loaded before it is needed."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ytquota.cloud import Cloud
    from ytquota.sandbox import Sandbox

PROJECT = "111111111111"
MIDNIGHT = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize("kind", ["service account", "login"])
def test_a_sandbox_is_all_that_is_spoken_to(
    sandbox: Sandbox, cloud_of: Any, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Neither names are looked up nor addresses called but this machine's, in no thread, proxy or not."""
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid:3128")
    monkeypatch.setenv("http_proxy", "http://proxy.invalid:3128")
    asked: list[Any] = []
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *rest, **more: asked.append(host) or real(host, *rest, **more)
    )
    before = threading.active_count()
    key = sandbox.service_account(PROJECT) if kind == "service account" else sandbox.cloud_login(PROJECT)
    cloud: Cloud = cloud_of(key)
    cloud.usage(PROJECT, MIDNIGHT)
    cloud.limits(PROJECT)
    for thread in threading.enumerate()[before:]:
        thread.join(5)
    assert set(asked) == {"127.0.0.1"}


def test_importing_loads_nothing_of_googles() -> None:
    """Neither google-auth nor the clients nor httplib2: who never asks never pays for them."""
    code = (
        "import sys, ytquota.cloud, ytquota.operations.limits\n"
        "heavy = {'google', 'googleapiclient', 'httplib2', 'requests', 'grpc', 'pandas'}\n"
        "print(sorted(heavy & {name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
