"""Looking at a ledger in Redis by plain reads: nothing is written or loaded, so a replica will do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from ytquota.errors import LedgerUnavailable, SettingsError
from ytquota.monitor import lines, pools
from ytquota.monitor.fleet.counts import Count, Units
from ytquota.monitor.fleet.place import Unreachable
from ytquota.monitor.redis_books import PROJECTS
from ytquota.monitor.redis_store import RedisStore

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from ytquota.monitor.fleet.listed import Listed

_MARK, _BY_OPERATOR, _LIMITS = "exhausted", "by_operator", b"_limits"


class RedisReader:
    """Looks at the pools of every project that a Redis counts.

    Args:
        listed: the ledger's entry in the list.
        url: the server's address; may hold a password.
        is_whole: whether all that is counted there is this ledger's.
    """

    def __init__(self, listed: Listed, url: str, *, is_whole: bool) -> None:
        self._listed, self._is_whole = listed, is_whole
        try:
            self._store = RedisStore(url)
        except SettingsError as error:
            raise _in_words(error) from None

    def look(self, day: date) -> list[Count]:
        """Read the balances of a day; projects are those counted that day or on the newest one before it.

        Raises:
            Unreachable: the server does not answer, or refuses.
        """
        try:
            last = self._store.remembered(PROJECTS)
            newest = max((n for n in last.values() if n < day.toordinal()), default=None)
            names = sorted(name for name, n in last.items() if n >= day.toordinal() or n == newest)
            return [self._count(name, day) for name in names]
        except LedgerUnavailable as error:
            raise _in_words(error) from error

    def close(self) -> None:
        """Close every connection."""
        self._store.close()

    def _count(self, project: str, day: date) -> Count:
        tag = f"ytquota:{{{project}}}"
        key = f"{tag}:{day.isoformat()}"
        hosts = {name.decode(): orjson.loads(facts) for name, facts in self._hash(f"{key}:hosts").items()}
        stored = self._hash(key)
        limits = stored.get(_LIMITS) or self._store.read("GET", f"{tag}:limits") or b"{}"
        said = orjson.loads(limits)
        counted = {name.decode(): orjson.loads(text) for name, text in stored.items() if name[:1] != b"_"}
        by_operator = [bucket for bucket, pool in counted.items() if pool.get(_BY_OPERATOR)]
        balances = _balances(counted, said)
        return Count(
            self._listed,
            project,
            "redis",
            {bucket: pools.balance_of(bucket, one, said, by_operator) for bucket, one in balances.items()},
            seq=int(stored.get(b"_seq", 0)),
            writers={name: _own(facts) for name, facts in hosts.items()},
            steps={name: int(facts["seq"]) for name, facts in hosts.items()},
            is_whole=self._is_whole,
        )

    def _hash(self, key: str) -> dict[bytes, bytes]:
        found: Any = self._store.read("HGETALL", key)
        if isinstance(found, dict):
            return found
        return dict(zip(found[::2], found[1::2], strict=True))


def _balances(
    counted: Mapping[str, Mapping[str, Any]], said: dict[str, dict[str, int]]
) -> dict[str, list[Any]]:
    """The pools in the journal's shape: [used, refused, limit, exhausted_until]."""
    balances = lines.empty_balances()
    for bucket, balance in balances.items():
        balance[2] = lines.effective_limit(bucket, said.get(bucket))[0]
    for bucket, pool in counted.items():
        until = float(pool[_MARK]) if pool.get(_MARK) else None
        balances[bucket] = [int(pool["used"]), int(pool["refused"]), int(pool["limit"]), until]
    return balances


def _own(facts: Mapping[str, Any]) -> Units:
    own = facts["own"]  # an empty table of Lua is an empty list in JSON
    return {bucket: int(units) for bucket, units in own.items()} if isinstance(own, dict) else {}


def _in_words(error: Exception) -> Unreachable:
    """The same for who only looks: the address may stand in the fleet's list."""
    text = str(error).removeprefix("YTQUOTA_LEDGER: it ").replace("YTQUOTA_LEDGER", "its address")
    problem, _, remedy = text.partition(". ")
    return Unreachable(problem, remedy or "Look at the server's log.")
