"""One monitor per process and ledger, whoever asks for it, with all rules on it."""

from __future__ import annotations

from ytquota import QuotaIntelligence, get_authenticated_service, monitored, open_monitor
from ytquota.intelligence.admission import Admission


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
