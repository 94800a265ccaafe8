"""What a request for more quota rests on: use, refused demand, thrift, and the need that is to come.

`record` reads what was, `thrift` what is done to use little, `coming` what will be needed, and `gather`
puts it together as `Evidence`. How it is written down for people is in `ytquota.operations.request`.
"""

from __future__ import annotations

from ytquota.intelligence.need.evidence import (
    Advised,
    Coming,
    Done,
    Evidence,
    Habit,
    MethodUse,
    PoolNeed,
    RunOut,
)
from ytquota.intelligence.need.gather import DAYS, gather

__all__ = [
    "DAYS",
    "Advised",
    "Coming",
    "Done",
    "Evidence",
    "Habit",
    "MethodUse",
    "PoolNeed",
    "RunOut",
    "gather",
]
