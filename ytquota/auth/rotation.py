"""What an operator does to a set, rotation above all; for the command line and the console alike.

Each action has a `preview_` that says in plain sentences what it would do, leaves an audit row, and can be
undone. None ever changes a unit count: that is `correct`'s business.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from ytquota.auth.actions import Outcome, Plan, carry_out
from ytquota.auth.choice import permitted
from ytquota.auth.sets import CredentialSet, by_project, find_set, load_sets
from ytquota.auth.state import StateFile
from ytquota.auth.undo import preview_undo, undo
from ytquota.auth.words import POLICY, title, units_left
from ytquota.clock import PACIFIC, both_zones, bounds_at, epoch, utc
from ytquota.errors import CredentialError
from ytquota.monitor.revealed import may_share_pools
from ytquota.prices import BUCKETS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ytquota.monitor.ledger import Balance
    from ytquota.monitor.metering import QuotaMonitor
    from ytquota.settings import Settings

__all__ = [
    "Outcome", "disable", "enable", "exhaust", "preview_disable", "preview_enable", "preview_exhaust",
    "preview_reset", "preview_rotate", "preview_undo", "reset", "rotate", "undo",
]  # fmt: skip


def rotate(
    settings: Settings, monitor: QuotaMonitor, to: int | None = None, *, who: str | None = None, why: str = ""
) -> Outcome:
    """Prefer another set of YTQUOTA_ROTATION for services that are created from now on.

    Args:
        settings: sets and rotation list.
        monitor: tells what pools have left; takes the audit row.
        to: the set to prefer; None means the next ready one of the list.
        who: who does it; the system user by default.
        why: why, for the audit row.

    Raises:
        CredentialError: not permitted, or the set cannot be used; says which line would permit it, or what is
            wrong.
    """
    return carry_out(settings, monitor, _rotation(settings, monitor, to), who=who, why=why)


def preview_rotate(settings: Settings, monitor: QuotaMonitor, to: int | None = None) -> str:
    """Say what `rotate` would do; raises what it would raise."""
    return _rotation(settings, monitor, to).will


def reset(
    settings: Settings, monitor: QuotaMonitor, number: int, *, who: str | None = None, why: str = ""
) -> Outcome:
    """Clear the marks on the pools of a set's project, and the set's quarantine. Units stay as they are.

    Raises:
        CredentialError: there is no such set.
    """
    return carry_out(settings, monitor, _reset(settings, monitor, number), who=who, why=why)


def preview_reset(settings: Settings, monitor: QuotaMonitor, number: int) -> str:
    """Say what `reset` would do."""
    return _reset(settings, monitor, number).will


def exhaust(
    settings: Settings,
    monitor: QuotaMonitor,
    number: int,
    bucket: str = "default",
    until: datetime | None = None,
    *,
    who: str | None = None,
    why: str = "",
) -> Outcome:
    """Mark a pool of a set's project as used up, hence for all sets of that project.

    Args:
        settings: the sets.
        monitor: whose ledger is marked.
        number: the credential set.
        bucket: which of the project's allowances.
        until: aware; at most, and by default, the next reset.
        who: who does it; the system user by default.
        why: why, for the audit row.

    Raises:
        CredentialError: no such set, or its project is not known.
        ValueError: no such bucket, or `until` is naive or past.
    """
    return carry_out(
        settings, monitor, _exhaustion(settings, monitor, number, bucket, until), who=who, why=why
    )


def preview_exhaust(
    settings: Settings,
    monitor: QuotaMonitor,
    number: int,
    bucket: str = "default",
    until: datetime | None = None,
) -> str:
    """Say what `exhaust` would do."""
    return _exhaustion(settings, monitor, number, bucket, until).will


def disable(
    settings: Settings, monitor: QuotaMonitor, number: int, *, who: str | None = None, why: str = ""
) -> Outcome:
    """Switch a set off until it is enabled again.

    Raises:
        CredentialError: there is no such set.
    """
    return carry_out(
        settings, monitor, _switch(settings, monitor, number, off=True, why=why), who=who, why=why
    )


def preview_disable(settings: Settings, monitor: QuotaMonitor, number: int) -> str:
    """Say what `disable` would do."""
    return _switch(settings, monitor, number, off=True).will


def enable(
    settings: Settings, monitor: QuotaMonitor, number: int, *, who: str | None = None, why: str = ""
) -> Outcome:
    """Switch a set on again.

    Raises:
        CredentialError: there is no such set.
    """
    return carry_out(settings, monitor, _switch(settings, monitor, number, off=False), who=who, why=why)


def preview_enable(settings: Settings, monitor: QuotaMonitor, number: int) -> str:
    """Say what `enable` would do."""
    return _switch(settings, monitor, number, off=False).will


# -- plans


def _rotation(settings: Settings, monitor: QuotaMonitor, to: int | None) -> Plan:
    sets = load_sets(settings, monitor)
    _check_permitted(settings, to)
    order = permitted(settings, sets)
    now = next((one for one in order if one.state == "ready"), None)
    target = find_set(sets, to) if to is not None else _next_ready(settings, sets, now)
    before = StateFile(settings.memory_dir, clock=monitor.clock).read().preferred
    if target.state != "ready":
        raise CredentialError(f"Nothing was rotated: {title(target)} is {target.state}. {target.why}")
    if target.number == before:
        same = f"Nothing to do: {title(target)} is preferred already."
        return Plan("rotate", target.number, same, same)
    facts = " ".join(_what_changes(monitor, now, target))
    return Plan(
        "rotate",
        target.number,
        f"New services will use {title(target)}. {facts}{_rule(now, target)}",
        f"New services now use {title(target)}. {facts}",
        from_={"preferred": before, "set": now.number if now else None},
        to={"preferred": target.number, "set": target.number},
        change=lambda: StateFile(settings.memory_dir, clock=monitor.clock).prefer(target.number),
    )


def _check_permitted(settings: Settings, to: int | None) -> None:
    where = settings.env_file or settings.root / ".env"
    if not settings.rotation:
        numbers = ",".join(map(str, settings.sets)) or "1,10"
        raise CredentialError(
            "Nothing was rotated: no set may stand in for another. If yours are really separate clients or "
            f"owners, write YTQUOTA_ROTATION={numbers} into {where}. Spreading one client over several "
            "projects to gain quota breaches Google's developer policies."
        )
    if to is not None and to in settings.sets and to not in settings.rotation:
        listed = ",".join(map(str, settings.rotation))
        raise CredentialError(
            f"Nothing was rotated: set {to} is not in YTQUOTA_ROTATION={listed}. Add it there ({where}) if "
            "it may stand in for the others."
        )


def _next_ready(
    settings: Settings, sets: Sequence[CredentialSet], now: CredentialSet | None
) -> CredentialSet:
    listed = [find_set(sets, number) for number in settings.rotation]
    start = listed.index(now) + 1 if now in listed and now is not None else 0
    for one in listed[start:] + listed[:start]:
        if one.state == "ready" and one is not now:
            return one
    reasons = "; ".join(f"{title(one)} is {one.state}" for one in listed)
    raise CredentialError(
        f"Nothing was rotated: YTQUOTA_ROTATION has no other set that is ready ({reasons})."
    )


def _what_changes(monitor: QuotaMonitor, now: CredentialSet | None, target: CredentialSet) -> list[str]:
    said = [f"It has {left}." for left in [units_left(monitor, target)] if left]
    if now is None or now.number == target.number:
        return said
    if now.project == target.project:
        said.append(f"Set {now.number} is of the same project, so this adds no quota.")
    elif may_share_pools(now.project, target.project):
        said.append(
            f"It may be of the same project as set {now.number}, since an API key does not tell its project; "
            "then this adds nothing."
        )
    else:
        said.append(f"Calls are counted in project {target.project} instead of {now.project}.")
    if target.speaker != now.speaker or target.channel_id != now.channel_id:
        said.append(f"Bots will speak as {target.speaker} instead of {now.speaker}.")
    said.append("Services that are already open keep their set, unless they were made with failover='auto'.")
    return said


def _rule(now: CredentialSet | None, target: CredentialSet) -> str:
    """Google's rule, where calls would be counted elsewhere."""
    return f" {POLICY}" if now and now.project != target.project else ""


