"""failover="login": another set for a login that died, and none for a pool that ran out."""

from __future__ import annotations

import pytest

from ytquota.auth.none_left import NoSetLeft
from ytquota.auth.state import StateFile
from ytquota.errors import QuotaExceeded, SettingsError
from ytquota.service import ServerQuotaExceeded

ONE, TWO = "111111111111", "222222222222"


def test_a_dead_login_moves_and_a_new_one_brings_calls_home(make_bot, token_of):
    """The spare login that the list is for."""
    bot = make_bot(failover="login")
    bot.video()
    bot.sandbox.revoke(1)
    bot.video()
    bot.comment()
    token_of(bot.settings, **bot.sandbox.issue_token(ONE))
    bot.video()

    assert bot.sets() == [1, 2, 2, 1]
    assert bot.moves() == [("failover", "default", 1, 2), ("return", "default", None, 1)]
    assert bot.agrees()


def test_a_dead_key_moves(make_bot):
    """A key is a login in this."""
    bot = make_bot({1: ONE}, keys={3: TWO}, rotation="3,1", failover="login")
    bot.sandbox.fail("videos.list", status=400, reason="API_KEY_INVALID")

    bot.video()

    assert bot.sets() == [1]


@pytest.mark.parametrize("whose", ["ours", "the server's"])
def test_a_pool_that_ran_out_does_not_move(make_bot, whose):
    """Neither by our own count nor by the server's word: the other project is not touched."""
    if whose == "ours":
        bot = make_bot(extra={"YTQUOTA_LIMIT_SEARCH_LIST_111111111111": "1"}, failover="login")
    else:
        bot = make_bot(limits={ONE: {"search_list": 1}}, failover="login")
    bot.search()

    for _ in range(2):
        with pytest.raises(QuotaExceeded) as caught:
            bot.search()
        assert not isinstance(caught.value, NoSetLeft)
        assert (caught.value.project, caught.value.bucket) == (ONE, "search_list")

    assert bot.sets() == [1]
    assert bot.moves() == []
    assert bot.agrees()


def test_a_spare_that_is_used_up_itself_ends_the_call(make_bot):
    """Set 1 is dead and set 2 of another project is empty: set 3 would be the next project."""
    bot = make_bot(
        {1: ONE, 2: TWO, 3: "333333333333"}, rotation="1,2,3", limits={TWO: {"default": 0}}, failover="login"
    )
    StateFile(bot.settings.memory_dir).quarantine(1, "dead")

    with pytest.raises(QuotaExceeded) as caught:
        bot.video()

    assert caught.value.project == TWO
    assert bot.sets() == []


def test_parts_of_a_batch_that_the_server_refuses_reach_their_callbacks(make_bot):
    """They are not sent again with another set."""
    bot = make_bot(limits={ONE: {"default": 1}}, failover="login")
    told = {}
    batch = bot.service.new_batch_http_request(callback=lambda id_, _, error: told.update({id_: error}))
    for name in "ab":
        batch.add(bot.service.videos().list(part="id", id=name), request_id=name)
    batch.execute()

    assert told["a"] is None
    assert isinstance(told["b"], ServerQuotaExceeded)
    assert bot.sets() == [1]
    assert bot.moves() == []


def test_it_needs_the_operators_word_as_well(make_bot):
    """A spare login may be another channel."""
    with pytest.raises(SettingsError, match="failover='login' has nowhere to go"):
        make_bot(rotation="", failover="login")
