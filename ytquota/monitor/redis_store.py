"""The connection to a Redis or Valkey server: functions called by name, errors in plain words."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from ytquota.addresses import without_secrets
from ytquota.errors import LedgerUnavailable, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_SOURCE = Path(__file__).with_name("redis_ledger.lua")
_TIMEOUT = 1.0
_TRIES = 2
"""How often a request is sent again after a broken connection; each counts once, by its id."""


class Unanswered(LedgerUnavailable):
    """A request went out and no answer came: the server may have run it."""


class RedisStore:
    """Calls the ledger's functions on a server, and loads them where they are missing.

    Args:
        url: address, as `redis://user:password@host:6379/0`, `rediss://` or `unix://`.

    Raises:
        SettingsError: the address is wrong, or the redis package is not installed.
    """

    def __init__(self, url: str) -> None:
        try:
            import redis  # noqa: PLC0415 - an extra; a journal needs none of it
        except ImportError as error:
            raise SettingsError(
                "YTQUOTA_LEDGER: it names a Redis, but the package redis is not installed. "
                'Run: pip install "ytquota[redis]"'
            ) from error
        self._redis = redis
        self._url = url
        self.location = without_secrets(url)
        self._client = self._connect(redis.Redis)
        source = _SOURCE.read_text(encoding="utf-8")
        # the digest in their name lets programs of different versions share a server
        self._library = "ytquota_" + hashlib.sha256(source.encode()).hexdigest()[:8]
        self._source = source.replace("@LIBRARY@", self._library)

    def call(
        self, function: str, keys: Sequence[str], request: Mapping[str, Any], *, read: bool = False
    ) -> dict[str, Any]:
        """Run one step on the server and return its answer.

        Args:
            function: the step's name, as in redis_ledger.lua.
            keys: of one project, so that they live on one node of a cluster.
            request: what the step needs.
            read: whether the step writes nothing, and so may run on a replica.

        Raises:
            LedgerUnavailable: the server cannot be reached or refuses; says what to do.
        """
        words = (
            "FCALL_RO" if read else "FCALL",
            f"{self._library}_{function}",
            len(keys),
            *keys,
            orjson.dumps(request),
        )
        answer = self._guard(lambda: self._run(words))
        return orjson.loads(answer)  # type: ignore[no-any-return]

    def remember(self, name: str, members: Mapping[str, float], *, seconds: int) -> None:
        """Add members with their scores to a sorted set that lives on for `seconds`."""
        self._guard(lambda: self._execute("ZADD", name, "GT", *_flat(members)))
        self._guard(lambda: self._execute("EXPIRE", name, seconds))

    def remembered(self, name: str) -> dict[str, float]:
        """The members of a sorted set with their scores."""
        pairs = self._guard(lambda: self._execute("ZRANGE", name, 0, -1, "WITHSCORES"))
        return {bytes(member).decode(): float(score) for member, score in pairs}

    def read(self, *words: str) -> Any:
        """The answer to one command that only reads; a replica may answer it.

        Raises:
            LedgerUnavailable: the server cannot be reached or refuses; says what to do.
        """
        return self._guard(lambda: self._execute(*words))

    def close(self) -> None:
        """Close every connection."""
        self._client.close()

    def _connect(self, kind: Any) -> Any:
        from redis.backoff import ExponentialBackoff  # noqa: PLC0415 - with the extra
        from redis.retry import Retry  # noqa: PLC0415 - with the extra

        try:
            return kind.from_url(
                self._url,
                socket_timeout=_TIMEOUT,
                socket_connect_timeout=_TIMEOUT,
                retry=Retry(ExponentialBackoff(cap=0.3, base=0.05), _TRIES),
            )
        except ValueError:
            # the parser's own message may quote a part of the password
            raise SettingsError(
                "YTQUOTA_LEDGER: it is no valid Redis address. Write redis://user:password@host:6379/0, with "
                "special characters of the password percent-encoded (/ is %2F, @ is %40, : is %3A)."
            ) from None

    def _run(self, words: tuple[Any, ...]) -> Any:
        try:
            return self._execute(*words)
        except self._redis.exceptions.ResponseError as error:
            if "function not found" not in str(error).lower():
                raise
        # to replace a library by its equal harms nobody, and in a cluster it reaches every node
        self._execute("FUNCTION LOAD", "REPLACE", self._source)
        return self._execute(*words)

    def _execute(self, *words: Any) -> Any:
        try:
            return self._client.execute_command(*words)
        except (self._redis.exceptions.MovedError, self._redis.exceptions.AskError):
            # a single node of a cluster answers like any server; with several, keys live elsewhere
            self._client.close()
            self._client = self._connect(self._redis.RedisCluster)
            return self._client.execute_command(*words)

    def _guard(self, step: Callable[[], Any]) -> Any:
        try:
            return step()
        except self._redis.exceptions.RedisError as error:
            raise self._unavailable(error) from error

    def _unavailable(self, error: Exception) -> LedgerUnavailable:
        what, advice = _in_words(type(error).__mro__, str(error))
        broken = isinstance(
            error, (self._redis.exceptions.ConnectionError, self._redis.exceptions.TimeoutError)
        )
        kind = Unanswered if broken and "connecting" not in str(error) else LedgerUnavailable
        return kind(f"The ledger {self.location} cannot be used: {what}. {advice}")


_WORDS: dict[str, tuple[str, str]] = {
    "AuthenticationError": (
        "it refused the login",
        "Check user and password in YTQUOTA_LEDGER.",
    ),
    "NoPermissionError": (
        "this user may not run the ledger's functions",
        (
            "Allow on ~ytquota:* for it: +fcall +fcall_ro +function|load +time +exists +expire +get +set "
            "+hget +hset +hdel +hexists +hgetall +zadd +zrange."
        ),
    ),
    "ReadOnlyError": (
        "the server is a read-only replica",
        "Let YTQUOTA_LEDGER name the primary.",
    ),
    "OutOfMemoryError": (
        "its memory is full (maxmemory)",
        "Give it more memory, and keep maxmemory-policy at noeviction.",
    ),
    "BusyLoadingError": (
        "it is still loading its data",
        "Try again in a moment.",
    ),
    "ClusterDownError": (
        "its cluster is down",
        "Bring back the missing nodes.",
    ),
    "TimeoutError": (
        "it does not answer in time",
        "Check that the server runs and is not overloaded.",
    ),
    "ConnectionError": (
        "it cannot be reached",
        "Check that the server runs and that YTQUOTA_LEDGER names it.",
    ),
}
_BY_TEXT = {
    "unknown command": ("the server is too old for functions", "Use Redis 7 or Valkey, or newer."),
    "NOREPLICAS": ("too few of its replicas are reachable", "Bring them back."),
    "MISCONF": ("it cannot save its data to disk and so takes no writes", "Make room on its disk."),
    "READONLY": _WORDS["ReadOnlyError"],
    "OOM": _WORDS["OutOfMemoryError"],
}


def _in_words(kinds: Sequence[type], text: str) -> tuple[str, str]:
    """What an error of the client library means, and what to do."""
    for mark, words in _BY_TEXT.items():
        if mark in text:
            return words
    for kind in kinds:
        if kind.__name__ in _WORDS:
            return _WORDS[kind.__name__]
    return f"it answered: {text}", "The log of the server may say more."


def _flat(members: Mapping[str, float]) -> list[str | float]:
    return [word for member, score in members.items() for word in (score, member)]
