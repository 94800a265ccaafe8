"""Which calls of a plan go on which day, so that all of it is done as early as can be.

A pool's days are bins of different room, calls are items of a few sizes. Placing the dearest first, each on
the earliest day with room, is best where every price divides the next dearer one (1, 50, 200), which is
nearly always; where a simple bound says that it might not be, a search settles it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NODES = 20_000  # states looked at before the first answer is good enough


class Item(NamedTuple):
    """Calls of one method: how many, and what one of them costs in its bucket."""

    method: str
    calls: int
    units: int


Day = dict[str, int]
"""Calls by method."""


def pack(items: Sequence[Item], rooms: Sequence[int]) -> tuple[list[Day], Day]:
    """Spread items over days.

    Args:
        items: of one bucket and one importance.
        rooms: units to be had on each day.

    Returns:
        The calls of each day, and those for which there is no room at all.
    """
    wanted = [item for item in sorted(items, key=lambda item: -item.units) if item.calls]
    days, left = _dearest_first(wanted, rooms)
    last = max((number for number, day in enumerate(days) if day), default=-1)
    first_possible = _bound(wanted, rooms)
    searched = range(first_possible, len(rooms)) if left else range(first_possible, last)
    search = _Search(wanted)
    for number in searched:
        found = search.fill(rooms[: number + 1])
        if found is not None:
            return [*found, *({} for _ in rooms[number + 1 :])], {}
    return days, left


def _dearest_first(items: Sequence[Item], rooms: Sequence[int]) -> tuple[list[Day], Day]:
    free = list(rooms)
    days: list[Day] = [{} for _ in rooms]
    left: Day = {}
    for item in items:
        count = item.calls
        for number, room in enumerate(free):
            fits = min(count, max(0, room) // item.units) if item.units else count
            if fits:
                days[number][item.method] = fits
                free[number] -= fits * item.units
                count -= fits
        if count:
            left[item.method] = count
    return days, left


def _bound(items: Sequence[Item], rooms: Sequence[int]) -> int:
    """The first day by which all could be done at best; the number of days if that is never."""
    for number in range(len(rooms)):
        free = [max(0, room) for room in rooms[: number + 1]]
        sizes = {item.units for item in items if item.units}
        in_units = sum(item.calls * item.units for item in items) <= sum(free)
        if in_units and all(
            sum(item.calls for item in items if item.units >= size) <= sum(room // size for room in free)
            for size in sizes
        ):
            return number
    return len(rooms)


class _Search:
    """Looks for any way to place everything on given days, day by day, each filled until nothing fits."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._items = items
        self._nodes = 0

    def fill(self, rooms: Sequence[int]) -> list[Day] | None:
        """The calls of each day, or None if there is no way, or none was found in time."""
        failed: set[tuple[int, tuple[int, ...]]] = set()
        counts = tuple(item.calls for item in self._items)
        found = self._from(0, counts, rooms, failed)
        if found is None:
            return None
        return [self._named(day) for day in found]

    def _from(
        self,
        day: int,
        counts: tuple[int, ...],
        rooms: Sequence[int],
        failed: set[tuple[int, tuple[int, ...]]],
    ) -> list[tuple[int, ...]] | None:
        if not any(counts):
            return [tuple(0 for _ in counts) for _ in rooms[day:]]
        if day == len(rooms) or (day, counts) in failed:
            return None
        for chosen in self._fillings(max(0, rooms[day]), counts, 0):
            self._nodes += 1
            if self._nodes > _NODES:
                return None
            rest = tuple(count - taken for count, taken in zip(counts, chosen, strict=True))
            found = self._from(day + 1, rest, rooms, failed)
            if found is not None:
                return [chosen, *found]
        failed.add((day, counts))
        return None

    def _fillings(self, room: int, counts: tuple[int, ...], index: int) -> list[tuple[int, ...]]:
        """The ways to fill a day so that nothing more fits, those with many dear calls first."""
        units = self._items[index].units
        most = min(counts[index], room // units) if units else counts[index]
        if index == len(counts) - 1:
            return [(most,)]
        return [
            (taken, *others)
            for taken in range(most, -1, -1)
            for others in self._fillings(room - taken * units, counts, index + 1)
        ]

    def _named(self, day: tuple[int, ...]) -> Day:
        return {item.method: taken for item, taken in zip(self._items, day, strict=True) if taken}


def spread(groups: Sequence[Sequence[Item]], rooms: Sequence[int]) -> tuple[list[Day], Day]:
    """Spread groups of items over the same days, the most important group first."""
    free = list(rooms)
    days: list[Day] = [{} for _ in rooms]
    left: Day = {}
    for group in groups:
        units = {item.method: item.units for item in group}
        packed, over = pack(group, free)
        left |= over
        for number, day in enumerate(packed):
            days[number] |= day
            free[number] -= sum(units[method] * count for method, count in day.items())
    return days, left


def units_of(day: Mapping[str, int], prices: Mapping[str, int]) -> int:
    """What a day's calls cost."""
    return sum(prices[method] * count for method, count in day.items())
