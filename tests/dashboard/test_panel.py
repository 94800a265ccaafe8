"""The dashboard without a browser: driven by its callbacks, on a real ledger."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime

import pytest
from ipywidgets import Widget
from ipywidgets.widgets import widget as registry

from ytquota.dashboard import live
from ytquota.dashboard.panel import Dashboard
from ytquota.settings import Settings


def look(dashboard, *, times=1):
    """Refresh as the live loop does, history included."""

    async def scene():
        for _ in range(times):
            await dashboard.refresh()
            await dashboard.read_more()
            await dashboard.refresh()

    asyncio.run(scene())


async def shows(widget, text):
    """Wait until a widget says it."""
    said = asyncio.Event()
    widget.observe(lambda change: said.set() if text in change["new"] else None, "value")
    if text not in widget.value:
        await said.wait()


def test_it_shows_every_pool_and_the_ledgers_path(open_dashboard, spend, settings):
    """Cards per project, and where the numbers come from."""
    spend("comments.insert", times=2)
    spend("search.list", number=10)
    dashboard = open_dashboard()
    look(dashboard)
    assert str(settings.memory_dir / "calls") in dashboard.head.value
    assert "Local count" in dashboard.head.value
    assert "Units of project 111111111111: 9,900 of 10,000 left" in dashboard.cards.value
    assert "100 units used" in dashboard.cards.value
    assert "Searches of project 222222222222: 99 of 100 left" in dashboard.cards.value
    assert "sets 1 and 3" in dashboard.cards.value
    assert dashboard.problem.value == ""


def test_names_from_outside_are_escaped(open_dashboard, spend):
    """A channel called `<3>` or a tag with markup is text on the page."""
    spend(tag="<img src=x onerror=alert(1)>", status=404, body="{}")
    dashboard = open_dashboard()
    look(dashboard)
    for part in (dashboard.cards, dashboard.today, dashboard.troubles, *dashboard.sets.groups.values()):
        assert "<img" not in part.value
        assert "Channel <" not in part.value
    assert "&lt;img" in dashboard.troubles.value
    assert any("Channel &lt;3&gt;" in head.value for head in dashboard.sets.groups.values())


def test_an_exhausted_pool_says_so_and_when_it_resets(open_dashboard, spend, monitor, clock):
    """Two refreshes after the mark the card is red, in words too."""
    spend(times=3)
    dashboard = open_dashboard()
    look(dashboard)
    assert "exhausted" not in dashboard.cards.value
    monitor.ledger.exhaust("111111111111", "default", clock.time() + 12 * 3600)
    look(dashboard)
    assert '<span class="ytq-pill is-gone">exhausted</span>' in dashboard.cards.value
    assert "resets in 12 h 0 m" in dashboard.cards.value
    assert "Units of project 111111111111: 0 of 10,000 left" in dashboard.cards.value


def test_an_operators_mark_is_told_as_one_with_what_is_left(open_dashboard, spend, monitor, clock):
    """Nobody takes it for Google's word, on the card and in the facts of the set."""
    spend(times=3)
    monitor.ledger.exhaust("111111111111", "default", clock.time() + 7200, source="operator")
    dashboard = open_dashboard()
    look(dashboard)
    assert '<span class="ytq-pill is-gone">marked by an operator</span>' in dashboard.cards.value
    assert "Units of project 111111111111: 9,997 of 10,000 left" in dashboard.cards.value
    assert "the mark ends in 2 h 0 m" in dashboard.cards.value
    assert "9,997 units (marked by an operator)" in dashboard.sets.rows[1].facts.value


def test_a_provisional_mark_says_when_it_is_tried_again(open_dashboard, spend, monitor, clock):
    """Just after a reset a mark may be stale: the card tells when a call may probe."""
    spend()
    monitor.ledger.exhaust("111111111111", "default", clock.time() + 240)
    dashboard = open_dashboard()
    look(dashboard)
    assert "tried again in 4 m" in dashboard.cards.value


