"""failover="auto": a call that its set cannot make goes on with another, and comes home again.

The real google client, real HTTP, two or three projects on the sandbox; the bot only ever sees answers.
"""

from __future__ import annotations

import io
import threading
from datetime import UTC, datetime, timedelta

import httplib2
import pytest
from google_auth_httplib2 import AuthorizedHttp
from googleapiclient.errors import HttpError
from googleapiclient.http import BatchHttpRequest, MediaIoBaseUpload

from ytquota import monitored
from ytquota.auth import rotation
from ytquota.auth.choice import NoSetLeft
from ytquota.auth.state import StateFile
from ytquota.clock import ManualClock
from ytquota.errors import CredentialError, QuotaExceeded, SettingsError
from ytquota.service import ServerQuotaExceeded

ONE, TWO, THREE = "111111111111", "222222222222", "333333333333"
NOON = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)
AFTER_RESET = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)


class Bot:
    """A service that may move, beside what the sandbox and the ledger say of its calls."""

    def __init__(self, sandbox, settings, monitor, service, clock):
        self.sandbox, self.settings, self.monitor, self.clock = sandbox, settings, monitor, clock
        self.service = service

    def video(self, **options):
        return self.service.videos().list(part="id", id="a").execute(**options)

    def search(self, **options):
        return self.service.search().list(part="id", q="tides").execute(**options)

    def comment(self, **options):
        body = {"snippet": {"videoId": "a", "topLevelComment": {"snippet": {"textOriginal": "hello"}}}}
        return self.service.commentThreads().insert(part="snippet", body=body).execute(**options)

    def sets(self, method=None, outcome="ok"):
        return [
            int(row["set"])
            for row in self.monitor.log()
            if row["outcome"] == outcome and method in {None, row["method"]}
        ]

    def moves(self):
        return [
            (row["action"], row["bucket"], (row["from"] or {}).get("set"), row["to"]["set"])
            for row in self.monitor.audit_rows()
            if row["action"] in {"failover", "return"}
        ]

    def agrees(self):
        """The ledger charges what the sandbox bills, by project, bucket and method."""
        mine = {}
        for row in self.monitor.log():
            if row["units"]:
                pool = mine.setdefault(row["project"], {}).setdefault(row["bucket"], {})
                pool[row["method"]] = pool.get(row["method"], 0) + row["units"]
        bill = {
            project: {bucket: units for bucket, units in pools.items() if units}
            for project, pools in self.sandbox.billed().items()
        }
        return mine == {project: pools for project, pools in bill.items() if pools}


class Ticking(ManualClock):
    """A clock on which no two instants are the same, so that the log of two projects is in order."""

    def time(self):
        self.advance(1e-4)
        return super().time()


@pytest.fixture
def clock(sandbox):
    sandbox.set_clock(NOON, frozen=True)
    return Ticking(NOON)


@pytest.fixture
def make_bot(sandbox, clock, furnish, open_monitor, service_of):
    def make(
        sets=None, *, rotation="1,2", limits=None, extra=None, keys=None, asked=None, channels=None, **options
    ):
        sets = {1: ONE, 2: TWO} if sets is None else sets
        for project, buckets in (limits or {}).items():
            sandbox.add_project(project, limits=buckets)
        names = {"YTQUOTA_ROTATION": rotation} if rotation else {}
        settings = furnish(sets, api_keys=keys, channels=channels, extra=names | (extra or {}))
        monitor = open_monitor(settings, clock=clock)
        service = service_of(settings, monitor, asked, failover="auto", **options)
        return Bot(sandbox, settings, monitor, service, clock)

    return make


# -- what moves


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


# -- in what order, and what is honoured


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


# -- too large for what is left, and reserves


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


# -- retries, threads, pages, uploads, batches


@pytest.fixture
def no_waiting(monkeypatch):
    monkeypatch.setattr("googleapiclient.http._retry_request.__defaults__", None, raising=False)
    monkeypatch.setattr("time.sleep", lambda _seconds: None)


def test_retries_go_on_as_before_and_a_storm_is_no_reason_to_move(make_bot, no_waiting):
    """A 5xx is the API's trouble, not a set's."""
    bot = make_bot()
    bot.sandbox.fail("videos.list", status=503, times=2)

    bot.video(num_retries=3)

    assert [row["set"] for row in bot.monitor.log()] == ["1"] * 3
    assert bot.moves() == []
    assert bot.agrees()


def test_a_write_that_was_answered_by_an_error_stays_with_its_set(make_bot, no_waiting):
    """It may have happened: no further attempt in another name, and the error is the server's."""
    bot = make_bot(extra={"YTQUOTA_LIMIT_DEFAULT_111111111111": "60"})
    bot.sandbox.fail("commentThreads.insert", status=503)

    with pytest.raises(HttpError) as caught:
        bot.comment(num_retries=2)

    assert caught.value.status_code == 503
    assert not isinstance(caught.value, QuotaExceeded)
    assert {row["set"] for row in bot.monitor.log()} == {"1"}
    assert bot.agrees()


def test_a_write_whose_answer_was_lost_is_raised_as_ever(make_bot):
    """Nobody repeats it, with this set or with another."""
    bot = make_bot()
    bot.sandbox.drop("commentThreads.insert", when="after")

    with pytest.raises(OSError):
        bot.comment()

    assert [(row["set"], row["outcome"]) for row in bot.monitor.log()] == [("1", "lost")]
    assert bot.moves() == []
    assert bot.agrees()


