"""In what order sets stand in, what is honoured, and what a call may not be sent to."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ytquota.auth import rotation
from ytquota.auth.none_left import NoSetLeft
from ytquota.errors import SettingsError
from ytquota.service import ServerQuotaExceeded

ONE, TWO, THREE = "111111111111", "222222222222", "333333333333"


def test_a_disabled_or_preferred_set_is_honoured_while_running(make_bot):
    """What an operator does takes effect with the next call, for it is a service that may move."""
    bot = make_bot()
    bot.video()
    rotation.rotate(bot.settings, bot.monitor, 2)
    bot.video()
    rotation.disable(bot.settings, bot.monitor, 2)
    bot.video()
    rotation.enable(bot.settings, bot.monitor, 2)
    bot.video()

    assert bot.sets() == [1, 2, 1, 2]


def test_a_set_outside_of_the_list_is_never_used(make_bot):
    """Set 3 has everything left, and stands for nobody."""
    bot = make_bot({1: ONE, 2: TWO, 3: THREE}, limits={ONE: {"search_list": 0}, TWO: {"search_list": 0}})

    with pytest.raises(NoSetLeft) as caught:
        bot.search()

    text = str(caught.value)
    for words in ("set 1 ", "set 2 ", "set 3 ", "exhausted", "YTQUOTA_ROTATION=1,2,3", "next reset"):
        assert words in text, words
    assert (caught.value.bucket, caught.value.project) == ("search_list", ONE)
    assert caught.value.retry_at == datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
    assert isinstance(caught.value.__cause__, ServerQuotaExceeded)


def test_a_set_that_is_asked_for_by_number_comes_first(make_bot):
    """The rest of the list stands in for it."""
    bot = make_bot(asked=2, limits={TWO: {"search_list": 1}})

    bot.search()
    bot.search()

    assert bot.sets("search.list") == [2, 1]


def test_without_a_rotation_list_the_error_says_which_line_permits_it(make_bot):
    """Nothing stands in for anything unless the operator says so."""
    with pytest.raises(SettingsError, match=r"write YTQUOTA_ROTATION=1,2 into .*\.env"):
        make_bot(rotation="")


def test_a_set_that_is_not_in_the_list_cannot_be_stood_in_for(make_bot):
    """The error names the list."""
    with pytest.raises(SettingsError, match=r"set 3 is not in the list \(1,2\)"):
        make_bot({1: ONE, 2: TWO, 3: THREE}, asked=3)


def test_writes_never_go_to_an_api_key(make_bot):
    """A key only reads: reads go to it, writes past it."""
    bot = make_bot({1: ONE, 2: TWO}, keys={3: THREE}, rotation="1,3,2", limits={ONE: {"default": 0}})

    bot.video()
    bot.comment()

    assert bot.sets() == [3, 2]
    assert bot.agrees()


def test_a_set_whose_scopes_do_not_allow_a_method_is_passed_over(make_bot, token_of, sandbox, furnish):
    """Set 2 may only read, so writes go to set 3."""
    bot = make_bot({1: ONE, 2: TWO, 3: THREE}, rotation="1,2,3", limits={ONE: {"default": 0}})
    token_of(bot.settings, 2, scopes=["https://www.googleapis.com/auth/youtube.readonly"])

    bot.comment()
    bot.video()

    assert bot.sets() == [3, 2]


def test_another_channel_is_named_where_writes_speak_as_it(make_bot, token_of, caplog):
    """The operator permitted it; the line and the row say who speaks now."""
    bot = make_bot(limits={ONE: {"default": 0}})
    token_of(bot.settings, 1, channel_id="UCone", channel_title="North")
    token_of(bot.settings, 2, channel_id="UCtwo", channel_title="South")

    bot.comment()

    assert "What it writes is now said by set 2 (channel South, project 222222222222)" in caplog.text
    (row,) = [row for row in bot.monitor.audit_rows() if row["action"] == "failover"]
    assert (row["from"]["channel_id"], row["to"]["channel_id"]) == ("UCone", "UCtwo")


def test_a_login_that_changed_hands_is_not_used_before_a_restart(make_bot, token_of):
    """A running bot never takes over a token of another channel."""
    bot = make_bot()
    token_of(bot.settings, channel_id="UCone")
    bot.video()
    token_of(bot.settings, channel_id="UCtwo")

    bot.video()

    assert bot.sets() == [1, 2]
    assert "restart to use it" in bot.monitor.audit_rows()[-1]["why"]


def test_a_call_too_large_for_what_is_left_goes_alone_and_is_told_once(make_bot):
    """Smaller calls stay; the two do not take turns in the log."""
    bot = make_bot(extra={"YTQUOTA_LIMIT_DEFAULT_111111111111": "52"})

    for _ in range(3):
        bot.comment()
        bot.video()

    assert bot.sets("commentThreads.insert") == [1, 2, 2]
    assert bot.sets("videos.list") == [1, 1, 2]
    assert [move[:2] for move in bot.moves()] == [("failover", "default")] * 2


def test_what_is_kept_for_important_work_sends_other_work_elsewhere(make_bot):
    """The reserve of set 1 stays for critical calls, and the crawler goes on with set 2."""
    bot = make_bot(extra={"YTQUOTA_RESERVE": "5", "YTQUOTA_LIMIT_DEFAULT_111111111111": "6"}, priority="low")

    bot.video()
    bot.video()

    assert bot.sets() == [1, 2]


@pytest.mark.parametrize("named", [False, True])
def test_a_used_up_pool_does_not_move_to_a_key_of_an_unknown_project(make_bot, named):
    """It may be of the same project, and would add nothing; once its project is named, it may stand in."""
    bot = make_bot(
        {1: ONE}, keys={3: TWO}, name_projects=named, rotation="1,3", limits={ONE: {"search_list": 1}}
    )
    bot.search()

    if named:
        bot.search()
    else:
        with pytest.raises(NoSetLeft, match="may be of the same project as another set"):
            bot.search()

    assert bot.sets("search.list") == ([1, 3] if named else [1])


def test_a_dead_login_moves_to_a_key_of_an_unknown_project(make_bot):
    """Whatever the project is, a key that works is a way to read on."""
    bot = make_bot({1: ONE}, keys={3: TWO}, name_projects=False, rotation="1,3")
    bot.sandbox.revoke(1)

    bot.video()

    assert bot.sets() == [3]
