"""The fleet's dashboard as a page: several ledgers, alive, and offline."""

from __future__ import annotations

import re
import signal
import subprocess
import sys

import pytest
from playwright.sync_api import expect

from ytquota.demo.story import RESEARCH, STREAMING
from ytquota.monitor import Demand, Journal, QuotaMonitor

pytestmark = pytest.mark.browser


@pytest.fixture
def second(tmp_path):
    """A ledger of another host, which counts one of the stage's projects too."""
    monitor = QuotaMonitor(Journal(tmp_path / "attic" / "calls"), folder=tmp_path / "attic")
    yield monitor
    monitor.close()


@pytest.fixture
def fleet_url(stage, second, tmp_path):
    """The address of `ytquota dashboard --all` on a list of the stage's ledger, the other, and none."""
    (tmp_path / ".env").write_text("YTQUOTA_FLEET=fleet.toml\n")
    (tmp_path / "fleet.toml").write_text(
        f'[[ledger]]\nname = "studio"\naddress = "{stage.settings.memory_dir}"\nowner = "Anna"\n'
        '[[ledger]]\nname = "attic"\naddress = "attic"\nowner = "Ben"\n'
        '[[ledger]]\nname = "gone"\naddress = "gone"\n'
        f'[projects]\n{STREAMING} = "Night Owl"\n'
    )
    call(second, 3)
    program = "from ytquota.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", program, "dashboard", "--all", "--no-browser"],
        cwd=tmp_path, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    yield re.search(r"http://\S+", process.stdout.readline())[0]
    process.send_signal(signal.SIGINT)  # as Ctrl-C: it ends its server, too
    process.communicate(timeout=30)


def call(monitor, times):
    for _ in range(times):
        monitor.begin([Demand("search.list", RESEARCH, "9", "bot")]).answered([(200, None)], latency=0.1)


def test_a_fleet_is_a_page_that_moves_and_says_what_is_missing(page, fleet_url, second):
    """Projects by their names, who spent them, the ledger that is gone; new calls show up."""
    page.goto(fleet_url)
    expect(page.get_by_role("heading", name="Night Owl")).to_be_visible()
    expect(page.get_by_role("alert").filter(has_text="gone cannot be looked at")).to_be_visible()
    expect(page.get_by_role("alert").filter(has_text="do not know of each other")).to_be_visible()
    searches = page.get_by_role("group", name=re.compile(f"Searches of project {RESEARCH}"))
    expect(searches).to_contain_text(re.compile("spent by .*Ben"))
    before = int(re.search(r"([\d,]+) search", searches.inner_text())[1].replace(",", ""))

    call(second, 2)

    expect(searches).to_contain_text(f"{before + 2} searches used", timeout=20_000)
    expect(page.get_by_role("cell", name="attic", exact=True)).to_be_visible()
    expect(page.get_by_text("by owner, 28 days").first).to_be_visible()
