"""Advice on the dashboard: what could be spared, in words and code, and what is told where there is none."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime

import pytest

from ytquota.dashboard.advice_view import advice_page
from ytquota.dashboard.snapshot import Advised
from ytquota.intelligence import QuotaIntelligence

TODAY = datetime(2026, 11, 10, 20, tzinfo=UTC)
NOWHERE = '{"error": {"code": 404, "errors": [{"reason": "videoNotFound"}]}}'


def look(dashboard):
    async def scene():
        await dashboard.refresh()
        await dashboard.read_more()
        await dashboard.refresh()

    asyncio.run(scene())


@pytest.fixture
def wasteful(spend):
    """A bot that asks three hundred times for what is not there."""
    spend(at=datetime(2026, 11, 9, 20, tzinfo=UTC))
    spend(
        "commentThreads.list",
        number=10,
        tag="<crawler>",
        at=TODAY,
        status=404,
        body=NOWHERE,
        times=300,
        parts=["snippet"],
        hash="0a1b2c3d4e5f6071",
    )


def test_advice_is_told_with_its_saving_and_its_code(open_dashboard, wasteful):
    """The finding, what it saves, the change, the code to copy, the calls that show it; text stays text."""
    dashboard = open_dashboard()
    look(dashboard)
    told = dashboard.advice.value
    assert "&lt;crawler&gt;" in told
    assert "<crawler>" not in told
    for part in ("Saves ", "of the pool", "How, in Python", "<pre>", "300 calls", "Assumed:"):
        assert part in told
    assert dashboard.tabs.titles[2] == "Advice (1)"


def test_a_thrifty_bot_is_told_so(open_dashboard, spend):
    """Nothing to advise is an answer, and the tab promises nothing."""
    spend(times=3)
    dashboard = open_dashboard()
    assert "Reading the log" in advice_page(None)
    look(dashboard)
    assert "Nothing to advise" in dashboard.advice.value
    assert dashboard.tabs.titles[2] == "Advice"


def test_advice_that_cannot_be_made_is_an_alert_and_nothing_else_suffers(open_dashboard, spend, monkeypatch):
    """The tab says what went wrong; cards and charts are there."""

    def fails(*_, **__):
        raise ArithmeticError("a <strange> log")

    monkeypatch.setattr(QuotaIntelligence, "advise", fails)
    spend()
    dashboard = open_dashboard()
    look(dashboard)
    assert "No advice could be made" in dashboard.advice.value
    assert "a &lt;strange&gt; log" in dashboard.advice.value
    assert "1 unit used" in dashboard.cards.value
    assert dashboard.problem.value == ""


def test_advice_is_asked_for_off_the_loop_and_once_an_hour(open_dashboard, spend, clock, monkeypatch):
    """It reads a whole log: never in the kernel's own thread, and not again before an hour has gone."""
    asked = []
    monkeypatch.setattr(
        QuotaIntelligence, "advise", lambda *_, **__: asked.append(threading.get_ident()) or []
    )
    spend()
    dashboard = open_dashboard()
    look(dashboard)
    clock.advance(1800)
    look(dashboard)
    assert len(asked) == 1
    assert asked[0] != threading.get_ident()
    clock.advance(1801)
    look(dashboard)
    assert len(asked) == 2


def test_a_project_can_be_looked_at_alone(open_dashboard, wasteful, spend):
    """Cards, charts, advice, refusals: of the chosen project only, until all are chosen again."""
    spend("search.list", times=2)
    dashboard = open_dashboard()
    look(dashboard)
    assert [name for name, _ in dashboard.projects.options] == ["all", "111111111111", "222222222222"]
    dashboard.projects.value = "111111111111"
    look(dashboard)
    assert "Project 222222222222" not in dashboard.cards.value
    assert {key.project for _, key in dashboard.pools.options} == {"111111111111"}
    assert "Nothing to advise" in dashboard.advice.value
    assert "no call was refused" in dashboard.troubles.value
    dashboard.projects.value = ""
    look(dashboard)
    assert "Project 222222222222" in dashboard.cards.value
    assert "commentThreads.list" in dashboard.troubles.value


def test_one_project_needs_no_filter(open_dashboard, spend):
    """A choice of one is none."""
    spend()
    dashboard = open_dashboard()
    look(dashboard)
    assert dashboard.projects.layout.display == "none"


def test_an_empty_list_is_dated():
    """People must be able to tell an old look from a new one."""
    assert "read at 12:00 Pacific" in advice_page(Advised(TODAY.timestamp()))
