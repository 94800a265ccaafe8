"""Which set a new service uses: the one asked for, or what the rotation list permits; never another.

Google ties one API client to one project, and another set may speak as another channel. So without
YTQUOTA_ROTATION only the first set is used, and when it cannot be, the error says what would be left and
which line would permit it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ytquota.auth.sets import CredentialSet, find_set, load_sets
from ytquota.clock import both_zones, next_reset
from ytquota.errors import CredentialError, LedgerUnavailable, QuotaExceeded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from ytquota.monitor.metering import QuotaMonitor
    from ytquota.settings import Settings

POLICY = (
    "Google's developer policies tie one API client to one project and call spreading a client over several "
    "projects to gain quota a breach; permit it only for sets that really are separate clients or owners."
)


class NoSetLeft(QuotaExceeded, CredentialError):  # noqa: N818 - a QuotaExceeded, with its `retry_at`
    """No permitted set can be used before the next reset; lists every set, its reason and what would help."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The set that a new service uses, and why, in words for the log."""

    set: CredentialSet
    why: str


def pick_set(settings: Settings, monitor: QuotaMonitor, requested: int | None = None) -> Choice:
    """Choose a credential set without sending anything to Google.

    Args:
        settings: sets and rotation list.
        monitor: tells which pools are used up.
        requested: the set that a program asks for by number. It is used even if its default pool is used up,
            since its other pools may not be, and nothing else may stand in.

    Raises:
        NoSetLeft: what is permitted is used up until the reset (a QuotaExceeded: `retry_at` says until when).
        CredentialError: no permitted set works, and waiting will not help.
        LedgerUnavailable: the ledger cannot be read.
    """
    sets = load_sets(settings, monitor)
    if not sets:
        raise CredentialError(
            "There is no credential set. Put GOOGLE_CLIENT_SECRETS_FILE_1 and OAUTH_TOKEN_FILE_1 (or "
            f"YOUTUBE_API_KEY_1) into {settings.env_file or settings.root / '.env'}, then run `ytquota login "
            "1`."
        )
    if requested is not None:
        one = find_set(sets, int(requested))
        if not one.is_alive:
            raise nothing_usable(settings, monitor, sets, [one])
        return Choice(one, "asked for by number" + (f", though {one.why}" if one.why else ""))
    return _by_rule(settings, monitor, sets)


def _by_rule(settings: Settings, monitor: QuotaMonitor, sets: Sequence[CredentialSet]) -> Choice:
    order = permitted(settings, sets)
    for usable in ({"ready"}, {"half-open"}):  # a set that may only be tried comes last
        for one in order:
            if one.state in usable:
                return Choice(one, _reason(settings, order, one))
    raise nothing_usable(settings, monitor, sets, order)


def permitted(settings: Settings, sets: Sequence[CredentialSet]) -> list[CredentialSet]:
    """Return the sets that may be used without being asked for by number, the first choice first."""
    if not settings.rotation:
        return sorted(sets, key=lambda one: one.number)[:1]
    listed = [find_set(sets, number) for number in settings.rotation]
    return sorted(listed, key=lambda one: not one.preferred)  # stable: the list's own order otherwise


def _reason(settings: Settings, order: Sequence[CredentialSet], one: CredentialSet) -> str:
    if not settings.rotation:
        return "the first set; YTQUOTA_ROTATION permits no other"
    listed = f"YTQUOTA_ROTATION={','.join(map(str, settings.rotation))}"
    passed = [f"set {other.number} is {other.state}" for other in order[: order.index(one)]]
    if passed:
        return f"next of {listed}, since {' and '.join(passed)}"
    return f"preferred by an operator within {listed}" if one.preferred else f"first of {listed}"


def nothing_usable(
    settings: Settings,
    monitor: QuotaMonitor,
    sets: Sequence[CredentialSet],
    wanted: Sequence[CredentialSet],
    *,
    buckets: tuple[str, ...] = ("default",),
    refusal: Exception | None = None,
) -> CredentialError:
    """Return one error that lists every set, its reason, the next reset, and what would permit another.

    Args:
        settings: where the sets are named.
        monitor: tells what pools have left.
        sets: all of them.
        wanted: those that would be permitted.
        buckets: what a call needs; a new service needs the default pool.
        refusal: why the first of them did not do, where it was tried.
    """
    names = " or ".join(f"set {one.number}" for one in wanted)
    lines = [f"No credential set can be used now ({names} would be permitted):"]
    lines += [f"  {describe(monitor, one, buckets)}" for one in sets]
    lines.append(f"The next reset is at {both_zones(next_reset(monitor.clock.time()))}.")
    lines += _remedy(settings, sets, wanted, buckets)
    spent = [one for one in wanted if one.is_alive and not set(buckets).isdisjoint(one.exhausted)]
    message = "\n".join(lines)
    if isinstance(refusal, QuotaExceeded):
        return _as_refused(message, refusal, spent)
    if not spent:
        return CredentialError(message)
    first = min(spent, key=_back_at(buckets))
    return NoSetLeft(
        message,
        project=first.project or "",
        bucket=next(bucket for bucket in buckets if bucket in first.exhausted),
        asked=1,
        left=0,
        resets_at=_back_at(buckets)(first),
        reason="exhausted",
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
    return lambda one: max(until for bucket, until in one.exhausted.items() if bucket in buckets)


def describe(monitor: QuotaMonitor, one: CredentialSet, buckets: tuple[str, ...] = ("default",)) -> str:
    """Return one line about a set: whose it is, its state and why, what its pools have left."""
    state = one.state
    if one.is_alive and not set(buckets).isdisjoint(one.exhausted):
        state = "exhausted"
    left = [units_left(monitor, one, bucket) for bucket in buckets] if state == "ready" else []
    return f"{title(one)}: {state}" + "".join(f"; {part}" for part in (*left, one.why) if part)


def title(one: CredentialSet) -> str:
    """Name a set for people: number, speaker, project."""
    return f"set {one.number} ({one.speaker}, project {one.project or 'unknown'})"


def units_left(monitor: QuotaMonitor, one: CredentialSet, bucket: str = "default") -> str:
    """Return "9,800 of 10,000 units left", or "" when nobody knows."""
    if one.project is None:
        return ""
    try:
        balance = monitor.ledger.usage(one.project)[one.project][bucket]
    except (KeyError, LedgerUnavailable):
        return ""
    unit = "units" if bucket == "default" else f"calls of {bucket}"
    return f"{balance.left:,} of {balance.limit:,} {unit} left"


def _remedy(
    settings: Settings,
    sets: Sequence[CredentialSet],
    wanted: Sequence[CredentialSet],
    buckets: tuple[str, ...],
) -> list[str]:
    numbers = {one.number for one in wanted}
    ready = [
        one
        for one in sets
        if one.number not in numbers
        and (one.state == "ready" or (buckets != ("default",) and one.state == "exhausted"))
        and set(buckets).isdisjoint(one.exhausted)
    ]
    if not ready:
        return []
    line = ",".join(map(str, [*(settings.rotation or sorted(numbers)), *(one.number for one in ready)]))
    others = " or ".join(f"set {one.number}" for one in ready)
    said = [
        f"If {others} may stand in, write YTQUOTA_ROTATION={line} into "
        f"{settings.env_file or settings.root / '.env'}. " + POLICY
    ]
    channels = {one.channel_id for one in wanted}
    said += [
        f"Set {one.number} is another channel: a bot would speak as {one.channel_title or one.channel_id}."
        for one in ready
        if one.channel_id and one.channel_id not in channels
    ]
    return said
