"""Adding up what several ledgers say of a project, without counting anything twice.

Each journal counts by itself, so journals of one project are added, with a warning: none of them knows what
the others let through, and the limit is one. A Redis counts for all of its hosts, so its word is the count;
the lines of its hosts only tell who spent what. Copies of one journal are counted once.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TYPE_CHECKING

from ytquota.monitor.ledger import Balance
from ytquota.prices import DEFAULT_LIMITS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ytquota.monitor.fleet.counts import Count, Units
    from ytquota.monitor.ledger import LimitSource

NOBODY = ""
"""Who spent what nobody of the list can account for."""


@dataclass(frozen=True, slots=True)
class Warned:
    """Something about a project that makes its sum less than sure, and what to do about it.

    `kind` is "second-ledger", "copy" or "lost".
    """

    kind: str
    project: str
    ledgers: tuple[str, ...]
    text: str
    remedy: str


@dataclass(slots=True)
class Total:
    """A project over all ledgers: balances by bucket, units by owner and by ledger, and what to know."""

    project: str
    pools: dict[str, Balance]
    owners: dict[str, Units] = field(default_factory=dict)
    ledgers: dict[str, Units] = field(default_factory=dict)
    warnings: list[Warned] = field(default_factory=list)


@dataclass(slots=True)
class _Authority:
    """One count of a project that stands for itself."""

    name: str
    pools: Mapping[str, Balance]
    owners: dict[str, Units]
    ledgers: dict[str, Units]


def add_up(counts: Iterable[Count], names: Mapping[str, str]) -> list[Total]:
    """Add up every project that any ledger counts.

    Args:
        counts: of all ledgers, on one day.
        names: of projects, by number.
    """
    ordered = sorted(counts, key=lambda count: count.project)
    return [
        _Sum(project, names.get(project, project)).of(list(its))
        for project, its in groupby(ordered, key=lambda count: count.project)
    ]


class _Sum:
    """Adds up one project."""

    def __init__(self, project: str, name: str) -> None:
        self._project, self._name = project, name
        self._warnings: list[Warned] = []

    def of(self, counts: Sequence[Count]) -> Total:
        once = self._without_copies(counts)
        servers = _different(count for count in once if count.source == "redis")
        hosts = [count for count in once if count.source == "host"]
        authorities = [_of_journal(count) for count in once if count.source == "journal"]
        for server in servers:
            its = [host for host in hosts if host.writer in server.writers or len(servers) == 1]
            authorities.append(self._of_redis(server, its))
        if strangers := [host for host in hosts if not _is_known(host, servers)]:
            authorities.append(_of_hosts(strangers))
        counting = [
            one for one in authorities if any(pool.used or pool.refused for pool in one.pools.values())
        ]
        if len(counting) > 1:
            self._warn_of_two([one.name for one in counting])
        total = _together(self._project, counting or authorities[:1], authorities)
        total.warnings = self._warnings
        return total

    def _without_copies(self, counts: Sequence[Count]) -> list[Count]:
        """Of journals that began as one, the longest."""
        kept: dict[object, Count] = {}
        for number, count in enumerate(counts):
            key = count.origin or number
            before = kept.get(key)
            if before is None or count.size > before.size:
                kept[key] = count
            if before is not None:
                self._warn_of_copy(before, count)
        return list(kept.values())

    def _of_redis(self, server: Count, hosts: Sequence[Count]) -> _Authority:
        """What the server says; who spent it, as far as the hosts' own lines are listed, by their owners."""
        balances = dict(server.pools)
        owners: dict[str, Units] = {}
        ledgers: dict[str, Units] = {}
        for host in hosts:
            if host.seq > server.steps.get(host.writer, 0) and server.seq < host.seq:
                self._warn_of_loss(server, host)
                balances = {name: _larger(one, host.pools.get(name)) for name, one in balances.items()}
            _add(owners, host.owners)
            _add(ledgers, {host.listed.name: _sum(host.owners.values())})
        listed = {host.writer for host in hosts}
        for writer, units in server.writers.items():
            if writer not in listed:
                _add(owners, {_owner_of(server, writer): units})
                _add(ledgers, {_ledger_of(server): units})
        rest = _rest(balances, ledgers)
        _add(owners, {_owner_of(server): rest})
        _add(ledgers, {_ledger_of(server): rest})
        return _Authority(server.listed.name, balances, owners, ledgers)

    # -- warnings

    def _warn_of_two(self, names: Sequence[str]) -> None:
        text = (
            f"{self._name} is counted by ledgers that do not know of each other: {_and(names)}. Their counts "
            "are added up here, but each lets a whole limit through."
        )
        remedy = (
            "Let them share a Redis (YTQUOTA_LEDGER), or divide the limit among them (YTQUOTA_LIMIT_...)."
        )
        self._warn("second-ledger", names, text, remedy)

    def _warn_of_copy(self, one: Count, other: Count) -> None:
        names = (one.listed.name, other.listed.name)
        text = f"{_and(names)} hold the same journal of {self._name}; it is counted once."
        self._warn("copy", names, text, "List one of them.")

    def _warn_of_loss(self, server: Count, host: Count) -> None:
        names = (server.listed.name, host.listed.name)
        text = (
            f"The Redis of {names[0]} knows less of {self._name} than the lines of {names[1]}: it lost data, "
            "or that host counts elsewhere. The larger count is shown."
        )
        self._warn(
            "lost", names, text, "The host's next call brings the rest back; turn on appendonly there."
        )

    def _warn(self, kind: str, names: Iterable[str], text: str, remedy: str) -> None:
        self._warnings.append(Warned(kind, self._project, tuple(dict.fromkeys(names)), text, remedy))


