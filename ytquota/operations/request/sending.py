"""Sends a request for a higher limit where Google takes one, and follows what became of it.

What is sent is a `Wish`, and nothing else: it is made, shown to a person, and sent as it was shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ytquota.errors import YTQuotaError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ytquota.cloud import Preference
    from ytquota.intelligence.need import Evidence
    from ytquota.monitor.metering import QuotaMonitor

ACTION = "request"
"""What the audit trail calls a request."""


class NothingToAsk(YTQuotaError):  # noqa: N818 - says what is the case
    """There is no need for more, or none that is known."""


class Desk(Protocol):
    """Whoever takes requests; see :class:`ytquota.cloud.Cloud`."""

    def preferences(self, project: str) -> list[Preference]:
        """Return what was asked for."""

    def ask(
        self, project: str, bucket: str, value: int, *, justification: str, contact: str, dry_run: bool = True
    ) -> Preference:
        """Ask, or look whether one could."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A request as a person sees it before it is sent.

    Attributes:
        project: number of the project.
        bucket: which daily allowance.
        limit: units (or calls) a day that Google grants now.
        value: units a day that are asked for.
        justification: what Google is told.
        contact: the mail address that Google writes to.
    """

    project: str
    bucket: str
    limit: int
    value: int
    justification: str
    contact: str


@dataclass(frozen=True, slots=True)
class Followed:
    """A request that Google has, and who sent it.

    Attributes:
        project: number of the project.
        preference: the request and its state.
        who: who sent it from here ("user@host"); empty if it was sent elsewhere.
        row: the number of the audit row; None if there is none.
    """

    project: str
    preference: Preference
    who: str = ""
    row: int | None = None


def prepare(
    desk: Desk, evidence: Evidence, bucket: str, *, contact: str, value: int | None = None, why: str = ""
) -> Wish:
    """Make a request, and look whether Google would take it; nothing is sent.

    Args:
        desk: who takes requests.
        evidence: what it rests on.
        bucket: which daily allowance.
        contact: a mail address for questions.
        value: units a day; by default what the evidence advises.
        why: what the quota is for, in words of one's own; stands before the figures.

    Raises:
        NothingToAsk: no value is given, and the evidence advises none.
        CloudError: it cannot be asked for this way; one sentence that says where it can.
        ValueError: the value is not above the limit, or the contact is no mail address.
    """
    wanted = _advised(evidence, bucket) if value is None else value
    justification = _justification(evidence, bucket, why)
    looked = desk.ask(evidence.project, bucket, wanted, justification=justification, contact=contact)
    return Wish(evidence.project, bucket, looked.granted or 0, wanted, justification, contact)


def send(desk: Desk, monitor: QuotaMonitor, wish: Wish, *, who: str) -> tuple[Preference, int]:
    """Send a request that somebody has seen and agreed to; returns what Google made of it, and the audit row.

    Raises:
        CloudError: Google did not take it; nothing is in the audit trail then.
    """
    sent = desk.ask(
        wish.project,
        wish.bucket,
        wish.value,
        justification=wish.justification,
        contact=wish.contact,
        dry_run=False,
    )
    row = monitor.audit(
        ACTION,
        who=who,
        why=wish.justification,
        project=wish.project,
        bucket=wish.bucket,
        contact=wish.contact,
        name=sent.name,
        **{"from": wish.limit, "to": wish.value},
    )
    return sent, int(row["row"])


def follow(desk: Desk, monitor: QuotaMonitor, projects: Sequence[str]) -> list[Followed]:
    """The requests that Google has for some projects, oldest first, and what became of each.

    Raises:
        CloudError: they cannot be read; one sentence that says what to click.
    """
    ours = {row.get("name"): row for row in monitor.audit_rows() if row["action"] == ACTION}
    return [
        _followed(project, one, ours.get(one.name) or {})
        for project in projects
        for one in desk.preferences(project)
    ]


def _followed(project: str, one: Preference, row: dict[str, Any]) -> Followed:
    return Followed(project, one, row.get("who", ""), row.get("row"))


def _advised(evidence: Evidence, bucket: str) -> int:
    need = evidence.pool(bucket)
    if need is None:
        raise NothingToAsk(
            f"Nothing of {bucket} was used or asked for in project {evidence.project}, so no limit can be "
            "advised; name one with --value."
        )
    if need.advised.limit is None or not need.advised.is_more:
        raise NothingToAsk(
            f"The log does not show that project {evidence.project} needs more of {bucket}: "
            f"{need.advised.reason}. Name a limit with --value if you know better, and say why with --why."
        )
    return need.advised.limit


def _justification(evidence: Evidence, bucket: str, why: str) -> str:
    """What Google is told: one's own words, then the figures; what was not measured is not claimed."""
    need = evidence.pool(bucket)
    told = [why.strip()] if why.strip() else []
    if need is None or evidence.is_empty:
        return " ".join([*told, "No use of this allowance was counted yet."])
    what = "units" if bucket == "default" else "calls"
    days = evidence.local_days + evidence.official_days
    told.append(
        f"Over the last {days} days counted, this project used {need.mean:,.0f} {what} of {bucket} on an "
        f"average day and {need.highest:,} on the highest; {len(need.run_outs)} days ran out, and "
        f"{need.refused_calls:,} calls had no quota."
    )
    if need.coming is not None:
        low, middle, high = need.coming.need
        told.append(
            f"The forecast expects {middle:,.0f} a day (80 % of days: {low:,.0f} to {high:,.0f}; 95 % of "
            f"days: at most {need.coming.most:,.0f})."
        )
    if need.spare:
        told.append(f"About {need.spare:,.0f} {what} a day could still be spared.")
    return " ".join(told)
