"""A YouTube Data API v3 on loopback: real HTTP, real OAuth, its own price list.

It is there for tests, demos and first steps, and shares no code with the meter it is used to check.
"""

from __future__ import annotations

from ytquota.sandbox.face import Sandbox

__all__ = ["Sandbox"]
