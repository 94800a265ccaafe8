"""Which set a service gets, and the one error when there is none."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

import pytest

from ytquota.auth import get_authenticated_service, mark_credential_exhausted
from ytquota.auth.choice import pick_set
from ytquota.auth.state import StateFile
from ytquota.clock import PACIFIC, ManualClock
from ytquota.errors import CredentialError, QuotaExceeded
from ytquota.settings import Settings

ONE, TWO = "111111111111", "222222222222"
NOON = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 24, 0, 0, tzinfo=PACIFIC)


@pytest.fixture
def bot(furnish, open_monitor, token_of):
    """Settings and monitor of sets 1 and 10: two projects, two channels; `rotation` is the list in .env."""

    def bot(rotation=None, sets=None, **options):
        extra = {"YTQUOTA_ROTATION": rotation} if rotation else {}
        settings = furnish({1: ONE, 10: TWO} if sets is None else sets, extra=extra, **options)
        for number in settings.sets:
            if settings.sets[number].kind == "oauth":
                token_of(settings, number, channel_id=f"UC{number}", channel_title=f"Channel {number}")
        return settings, open_monitor(settings, clock=ManualClock(NOON))

    return bot


def exhaust(monitor, project):
    monitor.ledger.exhaust(project, "default", MIDNIGHT.timestamp())


def test_without_a_list_the_first_set_is_used(bot):
    """Set 1, or the lowest number there is."""
    assert pick_set(*bot()).set.number == 1
    assert pick_set(*bot(sets={7: ONE, 30: TWO})).set.number == 7


def test_without_a_list_nothing_stands_in(bot):
    """The error says when it resets, what the other set has left, and which line would permit it."""
    settings, monitor = bot()
    exhaust(monitor, ONE)

    with pytest.raises(QuotaExceeded) as caught:
        pick_set(settings, monitor)

    text = str(caught.value)
    assert "set 1 (channel Channel 1, project 111111111111): exhausted" in text
    assert "set 10 (channel Channel 10, project 222222222222): ready; 10,000 of 10,000 units left" in text
    assert "The next reset is at 00:00 PST" in text
    assert f"write YTQUOTA_ROTATION=1,10 into {settings.env_file}" in text
    assert "developer policies" in text
    assert (
        text.index("next reset") < text.index("`ytquota advise`") < text.index("`ytquota request`")
        < text.index("YTQUOTA_ROTATION=")
    )  # fmt: skip
    assert "Set 10 is another channel: a bot would speak as Channel 10." in text
    assert (caught.value.retry_at, caught.value.project, caught.value.bucket) == (MIDNIGHT, ONE, "default")
    assert isinstance(caught.value, CredentialError)


def test_a_list_permits_the_next_healthy_set(bot):
    """And the reason tells which set was passed over, and why."""
    settings, monitor = bot("1,10")
    exhaust(monitor, ONE)

    choice = pick_set(settings, monitor)

    assert choice.set.number == 10
    assert choice.why == "next of YTQUOTA_ROTATION=1,10, since set 1 is exhausted (default)"


def test_the_order_of_the_list_counts_not_the_numbers(bot):
    """The operator writes the first choice first."""
    assert pick_set(*bot("10,1")).set.number == 10


def test_the_preferred_set_comes_first_while_it_is_healthy(bot):
    """Rotation sets the preference; an exhausted preference falls back to the list."""
    settings, monitor = bot("1,10")
    StateFile(settings.memory_dir).prefer(10)
    assert pick_set(settings, monitor).set.number == 10
    exhaust(monitor, TWO)
    assert pick_set(settings, monitor).set.number == 1


def test_a_preference_outside_of_the_list_has_no_effect(bot):
    """What YTQUOTA_ROTATION no longer permits is not done, whatever was preferred once."""
    settings, monitor = bot("1")
    StateFile(settings.memory_dir).prefer(10)

    assert pick_set(settings, monitor).set.number == 1


@pytest.mark.parametrize("spoil", ["quarantine", "disable", "remove"])
def test_a_set_asked_for_by_number_never_becomes_another(bot, spoil):
    """A program that names its set wants that channel and no other, list or not."""
    settings, monitor = bot("1,10")
    states = StateFile(settings.memory_dir)
    if spoil == "remove":
        settings.sets[10].token_file.unlink()
    else:
        getattr(states, spoil)(10, "for a reason")

    with pytest.raises(CredentialError, match=r"set 10 would be permitted"):
        pick_set(settings, monitor, 10)


def test_an_exhausted_set_asked_for_by_number_is_given_with_a_warning(service_of, bot, caplog):
    """Its other pools may be full; the meter denies what does not fit, call by call."""
    settings, monitor = bot()
    exhaust(monitor, ONE)
    service = service_of(settings, monitor, 1)

    assert [(r.levelno, "used up" in r.getMessage()) for r in caplog.records] == [(logging.WARNING, True)]
    with pytest.raises(QuotaExceeded):
        service.videos().list(part="id", id="a").execute()
    assert service.search().list(part="id", q="a").execute()["kind"] == "youtube#searchListResponse"


def test_an_unknown_number_lists_the_sets_there_are(bot):
    """A slip of the finger is told apart from a broken set."""
    with pytest.raises(CredentialError, match=r"no credential set 2 \(there is: 1, 10\)"):
        pick_set(*bot(), 2)


def test_dead_sets_are_a_credential_error_and_no_wait_is_promised(bot):
    """Waiting for the reset would not help, so it is no QuotaExceeded."""
    settings, monitor = bot("1,10")
    for number in (1, 10):
        StateFile(settings.memory_dir).quarantine(number, f"dead {number}")

    with pytest.raises(CredentialError, match=r"dead 1[\s\S]*dead 10") as caught:
        pick_set(settings, monitor)

    assert not isinstance(caught.value, QuotaExceeded)


def test_no_sets_at_all_says_what_to_put_where(tmp_path, open_monitor):
    """The first error of a newcomer names the file and the lines."""
    settings = Settings.load({}, start=tmp_path)

    with pytest.raises(CredentialError, match=r"GOOGLE_CLIENT_SECRETS_FILE_1.*ytquota login 1") as caught:
        pick_set(settings, open_monitor(settings))

    assert str(tmp_path / ".env") in str(caught.value)


def test_a_service_tells_which_set_and_why_and_sends_nothing(bot, sandbox, caplog):
    """No quota is spent on testing a set."""
    settings, monitor = bot()
    with caplog.at_level(logging.INFO, "ytquota"):
        get_authenticated_service(settings=settings, monitor=monitor).close()

    assert sandbox.access_log() == []
    assert (
        "using set 1 (channel Channel 1, project 111111111111): the first set; "
        "YTQUOTA_ROTATION permits no other"
    ) in caplog.messages


def test_a_service_is_charged_to_its_set_and_project(service_of, bot, sandbox):
    """The ledger's line and the server's bill name the same project."""
    settings, monitor = bot("10")

    service = service_of(settings, monitor, tag="nightly", priority="low")
    service.videos().list(part="id", id="a").execute()

    (row,) = monitor.log()
    assert (row["set"], row["project"], row["tag"], row["priority"]) == ("10", TWO, "nightly", "low")
    assert sandbox.billed() == {TWO: {"default": {"videos.list": 1}}}


def test_an_api_key_makes_a_reading_service(service_of, bot, sandbox):
    """Key 3 is counted in the project that the operator named."""
    settings, monitor = bot(sets={}, api_keys={3: ONE})

    service = service_of(settings, monitor)
    service.videos().list(part="id", id="a").execute()

    assert sandbox.used(ONE) == monitor.ledger.usage(ONE)[ONE]["default"].used == 1


def test_a_dead_api_key_is_quarantined(service_of, bot, sandbox):
    """Google's "API key not valid" is final; the set says so and costs nothing."""
    settings, monitor = bot(sets={}, api_keys={3: ONE})
    service = service_of(settings, monitor)
    info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
    bad = {"error": {"code": 400, "message": "API key not valid.", "details": [info | {"domain": "x"}]}}
    sandbox.fail("videos.list", 400, body=bad)

    with pytest.raises(Exception, match="API key not valid"):
        service.videos().list(part="id", id="a").execute()

    assert set(StateFile(settings.memory_dir).read().quarantined) == {3}
    assert monitor.ledger.usage(ONE)[ONE]["default"].used == 0


