"""Everything a sandbox knows, in one place, and the call that handlers are given."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import orjson

from ytquota.sandbox.access import Access
from ytquota.sandbox.access_log import AccessLog
from ytquota.sandbox.accounts import Accounts, Caller
from ytquota.sandbox.api_errors import ApiError
from ytquota.sandbox.billing import Billing
from ytquota.sandbox.clock import SandboxClock, TimeSource
from ytquota.sandbox.faults import Faults
from ytquota.sandbox.quota_desk import QuotaDesk
from ytquota.sandbox.resources import Resources

if TYPE_CHECKING:
    from ytquota.sandbox.router import Method
    from ytquota.sandbox.wire import Request


class State:
    """The parts; hold `lock` while touching any of them."""

    def __init__(self, seed: int, source: TimeSource | None) -> None:
        self.lock = threading.RLock()
        self.clock = SandboxClock(source)
        self.accounts = Accounts(seed, self.clock)
        self.access = Access(seed, self.clock)
        self.billing = Billing()
        self.quotas = QuotaDesk(self.accounts, self.clock)
        self.faults = Faults()
        self.log = AccessLog()
        self.resources = Resources(seed)


@dataclass
class Call:
    """An admitted call, as its handler sees it.

    Args:
        request: what came in.
        method: which method it is.
        caller: who calls.
        path_values: values that the path carries ({"id": ...}).
        raw_document: the JSON body, if there is one.
        media: the uploaded content; None without.
    """

    request: Request
    method: Method
    caller: Caller
    path_values: dict[str, str]
    raw_document: bytes = b""
    media: bytes | None = None

    @cached_property
    def parts(self) -> list[str]:
        """The parts asked for; empty where the method has none."""
        return self.request.many("part")

    @cached_property
    def document(self) -> dict[str, Any]:
        """The body as an object; empty without one.

        Raises:
            ApiError: it is not JSON, or not an object.
        """
        if not self.raw_document.strip():
            return {}
        try:
            document = orjson.loads(self.raw_document)
        except orjson.JSONDecodeError as problem:
            raise ApiError(400, "parseError", f"Invalid JSON payload received. {problem}") from None
        if not isinstance(document, dict):
            raise ApiError(400, "parseError", "Invalid JSON payload received. Expected an object.")
        return document
