"""A move is never the reason why a bot fails, and is told once."""

from __future__ import annotations

import pytest

from ytquota.auth.none_left import NoSetLeft
from ytquota.errors import CredentialError, QuotaExceeded

ONE = "111111111111"


def test_a_state_file_that_is_garbled_while_running_stops_nobody(make_bot, caplog):
    """What was known still holds; the error is logged once, and told by the commands."""
    bot = make_bot(limits={ONE: {"search_list": 1}})
    bot.video()
    bot.settings.memory_dir.mkdir(exist_ok=True)
    (bot.settings.memory_dir / "exhausted_credentials.json").write_text("{")

    bot.video()
    bot.search()
    bot.search()

    assert bot.sets("search.list") == [1, 2]
    assert "how the sets stand cannot be read" in caplog.text


def test_a_move_that_cannot_be_noted_is_made_all_the_same(make_bot, caplog):
    """The audit trail is in the way (a folder of its name): the call goes on, and the log says so."""
    bot = make_bot(limits={ONE: {"search_list": 0}})
    (bot.settings.memory_dir / "audit.jsonl").mkdir(parents=True)

    bot.search()

    assert bot.sets("search.list") == [2]
    assert "the move could not be noted" in caplog.text


def test_a_further_service_of_the_process_does_not_tell_the_same_move_again(make_bot, service_of):
    """A program that makes a service for each of its tasks does not fill the audit trail."""
    bot = make_bot(limits={ONE: {"search_list": 0}})
    for _ in range(3):
        bot.service = service_of(bot.settings, bot.monitor, failover="auto")
        bot.search()

    assert bot.sets("search.list") == [2, 2, 2]
    assert len(bot.moves()) == 1


def test_what_a_bot_repeats_after_a_lost_write_stays_with_its_set(make_bot, no_waiting):
    """execute(num_retries=...) asks for it, and it asks for the same set: never twice under two names."""
    bot = make_bot(extra={"YTQUOTA_LIMIT_DEFAULT_111111111111": "60"})
    bot.sandbox.drop("commentThreads.insert", when="after")

    with pytest.raises(QuotaExceeded) as caught:
        bot.comment(num_retries=2)

    assert not isinstance(caught.value, NoSetLeft)
    assert {row["set"] for row in bot.monitor.log() if row["outcome"] != "denied"} == {"1"}
    assert bot.agrees()


def test_a_token_file_that_went_away_is_passed_over(make_bot):
    """The other set stands in until the file is back; with none left, all are listed."""
    bot = make_bot()
    kept = bot.settings.sets[1].token_file.read_bytes()
    bot.settings.sets[1].token_file.unlink()
    bot.video()
    bot.settings.sets[1].token_file.write_bytes(kept)
    bot.video()
    bot.settings.sets[1].token_file.unlink()
    bot.sandbox.revoke(2)

    with pytest.raises(CredentialError, match=r"(?s)set 1 .*missing.*set 2 .*quarantined"):
        bot.video()

    assert bot.sets() == [2, 1]


def test_where_every_login_is_dead_the_error_lists_them(make_bot):
    """Waiting does not help, so it is no QuotaExceeded."""
    bot = make_bot()
    bot.sandbox.revoke(1)
    bot.sandbox.revoke(2)

    for _ in range(2):
        with pytest.raises(CredentialError, match=r"(?s)set 1 .*quarantined.*set 2 .*quarantined") as caught:
            bot.video()
        assert not isinstance(caught.value, QuotaExceeded)
