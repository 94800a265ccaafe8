"""The proof: over thousands of mixed calls from four processes, the ledger's bill is the server's."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from ytquota.clock import utc

BOT = Path(__file__).with_name("mixed_bot.py")
RICH, THIRSTY, POOR = "111111111111", "222222222222", "333333333333"
PLENTY = dict.fromkeys(("default", "search_list", "video_insert", "video_batch_get_stats"), 1_000_000)
PROCESSES, STEPS = 4, 140


@pytest.fixture
def plan(sandbox, relay, tmp_path, clock):
    """Three projects: one rich, one whose server refuses, one whose ledger denies; and trouble on order."""
    sandbox.add_project(RICH, limits=PLENTY)
    sandbox.add_project(THIRSTY, limits=PLENTY | {"search_list": 15})
    sandbox.per_minute(THIRSTY, "video_batch_get_stats", 10)
    sandbox.add_project(POOR, limits=PLENTY)
    limits = [(project, bucket, limit) for project in (RICH, THIRSTY) for bucket, limit in PLENTY.items()]
    plan = {
        "url": sandbox.url,
        "relay": relay.url,
        "at": utc(clock.time()).isoformat(),
        "limits": [*limits, (POOR, "default", 320)],
        "tokens": {
            "rich": sandbox.issue_token(RICH),
            "thirsty": sandbox.issue_token(THIRSTY),
            "poor": sandbox.issue_token(POOR),
        },
    }
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    order_trouble(sandbox)
    return plan


def order_trouble(sandbox):
    for method in ("channels.list", "captions.download", "videos.insert", "search.list"):
        sandbox.fail(method, status=503, times=25)
    sandbox.fail("videos.getRating", status=401, times=40)
    sandbox.drop("i18nRegions.list", times=12, when="before")
    sandbox.drop("i18nRegions.list", times=12, when="after")
    sandbox.slow(4.0, "videoCategories.list", times=2)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_four_processes_owe_exactly_what_the_server_bills(plan, sandbox, tmp_path, make_spent):
    """Per project, bucket and method, over every kind of call and every kind of trouble."""
    bots = [
        subprocess.Popen([sys.executable, str(BOT), str(tmp_path), str(seed), str(STEPS)])
        for seed in range(PROCESSES)
    ]
    assert [bot.wait() for bot in bots] == [0] * PROCESSES

    spent, rows = make_spent(tmp_path)
    received = [row for row in sandbox.access_log() if row["kind"] in {"call", "part"}]
    assert spent == sandbox.billed()
    assert len(received) >= 2_000
    outcomes = Counter(row["outcome"] for row in rows)
    assert outcomes.keys() == {"ok", "error", "refused", "denied", "lost", "not_sent", "free"}
    assert {row["attempts"] for row in rows} == {1, 2}
    assert max(row["retry"] for row in rows) >= 2
    assert set(spent) == {RICH, THIRSTY, POOR}
    assert spent[THIRSTY]["search_list"] == {"search.list": 15}
    assert len({row["pid"] for row in rows}) == PROCESSES
