"""Makes plans: rooms from the forecast's ensembles, then the calls packed into them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from math import floor, prod
from typing import TYPE_CHECKING

import numpy as np

from ytquota import clock as clocks
from ytquota.intelligence.forecast import WARM_UP_DAYS
from ytquota.intelligence.packing import Item, spread, units_of
from ytquota.intelligence.plan import NO_HISTORY, Plan, PlannedCall, PlannedDay, PlannedPool
from ytquota.monitor.ledger import PoolKey
from ytquota.monitor.priorities import NORMAL, PRIORITIES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ytquota.intelligence.day_grid import Floats
    from ytquota.intelligence.declared import Declaration
    from ytquota.intelligence.ensemble import Ensemble, PoolEnsembles
    from ytquota.intelligence.forecaster import Forecaster
    from ytquota.monitor.ledger import Balance

_HORIZON = 90
"""Days looked ahead, today included."""

_KNOWN_DAYS = 14  # after two weeks a day is expected to be as the same weekday before


class _Pool:
    """The room of one pool, day by day.

    Args:
        pool: its past and today, its limit, and load that was declared.
        bucket: its name.
        balance: today's.
        reserve: units of the limit that the plan may not touch.
        confidence: how sure a room must be.
    """

    def __init__(
        self, pool: PoolEnsembles, bucket: str, balance: Balance, *, reserve: int, confidence: float
    ) -> None:
        self.bucket, self.balance, self.limit, self.reserve = bucket, balance, int(pool.limit), reserve
        self._confidence = confidence
        self._pool = pool
        self._is_new = not (pool.days.dates or pool.declared)
        self._today: Ensemble = pool.rest()
        self._loads: dict[int, tuple[Floats, Floats]] = {}

    @property
    def basis(self) -> str:
        """What the usual load was estimated from."""
        days = len(self._pool.days.dates)
        if self._is_new:
            return NO_HISTORY
        return f"{days} finished days" if days >= WARM_UP_DAYS else f"{days} finished days, which is little"

    def room(self, ahead: int) -> int:
        """Units that are to be had on a day, `ahead` days from today."""
        return max(0, self._free(ahead) - self.usual(ahead))

    def usual(self, ahead: int) -> int:
        """Units that the usual load still takes on a day, at the confidence asked for."""
        load, weights = self._load(ahead)
        order = np.argsort(load)
        place = int((weights[order].cumsum() >= self._confidence - 1e-9).argmax())
        return int(np.ceil(load[order][place] - 1e-6))

    def probability(self, ahead: int, units: int) -> float:
        """How likely so many units fit on a day beside the usual load."""
        load, weights = self._load(ahead)
        return float(weights[load <= self._free(ahead) - units + 1e-6].sum())

    def _free(self, ahead: int) -> int:
        if ahead:
            return self.limit - self.reserve
        if self.balance.is_exhausted(self._pool.now) and self.balance.limit >= self.limit:
            return 0
        return max(0, self.limit - self.reserve - self.balance.used)

    def _load(self, ahead: int) -> tuple[Floats, Floats]:
        while ahead > _KNOWN_DAYS:
            ahead -= 7
        if ahead not in self._loads:
            self._loads[ahead] = self._estimate(ahead)
        return self._loads[ahead]

    def _estimate(self, ahead: int) -> tuple[Floats, Floats]:
        if self._is_new or (ahead and not self._pool.days.dates and not self._pool.declared):
            return np.zeros(1), np.ones(1)
        if ahead == 0:
            return self._today.rest, self._today.weights
        day = self._pool.day_ahead(self._pool.today + timedelta(days=ahead), self._today)
        return day.rest, day.weights


def make_plan(
    forecaster: Forecaster,
    work: Mapping[str, int],
    *,
    project: str,
    deadline: date | datetime | None = None,
    limits: Mapping[str, int] | None = None,
    priorities: Mapping[str, str] | None = None,
    confidence: float,
    declared: Sequence[Declaration] = (),
) -> Plan:
    """Make a plan; see `QuotaIntelligence.plan`."""
    monitor = forecaster.monitor
    forecaster.reader.read()
    today = clocks.quota_day(monitor.clock.time())
    calls = _calls(forecaster, work, priorities or {}, today)
    prices = {call.method: call.units // call.count for call in calls}
    pools = _pools(forecaster, project, calls, limits=limits or {}, confidence=confidence, declared=declared)
    schedules, unplanned = _schedules(calls, prices, pools)
    last = {bucket: _last(days) for bucket, days in schedules.items()}
    fits = not unplanned and not any(last.values())
    stood = tuple(_stand(pool, calls) for pool in pools.values())
    return Plan(
        project=project,
        work=tuple(calls),
        fits_today=fits,
        probability=prod(pool.probability for pool in stood),
        binding="" if fits else _binding(calls, last, unplanned),
        pools=stood,
        days=_planned(schedules, prices, pools, today),
        unplanned=unplanned,
        finished_on=None if unplanned else today + timedelta(days=max(last.values())),
        deadline=_last_day(deadline),
        confidence=confidence,
    )


def _pools(
    forecaster: Forecaster,
    project: str,
    calls: Sequence[PlannedCall],
    *,
    limits: Mapping[str, int],
    confidence: float,
    declared: Sequence[Declaration],
) -> dict[str, _Pool]:
    balances = forecaster.monitor.ledger.usage(project)[project]
    pools = {}
    for bucket in dict.fromkeys(call.bucket for call in calls):
        limit = limits.get(bucket, balances[bucket].limit)
        reserve = _reserve(forecaster, [call for call in calls if call.bucket == bucket], limit)
        ensembles = forecaster.pool(PoolKey(project, bucket), limit, declared)
        pools[bucket] = _Pool(ensembles, bucket, balances[bucket], reserve=reserve, confidence=confidence)
    return pools


def _last(days: Sequence[Mapping[str, int]]) -> int:
    """The number of the last day with a call."""
    return max((number for number, day in enumerate(days) if day), default=0)


def _binding(calls: Sequence[PlannedCall], last: Mapping[str, int], unplanned: Mapping[str, int]) -> str:
    """The bucket in which it takes longest, or for ever."""
    never = {call.bucket for call in calls if call.method in unplanned}
    return max(last, key=lambda bucket: (bucket in never, last[bucket]))


def _calls(
    forecaster: Forecaster, work: Mapping[str, int], priorities: Mapping[str, str], today: date
) -> list[PlannedCall]:
    monitor = forecaster.monitor
    if not work:
        raise ValueError("A plan needs work: methods and how many calls of each.")
    calls: dict[str, PlannedCall] = {}
    for method, count in work.items():
        if count < 1:
            raise ValueError(f"A plan needs at least one call of {method}, not {count}.")
        price = monitor.prices.price_of(method, on=today)
        if price.method in calls:
            raise ValueError(f"{price.method} stands in the plan twice.")
        priority = monitor.priorities.of(price.method, "", priorities.get(method, ""))
        calls[price.method] = PlannedCall(price.method, count, price.bucket, price.units * count, priority)
    return list(calls.values())


def _reserve(forecaster: Forecaster, calls: Sequence[PlannedCall], limit: int) -> int:
    """What the least important of a bucket's calls must leave in the fixed reserve."""
    fixed = forecaster.monitor.admission.fixed_reserve
    return max((fixed(call.priority, call.bucket, limit) for call in calls), default=0)


