"""Batches move whole, or their refused parts do; a connection of one's own does not."""

from __future__ import annotations

import httplib2
import pytest
from google_auth_httplib2 import AuthorizedHttp
from googleapiclient.http import BatchHttpRequest

from ytquota import monitored
from ytquota.auth.none_left import NoSetLeft
from ytquota.errors import QuotaExceeded
from ytquota.service import ServerQuotaExceeded

ONE, TWO = "111111111111", "222222222222"


def batch_of(bot, count, method="search"):
    told = {}

    def done(request_id, response, error):
        told[request_id] = error or response

    batch = bot.service.new_batch_http_request(callback=done)
    for number in range(count):
        if method == "search":
            batch.add(bot.service.search().list(part="id", q=f"tides {number}"))
        else:
            batch.add(bot.service.videos().list(part="id", id=f"v{number}"))
    return batch, told


def test_a_batch_that_does_not_fit_moves_whole(make_bot):
    """It goes whole or not at all, so it goes whole to the set that has room for it."""
    bot = make_bot(extra={"YTQUOTA_LIMIT_SEARCH_LIST_111111111111": "3"})
    batch, told = batch_of(bot, 5)

    batch.execute()

    assert bot.sets("search.list") == [2] * 5
    assert len(told) == 5
    assert all(isinstance(one, dict) for one in told.values())
    assert bot.agrees()


def test_parts_that_the_server_refuses_are_sent_with_the_next_set(make_bot):
    """Refused parts were not run; their callbacks get the answers of the second batch."""
    bot = make_bot(limits={ONE: {"search_list": 3}})
    batch, told = batch_of(bot, 5)

    batch.execute()

    assert bot.sets("search.list") == [1, 1, 1, 2, 2]
    assert all(isinstance(one, dict) for one in told.values())
    assert bot.agrees()


def test_where_no_set_is_left_for_refused_parts_their_callbacks_are_told(make_bot):
    """As without failover: the parts that were run have their answers, the others their refusal."""
    bot = make_bot(limits={ONE: {"search_list": 3}, TWO: {"search_list": 1}})
    batch, told = batch_of(bot, 5)

    batch.execute()

    refused = [one for one in told.values() if isinstance(one, ServerQuotaExceeded)]
    assert len(refused) == 1
    assert refused[0].project == TWO
    assert sum(isinstance(one, dict) for one in told.values()) == 4
    assert bot.agrees()


def test_a_batch_that_fits_nowhere_says_so_and_is_not_sent(make_bot):
    """All sets are listed, and how many parts the first would take."""
    names = {f"YTQUOTA_LIMIT_SEARCH_LIST_{project}": "3" for project in (ONE, TWO)}
    bot = make_bot(extra=names)
    batch, told = batch_of(bot, 5)

    with pytest.raises(NoSetLeft) as caught:
        batch.execute()

    assert caught.value.fits == 3
    assert "set 2" in str(caught.value)
    assert told == {}
    assert bot.sandbox.billed() == {} or bot.agrees()


def test_a_batch_whose_login_is_dead_moves(make_bot):
    """Its parts were answered 401, which is not run."""
    bot = make_bot()
    batch, told = batch_of(bot, 3, "videos")
    bot.sandbox.revoke(1)

    batch.execute()

    assert all(isinstance(one, dict) for one in told.values())
    assert bot.sets("videos.list") == [2, 2, 2]
    assert bot.agrees()


def test_a_hand_made_batch_stays_with_the_login_that_its_parts_carry(make_bot):
    """Its parts are signed before anybody could choose; it is refused as without failover."""
    bot = make_bot(extra={"YTQUOTA_LIMIT_SEARCH_LIST_111111111111": "1"})
    batch = BatchHttpRequest(batch_uri=f"{bot.sandbox.url}/batch/youtube/v3")
    for number in range(2):
        batch.add(bot.service.search().list(part="id", q=f"tides {number}"))

    with pytest.raises(QuotaExceeded) as caught:
        batch.execute()

    assert not isinstance(caught.value, NoSetLeft)


def test_an_http_of_ones_own_does_not_move(make_bot, sandbox):
    """Who chooses the credentials of a call has chosen."""
    bot = make_bot(extra={"YTQUOTA_LIMIT_SEARCH_LIST_111111111111": "0"})
    http = AuthorizedHttp(bot.service._http.credentials, http=httplib2.Http(proxy_info=None))

    with pytest.raises(QuotaExceeded) as caught:
        bot.search(http=http)
    bot.search(http=bot.service._http)

    assert not isinstance(caught.value, NoSetLeft)
    assert bot.sets("search.list") == [2]


def test_a_wrapped_service_stays_with_the_set_it_had(make_bot):
    """monitored() never moves."""
    bot = make_bot(extra={"YTQUOTA_LIMIT_SEARCH_LIST_111111111111": "0"})

    service = monitored(bot.service, monitor=bot.monitor)
    with pytest.raises(QuotaExceeded):
        service.search().list(part="id", q="tides").execute()
    service.close()


def test_settings_of_the_connection_hold_for_every_set(make_bot):
    """A time-out is a time-out, whoever signs."""
    bot = make_bot()
    bot.service._http.timeout = 7
    roster = bot.service._http.roster

    assert [roster.http(seat).timeout for seat in roster.seats()] == [7, 7]