def test_an_error_that_names_a_keys_project_is_passed_on(service_of, bot, sandbox, caplog):
    """A key does not tell its project; the first error that does becomes advice for .env."""
    settings, monitor = bot(sets={}, api_keys={3: ONE}, name_projects=False)
    sandbox.add_project(ONE, limits={"search_list": 0})
    sandbox.set_clock(NOON)

    with pytest.raises(QuotaExceeded):
        service_of(settings, monitor).search().list(part="id", q="a").execute()

    assert any(f"YTQUOTA_PROJECT_3={ONE}" in message for message in caplog.messages)


def test_a_set_that_the_server_calls_exhausted_shows_in_the_state_file(service_of, bot, sandbox):
    """The view of the ledger is brought up to date for people who look at the file."""
    settings, monitor = bot(sets={1: ONE, 2: ONE, 10: TWO})
    sandbox.add_project(ONE, limits={"search_list": 0})
    service = service_of(settings, monitor)
    sandbox.set_clock(NOON)

    with pytest.raises(QuotaExceeded):
        service.search().list(part="id", q="a").execute()

    view = StateFile(settings.memory_dir).read().exhausted
    assert view == {n: {"search_list": "2026-11-24T00:00:00-08:00"} for n in (1, 2)}


def test_only_three_kinds_of_failover_are_offered(bot):
    """Anything else is refused in so many words."""
    settings, monitor = bot()

    with pytest.raises(ValueError, match="'yes' is not possible; it is 'manual', 'login' or 'auto'"):
        get_authenticated_service(failover="yes", settings=settings, monitor=monitor)


def test_settings_and_monitor_are_found_by_themselves(bot, sandbox, monkeypatch, tmp_path):
    """A bot passes nothing: the .env is found from its folder, and one monitor serves the whole process."""
    settings, _ = bot()
    monkeypatch.chdir(settings.root)

    for _ in range(2):
        service = get_authenticated_service()
        service.videos().list(part="id", id="a").execute()
        service.close()

    assert sandbox.used(ONE) == 2


def test_a_program_can_mark_a_pool_by_itself(bot):
    """The mark holds for every set of the project and is audited once, however often a bot repeats it."""
    settings, monitor = bot(sets={1: ONE, 2: ONE})

    for _ in range(3):
        mark_credential_exhausted(
            1, "search_list", reason="seen in a log", settings=settings, monitor=monitor
        )

    assert set(pick_set(settings, monitor, 2).set.exhausted) == {"search_list"}
    assert [(row["action"], row["why"]) for row in monitor.audit_rows()] == [("exhaust", "seen in a log")]