def test_a_write_that_was_lost_after_a_fresh_token_is_lost_all_the_same(make_bot):
    """The first send was answered 401, the second not at all: that one may have happened."""
    bot = make_bot()
    bot.sandbox.expire_tokens(1)
    bot.sandbox.drop("commentThreads.insert", when="after")

    with pytest.raises(OSError):
        bot.comment()

    assert [(row["set"], row["outcome"]) for row in bot.monitor.log()] == [("1", "free"), ("1", "lost")]
    assert bot.agrees()


def test_the_network_is_no_reason_to_move(make_bot):
    """All sets share it."""
    bot = make_bot()
    bot.video()
    bot.sandbox.stop()
    try:
        with pytest.raises(OSError):
            bot.video()
    finally:
        bot.sandbox.start()

    assert bot.moves() == []


def test_many_threads_move_once(make_bot):
    """Every thread gets its answers, and the move is told once."""
    bot = make_bot(limits={ONE: {"search_list": 10}})
    failed = []

    def work():
        try:
            for _ in range(8):
                bot.search()
        except Exception as error:  # noqa: BLE001
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    assert sorted(bot.sets("search.list")) == [1] * 10 + [2] * 22
    assert len(bot.moves()) == 1
    assert bot.agrees()


def test_pages_of_a_public_list_go_on_with_another_set(make_bot):
    """A page of a search is the same page for whoever asks."""
    bot = make_bot(limits={ONE: {"search_list": 1}})
    request = bot.service.search().list(part="id", q="tides", maxResults=2)
    ids = []
    for _ in range(3):
        answer = request.execute()
        ids += [item["id"].get("videoId") or str(item["id"]) for item in answer["items"]]
        request = bot.service.search().list_next(request, answer)

    assert bot.sets("search.list") == [1, 2, 2]
    assert len(set(ids)) == len(ids)


def test_pages_of_a_list_of_ones_own_stay_with_its_channel(make_bot):
    """Page 2 of another channel's list is another list: it is refused, not mixed; a list begun anew moves."""
    bot = make_bot(extra={"YTQUOTA_LIMIT_DEFAULT_111111111111": "1"})
    request = bot.service.subscriptions().list(part="id", mine=True, maxResults=1)
    answer = request.execute()
    following = bot.service.subscriptions().list_next(request, answer)
    assert following is not None

    with pytest.raises(QuotaExceeded) as caught:
        following.execute()
    bot.service.subscriptions().list(part="id", mine=True, maxResults=1).execute()

    assert not isinstance(caught.value, NoSetLeft)
    assert bot.sets("subscriptions.list") == [1, 2]


def test_pages_of_ones_own_go_on_with_another_login_of_the_same_channel(make_bot, token_of):
    """Two logins, one channel: the list is the same."""
    same = {1: "UCsame", 2: "UCsame"}
    bot = make_bot(channels=same, extra={"YTQUOTA_LIMIT_DEFAULT_111111111111": "1"})
    for number, channel in same.items():
        token_of(bot.settings, number, channel_id=channel)

    request = bot.service.subscriptions().list(part="id", mine=True, maxResults=1)
    following = bot.service.subscriptions().list_next(request, request.execute())
    following.execute()

    assert bot.sets("subscriptions.list") == [1, 2]


def test_an_upload_ends_with_the_set_that_began_it(make_bot):
    """Its quota was spent with the start; chunks go where it began, also when the pool is gone meanwhile."""
    bot = make_bot(limits={ONE: {"video_insert": 1}})
    media = MediaIoBaseUpload(
        io.BytesIO(bytes(3 * 256 * 1024)), "video/mp4", chunksize=256 * 1024, resumable=True
    )
    body = {"snippet": {"title": "Harbour"}, "status": {"privacyStatus": "private"}}
    begun = bot.service.videos().insert(part="snippet,status", body=body, media_body=media)
    begun.next_chunk()
    rotation.exhaust(bot.settings, bot.monitor, 1, "video_insert")
    rotation.rotate(bot.settings, bot.monitor, 2)

    answer = None
    while answer is None:
        _, answer = begun.next_chunk()
    senders = [http.account.identity.credential_set for http in bot.service._http.roster.opened()]
    assert senders == ["1"]  # nothing has gone out with set 2
    again = MediaIoBaseUpload(io.BytesIO(b"x"), "video/mp4", resumable=True)
    bot.service.videos().insert(part="snippet,status", body=body, media_body=again).execute()

    assert bot.sets("videos.insert") == [1, 2]
    assert bot.agrees()


def test_a_login_that_dies_within_an_upload_ends_it(make_bot):
    """The session is the old set's: nothing is sent in another name."""
    bot = make_bot()
    media = MediaIoBaseUpload(
        io.BytesIO(bytes(512 * 1024)), "video/mp4", chunksize=256 * 1024, resumable=True
    )
    body = {"snippet": {"title": "Harbour"}, "status": {"privacyStatus": "private"}}
    begun = bot.service.videos().insert(part="snippet,status", body=body, media_body=media)
    begun.next_chunk()
    http = bot.service._http.roster.http(bot.service._http.roster.seats()[0])
    http.credentials.expiry = datetime.now(UTC).replace(tzinfo=None) - timedelta(minutes=1)
    http.credentials.token = "gone"
    bot.sandbox.revoke(1)

    with pytest.raises((CredentialError, HttpError)):
        begun.next_chunk()

    assert bot.moves() == []
    assert bot.sets("videos.insert") == [1]


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


# -- what must not be the reason why a bot fails


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
