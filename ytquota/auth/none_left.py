"""The one error for when no set can be used: every set, its reason, and what would help.

What anybody may do comes first: wait, spare, ask Google for more. What would permit another set comes last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ytquota.auth.words import POLICY, describe
from ytquota.clock import both_zones, next_reset
from ytquota.errors import BY_OPERATOR, MARKED, CredentialError, QuotaExceeded
from ytquota.intelligence.answer import spare_or_ask
from ytquota.monitor.revealed import adds_nothing_to

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from ytquota.auth.sets import CredentialSet
    from ytquota.monitor.metering import QuotaMonitor
    from ytquota.settings import Settings


class NoSetLeft(QuotaExceeded, CredentialError):  # noqa: N818 - a QuotaExceeded, with its `retry_at`
    """No permitted set can be used before the next reset; lists every set, its reason and what would help."""


def nothing_usable(
    settings: Settings,
    monitor: QuotaMonitor,
    sets: Sequence[CredentialSet],
    wanted: Sequence[CredentialSet],
    *,
    buckets: tuple[str, ...] = ("default",),
    refusal: Exception | None = None,
) -> CredentialError:
    """Return one error that lists every set, its reason, the next reset, and what would help.

    Args:
        settings: where the sets are named.
        monitor: tells what pools have left.
        sets: all of them.
        wanted: those that would be permitted.
        buckets: the pools that are needed.
        refusal: why the first of them did not do, where it was tried.
    """
    names = " or ".join(f"set {one.number}" for one in wanted)
    lines = [f"No credential set can be used now ({names} would be permitted):"]
    lines += [f"  {describe(monitor, one, buckets)}" for one in sets]
    lines.append(f"The next reset is at {both_zones(next_reset(monitor.clock.time()))}.")
    spent = [one for one in wanted if one.lacks(buckets)]
    if spent:
        lines.append(f"Wait until then. {spare_or_ask()}")
    lines += _permitting(settings, sets, wanted, buckets, spent)
    message = "\n".join(lines)
    if isinstance(refusal, QuotaExceeded):
        return _as_refused(message, refusal, spent)
    if not spent:
        return CredentialError(message)
    first = min(spent, key=_back_at(buckets))
    project, bucket = first.project or "", first.lacks(buckets)[0]
    return NoSetLeft(
        message,
        project=project,
        bucket=bucket,
        asked=1,
        left=monitor.ledger.usage(project)[project][bucket].left,
        resets_at=_back_at(buckets)(first),
        reason=BY_OPERATOR if bucket in first.by_operator else MARKED,
    )


def _as_refused(message: str, refusal: QuotaExceeded, spent: Sequence[CredentialSet]) -> NoSetLeft:
    """Return the refusal of the first set that was tried, told of all of them."""
    back = [one.exhausted[refusal.bucket] for one in spent if refusal.bucket in one.exhausted]
    return NoSetLeft(
        message,
        project=refusal.project,
        bucket=refusal.bucket,
        asked=refusal.asked,
        left=refusal.left,
        resets_at=min(back, default=refusal.resets_at),
        method=refusal.method,
        reason=refusal.reason,
        limit=refusal.limit,
        fits=refusal.fits,
        now=refusal.now,
    )


def _back_at(buckets: tuple[str, ...]) -> Callable[[CredentialSet], datetime]:
    """Return what tells when all of these pools of a set can be used again."""
    return lambda one: max(one.exhausted[bucket] for bucket in one.lacks(buckets))


def _permitting(
    settings: Settings,
    sets: Sequence[CredentialSet],
    wanted: Sequence[CredentialSet],
    buckets: tuple[str, ...],
    spent: Sequence[CredentialSet],
) -> Iterator[str]:
    """Yield which line would permit another set, what Google says of that, and who would speak then."""
    numbers, empty = {one.number for one in wanted}, [one.project for one in spent]
    ready = [one for one in sets if one.number not in numbers and _would_help(one, buckets, empty)]
    if not ready:
        return
    line = ",".join(map(str, [*(settings.rotation or sorted(numbers)), *(one.number for one in ready)]))
    others = " or ".join(f"set {one.number}" for one in ready)
    yield (
        f"If {others} may stand in, write YTQUOTA_ROTATION={line} into "
        f"{settings.env_file or settings.root / '.env'}. {POLICY}"
    )
    channels = {one.channel_id for one in wanted}
    for one in ready:
        if one.channel_id and one.channel_id not in channels:
            name = one.channel_title or one.channel_id
            yield f"Set {one.number} is another channel: a bot would speak as {name}."


def _would_help(one: CredentialSet, buckets: tuple[str, ...], empty: Sequence[str | None]) -> bool:
    """Whether a set that is not permitted could do the work, and has pools of its own where that matters."""
    is_able = one.state in {"ready", "exhausted"} and not one.lacks(buckets)
    return is_able and not adds_nothing_to(one.project, empty)
