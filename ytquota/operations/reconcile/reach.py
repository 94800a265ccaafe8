"""Up to when Google's figures are there: usually ten minutes ago, sometimes much less.

Google promises no lag. What it does not show yet looks like calls that it did not count, and a count lowered
for that gives units away that were spent. So our own calls are the probe: those that went well must be in the
counters, method by method, and where the latest are not, the figures end before them. A gap in the last hour
is taken for lag, too; older ones, with calls after them that were counted, are gaps.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

from ytquota import clock as clocks
from ytquota.monitor.places import journal_path
from ytquota.monitor.sent import sent_between

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from ytquota.monitor.metering import QuotaMonitor
    from ytquota.monitor.sent import Sent
    from ytquota.operations.reconcile.reading import Official

_HOUR = 3600.0
_LOOK = 6 * _HOUR  # our calls that are looked at
_NEVER = 4 * _HOUR  # a method that was called before, and never counted while others were, is free
_SLACK = 1.0  # seconds that Google's clock may differ from ours
_ROUNDING = 0.5  # units
_FEWEST = 5  # calls that say how much Google counts of a method
_MINUTE, _BEFORE_TODAY = 60.0, 300.0  # readings' lengths

_Series = tuple[str, str]  # bucket and method
_Units = defaultdict[float, float]  # by the beginning of a reading


def reach(monitor: QuotaMonitor, official: Official) -> datetime:
    """Up to when Google's figures of a project can be held against ours: no later than they reach (UTC).

    At the earliest the beginning of the day before that of `official.until`.

    Args:
        monitor: whose calls.
        official: what Google counted.

    Raises:
        LedgerUnavailable: the log cannot be read.
    """
    until = official.until.timestamp()
    days = {official.last_day, clocks.quota_day(until - _LOOK)}
    paths = [journal_path(monitor.folder / "calls", day, official.project) for day in days]
    sent = [one for path in paths for one in sent_between(path, until - _LOOK, until - _SLACK)]
    ends = figures_end(official, sent)
    earliest = clocks.bounds_of(official.last_day - timedelta(days=1)).start
    return clocks.utc(max(earliest, ends))


def figures_end(official: Official, sent: Iterable[Sent]) -> float:
    """The same, of calls that are given (epoch seconds); minus infinity where Google shows nothing at all."""
    calls, until = [one for one in sent if one.units], official.until.timestamp()
    midnight = clocks.bounds_of(official.last_day).start
    used = [one for one in official.readings if one.units]
    newest = max((one.end.timestamp() for one in used), default=float("-inf"))
    ours: defaultdict[_Series, list[Sent]] = defaultdict(list)
    counted: defaultdict[_Series, _Units] = defaultdict(_nothing)
    for reading in used:
        counted[reading.bucket, reading.method][_slot(reading.start.timestamp(), midnight)] += reading.units
    for one in calls:
        if one.is_sure:
            ours[one.bucket, one.method].append(one)
    end = until
    if any((one.since - _SLACK if one.is_sure else one.until + _SLACK) >= newest for one in calls):
        end = min(end, newest)  # nothing at all is there of the latest calls, whatever became of them
    before = float("inf")
    while end < before:  # what made up for a shortage may lie behind the end that another method sets
        before = end
        for name, its in ours.items():
            end = min(end, _shortage(_done(its, end), counted[name], newest, end, midnight))
    return end


def _done(ours: Sequence[Sent], end: float) -> Sequence[Sent]:
    """Those that cannot have been counted after `end`."""
    return [one for one in ours if one.until < end - _SLACK]


def _nothing() -> _Units:
    return defaultdict(float)


def _slot(at: float, midnight: float) -> float:
    """The beginning of the reading that an instant falls in."""
    length = _MINUTE if at >= midnight else _BEFORE_TODAY
    return at // length * length


def _part(ours: Sequence[Sent], counted: _Units, newest: float, midnight: float) -> float:
    """The part of a method's price that Google counts, 1 at most, told by calls of over an hour before."""
    if not counted:
        return 0.0 if newest - min(one.since for one in ours) >= _NEVER else 1.0
    before = _slot(max(counted) - _HOUR, midnight)
    first = _slot(min(one.since for one in ours), midnight)
    older = [one.units for one in ours if one.since + _SLACK < before]
    if len(older) < _FEWEST:
        return 1.0
    theirs = sum(units for slot, units in counted.items() if first <= slot < before)
    return min(1.0, theirs / sum(older))


def _shortage(ours: Sequence[Sent], counted: _Units, newest: float, until: float, midnight: float) -> float:
    """Where Google begins to fall short of our calls and never makes up for it; `until` where it does not.

    Looked at backwards, for as long as what is lacking grows, and an hour more with calls that are all there.
    """
    if not ours:
        return until
    due, doubtful = _due(ours, _part(ours, counted, newest, midnight), midnight)
    lacking, start, least, most = 0.0, until, 0.0, 0.0
    there: float | None = None  # the latest slot, before what is lacking, whose calls are all there
    slots = (slot for slot in due.keys() | counted.keys() if slot < until)
    for slot in sorted(slots, reverse=True):
        lacking += due[slot] - counted[slot]
        if lacking >= (least if there is None else most) + _ROUNDING:
            start, least, most, there = slot, lacking, lacking + doubtful[slot], None
        elif due[slot] and there is None:
            there = slot
        if there is not None and there - slot >= _HOUR:
            break
    return start


def _due(ours: Sequence[Sent], part: float, midnight: float) -> tuple[_Units, _Units]:
    """What must be counted, in the earliest reading that it may be in; and what may be in a later one."""
    due, doubtful = _nothing(), _nothing()
    for one in ours:
        first, last = _slot(one.since - _SLACK, midnight), _slot(one.until + _SLACK, midnight)
        due[first] += part * one.units
        while last > first:
            doubtful[last] += part * one.units
            last = _slot(last - 1, midnight)
    return due, doubtful
