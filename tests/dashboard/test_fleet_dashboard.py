"""The dashboard of a fleet shows every project, who spent it, and what cannot be looked at."""

from __future__ import annotations

import asyncio
import html
from datetime import UTC, datetime, timedelta

import pytest

from ytquota.dashboard import FleetDashboard
from ytquota.errors import SettingsError
from ytquota.monitor import Demand, Journal, QuotaMonitor

SHOWS, ATLAS = "482913375516", "730155829347"


@pytest.fixture
def ledger(tmp_path, clock):
    """A memory folder and a way to spend in it."""
    opened = []

    def ledger_(name):
        folder = tmp_path / name
        monitor = QuotaMonitor(Journal(folder / "calls", clock=clock), folder=folder, clock=clock)
        opened.append(monitor)

        def spend(times, method="videos.list", *, project=SHOWS, number="1"):
            for _ in range(times):
                monitor.begin([Demand(method, project, number, "bot")]).answered([(200, None)], latency=0.1)

        return spend

    yield ledger_
    for monitor in opened:
        monitor.close()


@pytest.fixture
def fleet(tmp_path, ledger):
    """Two ledgers with names that need escaping, and one that is gone."""
    studio, attic = ledger("studio"), ledger("attic")
    path = tmp_path / "fleet.toml"
    path.write_text(
        '[[ledger]]\nname = "studio"\naddress = "studio"\nowner = "Anna <a>"\nsets = { 10 = "Ben" }\n'
        '[[ledger]]\nname = "attic"\naddress = "attic"\nowner = "Clara"\n'
        '[[ledger]]\nname = "gone"\naddress = "gone"\n'
        f'[projects]\n{SHOWS} = "Shows & more"\n'
    )
    studio(60)
    studio(40, number="10")
    attic(3, "search.list", project=ATLAS)
    return path, studio, attic


@pytest.fixture
def open_fleet(clock):
    opened = []

    def open_(path, **options):
        opened.append(FleetDashboard(path, clock=clock, **options))
        return opened[-1]

    yield open_
    for one in opened:
        one.close()


def test_every_project_is_there_by_name_with_who_spent_it(fleet, open_fleet):
    """Cards of the pools in use, shares in words, names escaped; and each ledger with its last line."""
    path, *_ = fleet
    shown = open_fleet(path)
    asyncio.run(shown.refresh())

    assert "Shows &amp; more" in shown.cards.value
    assert "spent by Anna &lt;a&gt; 60 %, Ben 40 %" in shown.cards.value
    assert "<a>" not in shown.cards.value
    assert shown.cards.value.count("ytq-card-name") == 3
    assert "9,900" in shown.cards.value
    assert f"<h3>{ATLAS} </h3>" in shown.cards.value
    assert "12:00 PST" in shown.ledgers.value
    assert "2 of 3 ledgers answer" in shown.head.value


def test_what_cannot_be_looked_at_is_an_alert_with_its_remedy(fleet, open_fleet, tmp_path):
    """It goes when the ledger is back."""
    path, *_ = fleet
    shown = open_fleet(path)
    asyncio.run(shown.refresh())

    told = html.unescape(shown.problem.value)
    assert "gone cannot be looked at" in told
    assert "is a disk not mounted?" in told

    (tmp_path / "gone" / "calls").mkdir(parents=True)
    asyncio.run(shown.refresh())
    assert shown.problem.value == ""
    assert "3 ledgers" in shown.head.value


def test_a_sum_that_is_less_than_sure_is_told(fleet, open_fleet):
    """Two ledgers count one project."""
    path, _studio, attic = fleet
    attic(5)
    shown = open_fleet(path)
    asyncio.run(shown.refresh())

    assert "do not know of each other: studio and attic" in shown.problem.value
    assert "105" in shown.cards.value


def test_new_calls_show_up_and_the_last_weeks_are_told_by_owner(fleet, open_fleet, clock):
    """The charts have every bucket that was used."""
    path, studio, attic = fleet
    shown = open_fleet(path, days=7)
    asyncio.run(shown.refresh())
    clock.advance(timedelta(days=1).total_seconds())
    studio(7)
    attic(1, "search.list", project=ATLAS)
    asyncio.run(shown.refresh())
    asyncio.run(shown.load_past())

    assert "9,993" in shown.cards.value
    assert "Units by owner, 7 days" in shown.past.value
    assert "Searches by owner, 7 days" in shown.past.value
    assert "Ben" in shown.past.value


async def shows(widget, text):
    """Wait until a widget shows a text."""
    shown = asyncio.Event()

    def look(_change=None):
        if text in widget.value:
            shown.set()

    widget.observe(look, "value")
    look()
    await shown.wait()


def test_it_looks_by_itself_in_a_loop_and_a_second_one_stops_the_first(fleet, open_fleet):
    """As in a kernel."""
    path, studio, _attic = fleet

    async def live():
        first = open_fleet(path, interval=0.01)
        await shows(first.cards, "9,900")
        studio(10)
        await shows(first.cards, "9,890")
        second = open_fleet(path)
        assert first._closed
        second.close()
        second.close()

    asyncio.run(asyncio.wait_for(live(), 60))


def test_an_empty_fleet_and_an_error_are_told(tmp_path, open_fleet, clock):
    """Neither leaves the page blank."""
    (tmp_path / "new" / "calls").mkdir(parents=True)
    path = tmp_path / "fleet.toml"
    path.write_text('[[ledger]]\nname = "new"\naddress = "new"\n')
    shown = open_fleet(path)
    asyncio.run(shown.refresh())
    asyncio.run(shown.load_past())

    assert "No ledger of the list has counted anything yet." in shown.cards.value
    assert shown.past.value == ""
    assert f"{datetime.fromtimestamp(clock.time(), UTC).minute:02}" in shown.head.value

    shown._show_error(OSError("disk gone"))
    assert "disk gone" in shown.problem.value


def test_without_a_list_it_says_how_to_write_one(tmp_path, monkeypatch):
    """In one sentence."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("YTQUOTA_FLEET", "")

    with pytest.raises(SettingsError, match=r"docs/fleet\.md"):
        FleetDashboard()
