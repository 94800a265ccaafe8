"""Asking Google for more quota: the evidence written down for people, and the request where one can be sent.

`letter` writes what `ytquota.intelligence.need` has gathered; `sending` asks Cloud Quotas, and follows what
became of it.
"""

from __future__ import annotations

from ytquota.operations.request.letter import letter
from ytquota.operations.request.sending import Followed, NothingToAsk, Wish, follow, prepare, send

__all__ = ["Followed", "NothingToAsk", "Wish", "follow", "letter", "prepare", "send"]
