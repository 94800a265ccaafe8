"""The proof by replay: eight processes at all prices, and every line and every refusal was right."""

from __future__ import annotations

import json
from collections import Counter
from itertools import groupby

import pytest

from ytquota.testing import NOON, PROJECT, JournalOpener, RedisOpener, in_processes, spend

PROCESSES = 8


@pytest.fixture
def prove():
    """Race, then recount from the lines alone."""

    def run(openers, folders, seed, *, calls):
        limits = {"default": 45 * calls, "search_list": calls // 4, "video_insert": calls // 6}
        limits["video_batch_get_stats"] = calls // 2
        jobs = [(opener, NOON.timestamp(), limits, 100 * seed + n, calls) for n, opener in enumerate(openers)]
        tallies = in_processes(spend, jobs)
        seen = recount(folders, limits)
        for bucket in limits:
            assert seen[bucket][-1] == sum(tally.spent(bucket) for tally in tallies)
        denials = [denial for tally in tallies for denial in tally.denials]
        assert len({denial.bucket for denial in denials}) > 1
        for denial in denials:
            assert denial.left - denial.kept < denial.asked
            assert limits[denial.bucket] - denial.left in seen[denial.bucket]

    return run


def recount(folders, limits):
    """The count of each bucket after every step, from what the lines say was held and given back.

    Asserts that it never passed a limit, and that each line carries the balance that the recount has.
    """
    used, seen = Counter(), {bucket: [0] for bucket in limits}
    for _, rows in groupby(in_order(folders), key=lambda row: row["order"]):
        step = list(rows)
        for row in step:
            for bucket, units in moved(row):
                used[bucket] += units
        for bucket, limit in limits.items():
            assert 0 <= used[bucket] <= limit
            seen[bucket].append(used[bucket])
        for row in step:
            if "upto" not in row and row["kind"] not in {"open", "limit"}:
                assert {bucket: row["bal"][bucket][0] for bucket in limits} == {b: used[b] for b in limits}
    return seen


def in_order(folders):
    """All lines in the order of their steps: the file's, or where several hosts wrote, their authority's."""
    rows = []
    for folder in folders:
        (path,) = folder.rglob(f"{PROJECT}.jsonl")
        rows += [json.loads(line) for line in path.read_text().splitlines()]
    for number, row in enumerate(rows):
        row["order"] = row.get("seq", number)
    return sorted(rows, key=lambda row: row["order"])


def moved(row):
    """(bucket, units) that a line charges, negative where it gives back."""
    match row["kind"]:
        case "hold" | "extend":
            return row["items"]
        case "settle" | "release" if "method" in row:
            return [(row["bucket"], -row.get("refused", row.get("released", 0)))]
        case "release":
            return [(bucket, -units) for bucket, units in row["items"]]
    return []


@pytest.mark.parametrize("seed", range(2))
def test_a_journal_never_admits_a_unit_too_many(tmp_path, prove, seed):
    """One folder, eight processes."""
    folder = tmp_path / "calls"
    prove([JournalOpener(folder)] * PROCESSES, [folder], seed, calls=600)


@pytest.mark.redis
@pytest.mark.parametrize("seed", range(2))
def test_redis_never_admits_a_unit_too_many(tmp_path, redis_url, prove, seed):
    """Two hosts with a folder each, four processes on each."""
    folders = [tmp_path / host / "calls" for host in "ab"]
    prove([RedisOpener(redis_url, folder) for folder in folders] * (PROCESSES // 2), folders, seed, calls=60)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(20))
def test_a_journal_never_admits_a_unit_too_many_at_length(tmp_path, prove, seed):
    """Twenty races of eight processes, eight thousand calls each."""
    folder = tmp_path / "calls"
    prove([JournalOpener(folder)] * PROCESSES, [folder], seed, calls=1000)


@pytest.mark.soak
@pytest.mark.redis
@pytest.mark.parametrize("seed", range(20))
def test_redis_never_admits_a_unit_too_many_at_length(tmp_path, redis_url, prove, seed):
    """Twenty races of two hosts, four thousand calls each."""
    folders = [tmp_path / host / "calls" for host in "ab"]
    prove([RedisOpener(redis_url, folder) for folder in folders] * (PROCESSES // 2), folders, seed, calls=500)