def _different(servers: Iterable[Count]) -> list[Count]:
    """The servers that are not one server under two addresses: those share hosts, whose names are random.

    Of one server, the look at its own address is kept.
    """
    kept: list[Count] = []
    for server in sorted(servers, key=lambda count: not count.is_whole):
        same = any(one.writers.keys() & server.writers.keys() or _is_idle(server) for one in kept)
        if not same:
            kept.append(server)
    return kept


def _is_idle(server: Count) -> bool:
    return not server.writers and not any(pool.used for pool in server.pools.values())


def _is_known(host: Count, servers: Sequence[Count]) -> bool:
    return len(servers) == 1 or any(host.writer in server.writers for server in servers)


def _of_journal(count: Count) -> _Authority:
    name = count.listed.name
    return _Authority(name, count.pools, _copied(count.owners), {name: _used(count.pools)})


def _of_hosts(hosts: Sequence[Count]) -> _Authority:
    """Hosts whose Redis is not looked at: the newest of their lines carries the count of all."""
    newest = max(hosts, key=lambda host: host.seq)
    owners: dict[str, Units] = {}
    ledgers: dict[str, Units] = {}
    for host in hosts:
        _add(owners, host.owners)
        _add(ledgers, {host.listed.name: _sum(host.owners.values())})
    rest = _rest(newest.pools, ledgers)
    _add(owners, {NOBODY: rest})
    _add(ledgers, {NOBODY: rest})
    return _Authority(_and(sorted({host.listed.name for host in hosts})), newest.pools, owners, ledgers)


def _together(project: str, counting: Sequence[_Authority], every: Sequence[_Authority]) -> Total:
    total = Total(project, {})
    for bucket in dict.fromkeys(name for one in counting for name in one.pools):
        total.pools[bucket] = _joined(bucket, [one.pools[bucket] for one in counting if bucket in one.pools])
    for bucket, balance in total.pools.items():
        total.pools[bucket] = _with_mark(balance, [one.pools[bucket] for one in every if bucket in one.pools])
    for one in counting:
        _add(total.owners, one.owners)
        _add(total.ledgers, one.ledgers)
    return total


def _joined(bucket: str, balances: Sequence[Balance]) -> Balance:
    """Several counts of one pool as one.

    Its limit is what the server said (the least), else the operators' highest or Google's default, whichever
    is more: a limit that was divided by hand adds up to that of the project.
    """
    if len(balances) == 1:
        return balances[0]
    said = [one.limit for one in balances if one.limit_source == "server"]
    limit = min(said) if said else max(DEFAULT_LIMITS.get(bucket, 0), *(one.limit for one in balances))
    source: LimitSource = next((one.limit_source for one in balances if one.limit == limit), "default")
    used, refused = sum(one.used for one in balances), sum(one.refused for one in balances)
    return Balance(used, refused, limit, None, source)


def _with_mark(balance: Balance, every: Sequence[Balance]) -> Balance:
    """The same with the mark that stands the longest."""
    last = max(every, key=lambda one: one.exhausted_until or 0.0)
    return replace(balance, exhausted_until=last.exhausted_until, marked_by=last.marked_by)


def _larger(one: Balance, other: Balance | None) -> Balance:
    return one if other is None or one.used >= other.used else other


def _rest(balances: Mapping[str, Balance], ledgers: Mapping[str, Units]) -> Units:
    """What a count has beyond those who spent it: corrections by hand, hosts that are not listed."""
    told = _sum(ledgers.values())
    return {bucket: max(0, balance.used - told.get(bucket, 0)) for bucket, balance in balances.items()}


def _owner_of(server: Count, writer: str = "") -> str:
    return server.listed.owner_of(host=writer) if server.is_whole else NOBODY


def _ledger_of(server: Count) -> str:
    return server.listed.name if server.is_whole else NOBODY


def _used(balances: Mapping[str, Balance]) -> Units:
    return {bucket: balance.used for bucket, balance in balances.items()}


def _sum(parts: Iterable[Units]) -> Units:
    total: Units = {}
    for part in parts:
        for bucket, units in part.items():
            total[bucket] = total.get(bucket, 0) + units
    return total


def _add(to: dict[str, Units], more: Mapping[str, Units]) -> None:
    for name, units in more.items():
        to[name] = _sum((to.get(name, {}), units))


def _copied(owners: Mapping[str, Units]) -> dict[str, Units]:
    return {owner: dict(units) for owner, units in owners.items()}


def _and(names: Iterable[str]) -> str:
    *most, last = dict.fromkeys(names)
    return f"{', '.join(most)} and {last}" if most else last
