"""The sandbox's side of the four weeks: the same units, but where somebody else spent the rest."""

from datetime import UTC, datetime, timedelta

import pytest

from ytquota.clock import ManualClock, quota_day
from ytquota.demo.history import gone_at_noon
from ytquota.demo.server_side import bill_history
from ytquota.demo.story import SETS
from ytquota.monitor import Journal
from ytquota.prices import DEFAULT_LIMITS
from ytquota.sandbox import Sandbox

UNTIL = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)  # as the history's


@pytest.fixture
def sandbox():
    with Sandbox(clock=ManualClock(UNTIL.timestamp())) as running:
        for project in SETS.values():
            running.add_project(project)
        yield running


def test_ledger_and_bill_differ_only_where_somebody_else_spent(history, rows_by_day, sandbox):
    """On each of 28 days and in each pool: the same units, or the whole limit where it ran out at noon."""
    bill_history(sandbox, (row for rows in rows_by_day.values() for row in rows), rows_by_day, UNTIL)
    ledger = Journal(history / "calls", clock=ManualClock(UNTIL.timestamp()))
    foreign = set()
    for day in rows_by_day:
        for project, pools in ledger.usage(day=day).items():
            for bucket, balance in pools.items():
                if (project, bucket) in gone_at_noon(day, quota_day(UNTIL)):
                    foreign.add((day, project, bucket))
                    assert balance.used < sandbox.used(project, bucket, day=day) == DEFAULT_LIMITS[bucket]
                else:
                    assert balance.used == sandbox.used(project, bucket, day=day)
    ledger.close()
    assert len(foreign) == 3


def test_each_call_is_billed_in_its_minute(rows_by_day, sandbox):
    """So that figures read by the minute agree as well, up to any instant."""
    day = quota_day(UNTIL - timedelta(days=1))
    bill_history(sandbox, rows_by_day[day], [day], UNTIL)
    billed = sorted(row["at"] for row in sandbox.access_log())
    settled = sorted(
        datetime.fromisoformat(row["at"]).timestamp() for row in rows_by_day[day] if row["units"]
    )
    assert len(billed) == len(settled)
    assert all(0 <= end - at < 60 for at, end in zip(billed, settled, strict=True))
