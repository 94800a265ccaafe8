"""What an action would move besides what it says itself: whose calls, and which pools they would meet."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ytquota.dashboard.cards import name_of, unit_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ytquota.dashboard.snapshot import Snapshot

_TAGS = 6


def rotation_moves(snapshot: Snapshot, target: int, now: float) -> list[str]:
    """Say which tags would move to the set `target`, and what its pools have left for them."""
    source = snapshot.desk.in_use
    if source is None or source == target:
        return []
    told = [f"Called with set {source} today: {_tags(snapshot, source)}."]
    there = {one.number: one.project for one in snapshot.sets}
    buckets = [bucket for bucket, _tag in _units(snapshot, source)] or ["default"]
    told += [
        f"{name_of(bucket)}: {_left(snapshot, there.get(source), bucket, now)} there, "
        f"{_left(snapshot, there.get(target), bucket, now)} with set {target}."
        for bucket in dict.fromkeys(buckets)
        if there.get(source) != there.get(target)
    ]
    return told


def set_users(snapshot: Snapshot, number: int) -> list[str]:
    """Say who calls with a set."""
    return [f"Called with set {number} today: {_tags(snapshot, number)}."]


def pool_users(snapshot: Snapshot, number: int, bucket: str) -> list[str]:
    """Say whose calls meet a pool of a set's project, with any of the project's sets."""
    project = next((one.project for one in snapshot.sets if one.number == number), None)
    units: Counter[str] = Counter()
    for one in snapshot.sets:
        if project is not None and one.project == project:
            for (name, tag), count in _units(snapshot, one.number).items():
                units[tag] += count if name == bucket else 0
    users = [f"{tag} ({count:,})" for tag, count in units.most_common(_TAGS) if count]
    return [f"Used today by {', '.join(users)}." if users else "Nobody has used this pool today."]


def _units(snapshot: Snapshot, number: int) -> Mapping[tuple[str, str], int]:
    use = snapshot.uses.get(number)
    return use.units if use else {}


def _tags(snapshot: Snapshot, number: int) -> str:
    """The tags of a set's calls today, the dearest first, with what they spent in each bucket."""
    units = _units(snapshot, number)
    spent: Counter[str] = Counter()
    for (_bucket, tag), count in units.items():
        spent[tag] += count
    told = [
        f"{tag} ("
        + ", ".join(
            f"{count:,} {unit_of(bucket, count)}" for (bucket, one), count in units.items() if one == tag
        )
        + ")"
        for tag, _ in spent.most_common(_TAGS)
    ]
    more = len(spent) - len(told)
    return ", ".join(told) + (f" and {more} more" if more > 0 else "") if told else "nobody"


def _left(snapshot: Snapshot, project: str | None, bucket: str, now: float) -> str:
    pool = next((one for one in snapshot.pools if (one.project, one.bucket) == (project, bucket)), None)
    if pool is None:
        return "untouched"
    if pool.is_by_operator(now):
        return f"{pool.left:,} left, marked by an operator"
    return "nothing left" if pool.is_gone(now) else f"{pool.left:,} left"
