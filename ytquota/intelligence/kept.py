"""What more important work is still expected to need until the reset: the forecast reserve, as curves.

A call leaves for others what their more important calls may still need, as far as the ensemble tells that
a forecast is made from. The reserve shrinks as the day goes on and is nothing at its end. A bot's own future
is its own business: nothing is kept from a tag for itself, so a lone bot gets its last unit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ytquota.intelligence import day_grid
from ytquota.intelligence.day_grid import BINS, Floats
from ytquota.intelligence.demand import demand_at_its_word
from ytquota.intelligence.ensemble import Ensemble, PoolEnsembles
from ytquota.intelligence.pool_days import DaysReader, PoolDays, Today, Work, WorkKey
from ytquota.monitor.priorities import NORMAL, PRIORITIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ytquota.intelligence.declared import Declaration
    from ytquota.monitor.ledger import PoolKey

_QUANTILE = 0.98
# High, since what is kept too long is only late for those who wait, while what was not kept is gone. As the
# day goes on the reserve is let go of anyway.
_MARGIN = 1.25  # times what the neediest day needed ...
_MARGIN_OF_A_DAY = 2.0  # ... and more where few days are known: divided by their number
_LATE = 4.0  # quarters of an hour
_GOES_ON = 7200.0  # seconds
_PACE_SECONDS = 300.0  # less of a quarter does not tell a pace
_Works = dict[WorkKey, tuple[Work, Today]]
_TAGS = 5  # whose own work is left out of the reserve they see; the smaller ones see all of it


def kept_curves(
    reader: DaysReader, key: PoolKey, limit: float, now: float, declared: Sequence[Declaration] = ()
) -> dict[str, dict[str, Any]]:
    """What calls of each priority leave in a pool, ready for `published.publish`.

    Returns:
        Per priority that leaves anything: "at" (epoch seconds) and "by_tag", units at these instants; the tag
        "" stands for all that are not named. Empty where nothing is more important than anything else.
    """
    pool = {work: seen for work, seen in reader.work().items() if work[:2] == key and _is_any(*seen)}
    known: dict[tuple[frozenset[WorkKey], int], list[float]] = {}
    instants: list[float] = []

    def curve(works: _Works, ahead: list[Declaration]) -> list[float]:
        nonlocal instants
        same = frozenset(works), len(ahead)
        if same not in known:
            instants, known[same] = _curve(reader, works, limit, now, ahead)
        return known[same]

    curves: dict[str, dict[str, Any]] = {}
    for rank, priority in enumerate(PRIORITIES):
        above = {work: seen for work, seen in pool.items() if _rank(work.priority) < rank}
        ahead = [one for one in declared if (one.project, one.bucket) == key and _rank(one.priority) < rank]
        if above or ahead:
            by_tag = {"": curve(above, ahead)}
            for tag in _tags(above):
                others = {work: seen for work, seen in above.items() if work.tag != tag}
                theirs = [one for one in ahead if one.tag != tag]
                by_tag[tag] = curve(others, theirs) if others or theirs else []
            curves[priority] = {"at": instants, "by_tag": by_tag}
    return curves


def _curve(
    reader: DaysReader,
    works: _Works,
    limit: float,
    now: float,
    declared: Sequence[Declaration],
) -> tuple[list[float], list[float]]:
    """Instants, and the units that these works may still need from each of them to the reset."""
    days = _together(reader, works)
    pool = PoolEnsembles(days, limit, now, declared, demand=demand_at_its_word(days.past, limit))
    ensemble = pool.rest()
    if not pool.days.dates:  # nobody knows yet what is usual: only what was declared is kept
        ensemble = ensemble._replace(paths=pool.declared_only(ensemble))
    remaining = ensemble.paths[:, ::-1].cumsum(axis=1)[:, ::-1]
    units = np.maximum(_high(remaining, ensemble.weights), _neediest(pool, ensemble))
    units = np.maximum(units, _going_on(pool, ensemble))
    units = np.maximum.accumulate(units[::-1])[::-1]
    return ensemble.at().round(1).tolist(), [*units.round(1).tolist(), 0.0]


def _neediest(pool: PoolEnsembles, ensemble: Ensemble) -> Floats:
    """What the neediest of the finished days still needed, with a margin, at each instant but the last.

    A stream may also begin later than it ever did: looked at is what was needed up to an hour earlier, and
    less towards the end of the day, where all of it is let go of.
    """
    units = pool.demand.units
    if not len(units):
        return np.zeros(ensemble.paths.shape[1])
    remaining = np.append(units[:, ::-1].cumsum(axis=1)[:, ::-1].max(axis=0), 0.0)
    places = np.arange(ensemble.first, BINS, dtype=float)
    places[0] = day_grid.place(ensemble.day, ensemble.start)
    earlier = places - np.minimum(_LATE, (BINS - places) / 3)
    margin = _MARGIN + _MARGIN_OF_A_DAY / len(units)
    return np.asarray(margin * np.interp(earlier, np.arange(BINS + 1), remaining))


def _going_on(pool: PoolEnsembles, ensemble: Ensemble) -> Floats:
    """What it takes if that which is being done now goes on for another two hours, at each instant.

    A stream may last longer than any did: its shape is not in the history, but its pace is known.
    """
    grid, k = day_grid.edges(ensemble.day), ensemble.first
    seen = pool.days.today.used + pool.days.today.denied
    lengths = np.minimum(grid[1:], ensemble.start) - grid[:-1]
    pace = [seen[n] / lengths[n] for n in range(max(0, k - 2), k + 1) if lengths[n] >= _PACE_SECONDS]
    left = grid[-1] - ensemble.at()[:-1]
    return np.asarray(max(pace, default=0.0) * np.minimum(_GOES_ON, left))


def _high(columns: Floats, weights: Floats) -> Floats:
    """The quantile of each column: the least value that covers so much weight."""
    order = columns.argsort(axis=0)
    reached = weights[order].cumsum(axis=0) >= _QUANTILE * weights.sum()
    row = order[reached.argmax(axis=0), np.arange(columns.shape[1])]
    return np.asarray(columns[row, np.arange(columns.shape[1])])


def _together(reader: DaysReader, works: _Works) -> PoolDays:
    """Several works as one pool, from the first day on which any of them asked for anything."""
    if not works:
        return PoolDays((), Work.none(0), Today(np.zeros(BINS), np.zeros(BINS)))
    pasts, todays = zip(*works.values(), strict=True)
    used, denied = sum(past.used for past in pasts), sum(past.denied for past in pasts)
    seen = np.flatnonzero((used + denied).sum(axis=1))
    start = int(seen[0]) if len(seen) else len(used)
    today = Today(sum(one.used for one in todays), sum(one.denied for one in todays))
    return PoolDays(reader.dates(len(used))[start:], Work(used[start:], denied[start:]), today)


def _tags(works: _Works) -> list[str]:
    """The tags of these works, the largest first."""
    sizes: dict[str, float] = {}
    for work, (past, today) in works.items():
        sizes[work.tag] = sizes.get(work.tag, 0.0) + float(past.used.sum() + today.used.sum())
    return sorted(sizes, key=lambda tag: -sizes[tag])[:_TAGS]


def _is_any(past: Work, today: Today) -> bool:
    return not past.is_empty or bool(today.used.any() or today.denied.any())


def _rank(priority: str) -> int:
    return PRIORITIES.index(priority if priority in PRIORITIES else NORMAL)
