"""An API key does not tell its project, until an error of Google's does."""

from __future__ import annotations

import json
import logging
import re

import pytest

from ytquota.auth import load_sets
from ytquota.errors import QuotaExceeded, SettingsError
from ytquota.operations.doctor import examine
from ytquota.service import ServerQuotaExceeded, monitored

ONE, TWO = "111111111111", "222222222222"


@pytest.fixture
def settings(furnish):
    """A login of project ONE as set 1, a key of the same project as set 3, whose project nobody names."""
    return furnish({1: ONE}, api_keys={3: ONE}, name_projects=False)


@pytest.fixture
def monitor(settings, open_monitor):
    return open_monitor(settings)


@pytest.fixture
def key(settings):
    return settings.sets[3].api_key.reveal()


@pytest.fixture
def search(settings, monitor, service_of):
    """A search with a set."""
    return lambda number: (
        service_of(settings, monitor, number).search().list(part="id", q="x").execute(num_retries=3)
    )


def searched(sandbox):
    return sum(row["method"] == "search.list" for row in sandbox.access_log())


def test_the_mark_holds_for_all_sets_of_the_project_that_the_error_names(sandbox, search, monitor):
    """Another set of that project sends no doomed call of its own, nor does the key another one."""
    sandbox.set_limit(ONE, "search_list", 0)

    with pytest.raises(ServerQuotaExceeded):
        search(3)
    for number in (1, 3):
        with pytest.raises(QuotaExceeded) as denied:
            search(number)
        assert not isinstance(denied.value, ServerQuotaExceeded)

    assert searched(sandbox) == 1
    pools = monitor.ledger.usage()
    assert {name.partition(":")[0] for name in pools} == {"key", ONE}
    assert all(one["search_list"].exhausted_until for one in pools.values())
    assert pools[ONE]["search_list"].limit_source == "server"
    assert pools[ONE]["default"].exhausted_until is None


def test_it_is_told_once_with_the_line_to_write(sandbox, search, caplog, key):
    """One event, one warning of it, whatever part of ytquota notices it first."""
    sandbox.set_limit(ONE, "search_list", 0)
    with caplog.at_level(logging.WARNING), pytest.raises(ServerQuotaExceeded):
        search(3)

    told = [r.getMessage() for r in caplog.records if "YTQUOTA_PROJECT" in r.getMessage()]

    assert len(told) == 1
    assert f"Write YTQUOTA_PROJECT_3={ONE} into .env." in told[0]
    assert key not in caplog.text


def test_what_was_learned_counts_from_the_next_start_on(sandbox, search, settings, monitor, open_monitor):
    """A new program, the list of sets and the doctor know the project; the running bot goes on as it is."""
    assert [one.check for one in examine(settings)] == ["key-project"]
    sandbox.set_limit(ONE, "search_list", 0)
    with pytest.raises(ServerQuotaExceeded):
        search(3)

    known = {one.number: one for one in load_sets(settings, monitor)}

    assert (known[3].project, known[3].is_provisional, known[3].same_project_as) == (ONE, False, (1,))
    assert "YTQUOTA_PROJECT_3" not in known[3].why
    assert open_monitor(settings).project_of(3) == ONE
    assert "key-project" not in [one.check for one in examine(settings)]


def test_the_next_program_counts_the_key_in_its_project(sandbox, search, settings, open_monitor, service_of):
    """Any error that names the project will do: here one that says that the pool of searches is empty."""
    sandbox.set_limit(ONE, "search_list", 0)
    with pytest.raises(ServerQuotaExceeded):
        search(3)

    later = open_monitor(settings)
    service_of(settings, later, 3).videos().list(part="id", id="a").execute()

    assert [row["project"] for row in later.log() if row["method"] == "videos.list"] == [ONE]


def test_a_key_that_is_in_no_set_is_remembered_too(sandbox, monitor, key, caplog):
    """`monitored(developerKey=...)` keeps its memory beside its ledger."""
    other = sandbox.add_api_key(TWO)
    sandbox.set_limit(TWO, "search_list", 0)
    first = monitored(developerKey=other, monitor=monitor, endpoint=sandbox.url)
    with pytest.raises(ServerQuotaExceeded):
        first.search().list(part="id", q="x").execute()
    first.close()

    again = monitored(developerKey=other, monitor=monitor, endpoint=sandbox.url)
    again.videos().list(part="id", id="a").execute()
    again.close()

    assert f"Pass project='{TWO}'." in caplog.text
    assert [row["project"] for row in monitor.log() if row["outcome"] == "ok"] == [TWO]


def test_any_other_client_tells_it_as_well(monitor, caplog, settings):
    """`monitor.call` goes through no http object of ours."""
    detail = {"reason": "SERVICE_DISABLED", "metadata": {"consumer": f"projects/{ONE}"}}
    body = json.dumps({"error": {"code": 403, "message": "off", "details": [detail]}})
    with monitor.call("videos.list", credential_set=3) as call:
        call.answered(403, body)

    assert caplog.text.count("YTQUOTA_PROJECT_3") == 1
    assert load_sets(settings)[1].project == ONE


def test_the_memory_holds_no_key_and_gives_way_to_the_setting(sandbox, search, settings, furnish, key):
    """Only digests are written; YTQUOTA_PROJECT_N is the last word."""
    sandbox.set_limit(ONE, "search_list", 0)
    with pytest.raises(ServerQuotaExceeded):
        search(3)
    kept = (settings.memory_dir / "projects_of_keys.json").read_text()

    assert re.fullmatch(r'\{\s*"key:[0-9a-f]{12}": "111111111111"\s*\}', kept)
    assert key not in kept
    env = settings.env_file
    env.write_text(env.read_text() + f"\nYTQUOTA_PROJECT_3={TWO}\n")
    assert load_sets(type(settings).load({}, start=env.parent))[1].project == TWO


@pytest.mark.parametrize("content", ["{", "[]", '{"key:0123456789ab": 5}'])
def test_a_damaged_memory_is_told_and_not_taken_for_none(settings, content):
    """Else a key would fall back into a pool of its own, in which nothing is used."""
    settings.memory_dir.mkdir(parents=True, exist_ok=True)
    path = settings.memory_dir / "projects_of_keys.json"
    path.write_text(content)

    with pytest.raises(SettingsError, match=r"projects_of_keys.json.*Delete it"):
        load_sets(settings)

    assert any(str(path) in finding.what for finding in examine(settings))


def test_a_memory_that_cannot_be_written_costs_no_call(settings, monitor, caplog):
    """It is learned again by the next program; the answer reaches the bot."""
    (settings.memory_dir / "projects_of_keys.json").mkdir(parents=True)
    body = json.dumps({"error": {"code": 403, "message": f"not used in project {ONE} before"}})
    with monitor.call("videos.list", project="key:0123456789ab") as call:
        call.answered(403, body)

    assert "could not be kept" in caplog.text
    assert f"Pass project='{ONE}'" in caplog.text
