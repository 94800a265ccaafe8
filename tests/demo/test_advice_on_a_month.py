"""Advice on the demo's month, beside what corrected bots would have been billed for the same work.

The corrected bots are written from what each bot is for, not from the rules: they take the work that the
month's calls did, as the story tells it, and do it in fewer calls. The sandbox bills both by its own prices.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime
from math import ceil
from pathlib import Path

import pytest

from ytquota.clock import PACIFIC, ManualClock, bounds_of, utc
from ytquota.demo.story import RESEARCH, STREAMING
from ytquota.intelligence import QuotaIntelligence
from ytquota.monitor import Journal, QuotaMonitor
from ytquota.sandbox import Sandbox

UNTIL = 1_795_464_000.0  # Monday 2026-11-23, noon Pacific
PLENTY = 1_000_000
SHOWS = range(16, 23)
"""The hours of the evening broadcasts, from half an hour before the earliest to after the latest."""


@pytest.fixture(scope="module")
def advice(history):
    clock = ManualClock(UNTIL)
    monitor = QuotaMonitor(Journal(history / "calls", clock=clock), clock=clock, folder=history)
    try:
        return QuotaIntelligence(monitor).advise()
    finally:
        monitor.close()


@pytest.fixture(scope="module")
def bills(rows_by_day):
    """What the sandbox bills for the month: {name of the bot: {method: units}} before and after."""
    before, after = Counter(), Counter()
    for day, rows in sorted(rows_by_day.items()):
        charged = [row for row in rows if row["units"]]
        by_tag = defaultdict(list)
        for row in sorted(charged, key=lambda row: row["at"]):
            by_tag[row["tag"]].append(row)
        kept = Counter((row["tag"], row["method"]) for row in charged)
        before += bill(day, kept)
        for tag, correct in CORRECTED.items():
            kept = Counter({key: count for key, count in kept.items() if key[0] != tag})
            for method, count in correct(by_tag[tag]).items():
                kept[tag, method] += count
        after += bill(day, kept)
    return before, after


def bill(day, calls):
    """Let the sandbox charge a day's calls; {(tag, bucket): units}."""
    billed = Counter()
    with Sandbox() as sandbox:
        sandbox.set_clock(utc(bounds_of(day).start + 3600), frozen=True)
        for project in (STREAMING, RESEARCH):
            sandbox.add_project(project, limits={"default": PLENTY, "search_list": PLENTY})
        for (tag, method), count in calls.items():
            sandbox.clear_log()
            sandbox.spend(RESEARCH if tag == "crawler" else STREAMING, method, count)
            for buckets in sandbox.billed().values():
                for bucket, methods in buckets.items():
                    billed[tag, bucket] += sum(methods.values())
    return billed


def crawler(rows):
    """Fifty search results a page, one call each for its videos and its channels, a hundred comments a page.

    It waits for a video a minute at a time, and does not ask for captions, which nobody wanted.
    """
    calls, term, waited, thread = Counter(), Counter(), 0.0, 0
    for row in rows:
        method, facts = row["method"], row["facts"]
        if method == "search.list":
            if not facts["page"]:
                calls.update(_researched(term))
                term = Counter()
            term[method] += 1
        elif method == "commentThreads.list":
            thread = thread + 1 if facts["page"] else 1
            calls[method] += thread % 5 == 1
        elif facts["parts"] == ["status"]:
            if seconds(row) - waited >= 60:
                waited = seconds(row)
                calls[method] += 1
        elif method != "captions.list":
            term[method] += 1
    return calls + _researched(term)


def _researched(term):
    """The calls for one search term: a page where there were two, each looked up in as few calls."""
    pages = ceil(term["search.list"] / 2)
    lookups = {method: min(pages, term[method]) for method in ("videos.list", "channels.list")}
    return Counter({"search.list": pages} | lookups)


def chat_bot(rows):
    """Look for the broadcast every half hour, but in the evening as before."""
    calls, last = Counter(), 0.0
    for row in rows:
        at = seconds(row)
        hour = utc(at).astimezone(PACIFIC).hour
        is_look = row["method"] == "liveBroadcasts.list"
        if is_look and hour not in SHOWS and at - last < 1800:
            continue
        if is_look:
            last = at
        calls[row["method"]] += 1
    return calls


CORRECTED = {"crawler": crawler, "chat-bot": chat_bot}


def seconds(row):
    return datetime.fromisoformat(row["at"]).timestamp()


@pytest.fixture(scope="module")
def told(advice, bills):
    """{(tag, bucket): (units found, units saved)}, in the whole month, where there is either."""
    found = Counter()
    for one in advice:
        found[one.tag, one.bucket] += 28 * one.saving
    saved = {key: units - bills[1][key] for key, units in bills[0].items()}
    both = {key: (round(found[key]), saved.get(key, 0)) for key in sorted({*found, *saved})}
    return {key: pair for key, pair in both.items() if any(pair)}


@pytest.mark.slow
def test_found_savings_are_what_the_corrected_bots_saved(told):
    """By bot and bucket: within ten percent of the difference between the sandbox's two bills."""
    assert set(told) == {("chat-bot", "default"), ("crawler", "default"), ("crawler", "search_list")}
    for found, saved in told.values():
        assert found == pytest.approx(saved, rel=0.1), told


@pytest.mark.slow
def test_the_document_says_what_was_found_and_saved(told):
    """The table in docs/advice.md is this month's."""
    text = (Path(__file__).parents[2] / "docs" / "advice.md").read_text()

    for (tag, bucket), (found, saved) in told.items():
        assert f"| {tag} | `{bucket}` | {found:,} | {saved:,} |" in text


@pytest.mark.slow
def test_the_sandbox_bills_the_month_as_the_ledger_counted_it(bills, rows_by_day):
    """So that the two bills are compared on the same footing."""
    counted = Counter()
    for rows in rows_by_day.values():
        for row in rows:
            counted[row["tag"], row["bucket"]] += row["units"]

    assert bills[0] == +counted


@pytest.mark.slow
def test_the_uploader_gets_silence(advice):
    """What it wastes, nine small pages a night, is not worth a word."""
    assert {one.tag for one in advice} == {"crawler", "chat-bot"}
    assert {one.rule for one in advice} == {
        "page-size", "ids-per-call", "repeated-read", "quiet-hours", "burn-break", "asking-on",
    }  # fmt: skip
