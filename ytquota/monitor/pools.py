"""The balances of one page: admitting, giving back, noting limits; all of it inside the page's lock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ytquota import clock as clocks
from ytquota.errors import BY_OPERATOR, MARKED, QuotaExceeded
from ytquota.monitor import lines
from ytquota.monitor.ledger import Balance

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from ytquota.monitor.ledger import CallRecord, Items, LimitSource, MarkSource
    from ytquota.monitor.page import Page

_PROBE_WAIT = 300.0
"""A provisional mark holds 5 minutes; then one call may probe."""
_PROBE_TIME = 60.0
"""A probe of a provisional mark makes the others wait so long for its answer."""


def admit(page: Page, items: Items, keep: Mapping[str, int] | None, at: float) -> None:
    """Charge the items to the balances in memory, all or none; the next line makes it so.

    Raises:
        QuotaExceeded: a pool has too little left, or is marked exhausted.
    """
    before: list[tuple[list[Any], int, float | None]] = []
    for bucket, units in items:
        balance = page.balances.get(bucket) or pool(page, bucket)
        used, until = balance[0], balance[3]
        marked = until is not None and at < until
        spare = balance[2] - (keep.get(bucket, 0) if keep else 0) - used
        if marked or units > spare:
            for charged, used_before, until_before in reversed(before):
                charged[0], charged[3] = used_before, until_before
            asked = sum(units for name, units in items if name == bucket)
            raise _exceeded(page, bucket, asked, at, marked=marked)
        before.append((balance, used, until))
        balance[0] = used + units
        if until is not None and bucket in page.provisional:
            balance[3] = at + _PROBE_TIME


def give_back(page: Page, record: CallRecord) -> None:
    """Take what a record releases off the balance; an answer clears a provisional mark."""
    balance = page.balances.get(record.bucket) or pool(page, record.bucket)
    if record.released:
        balance[0] = max(0, balance[0] - record.released)
    if record.outcome == "refused":
        balance[1] += record.released
    elif record.outcome == "ok" and record.bucket in page.provisional:
        page.provisional.remove(record.bucket)
        balance[3] = None


def note_limit(page: Page, bucket: str, value: int | None, source: LimitSource) -> None:
    """Remember who says what the limit is, and put the one in force into the balance."""
    said = {name: limit for name, limit in page.said.get(bucket, {}).items() if name != source}
    if value is not None:
        said[source] = value
    page.said = {name: other for name, other in page.said.items() if name != bucket}
    if said:
        page.said[bucket] = said
    pool(page, bucket)[2] = lines.effective_limit(bucket, said)[0]


def with_operator(
    said: Mapping[str, Mapping[str, int]], limit_of: Callable[[str], int | None]
) -> dict[str, dict[str, int]]:
    """What was said of limits, with the operator's part as `limit_of(bucket)` has it now."""
    now: dict[str, dict[str, int]] = {}
    for bucket in {*said, *lines.empty_balances()}:
        now[bucket] = {who: limit for who, limit in said.get(bucket, {}).items() if who != "operator"}
        value = limit_of(bucket)
        if value is not None:
            now[bucket]["operator"] = value
    return {bucket: limits for bucket, limits in now.items() if limits}


def mark(
    page: Page, bucket: str, until: float | None, at: float, *, provisional: bool, source: MarkSource
) -> float | None:
    """Set a mark, or clear it with None; until when it stands. A second provisional one in a row is firm."""
    is_first = bucket not in page.provisional
    page.provisional = [name for name in page.provisional if name != bucket]
    page.by_operator = [name for name in page.by_operator if name != bucket]
    if until is not None and source == "operator":
        page.by_operator.append(bucket)
    if until is not None and provisional and is_first:
        page.provisional.append(bucket)
        until = min(until, at + _PROBE_WAIT)
    pool(page, bucket)[3] = until
    return until


def pool(page: Page, bucket: str) -> list[Any]:
    """The balance of a bucket, which a later price list may have brought."""
    if bucket not in page.balances:
        page.balances[bucket] = [0, 0, lines.effective_limit(bucket, page.said.get(bucket))[0], None]
    return page.balances[bucket]


def balance_of(
    bucket: str,
    balance: list[Any],
    said: Mapping[str, Mapping[str, int]],
    by_operator: Collection[str] = (),
) -> Balance:
    """A balance as the line has it, as the protocol's value."""
    used, refused, limit, until = balance
    source = lines.effective_limit(bucket, dict(said.get(bucket, {})))[1]
    return Balance(used, refused, limit, until, source, "operator" if bucket in by_operator else "server")


def is_unsettled(page: Page, id_: str) -> bool:
    """Look from the hold's own line onwards for its settlement: never further back than the hold."""
    try:
        _, offset = lines.parse_id(id_)
    except ValueError:
        return False
    wanted = f'"id":"{id_}"'.encode()
    found = False
    for raw in page.lines_from(offset):
        if wanted not in raw:
            continue
        kind = lines.decode(raw)["kind"]
        found = found or kind == "hold"
        if kind in {"settle", "release"}:
            return False
    return found


def _exceeded(page: Page, bucket: str, asked: int, at: float, *, marked: bool) -> QuotaExceeded:
    used, _, limit, mark = page.balances[bucket]
    until = mark if marked else clocks.bounds_of(page.day).end
    return QuotaExceeded(
        project=page.project,
        bucket=bucket,
        asked=asked,
        left=max(0, limit - used),
        limit=limit,
        now=clocks.utc(at),
        resets_at=clocks.utc(until).astimezone(clocks.PACIFIC),
        reason=why_denied(marked=marked, by_operator=bucket in page.by_operator),
    )


def why_denied(*, marked: bool, by_operator: bool) -> str:
    """The machine word of a denial: a mark and whose, or that the limit leaves too little."""
    if not marked:
        return "limit"
    return BY_OPERATOR if by_operator else MARKED
