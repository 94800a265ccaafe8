"""Plans against brute force: the last day is never later than it must be."""

from __future__ import annotations

from itertools import product
from random import Random

import pytest

from ytquota.intelligence.packing import Item, pack, spread


def last_day(days):
    return max((number for number, day in enumerate(days) if day), default=-1)


def brute_force(items, rooms):
    """The least last day over every way to put every single call on a day; None if there is no way."""
    single = [item.units for item in items for _ in range(item.calls)]
    best = None
    for places in product(range(len(rooms)), repeat=len(single)):
        free = list(rooms)
        for units, place in zip(single, places, strict=True):
            free[place] -= units
        if min(free) >= 0:
            last = max(places, default=-1)
            best = last if best is None else min(best, last)
    return best


def a_case(seed):
    rng = Random(seed)
    sizes = rng.sample([1, 2, 3, 4, 5, 7], rng.randint(1, 3))
    items = [Item(f"m{size}.list", rng.randint(1, 3 if len(sizes) > 1 else 5), size) for size in sizes]
    while sum(item.calls for item in items) > 7:
        items = items[1:]
    return items, [rng.choice([0, *range(2, 13)]) for _ in range(rng.randint(1, 3))]


@pytest.mark.parametrize("hundred", range(5))
def test_done_as_early_as_any_way_would(hundred):
    """Five hundred random cases: same last day as the best of all placements, or none where there is none."""
    for seed in range(hundred * 100, hundred * 100 + 100):
        items, rooms = a_case(seed)
        days, left = pack(items, rooms)
        best = brute_force(items, rooms)
        if best is None:
            assert left, (items, rooms)
        else:
            assert not left, (items, rooms)
            assert last_day(days) == best, (items, rooms)


@pytest.mark.parametrize("seed", range(50))
def test_no_day_takes_more_than_its_room_and_no_call_is_lost(seed):
    """Calls placed and left over are those asked for; every day keeps within its room."""
    items, rooms = a_case(10_000 + seed)
    prices = {item.method: item.units for item in items}
    days, left = pack(items, rooms)
    for day, room in zip(days, rooms, strict=True):
        assert sum(prices[method] * count for method, count in day.items()) <= room
    for item in items:
        placed = sum(day.get(item.method, 0) for day in days)
        assert placed + left.get(item.method, 0) == item.calls


def test_the_more_important_work_goes_first():
    """An upload that matters takes the first day; the searches wait."""
    important, usual = [Item("a.insert", 2, 50)], [Item("b.list", 30, 1)]
    assert spread([important, usual], [100, 100]) == ([{"a.insert": 2}, {"b.list": 30}], {})


def test_large_plans_are_packed_at_once():
    """Hundreds of calls over weeks take no time to speak of, also where prices do not divide each other."""
    items = [Item("a.insert", 400, 50), Item("b.insert", 333, 20), Item("c.list", 5_000, 1)]
    days, left = pack(items, [1_230] * 60)
    assert not left
    assert last_day(days) == -(-(400 * 50 + 333 * 20 + 5_000) // 1_230) - 1


def test_a_negative_room_is_none():
    """A pool that is over its limit takes nothing."""
    assert pack([Item("a.list", 1, 1)], [-5, 1]) == ([{}, {"a.list": 1}], {})
