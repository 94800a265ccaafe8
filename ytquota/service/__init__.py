"""The monitored googleapiclient service: every request it sends is held, sent, and settled."""

from __future__ import annotations

from ytquota.service.identity import Identity, register_credentials, register_token
from ytquota.service.own import monitored
from ytquota.service.refused import FinalAnswer, ServerQuotaExceeded

__all__ = [
    "FinalAnswer",
    "Identity",
    "ServerQuotaExceeded",
    "monitored",
    "register_credentials",
    "register_token",
]
