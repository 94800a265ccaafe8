"""Google's limits are noted in the ledger by one order of precedence, and differences are told."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ytquota.clock import ManualClock
from ytquota.cloud import CloudError, QuotaLimit, connect
from ytquota.errors import QuotaExceeded
from ytquota.monitor.opening import open_ledger
from ytquota.operations.limits import learn
from ytquota.prices import BUCKETS, DEFAULT_LIMITS
from ytquota.sandbox import Sandbox
from ytquota.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

PROJECT, OTHER = "111111111111", "222222222222"
DAY = 86_400.0


class Told:
    """Google's limits, as a test says them."""

    def __init__(self, values: dict[str, int]) -> None:
        self.values = values

    def limits(self, project: str) -> list[QuotaLimit]:
        return [QuotaLimit(bucket, value, bucket, adjustable=False) for bucket, value in self.values.items()]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 20, 20, 0, tzinfo=UTC).timestamp())


def test_limits_reach_the_ledger_from_googles_list(tmp_path: Path, clock: ManualClock) -> None:
    """From Cloud Quotas through the real client into what a call is admitted by, tomorrow too."""
    with Sandbox(clock=clock) as sandbox:
        sandbox.add_project(PROJECT, limits={"search_list": 6})
        key = tmp_path / "key.json"
        key.write_text(json.dumps(sandbox.service_account(PROJECT)), encoding="utf-8")
        options = Settings(root=tmp_path, cloud_credentials=key, cloud_endpoint=sandbox.url)
        ledger = open_ledger(options, clock)
        learned = learn(connect(options, clock=clock), ledger, options, [PROJECT, "key:0123"])
    assert {(one.project, one.bucket): one.in_force for one in learned}[PROJECT, "search_list"] == 6
    assert {one.bucket: one.remark for one in learned}["search_list"] == (
        "Pool search_list of project 111111111111: the limit is 6 a day, as Google says, and not 100."
    )
    for _ in range(2):
        ledger.hold(PROJECT, (("search_list", 6),))
        with pytest.raises(QuotaExceeded, match="of 6 calls"):
            ledger.hold(PROJECT, (("search_list", 1),))
        clock.advance(DAY)
    ledger.close()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    operators=st.none() | st.integers(0, 300),
    googles=st.integers(-1, 300),
    first=st.none() | st.integers(0, 300),
)
def test_the_order_of_precedence_holds(
    tmp_path_factory: pytest.TempPathFactory,
    clock: ManualClock,
    operators: int | None,
    googles: int,
    first: int | None,
) -> None:
    """The operator's, unless Google's is lower; Google's newest; else the default; no end is no limit."""
    root = tmp_path_factory.mktemp("ledger")
    limits = {} if operators is None else {("search_list", None): operators}
    options = Settings(root=root, limits=limits)
    ledger = open_ledger(options, clock)
    if first is not None:
        learn(Told({"search_list": first}), ledger, options, [PROJECT])
    (one,) = learn(Told({"search_list": googles}), ledger, options, [PROJECT])
    said = googles if googles >= 0 else first
    expected = (
        min(limit for limit in (operators, said) if limit is not None)
        if (operators is not None and said is not None)
        else next(limit for limit in (operators, said, DEFAULT_LIMITS["search_list"]) if limit is not None)
    )
    assert one.in_force == expected
    assert ledger.usage(PROJECT)[PROJECT]["search_list"].limit == expected
    assert one.is_below_operators is (operators is not None and 0 <= googles < operators)
    assert ("remove the setting" in one.remark) is one.is_below_operators
    ledger.close()


def test_a_lower_limit_of_googles_is_reported_with_the_setting(tmp_path: Path, clock: ManualClock) -> None:
    """What is set, what Google allows, which is in force, and which line to write."""
    options = Settings(root=tmp_path, limits={("default", PROJECT): 20_000})
    ledger = open_ledger(options, clock)
    (one,) = learn(Told({"default": 10_000}), ledger, options, [PROJECT])
    assert (one.in_force, one.source) == (10_000, "server")
    assert "YTQUOTA_LIMIT_DEFAULT_111111111111=10000" in one.remark
    ledger.close()


def test_a_higher_limit_of_googles_leaves_the_operators_in_force(tmp_path: Path, clock: ManualClock) -> None:
    """Who set less wants less; it is told what there would be."""
    options = Settings(root=tmp_path, limits={("default", None): 5_000})
    ledger = open_ledger(options, clock)
    (one,) = learn(Told({"default": 10_000}), ledger, options, [PROJECT])
    assert (one.in_force, one.source) == (5_000, "operator")
    assert "stay in force" in one.remark
    ledger.close()


def test_buckets_nobody_knows_are_left_out(tmp_path: Path, clock: ManualClock) -> None:
    """A new metric of Google's is no pool of ours before there is a price for it."""
    options = Settings(root=tmp_path)
    ledger = open_ledger(options, clock)
    assert learn(Told({"video_dreams": 5}), ledger, options, [PROJECT]) == []
    assert set(ledger.usage(PROJECT)[PROJECT]) == set(BUCKETS)
    ledger.close()


def test_what_was_read_before_a_problem_is_kept(tmp_path: Path, clock: ManualClock) -> None:
    """Of two projects the second is closed to us: the first is noted, and the problem is told."""
    with Sandbox(clock=clock) as sandbox:
        sandbox.add_project(PROJECT, limits={"default": 7})
        key = tmp_path / "key.json"
        key.write_text(json.dumps(sandbox.service_account(PROJECT)), encoding="utf-8")
        options = Settings(root=tmp_path, cloud_credentials=key, cloud_endpoint=sandbox.url)
        ledger = open_ledger(options, clock)
        with pytest.raises(CloudError, match=OTHER):
            learn(connect(options, clock=clock), ledger, options, [OTHER, PROJECT])
    assert ledger.usage(PROJECT)[PROJECT]["default"].limit == 7
    ledger.close()
