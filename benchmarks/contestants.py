"""Who takes part, in the order of the table."""

from __future__ import annotations

from benchmarks.ours import JOURNAL, POWER, REDIS
from benchmarks.peers import LIMITS_MEMORY, LIMITS_REDIS, PYRATE, THROTTLED
from benchmarks.references import FLOOR, JSON
from benchmarks.sqlite_reference import SQLITE
from benchmarks.sqlite_statement import STATEMENT

CONTESTANTS = {
    contestant.name: contestant
    for contestant in (
        FLOOR,
        JOURNAL,
        POWER,
        STATEMENT,
        SQLITE,
        JSON,
        PYRATE,
        LIMITS_MEMORY,
        REDIS,
        LIMITS_REDIS,
        THROTTLED,
    )
}