def test_the_first_day_says_since_when_it_counts(open_dashboard, spend):
    """What was spent before ytquota came is not in the count, and the page says so."""
    spend()
    dashboard = open_dashboard()
    look(dashboard)
    assert "Counted since 12:00 PST" in dashboard.head.value


def test_without_history_it_says_how_to_start(open_dashboard):
    """Nothing counted yet: two lines, no empty charts."""
    dashboard = open_dashboard()
    look(dashboard)
    assert "Nothing has been counted on this ledger yet" in dashboard.cards.value
    assert "ytquota demo" in dashboard.cards.value
    assert dashboard.pools.layout.display == "none"


def test_without_sets_it_says_what_to_write(tmp_path, clock):
    """No `.env`: the same two lines, and the sets' tab points to the example."""
    dashboard = Dashboard(Settings.load({}, start=tmp_path))
    look(dashboard)
    assert "ytquota init" in dashboard.cards.value
    assert ".env.example" in dashboard.sets.note.value
    dashboard.close()
    assert list(tmp_path.iterdir()) == [], "looking must leave nothing behind"


def test_a_wrong_setting_is_shown_and_mended_without_a_restart(tmp_path, monkeypatch):
    """Dashboard() does not raise: it names the variable, and goes on when it is put right."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("YTQUOTA_RESERVE", "much")
    dashboard = Dashboard()
    asyncio.run(dashboard.refresh())
    assert 'role="alert"' in dashboard.problem.value
    assert "YTQUOTA_RESERVE" in dashboard.problem.value
    monkeypatch.setenv("YTQUOTA_RESERVE", "5%")
    asyncio.run(dashboard.refresh())
    assert dashboard.problem.value == ""
    dashboard.close()


def test_a_ledger_in_trouble_keeps_the_old_numbers(open_dashboard, spend, settings):
    """The last numbers stay, marked as old by an alert that names file and remedy; then it recovers."""
    spend()
    dashboard = open_dashboard()
    look(dashboard)
    file = settings.memory_dir / "exhausted_credentials.json"
    file.write_text("{ half")
    look(dashboard)
    assert 'role="alert"' in dashboard.problem.value
    assert "exhausted_credentials.json" in dashboard.problem.value
    assert "1 unit used" in dashboard.cards.value
    file.unlink()
    look(dashboard)
    assert dashboard.problem.value == ""


def test_the_charts_are_those_of_the_chosen_pool(open_dashboard, spend):
    """The busiest pool of the default bucket first; choosing another redraws."""
    spend(times=5)
    spend("search.list", number=10, times=2)
    dashboard = open_dashboard()
    look(dashboard)
    assert dashboard.pools.value == ("111111111111", "default")
    assert "5 of 10,000 units used by 12:00 Pacific" in dashboard.today.value
    dashboard.pools.value = ("222222222222", "search_list")
    look(dashboard)
    assert "2 of 100 searches used by 12:00 Pacific" in dashboard.today.value


def test_only_the_tab_in_view_is_drawn(open_dashboard, spend):
    """Four weeks are drawn when somebody looks at them."""
    spend(at=datetime(2026, 11, 9, 20, tzinfo=UTC))
    spend(at=datetime(2026, 11, 10, 20, tzinfo=UTC))
    dashboard = open_dashboard()
    look(dashboard)
    assert dashboard.month.value == ""
    dashboard.tabs.selected_index = 1
    look(dashboard)
    assert "a usual day takes 1 units" in dashboard.month.value
    assert "busiest hour" in dashboard.month.value


def test_charts_are_redrawn_only_when_their_data_changed(open_dashboard, spend):
    """The same data is never drawn twice, and new data waits its turn."""
    spend()
    dashboard = open_dashboard(redraw=3600.0)
    look(dashboard)
    drawn = dashboard.today.value
    spend()
    asyncio.run(dashboard.refresh())
    assert dashboard.today.value == drawn
    assert "2 units used" in dashboard.cards.value


def test_no_news_sends_nothing(open_dashboard, spend):
    """A quiet second: no message to the browser."""
    spend(times=50)
    dashboard = open_dashboard()
    look(dashboard, times=2)
    sent = []
    for part in (dashboard.head, dashboard.cards, dashboard.today, dashboard.advice, dashboard.troubles):
        part.observe(sent.append, "value")

    async def quiet():
        for _ in range(20):
            await dashboard.refresh()

    asyncio.run(quiet())
    assert sent == []


# -- life


def test_it_refreshes_by_itself_and_never_blocks_the_loop(open_dashboard, spend, settings, clock):
    """In a running loop it follows the ledger; the loop goes on ticking meanwhile."""

    async def scene():
        before = asyncio.all_tasks()
        dashboard = open_dashboard(interval=0.02)
        await shows(dashboard.cards, "9,999 of 10,000 left")
        spend()
        await shows(dashboard.cards, "9,998 of 10,000 left")
        longest = 0.0
        for _ in range(30):
            begun = time.perf_counter()
            await asyncio.sleep(0.01)
            longest = max(longest, time.perf_counter() - begun)
        dashboard.close()
        await asyncio.sleep(0)
        assert longest < 0.5
        assert asyncio.all_tasks() == before

    spend()
    asyncio.run(asyncio.wait_for(scene(), 60))


def test_paused_it_does_not_look(open_dashboard, spend):
    """Pause holds the numbers; Resume looks at once."""

    async def scene():
        dashboard = open_dashboard(interval=0.02)
        await shows(dashboard.cards, "9,999 of 10,000 left")
        dashboard.pause.click()
        await shows(dashboard.head, "paused")
        async with dashboard._turn:  # a look that was under way
            pass
        assert dashboard.pause.description == "Resume"
        spend()
        await asyncio.sleep(0.2)
        assert "9,999 of 10,000 left" in dashboard.cards.value
        dashboard.pause.click()
        await shows(dashboard.cards, "9,998 of 10,000 left")
        dashboard.close()

    spend()
    asyncio.run(asyncio.wait_for(scene(), 60))


def test_a_second_dashboard_stops_the_first(open_dashboard, settings):
    """Running the cell again leaves one loop, not two."""

    async def scene():
        first = open_dashboard(interval=0.02)
        second = open_dashboard(interval=0.02)
        await asyncio.sleep(0.05)
        assert not first.is_live
        assert second.is_live
        second.close()

    asyncio.run(scene())


def test_a_page_that_is_being_loaded_hears_everything_again(open_dashboard, spend, monkeypatch):
    """What it missed while it was not listening yet reaches it soon; what people type into is left alone."""
    heard = set()
    monkeypatch.setattr(live, "_SAY_AGAIN", (0.0, 0.0))
    monkeypatch.setattr(Widget, "send_state", lambda widget, *_, **__: heard.add(widget.model_id))

    async def scene():
        dashboard = open_dashboard(interval=0.02)
        await shows(dashboard.cards, "9,999 of 10,000 left")
        heard.clear()
        await dashboard._say_again()
        parts = (dashboard.cards, dashboard.advice, dashboard.days, dashboard.days.layout, dashboard.tabs)
        row = dashboard.sets.rows[1]
        assert {one.model_id for one in (*parts, dashboard.sets.health.told, row.facts)} <= heard
        row.bar.buttons["reset"].click()
        await asyncio.gather(*row.bar._tasks._running)
        assert row.bar.is_armed
        heard.clear()
        await dashboard._say_again()
        assert row.bar.question.model_id in heard
        assert row.bar.reason.model_id not in heard
        dashboard.close()

    spend()
    asyncio.run(asyncio.wait_for(scene(), 60))


def test_closing_disposes_of_every_widget(settings, monitor, spend):
    """Some opened and closed leave no widget behind, except their shared styles and layouts."""
    spend()

    def panels():
        models = (one._model_name for one in registry._instances.values() if isinstance(one, Widget))
        return Counter(model for model in models if model not in _STYLES)

    before = panels()
    for _ in range(5):
        dashboard = Dashboard(settings, monitor)
        look(dashboard)
        dashboard.close()
        dashboard.close()
    assert panels() - before == Counter()


_STYLES = {"LayoutModel", "HTMLStyleModel", "ButtonStyleModel", "DescriptionStyleModel", "TextStyleModel"}


# -- an earlier day, and pictures


YESTERDAY = datetime(2026, 11, 9, 20, tzinfo=UTC)
TODAY = datetime(2026, 11, 10, 20, tzinfo=UTC)


def test_an_earlier_day_can_be_looked_at_and_there_is_a_way_back(open_dashboard, spend):
    """Its curve and where its units went; the cards stay live; one click leads back."""
    spend("comments.insert", at=YESTERDAY, tag="night job", times=2)
    spend(at=TODAY)
    dashboard = open_dashboard()
    look(dashboard)
    assert dashboard.days.label == "today, live"
    assert dict(dashboard.days.options)["Mon 9 Nov"] == YESTERDAY.date()
    dashboard.days.value = YESTERDAY.date()
    assert dashboard.live.layout.display == ""
    assert "100 units used on Monday 9 November" in dashboard.today.value
    assert "night job took all 100 units" in dashboard.today.value
    assert "1 unit used" in dashboard.cards.value
    dashboard.live.click()
    assert dashboard.days.label == "today, live"
    assert dashboard.live.layout.display == "none"
    assert "1 units used by 12:00 Pacific" in dashboard.today.value


def test_pictures_are_saved_as_png_and_svg(open_dashboard, spend, settings):
    """The charts of the tab in view, each twice, in the memory folder; the page says where."""
    spend()
    dashboard = open_dashboard()
    dashboard.save.click()
    assert "Nothing was saved" in dashboard.saved.value
    look(dashboard)
    dashboard.save.click()
    assert str(settings.memory_dir / "exports") in dashboard.saved.value
    written = sorted(path.name for path in (settings.memory_dir / "exports").iterdir())
    assert "2026-11-10-111111111111-default-curve.png" in written
    assert len(written) == 8
    svg = settings.memory_dir / "exports" / "2026-11-10-111111111111-default-curve.svg"
    assert "units used by 12:00 Pacific" in svg.read_text()


def test_pictures_that_cannot_be_saved_are_an_alert(open_dashboard, spend, settings):
    """A file where the folder should be: the page names it."""
    spend()
    dashboard = open_dashboard()
    look(dashboard)
    (settings.memory_dir / "exports").write_text("")
    dashboard.save.click()
    assert 'role="alert"' in dashboard.saved.value
    assert "exports" in dashboard.saved.value


# -- what is to come


def test_a_card_says_when_its_pool_runs_out(open_dashboard, spend):
    """With some days of history: that it lasts, or when it will not; in the curve, too."""
    for day in range(1, 10):
        for hour in range(17, 24):
            spend("comments.insert", at=datetime(2026, 11, day, hour, tzinfo=UTC), times=20)
    for hour in range(16, 20):
        spend("comments.insert", at=datetime(2026, 11, 10, hour, tzinfo=UTC), times=35)
    dashboard = open_dashboard()
    look(dashboard)
    assert "runs out" in dashboard.cards.value
    assert "; runs out" in dashboard.today.value
    assert ">forecast " in dashboard.today.value


def test_without_a_forecast_the_card_says_nothing_of_it(open_dashboard, spend, monkeypatch):
    """A forecast that fails is no reason to show less of what is known."""

    def fails(*_, **__):
        raise ArithmeticError("no")

    monkeypatch.setattr("ytquota.intelligence.QuotaIntelligence.forecast", fails)
    spend()
    dashboard = open_dashboard()
    look(dashboard)
    assert "1 unit used" in dashboard.cards.value
    assert "ytq-ahead" not in dashboard.cards.value
    assert dashboard.problem.value == ""


@pytest.mark.parametrize("path", ["ytquota.dashboard", "ytquota.dashboard.app"])
def test_serving_needs_neither_pandas_nor_matplotlib(path):
    """`ytquota dashboard` starts Voila; the heavy imports are the kernel's business."""
    code = f"import sys, {path}; assert not {{'pandas', 'matplotlib', 'ipywidgets'}} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
