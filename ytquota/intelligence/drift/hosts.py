"""Hosts whose calls are missing here: what is left over may be theirs, not a stranger's."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ytquota.clock import PACIFIC
from ytquota.intelligence.drift import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    import pandas as pd

    from ytquota.intelligence.drift.causes import Cause

FEWEST_DAYS = 3
"""Days with lines of a host, from which on its silence means something."""

_ALIKE = (0.5, 2.0)  # what is left over, as a multiple of what the host usually spends
_COVERED = 0.8  # the part of what is left over that falls on the host's usual methods
_KNOWN, _LOOKS = 0.97, 0.85


@dataclass(frozen=True, slots=True)
class KnownHost:
    """A host that has charged units on a day, and whose lines are not here.

    Attributes:
        host: its name.
        day: the quota day.
        bucket: the daily allowance.
        units: how many, as Redis or the archive says; None where only that it was there is known.
    """

    host: str
    day: date
    bucket: str
    units: int | None = None


def blame_hosts(
    causes: Sequence[Cause], ours: pd.DataFrame, known: Iterable[KnownHost], whole_days: Sequence[date]
) -> Iterator[Cause]:
    """The causes, with those calls made elsewhere that a missing host explains put down to it.

    Args:
        causes: what was found.
        ours: with the columns of `SENDS`.
        known: hosts that are known to have charged units.
        whole_days: the days that are over; on one that is not, silence means nothing.
    """
    habits = _habits(ours)
    stated: dict[tuple[date, str], list[KnownHost]] = defaultdict(list)
    for one in known:
        stated[one.day, one.bucket].append(one)
    left: dict[tuple[date, str], list[Cause]] = defaultdict(list)
    for cause in causes:
        # calls of another host, made in step with ours, look like a higher price
        looks_dearer = cause.kind == "price" and cause.units > 0 and stated.get((cause.day, cause.bucket))
        if cause.kind == "elsewhere" or looks_dearer:
            left[cause.day, cause.bucket].append(cause)
        else:
            yield cause
    for (day, bucket), pool in left.items():
        missing = list(stated.get((day, bucket), ()))
        if day in whole_days:
            silent = [habit.host for habit in habits if habit.bucket == bucket and day not in habit.days]
            missing += [
                KnownHost(host, day, bucket) for host in silent if host not in {one.host for one in missing}
            ]
        yield from _shared_out(
            pool, missing, {habit.host: habit for habit in habits if habit.bucket == bucket}
        )


@dataclass(frozen=True, slots=True)
class _Habit:
    """What a host usually spends of a bucket: units a day by method, and the days on which it did."""

    host: str
    bucket: str
    units: dict[str, float]
    days: frozenset[date]


def _habits(ours: pd.DataFrame) -> list[_Habit]:
    spent = ours[ours["units"] > 0]
    day = spent["minute"].dt.tz_convert(PACIFIC).dt.date
    habits = []
    for (host, bucket), mine in spent.assign(day=day).groupby(["host", "bucket"], observed=True):
        days = frozenset(mine["day"])
        if host and len(days) >= FEWEST_DAYS:
            units = mine.groupby("method", observed=True)["units"].sum() / len(days)
            spends = {str(method): float(one) for method, one in units.items()}
            habits.append(_Habit(str(host), str(bucket), spends, days))
    return habits


def _shared_out(
    pool: list[Cause], missing: Iterable[KnownHost], habits: Mapping[str, _Habit]
) -> Iterator[Cause]:
    """What is left over in one pool on one day, with the parts of missing hosts taken off."""
    for host in missing:
        habit = habits.get(host.host)
        theirs = _units_of(pool, host, habit)
        if not theirs:
            continue
        chance = min(_LOOKS if host.units is None else _KNOWN, 1.0)
        text = words.missing_host(host.host, known=host.units is not None)
        for cause in pool:
            units = theirs.get(cause.method, 0)
            if units:
                evidence, remedy = text
                yield replace(
                    cause,
                    kind="missing_host",
                    detail=host.host,
                    units=units,
                    probability=chance * cause.probability,
                    evidence=evidence,
                    remedy=remedy,
                )
        pool = [replace(cause, units=cause.units - theirs.get(cause.method, 0)) for cause in pool]
        pool = [cause for cause in pool if cause.units > 0]
    yield from pool


def _units_of(pool: Sequence[Cause], host: KnownHost, habit: _Habit | None) -> dict[str, int]:
    """Units by method that may be put down to a host; empty if what is left over does not look like it."""
    total = sum(cause.units for cause in pool)
    usual = habit.units if habit else {}
    if host.units is not None:
        part = min(1.0, host.units / total) if total else 0.0
        return {cause.method: round(part * cause.units) for cause in pool}
    covered = sum(cause.units for cause in pool if cause.method in usual)
    expected = sum(usual.values())
    if not expected or covered < _COVERED * total or not _ALIKE[0] <= covered / expected <= _ALIKE[1]:
        return {}
    return {cause.method: cause.units for cause in pool if cause.method in usual}
