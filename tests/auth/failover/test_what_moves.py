"""What sends a call to another set, and what brings calls home."""

from __future__ import annotations

from datetime import UTC, datetime

from ytquota.auth.state import StateFile

ONE, TWO, THREE = "111111111111", "222222222222", "333333333333"
AFTER_RESET = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)


def test_a_call_that_the_server_refuses_for_the_day_goes_on_with_the_next_set(make_bot, caplog):
    """The bot gets its answer; one log line and one audit row for all calls that follow."""
    bot = make_bot(limits={ONE: {"search_list": 2}})

    for _ in range(5):
        assert bot.search()["kind"] == "youtube#searchListResponse"

    assert bot.sets("search.list") == [1, 1, 2, 2, 2]
    assert bot.sets("search.list", "refused") == [1]
    assert bot.moves() == [("failover", "search_list", 1, 2)]
    lines = [text for text in caplog.messages if "go on with set 2" in text]
    assert len(lines) == 1
    assert "pool search_list of project 111111111111 is used up" in lines[0]
    assert bot.agrees()


def test_only_the_bucket_that_ran_out_moves(make_bot):
    """Searches go elsewhere, and everything else stays."""
    bot = make_bot(limits={ONE: {"search_list": 1}})

    for _ in range(3):
        bot.search()
        bot.video()

    assert bot.sets("search.list") == [1, 2, 2]
    assert bot.sets("videos.list") == [1, 1, 1]


def test_a_pool_that_our_own_count_knows_to_be_empty_costs_no_refusal(make_bot):
    """Nothing is sent to be refused, and no refused demand is logged, as it was served."""
    bot = make_bot(extra={"YTQUOTA_LIMIT_SEARCH_LIST_111111111111": "1"})

    for _ in range(3):
        bot.search()

    assert [(row["set"], row["outcome"]) for row in bot.monitor.log()] == [
        ("1", "ok"),
        ("2", "ok"),
        ("2", "ok"),
    ]


def test_calls_return_after_the_reset_on_record(make_bot):
    """The first choice is the first choice again on the new day."""
    bot = make_bot(limits={ONE: {"search_list": 1}})
    for _ in range(2):
        bot.search()

    bot.clock.set(AFTER_RESET)
    bot.sandbox.set_clock(AFTER_RESET, frozen=True)
    bot.search()
    bot.search()

    assert bot.sets("search.list") == [1, 2, 1, 2]
    assert bot.moves() == [
        ("failover", "search_list", 1, 2),
        ("return", "search_list", None, 1),
        ("failover", "search_list", 1, 2),
    ]
    assert bot.agrees()


def test_another_set_of_the_same_project_is_no_way_out(make_bot):
    """Set 2 shares the empty pool, so calls go straight to set 3, unasked."""
    bot = make_bot({1: ONE, 2: ONE, 3: THREE}, rotation="1,2,3", limits={ONE: {"search_list": 1}})

    for _ in range(2):
        bot.search()

    assert bot.sets("search.list") == [1, 3]
    assert bot.sets("search.list", "refused") == [1]


def test_a_dead_login_moves_also_to_a_set_of_the_same_project(make_bot, token_of):
    """A spare login is what the list is for; the dead set is quarantined, and the bot goes on."""
    bot = make_bot({1: ONE, 2: ONE}, extra={})
    bot.video()
    bot.sandbox.revoke(1)
    bot.video()
    bot.comment()

    assert bot.sets() == [1, 2, 2]
    assert [row["action"] for row in bot.monitor.audit_rows()] == ["quarantine", "failover"]
    assert bot.agrees()


def test_a_new_login_brings_calls_home(make_bot, token_of):
    """The quarantine was for the old refresh token."""
    bot = make_bot()
    bot.sandbox.revoke(1)
    bot.video()

    token_of(bot.settings, **bot.sandbox.issue_token(ONE))
    bot.video()

    assert bot.sets() == [2, 1]
    assert bot.moves()[-1] == ("return", "default", None, 1)


def test_a_dead_key_moves(make_bot):
    """Google says with a 400 that a key is dead; the read goes on with a login."""
    bot = make_bot({1: ONE}, keys={3: TWO}, rotation="3,1")
    bot.sandbox.fail("videos.list", status=400, reason="API_KEY_INVALID")

    bot.video()

    assert bot.sets() == [1]
    assert set(StateFile(bot.settings.memory_dir).read().quarantined) == {3}


def test_a_token_address_out_of_reach_moves_and_the_set_comes_back(make_bot, token_of, monkeypatch):
    """For the moment only: after the pause the set is tried again, and is the first choice again."""
    monkeypatch.setattr("ytquota.auth.credentials.renewer.watch", lambda _credentials: None)
    bot = make_bot()
    bot.sandbox.expire_tokens(1)
    bot.sandbox.fail("token", status=400, body={"error": "slow_down"})

    bot.video()
    bot.video()
    bot.clock.advance(6)
    bot.video()  # half-open: only tried where nothing else is left

    assert bot.sets() == [2, 2, 2]
    StateFile(bot.settings.memory_dir).disable(2, "off")
    bot.video()
    StateFile(bot.settings.memory_dir).enable(2)
    bot.video()
    assert bot.sets() == [2, 2, 2, 1, 1]
    assert [row["action"] for row in bot.monitor.audit_rows()] == [
        "quarantine", "failover", "recover", "return",
    ]  # fmt: skip
