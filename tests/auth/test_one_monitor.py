"""One monitor per process and ledger, whoever asks for it, with all rules on it."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ytquota import QuotaExceeded, QuotaIntelligence, get_authenticated_service, monitored, open_monitor
from ytquota.auth.session import wire
from ytquota.clock import ManualClock, bounds_at
from ytquota.errors import SettingsError
from ytquota.intelligence.admission import Admission
from ytquota.intelligence.published import publish
from ytquota.monitor import Demand, QuotaMonitor
from ytquota.settings import Reserve

ONE = "111111111111"
CALL = Demand("videos.list", ONE)
COUNT_WITH_WHAT_WAS_REPLACED = """
import sys
from dataclasses import replace
from pathlib import Path
from ytquota import QuotaExceeded, open_monitor
from ytquota.monitor import Demand
from ytquota.settings import Reserve, Settings

settings = Settings.load({}, start=Path(sys.argv[1]))
old = open_monitor(settings)
new = open_monitor(replace(settings, reserve=Reserve(1)))
assert new is not old
call = [Demand("videos.list", "111111111111")]
old.begin(call).answered([(200, None)], latency=0.1)
for _ in range(5):
    try:
        old.begin(call)
    except QuotaExceeded:
        pass
"""


def test_everything_in_a_process_counts_through_one_monitor(furnish, monkeypatch):
    """A bot that uses all of them opens the ledger once, in whatever order."""
    settings = furnish(api_keys={3: "111111111111"}, sets={1: "111111111111"})
    monkeypatch.chdir(settings.root)
    key = settings.sets[3].api_key.reveal()

    wrapped = monitored(developerKey=key)
    intelligence = QuotaIntelligence()
    service = get_authenticated_service(1)

    monitor = open_monitor()
    try:
        assert (
            wrapped._http.account.monitor is intelligence.monitor is service._http.account.monitor is monitor
        )
        assert isinstance(monitor.admission, Admission)
        assert monitor.on_verdict is not None
    finally:
        wrapped.close()
        service.close()
        monitor.close()


def test_an_edited_env_makes_a_new_monitor(furnish, monkeypatch):
    """A notebook whose `.env` was edited counts by the new settings."""
    settings = furnish()
    monkeypatch.chdir(settings.root)
    first = open_monitor()
    with settings.env_file.open("a") as file:
        file.write("YTQUOTA_RESERVE=500\n")

    second = open_monitor()

    assert second is not first
    first.close()
    second.close()


def test_what_was_replaced_is_closed_and_forgotten(furnish, monkeypatch):
    """A notebook that goes to and fro between two settings all day leaves no monitors and no open files."""
    settings = furnish()
    monkeypatch.chdir(settings.root)
    seen = []
    for turn in range(8):
        monitor = open_monitor(replace(settings, reserve=Reserve(turn % 2)))
        monitor.begin([CALL]).answered([(200, None)], latency=0.1)
        seen.append(weakref.ref(monitor))
    gc.collect()
    held = [link for link in Path("/proc/self/fd").iterdir() if str(settings.memory_dir) in _target(link)]

    alive = {id(reference()) for reference in seen if reference() is not None}
    used = monitor.ledger.usage(ONE)[ONE]["default"].used
    monitor.close()

    assert len(alive) == len(held) == 1
    assert used == 8


def test_a_service_of_replaced_settings_counts_on(furnish, start_python):
    """Nothing is lost either: what it was denied in the program's last second is written at its end."""
    settings = furnish(extra={"YTQUOTA_LIMIT_DEFAULT": "1"})
    program = start_python(COUNT_WITH_WHAT_WAS_REPLACED, settings.root)
    assert program.wait(60) == 0

    monitor = open_monitor(settings)
    balance = monitor.ledger.usage(ONE)[ONE]["default"]
    monitor.close()

    assert (balance.used, balance.refused) == (1, 5)


def test_a_project_is_known_once_its_set_has_logged_in(furnish, monkeypatch):
    """A monitor that was asked too early looks again: nobody restarts a notebook to be counted."""
    settings = furnish(sets={1: ONE})
    token, secrets = settings.sets[1].token_file, settings.sets[1].secrets_file
    monkeypatch.chdir(settings.root)
    secrets.unlink()
    content = token.read_bytes()
    token.unlink()
    monitor = open_monitor(settings)
    with pytest.raises(SettingsError, match="not known"):
        monitor.call("videos.list", credential_set=1)

    token.write_bytes(content)
    with monitor.call("videos.list", credential_set=1):
        pass

    assert monitor.ledger.usage(ONE)[ONE]["default"].used == 1
    monitor.close()


def test_admission_goes_by_the_monitors_clock(furnish):
    """What a simulation publishes for its own day is kept on that day, whatever the real one is."""
    settings = furnish()
    clock = ManualClock(datetime(2026, 3, 2, 20, tzinfo=UTC))
    day = bounds_at(clock.time())
    kept = {"normal": {"at": [day.start, day.end], "by_tag": {"": [9_999.0, 9_999.0]}}}
    publish(settings.memory_dir, clock.time(), [{"project": ONE, "bucket": "default", "kept": kept}])
    monitor = wire(settings, QuotaMonitor.open(settings, clock=clock))

    monitor.begin([CALL])
    with pytest.raises(QuotaExceeded):
        monitor.begin([CALL])

    assert monitor.admission.note == ""
    monitor.close()


def _target(link):
    try:
        return str(link.readlink())
    except FileNotFoundError:
        return ""
