"""Rate limiters that people use for such a budget: one acquire a call, since none keeps a record of it."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from typing import TYPE_CHECKING

from benchmarks.calls import PROJECT
from benchmarks.contestant import Contestant, Opened, Place

# each peer is imported by the process that races it, and by no other
# ruff: noqa: PLC0415

if TYPE_CHECKING:
    from limits.storage import Storage


def _limits(storage: Storage, place: Place) -> Opened:
    from limits import RateLimitItemPerDay
    from limits.strategies import FixedWindowRateLimiter

    hit, item = FixedWindowRateLimiter(storage).hit, RateLimitItemPerDay(place.budget)
    return Opened(lambda units: hit(item, PROJECT, cost=units), lambda: None)


def _limits_memory(place: Place) -> Opened:
    from limits.storage import MemoryStorage

    return _limits(MemoryStorage(), place)


def _limits_redis(place: Place) -> Opened:
    from limits.storage import RedisStorage

    return _limits(RedisStorage(f"redis+unix://{place.redis}"), place)


def _prepare_pyrate(place: Place) -> None:
    from pyrate_limiter import Duration, Rate, SQLiteBucket

    path = place.folder / "pyrate.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    SQLiteBucket.init_from_file([Rate(place.budget, Duration.DAY)], db_path=str(path)).close()


def _pyrate(place: Place) -> Opened:
    """On WAL NORMAL, kinder than its default; its file lock fails with the current filelock, so without."""
    from pyrate_limiter import Duration, Limiter, Rate, SQLiteBucket

    bucket = SQLiteBucket.init_from_file(
        [Rate(place.budget, Duration.DAY)], db_path=str(place.folder / "pyrate.sqlite")
    )
    bucket.conn.execute("PRAGMA synchronous = NORMAL")
    bucket.conn.execute("PRAGMA busy_timeout = 60000")
    limiter = Limiter(bucket)

    def pair(units: int) -> bool:
        return bool(limiter.try_acquire(PROJECT, units, blocking=False))

    def close() -> None:
        limiter.close()
        bucket.close()

    return Opened(pair, close)


def _throttled(place: Place) -> Opened:
    from throttled import RateLimiterType, Throttled, rate_limiter, store

    throttle = Throttled(
        key=PROJECT,
        using=RateLimiterType.FIXED_WINDOW.value,
        quota=rate_limiter.per_duration(timedelta(days=1), limit=place.budget),
        store=store.RedisStore(server=f"unix://{place.redis}"),
    )
    return Opened(lambda units: not throttle.limit(cost=units).limited, lambda: None)


_BURNS = "a refused call is charged, so cheap calls are refused while units are left"

LIMITS_MEMORY = Contestant(
    "limits-memory",
    "limits, memory",
    "one hit of a fixed window; each process has its own count",
    _limits_memory,
    fault=f"{_BURNS}; and every process has the whole budget",
)
LIMITS_REDIS = Contestant(
    "limits-redis",
    "limits, Redis",
    "one hit of a fixed window",
    _limits_redis,
    fault=_BURNS,
    needs_redis=True,
)
PYRATE = Contestant(
    "pyrate",
    "pyrate-limiter, SQLite",
    "one acquire",
    _pyrate,
    _prepare_pyrate,
    fault="it counts and inserts in two steps, between which another process gets in",
)
THROTTLED = Contestant(
    "throttled",
    "throttled-py, Redis",
    "one acquire of a fixed window",
    _throttled,
    fault=_BURNS,
    needs_redis=True,
)
