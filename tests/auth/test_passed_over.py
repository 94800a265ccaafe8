"""A new service that does not use its first choice: which pools decide, and what is told of it."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import pytest

from ytquota.auth import get_authenticated_service, rotation
from ytquota.auth.none_left import NoSetLeft
from ytquota.auth.state import StateFile
from ytquota.clock import PACIFIC, ManualClock
from ytquota.errors import CredentialError, QuotaExceeded

ONE, TWO = "111111111111", "222222222222"
NOON = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 24, 0, 0, tzinfo=PACIFIC)


class Bots:
    """Programs of one `.env` that are started one after the other."""

    def __init__(self, settings, monitor, clock, sandbox):
        self.settings, self.monitor, self.clock, self.sandbox = settings, monitor, clock, sandbox

    def start(self, **options):
        service = get_authenticated_service(settings=self.settings, monitor=self.monitor, **options)
        service.close()

    def uses(self, **options):
        """The set that a search of a new program is charged to."""
        service = get_authenticated_service(settings=self.settings, monitor=self.monitor, **options)
        service.search().list(part="id", q="tides").execute()
        service.close()
        return int(list(self.monitor.log())[-1]["set"])

    def empty(self, project=ONE, bucket="default"):
        self.monitor.ledger.exhaust(project, bucket, MIDNIGHT.timestamp())

    def rows(self):
        return [row for row in self.monitor.audit_rows() if row["action"] in {"failover", "return"}]

    def moves(self):
        return [(row["action"], (row["from"] or {}).get("set"), row["to"]["set"]) for row in self.rows()]


@pytest.fixture
def make_bots(furnish, open_monitor, token_of, sandbox):
    def make(rotation="1,10", sets=None, **options):
        sandbox.set_clock(NOON)
        extra = {"YTQUOTA_ROTATION": rotation} if rotation else {}
        settings = furnish({1: ONE, 10: TWO} if sets is None else sets, extra=extra, **options)
        for number, one in settings.sets.items():
            if one.kind == "oauth":
                token_of(settings, number, channel_id=f"UC{number}", channel_title=f"Channel {number}")
        clock = ManualClock(NOON)
        return Bots(settings, open_monitor(settings, clock=clock), clock, sandbox)

    return make


# -- what is told


def test_passing_over_the_first_choice_leaves_a_row_and_a_warning(make_bots, caplog):
    """Another project pays, and another channel speaks: nobody may have to find that out."""
    bots = make_bots()
    bots.empty()

    bots.start(tag="crawler")

    (row,) = bots.rows()
    assert (row["action"], row["from"]["set"], row["to"]["set"], row["tag"]) == ("failover", 1, 10, "crawler")
    assert (row["from"]["project"], row["project"], row["to"]["channel_id"]) == (ONE, TWO, "UC10")
    assert (row["why"], row["bucket"], row["scope"]) == ("set 1 is exhausted (default)", "default", "service")
    (warning,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert "a new service uses set 10 (channel Channel 10, project 222222222222) instead of set 1 " in (
        warning.getMessage()
    )
    assert "What it writes is now said by set 10" in warning.getMessage()


def test_a_bot_that_is_started_every_few_minutes_fills_no_trail(make_bots):
    """One row for the day, and one for the next; the log says it each time."""
    bots = make_bots()
    StateFile(bots.settings.memory_dir).quarantine(1, "dead")

    for _ in range(5):
        bots.start()
    assert bots.moves() == [("failover", 1, 10)]

    bots.clock.advance(timedelta(days=1).total_seconds())
    for _ in range(2):
        bots.start()
    assert bots.moves() == [("failover", 1, 10)] * 2


def test_coming_home_leaves_a_row(make_bots, caplog):
    """After the reset the first choice is used again, and that is told once."""
    bots = make_bots()
    bots.empty()
    bots.start()

    bots.clock.set(MIDNIGHT + timedelta(hours=1))
    for _ in range(3):
        bots.start()
    bots.empty()
    bots.start()

    assert bots.moves() == [("failover", 1, 10), ("return", None, 1)]
    assert "new services use set 1 (channel Channel 1, project 111111111111) again" in caplog.text


def test_a_first_choice_that_is_used_leaves_no_row(make_bots):
    """Nor does a set that an operator rotated to: that row is there already, and it is the first choice."""
    bots = make_bots()
    bots.start()
    rotation.rotate(bots.settings, bots.monitor, 10)
    bots.start()
    bots.start(credential_set=1)

    assert bots.rows() == []


def test_bots_with_other_needs_do_not_take_turns_in_the_trail(make_bots):
    """One needs default and is away, one needs searches and is at home: neither is the other's return."""
    bots = make_bots()
    bots.empty()

    for _ in range(3):
        bots.start()
        bots.start(buckets=("search_list",))

    assert bots.moves() == [("failover", 1, 10)]


