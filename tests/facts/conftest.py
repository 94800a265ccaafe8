"""Bodies in the shapes that Google's servers give them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import settings

# a machine busy with other tests takes its time, which is no fault of the code
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

SERVICE = "youtube.googleapis.com"


def _body(code, reason="", *, domain="global", message="no", status="", details=(), debug_info=""):
    first = {"message": message, "domain": domain, "reason": reason}
    if debug_info:
        first["debugInfo"] = debug_info
    error = {"code": code, "message": message, "errors": [first] if reason else []}
    if status:
        error["status"] = status
    if details:
        error["details"] = list(details)
    return json.dumps({"error": error}).encode()


def _info(reason, **metadata):
    return {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason,
        "domain": "googleapis.com",
        "metadata": {"service": SERVICE, **metadata},
    }


def _quota(metric, limit_id, unit, **more):
    metadata = {
        "consumer": "projects/123456789012",
        "quota_metric": f"{SERVICE}/{metric}",
        "quota_limit": limit_id,
        "quota_limit_value": "100",
        "quota_unit": unit,
        "quota_location": "global",
    }
    return _info("RATE_LIMIT_EXCEEDED", **(metadata | more))


@pytest.fixture(scope="session")
def body():
    """Return a function that writes an error body; see _body for what it takes."""
    return _body


@pytest.fixture(scope="session")
def info():
    """Return a function that writes an ErrorInfo detail."""
    return _info


@pytest.fixture(scope="session")
def quota():
    """Return a function that writes the ErrorInfo detail of a quota error: metric, limit id, unit."""
    return _quota


@pytest.fixture
def now():
    """An instant on 2026-11-22 Pacific, four hours before the reset."""
    return datetime(2026, 11, 23, 4, tzinfo=UTC)