def _reset(settings: Settings, monitor: QuotaMonitor, number: int) -> Plan:
    sets = load_sets(settings, monitor)
    one = find_set(sets, number)
    files = StateFile(settings.memory_dir, clock=monitor.clock)
    note = files.read().quarantined.get(number)
    now, project = monitor.clock.time(), one.project
    balances = monitor.ledger.usage(project).get(project, {}) if project else {}
    marks = {
        b: m for b, m in ((b, x.exhausted_until) for b, x in balances.items()) if m is not None and m > now
    }
    whose = {bucket: balances[bucket].marked_by for bucket in marks}
    parts = [f"the mark on {' and '.join(marks)} of project {project}{_sharers(sets, one)}"] if marks else []
    parts += [f"the quarantine of set {number} ({note.reason})"] if note else []
    facts = " ".join(_what_reset_leaves(one, balances))
    if not parts:
        same = f"Nothing to clear for {title(one)}: no mark and no quarantine. {facts}"
        return Plan("reset", number, same, same)

    def change() -> None:
        for bucket in marks:
            monitor.ledger.exhaust(project or "", bucket, None, reason="reset by an operator")
        files.clear_quarantine(number)

    what = " and ".join(parts)
    return Plan(
        "reset", number, f"This will clear {what}. {facts}", f"Cleared {what}. {facts}",
        from_={
            "marks": {bucket: utc(until).isoformat() for bucket, until in marks.items()},
            "marked_by": whose,
            "quarantine": note.to_json() if note else None,
        },
        to={"marks": {}, "quarantine": None},
        change=change,
        extra={"project": project},
    )  # fmt: skip