def test_a_trail_that_cannot_be_written_does_not_stop_a_bot(make_bots, caplog):
    """The line in the log is still there, and an error beside it."""
    bots = make_bots()
    bots.empty()
    (bots.settings.memory_dir / "audit.jsonl").mkdir()

    bots.start()

    assert "a new service uses set 10" in caplog.text
    assert "the move could not be noted" in caplog.text


# -- which pools decide


def test_a_bot_that_only_searches_stays_while_its_own_pool_is_full(make_bots):
    """An empty `default` is no reason to search on another project's quota."""
    bots = make_bots()
    bots.empty()

    assert bots.uses(buckets=("search_list",)) == 1
    assert bots.rows() == []


def test_a_bot_that_only_searches_moves_when_that_pool_is_empty(make_bots):
    """And the row names the pool."""
    bots = make_bots()
    bots.empty(bucket="search_list")

    assert bots.uses(buckets=["search_list"]) == 10
    assert bots.uses(buckets="search_list") == 10

    (row,) = bots.rows()
    assert (row["bucket"], row["why"]) == ("search_list", "set 1 is exhausted (search_list)")


def test_a_bot_that_needs_several_pools_needs_all_of_them(make_bots):
    """It searches and looks up, so either pool counts."""
    bots = make_bots()
    bots.empty(bucket="search_list")

    assert bots.uses(buckets=("search_list", "default")) == 10


def test_without_a_list_a_bot_that_only_uploads_is_not_refused_for_another_pool(make_bots):
    """Set 1 alone, `default` empty: the ordinary bot gets the error, the uploader its service."""
    bots = make_bots(rotation="")
    bots.empty()

    with pytest.raises(NoSetLeft):
        bots.start()
    bots.start(buckets=("video_insert",))
    bots.empty(bucket="video_insert")
    with pytest.raises(NoSetLeft) as caught:
        bots.start(buckets=("video_insert",))

    assert (caught.value.bucket, caught.value.retry_at) == ("video_insert", MIDNIGHT)
    assert (
        "set 10 (channel Channel 10, project 222222222222): ready; 100 of 100 calls of video_insert"
        in str(caught.value)
    )


def test_a_bucket_that_there_is_not_is_refused(make_bots):
    """A slip of the pen would make the bot begin anywhere."""
    with pytest.raises(ValueError, match="no bucket 'search'; buckets are default, search_list"):
        make_bots().start(buckets=("search",))


# -- a service that may move


@pytest.mark.parametrize("failover", ["auto", "login"])
def test_a_service_that_may_move_is_made_while_any_set_is_alive(make_bots, failover):
    """A bot that is started anew gets no error where a running one would go on: its searches are there."""
    bots = make_bots()
    for project in (ONE, TWO):
        bots.empty(project)

    assert bots.uses(failover=failover) == 1
    service = get_authenticated_service(settings=bots.settings, monitor=bots.monitor, failover=failover)
    with pytest.raises(QuotaExceeded):
        service.videos().list(part="id", id="a").execute()
    service.close()


def test_a_login_that_is_set_apart_for_the_moment_is_alive(make_bots):
    """The service is made, its calls say what is the matter, and later ones may go out."""
    bots = make_bots()
    StateFile(bots.settings.memory_dir, clock=bots.clock).stumble(10, "no network", login="")
    bots.settings.sets[1].token_file.unlink()

    service = get_authenticated_service(settings=bots.settings, monitor=bots.monitor, failover="auto")
    with pytest.raises(CredentialError, match="no network"):
        service.search().list(part="id", q="tides").execute()
    bots.clock.advance(6)
    service.search().list(part="id", q="tides").execute()
    service.close()

    assert [row["set"] for row in bots.monitor.log()] == ["10"]


def test_dead_sets_alone_are_an_error_at_once(make_bots):
    """Waiting helps nobody, and no call would ever go out."""
    bots = make_bots()
    for number in (1, 10):
        StateFile(bots.settings.memory_dir).quarantine(number, f"dead {number}")

    with pytest.raises(CredentialError, match=r"dead 1[\s\S]*dead 10"):
        bots.start(failover="auto")


# -- projects that nobody knows


def test_a_used_up_pool_is_no_reason_to_go_to_a_key_of_an_unknown_project(make_bots):
    """The key may be of the same project: then it would add nothing. Its number in `.env` settles it."""
    bots = make_bots("1,3", {1: ONE}, api_keys={3: TWO}, name_projects=False)
    bots.empty()

    with pytest.raises(NoSetLeft) as caught:
        bots.start()

    assert "may be of the same project as another set, and then adds nothing" in str(caught.value)
    assert "Set YTQUOTA_PROJECT_3 to the project's number" in str(caught.value)
    StateFile(bots.settings.memory_dir).quarantine(1, "dead")
    bots.start()
    assert bots.moves() == [("failover", 1, 3)]
