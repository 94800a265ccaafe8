"""What an operator's action is made of: a plan to be shown before, an outcome, and an audit row after."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ytquota.auth.people import whoami
from ytquota.auth.view import refresh_view

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ytquota.monitor.metering import QuotaMonitor
    from ytquota.settings import Settings

_log = logging.getLogger("ytquota.auth")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an action did.

    Attributes:
        message: plain sentences for the person.
        changed: whether anything is different now; if not, no audit row was written.
        from_: what was there before, as in the audit row.
        to: what is there now.
        row: the audit row's number, to undo it by; None if nothing changed.
    """

    message: str
    changed: bool
    from_: Mapping[str, Any] = field(default_factory=dict)
    to: Mapping[str, Any] = field(default_factory=dict)
    row: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """An action that was thought through and not done yet.

    Attributes:
        action: its name in the audit trail.
        number: the credential set it is about; None where it is about a pool.
        will: what it would do, in plain sentences.
        did: the same, told afterwards.
        from_: what it would change, as it is.
        to: what it would be.
        change: does it; None if there is nothing to change.
        extra: further fields of the audit row.
    """

    action: str
    number: int | None
    will: str
    did: str
    from_: Mapping[str, Any] = field(default_factory=dict)
    to: Mapping[str, Any] = field(default_factory=dict)
    change: Callable[[], object] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


def carry_out(settings: Settings, monitor: QuotaMonitor, plan: Plan, *, who: str | None, why: str) -> Outcome:
    """Do what was planned, write the audit row, and bring the view of the ledger up to date."""
    if plan.change is None:
        return Outcome(plan.did, changed=False)
    plan.change()
    facts = {"from": dict(plan.from_), "to": dict(plan.to), **plan.extra}
    row = monitor.audit(plan.action, credential_set=plan.number, who=who or whoami(), why=why, **facts)
    refresh_view(settings, monitor)
    _log.info("%s: %s", plan.action, plan.did)
    return Outcome(plan.did, True, plan.from_, plan.to, row["row"])
