"""What to do about a pool that ran out: wait, spare, ask for more; and, last, who may take over."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from ytquota.auth.words import POLICY
from ytquota.dashboard.cards import clock_time, duration, name_of, unit_of
from ytquota.dashboard.marked import marked
from ytquota.intelligence.answer import spare_or_ask
from ytquota.monitor.revealed import may_share_pools

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ytquota.auth.sets import CredentialSet
    from ytquota.dashboard.snapshot import Pool, Snapshot
    from ytquota.monitor.ledger import PoolKey

_HINT = "wait, spare, or ask for more: see Credential sets"


@dataclass(frozen=True, slots=True)
class Proposal:
    """What can be done about one pool that ran out.

    Attributes:
        key: the pool.
        title: what happened.
        told: what can be done, in sentences.
        hint: the same in a few words, for its card.
        rotate_to: the set that should take over, if there is one.
    """

    key: PoolKey
    title: str
    told: tuple[str, ...]
    hint: str
    rotate_to: int | None = None


def propose(snapshot: Snapshot, now: float) -> tuple[Proposal, ...]:
    """Return a proposal for each pool that ran out and that a credential set here calls with."""
    return tuple(
        _about(snapshot, pool, now)
        for pool in snapshot.pools
        if pool.is_gone(now) and any(one.project == pool.project for one in snapshot.sets)
    )


def _about(snapshot: Snapshot, pool: Pool, now: float) -> Proposal:
    until = pool.resets_at if not pool.left else min(pool.exhausted_until or pool.resets_at, pool.resets_at)
    mark = "marked by an operator" if pool.is_by_operator(now) else "marked as exhausted"
    happened = mark if pool.left else "ran out"
    title = f"{name_of(pool.bucket)} of project {pool.project}: {happened}"
    able = [one for one in snapshot.sets if _could_take_over(snapshot, one, pool, now)]
    listed = sorted(
        (one for one in able if one.number in snapshot.desk.rotation),
        key=lambda one: snapshot.desk.rotation.index(one.number),
    )
    own = [one.number for one in snapshot.sets if one.project == pool.project]
    first = [f"Wait until {clock_time(until)}, in {duration(until - now)}. {spare_or_ask()}"]
    if pool.left and own:
        first.append(f"If you know better than that mark: Reset set {own[0]} clears it.")
    if listed and any(number in snapshot.desk.rotation for number in own):
        told, rotate_to = _listed(snapshot, pool, listed[0], now)
    elif able:
        told, rotate_to = [_permission(snapshot, pool, own, able, now)], None
    else:
        told, rotate_to = ["No other set here could do its work."], None
    return Proposal(pool.key, title, (*first, *told), _HINT, rotate_to)


def _permission(snapshot: Snapshot, pool: Pool, own: list[int], able: list[CredentialSet], now: float) -> str:
    others = " or ".join(f"set {one.number} ({_left(snapshot, one, pool, now)})" for one in able)
    line = ",".join(map(str, _permitting(snapshot, own, able)))
    return (
        f"Nothing may stand in for set {_and(own)}. If {others} may, write YTQUOTA_ROTATION={line} into "
        f"{snapshot.desk.env_file}, and rotate here. {POLICY}"
    )


def _listed(snapshot: Snapshot, pool: Pool, one: CredentialSet, now: float) -> tuple[list[str], int | None]:
    """What the set of the list that is ready is good for, and whether to rotate to it."""
    ready = f"Or, as your rotation list permits: set {one.number} is ready"
    left = _left(snapshot, one, pool, now)
    if one.number == snapshot.desk.in_use:
        new = f"{ready} ({left}) and new services use it already, so restart the programs that ran out."
        return [new], None
    told = [f"{ready} ({left}), so rotate to it, then restart the programs."]
    if not one.is_read_only:
        told.append(f"They will then speak as {one.speaker}.")
    if pool.bucket != "default":
        told.append("All calls move then, not only these.")
    return told, one.number


def _could_take_over(snapshot: Snapshot, one: CredentialSet, pool: Pool, now: float) -> bool:
    if one.project is None or one.state != "ready" or may_share_pools(one.project, pool.project):
        return False
    same = next((p for p in snapshot.pools if (p.project, p.bucket) == (one.project, pool.bucket)), None)
    return same is None or not same.is_gone(now)


def _left(snapshot: Snapshot, one: CredentialSet, pool: Pool, now: float) -> str:
    same = next((p for p in snapshot.pools if (p.project, p.bucket) == (one.project, pool.bucket)), None)
    if same is None or same.is_gone(now):
        return "untouched today"
    return f"{same.left:,} {unit_of(pool.bucket, same.left)} left"


def _permitting(snapshot: Snapshot, own: list[int], able: list[CredentialSet]) -> list[int]:
    """The rotation list as it would have to be."""
    return list(
        dict.fromkeys([*(snapshot.desk.rotation or own[:1]), *own[:1], *(one.number for one in able)])
    )


def _and(numbers: Iterable[int]) -> str:
    return " and ".join(map(str, numbers))


def proposals_page(proposals: Iterable[Proposal]) -> str:
    """Return the proposals as boxes that screen readers announce."""
    return "".join(
        f'<div class="ytq-proposal" role="status"><b>{escape(one.title)}</b>'
        + "".join(f"<p>{marked(sentence)}</p>" for sentence in one.told)
        + "</div>"
        for one in proposals
    )
