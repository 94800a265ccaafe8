"""What an answered request costs: our charging table, in one place.

| On the wire | Units |
| --- | --- |
| 2xx, 304, 4xx of a known method; 5xx; time-out or reset after sending | stay charged |
| refused for quota (daily, or per minute); connection or DNS failure | given back |
| 401, a bad or missing key | free: given back |
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ytquota.errors import Verdict, classify
from ytquota.monitor.ledger import CallRecord, Outcome

if TYPE_CHECKING:
    from datetime import datetime

    from ytquota.monitor.demand import Demand
    from ytquota.prices import Price

OK = Verdict(kind="ok")
_ERROR = 400


def judge(status: int | None, body: bytes | str | None, *, method: str, now: datetime) -> Verdict:
    """What an answer means; a status below 400 (or none, where the caller saw no error) is fine."""
    if status is None or status < _ERROR:
        return OK
    return classify(status, body, method=method, now=now)


def outcome_of(verdict: Verdict) -> Outcome:
    """How the log names an answered request."""
    if verdict.kind == "ok":
        return "ok"
    if verdict.refused:
        return "refused"
    return "free" if verdict.free else "error"


def record_of(
    demand: Demand,
    price: Price,
    outcome: Outcome,
    *,
    status: int | None,
    reason: str,
    attempts: int,
    latency: float,
) -> CallRecord:
    """The log's record of one request.

    `attempts` sends were held at `price` each, and only the last may be given back.
    """
    held = price.units * attempts
    given_back = price.units if outcome in {"refused", "free", "not_sent"} else 0
    return CallRecord(
        method=demand.method,
        bucket=price.bucket,
        price=price.units,
        units=held - given_back,
        released=given_back,
        credential_set=demand.credential_set,
        tag=demand.tag,
        priority=demand.priority,
        provenance=price.flag or price.provenance,
        outcome=outcome,
        status=status,
        reason=reason,
        attempts=attempts,
        retry=demand.retry,
        latency=latency,
        facts=demand.facts,
    )


def denied_record(demand: Demand, price: Price, reason: str) -> CallRecord:
    """The log's record of a request that was not sent: nothing held, and its price wanted."""
    record = record_of(demand, price, "denied", status=None, reason=reason, attempts=1, latency=0.0)
    record.units, record.released = 0, price.units
    return record
