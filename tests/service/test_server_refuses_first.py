"""The ledger believes there is quota, the server knows better: the pool is left alone until the reset."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ytquota.clock import next_reset, utc

BOT = Path(__file__).with_name("stubborn_bot.py")
PROJECT, PROCESSES, LIMIT = "111111111111", 4, 30


@pytest.fixture
def bots(sandbox, tmp_path, clock):
    """Four processes on one ledger whose limits are far too high; call it to play a round in all at once."""
    plan = {
        "url": sandbox.url,
        "token": sandbox.issue_token(PROJECT),
        "limits": {"default": 1_000_000, "search_list": 1_000_000},
        "at": utc(clock.time()).isoformat(),
    }
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    command = [sys.executable, str(BOT), str(tmp_path)]
    running = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(PROCESSES)
    ]

    def play(method, times):
        for bot in running:
            bot.stdin.write(f"{utc(clock.time()).isoformat()} {method} {times}\n")
            bot.stdin.flush()
        return [json.loads(bot.stdout.readline()) for bot in running]

    play("videos.list", 0)  # all are up
    yield play
    for bot in running:
        bot.stdin.close()
        bot.stdout.close()
    assert [bot.wait() for bot in running] == [0] * PROCESSES


@pytest.mark.slow
@pytest.mark.parametrize(
    ("bucket", "method", "other_method"),
    [("search_list", "search.list", "videos.list"), ("default", "videos.list", "search.list")],
)
def test_an_empty_pool_is_left_alone_until_the_reset(
    bots, sandbox, clock, tmp_path, make_spent, bucket, method, other_method
):
    """After the mark no request to that bucket starts, from any process; after midnight all may again."""
    sandbox.add_project(PROJECT, limits={bucket: LIMIT})

    ends = bots(method, 40)

    assert sum(end["ok"] for end in ends) == LIMIT
    assert 1 <= sum(end["refused"] for end in ends) <= PROCESSES
    assert all(end["refused"] <= 1 for end in ends)
    received = [row for row in sandbox.access_log() if row["method"] == method]
    assert len(received) == sum(end["ok"] + end["refused"] for end in ends)
    assert held_after_the_mark(tmp_path, bucket) == []

    assert bots(other_method, 5) == [{"ok": 5, "refused": 0, "denied": 0}] * PROCESSES
    assert bots(method, 5) == [{"ok": 0, "refused": 0, "denied": 5}] * PROCESSES
    spent, _ = make_spent(tmp_path)
    assert spent == sandbox.billed()

    clock.set(next_reset(clock.time()))
    clock.advance(1)
    assert bots(method, 5) == [{"ok": 5, "refused": 0, "denied": 0}] * PROCESSES


def held_after_the_mark(folder, bucket):
    """Holds on a bucket that stand in the journal behind the first line that marks it as exhausted."""
    (journal,) = (folder / "calls").rglob("*.jsonl")
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    marks = [n for n, line in enumerate(lines) if line["kind"] == "exhaust" and line["bal"][bucket][3]]
    return [
        line
        for line in lines[marks[0] :]
        if line["kind"] in {"hold", "extend"} and bucket in dict(line["items"])
    ]