def _what_reset_leaves(one: CredentialSet, balances: dict[str, Balance]) -> list[str]:
    said = ["Units stay as they are."]
    said += [
        f"{bucket} stays used up all the same: {balance.used:,} of {balance.limit:,} are counted. If that is "
        "wrong, put it right with `ytquota correct`."
        for bucket, balance in balances.items()
        if balance.left == 0
    ]
    if not one.has_login or one.state == "disabled":
        said.append(f"The set stays {one.state}: {one.why}")
    return said


def _exhaustion(
    settings: Settings, monitor: QuotaMonitor, number: int, bucket: str, until: datetime | None
) -> Plan:
    if bucket not in BUCKETS:
        raise ValueError(f"There is no bucket {bucket!r}; buckets are {', '.join(BUCKETS)}.")
    sets = load_sets(settings, monitor)
    one = find_set(sets, number)
    if one.project is None:
        raise CredentialError(
            f"The project of set {number} is not known, so no pool can be marked. {one.why}"
        )
    now = monitor.clock.time()
    end = bounds_at(now).end
    at = end if until is None else min(epoch(until), end)
    if at <= now:
        raise ValueError(f"{until} is past; a pool can only be marked until a time to come.")
    balance = monitor.ledger.usage(one.project)[one.project][bucket]
    before = balance.exhausted_until
    pool = f"{bucket} of project {one.project}{_sharers(sets, one)}"
    when = both_zones(datetime.fromtimestamp(at, PACIFIC))
    if before == at:
        same = f"Nothing to do: {pool} is marked as used up until {when} already."
        return Plan("exhaust", number, same, same)
    project = one.project
    return Plan(
        "exhaust", number,
        f"This will mark {pool} as used up until {when}; calls to it will be denied. Units stay as they are.",
        f"Marked {pool} as used up until {when}.",
        from_={"until": utc(before).isoformat() if before else None, "marked_by": balance.marked_by},
        to={"until": utc(at).isoformat()},
        change=lambda: monitor.ledger.exhaust(
            project, bucket, at, reason="marked by an operator", source="operator"
        ),
        extra={"project": project, "bucket": bucket},
    )  # fmt: skip


def _switch(settings: Settings, monitor: QuotaMonitor, number: int, *, off: bool, why: str = "") -> Plan:
    one = find_set(load_sets(settings, monitor), number)
    files = StateFile(settings.memory_dir, clock=monitor.clock)
    note = files.read().disabled.get(number)
    action, word = ("disable", "off") if off else ("enable", "on")
    if off == (note is not None):
        same = f"Nothing to do: {title(one)} is switched {word} already."
        return Plan(action, number, same, same)
    was = {"reason": note.reason, "since": note.since.isoformat()} if note else None
    reason = why or "no reason given"
    effect = (
        "new services will not use it; open ones go on, unless they were made with failover='auto'"
        if off
        else "new services may use it again"
    )
    return Plan(
        action, number,
        f"This will switch {word} {title(one)}: {effect}.", f"Switched {word} {title(one)}: {effect}.",
        from_={"disabled": was}, to={"disabled": {"reason": reason} if off else None},
        change=(lambda: files.disable(number, reason)) if off else (lambda: files.enable(number)),
    )  # fmt: skip


def _sharers(sets: Sequence[CredentialSet], one: CredentialSet) -> str:
    """Return " (shared by sets 1 and 3)" when a pool is not a set's alone."""
    numbers = [str(other.number) for other in by_project(sets)[one.project]]
    return f" (shared by sets {' and '.join(numbers)})" if len(numbers) > 1 else ""
