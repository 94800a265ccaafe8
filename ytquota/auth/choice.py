"""Which set a new service uses: the one asked for, or what the rotation list permits; never another.

Google ties one API client to one project, and another set may speak as another channel. So without
YTQUOTA_ROTATION only the first set is used, and when it cannot be, the error says what would be left and
which line would permit it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ytquota.auth.none_left import nothing_usable
from ytquota.auth.sets import CredentialSet, find_set, load_sets
from ytquota.auth.words import standing
from ytquota.errors import CredentialError
from ytquota.monitor.revealed import adds_nothing_to

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ytquota.monitor.metering import QuotaMonitor
    from ytquota.settings import Settings


@dataclass(frozen=True, slots=True)
class Choice:
    """The set that a new service uses.

    Attributes:
        set: the set.
        why: why it was chosen, in words for the log.
        home: the first choice of the rotation list, which it may be itself; None where none was to be made.
        passed: why the first choice was passed over, in words; empty where it was not.
    """

    set: CredentialSet
    why: str
    home: CredentialSet | None = None
    passed: str = ""


def pick_set(
    settings: Settings,
    monitor: QuotaMonitor,
    requested: int | None = None,
    *,
    buckets: tuple[str, ...] = ("default",),
) -> Choice:
    """Choose a credential set without sending anything to Google.

    Args:
        settings: sets and rotation list.
        monitor: tells which pools are used up.
        requested: the set that a program asks for by number. It is used even if its pools are used up, since
            nothing else may stand in.
        buckets: the pools that the program needs: a set that lacks one of them is passed over. None of them
            means that each call will see for itself, so that any set does that is alive.

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
        return Choice(one, "asked for by number" + (f" ({one.why.rstrip('.')})" if one.why else ""))
    order = permitted(settings, sets)
    chosen = first_usable(order, buckets)
    if chosen is None:
        raise nothing_usable(settings, monitor, sets, order, buckets=buckets)
    return _explained(settings, order, chosen, buckets)


def first_usable(
    order: Sequence[CredentialSet], buckets: tuple[str, ...] = ("default",)
) -> CredentialSet | None:
    """Return the first set that a program which needs these pools can begin with; None if there is none.

    A set that may only be tried comes after those that are sound. A used-up pool is no reason to go to a set
    whose project may be the same: it would add nothing.
    """
    for is_sound in (True, False):
        spent: list[str | None] = []
        for one in order:
            if one.lacks(buckets):
                spent.append(one.project)
            elif _is_startable(one, buckets, is_sound=is_sound) and not adds_nothing_to(one.project, spent):
                return one
    return None


def _is_startable(one: CredentialSet, buckets: tuple[str, ...], *, is_sound: bool) -> bool:
    if is_sound:
        return one.state in {"ready", "exhausted"}
    return one.state == "half-open" or (one.is_alive and not buckets)


def permitted(settings: Settings, sets: Sequence[CredentialSet]) -> list[CredentialSet]:
    """Return the sets that may be used without being asked for by number, the first choice first."""
    if not settings.rotation:
        return sorted(sets, key=lambda one: one.number)[:1]
    listed = [find_set(sets, number) for number in settings.rotation]
    return sorted(listed, key=lambda one: not one.preferred)  # stable: the list's own order otherwise


def _explained(
    settings: Settings, order: Sequence[CredentialSet], one: CredentialSet, buckets: tuple[str, ...]
) -> Choice:
    if not settings.rotation:
        return Choice(one, "the first set; YTQUOTA_ROTATION permits no other")
    listed = f"YTQUOTA_ROTATION={','.join(map(str, settings.rotation))}"
    passed = " and ".join(standing(other, buckets) for other in order[: order.index(one)])
    if passed:
        return Choice(one, f"next of {listed}, since {passed}", order[0], passed)
    why = f"preferred by an operator within {listed}" if one.preferred else f"first of {listed}"
    return Choice(one, why, one)