def _schedules(
    calls: Sequence[PlannedCall], prices: Mapping[str, int], pools: Mapping[str, _Pool]
) -> tuple[dict[str, list[dict[str, int]]], dict[str, int]]:
    """Calls by method, bucket by bucket and day by day; and those that fit nowhere."""
    schedules: dict[str, list[dict[str, int]]] = {}
    unplanned: dict[str, int] = {}
    for bucket, pool in pools.items():
        own = [call for call in calls if call.bucket == bucket]
        groups = [
            [
                Item(call.method, call.count, prices[call.method])
                for call in own
                if _rank(call.priority) == rank
            ]
            for rank in range(len(PRIORITIES))
        ]
        needed = sum(call.units for call in own)
        rooms: list[int] = []
        for horizon in (1, 7, 28, _HORIZON):
            rooms += [pool.room(ahead) for ahead in range(len(rooms), horizon)]
            if horizon < _HORIZON and sum(rooms) < needed:
                continue
            schedules[bucket], left = spread([group for group in groups if group], rooms)
            if not left:
                break
        unplanned |= left
    return schedules, unplanned


def _stand(pool: _Pool, calls: Sequence[PlannedCall]) -> PlannedPool:
    needed = sum(call.units for call in calls if call.bucket == pool.bucket)
    return PlannedPool(
        bucket=pool.bucket,
        limit=pool.limit,
        used=pool.balance.used,
        needed=needed,
        usual=pool.usual(0),
        room=pool.room(0),
        probability=pool.probability(0, needed),
        basis=pool.basis,
    )


def _planned(
    schedules: Mapping[str, list[dict[str, int]]],
    prices: Mapping[str, int],
    pools: Mapping[str, _Pool],
    today: date,
) -> tuple[PlannedDay, ...]:
    days = []
    for ahead in range(max(map(len, schedules.values()))):
        own = {bucket: days[ahead] for bucket, days in schedules.items() if ahead < len(days) and days[ahead]}
        if own:
            sure = prod(
                pools[bucket].probability(ahead, units_of(day, prices)) for bucket, day in own.items()
            )
            calls = {method: count for day in own.values() for method, count in day.items()}
            days.append(PlannedDay(today + timedelta(days=ahead), calls, sure))
    return tuple(days)


def _last_day(deadline: date | datetime | None) -> date | None:
    """The last quota day before a deadline: a date counts whole, an instant as far as it goes."""
    if isinstance(deadline, datetime):
        return clocks.quota_day(floor(deadline.timestamp() - 1e-3))
    return deadline


def _rank(priority: str) -> int:
    return PRIORITIES.index(priority if priority in PRIORITIES else NORMAL)
