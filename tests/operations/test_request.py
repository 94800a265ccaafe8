"""The letter says where each figure comes from; what is sent is what was shown, once, and on record."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from ytquota.clock import PACIFIC, ManualClock
from ytquota.cloud import FORM, CloudError, connect
from ytquota.intelligence.ensemble import Band
from ytquota.intelligence.need import Advised, Coming, Done, Evidence, Habit, MethodUse, PoolNeed, RunOut
from ytquota.monitor import Journal, QuotaMonitor
from ytquota.operations.request import NothingToAsk, follow, letter, prepare, send
from ytquota.sandbox import Sandbox
from ytquota.settings import Settings

PROJECT = "111111111111"
NOON = datetime(2026, 11, 20, 12, tzinfo=PACIFIC)
NEED = PoolNeed(
    bucket="default",
    limit=10_000,
    limit_source="server",
    mean=9_100.0,
    highest=10_000,
    highest_on=date(2026, 11, 18),
    refused_calls=412,
    refused_units=20_600,
    run_outs=(RunOut(date(2026, 11, 18), datetime(2026, 11, 18, 17, 5, tzinfo=PACIFIC), 412, 20_600),),
    coming=Coming(Band(9_000.0, 12_000.0, 15_000.0), 16_000.0, 0.7, 90, 84, 1.2),
    spare=1_000.0,
    advised=Advised(20_000, True, 18_000, "it is needed"),
)
EVIDENCE = Evidence(
    project=PROJECT,
    made_at=NOON,
    first=date(2026, 8, 22),
    last=date(2026, 11, 19),
    local_days=80,
    official_days=6,
    methods=(MethodUse("default", "captions.list", 15_000, 750_000, 12, 412, 40_000),),
    pools=(NEED,),
    habits=(
        Habit("ids per call", "videos.list", 1.0, 42.5, is_share=False),
        Habit("failed calls", "", 0.02, 0.001, is_share=True),
    ),
    done=(Done("ids-per-call", "bot asks for one id a call", "bot", "default", 1_200.0),),
    left=(),
)


@pytest.fixture
def clock():
    return ManualClock(NOON)


@pytest.fixture
def sandbox(clock):
    with Sandbox(clock=clock) as running:
        yield running


@pytest.fixture
def monitor(tmp_path, clock):
    monitor = QuotaMonitor(Journal(tmp_path / "calls", clock=clock), clock=clock, folder=tmp_path)
    yield monitor
    monitor.close()


@pytest.fixture
def cloud(sandbox, clock, tmp_path):
    """Google's Cloud Quotas as an account sees them that may ask for more."""
    path = tmp_path / "account.json"
    key = sandbox.service_account(PROJECT, name="asker", roles=("roles/cloudquotas.admin",))
    path.write_text(json.dumps(key), encoding="utf-8")
    return connect(Settings(root=tmp_path, cloud_credentials=path, cloud_endpoint=sandbox.url), clock=clock)


def wish(cloud, **options):
    return prepare(cloud, EVIDENCE, "default", contact="me@example.com", **options)


def test_the_letter_tells_all_that_the_form_wants_and_who_counted_it():
    """Use, run-outs, refused demand, thrift, need with its interval, the limit, and where it goes."""
    text = " ".join(letter(EVIDENCE).split())

    for told in (
        "On 80 of the 90 days calls were counted by ytquota, as they were made (*local*)",
        "6 more days are as Google's own counters have them (*official*)",
        "Of the other days nothing is known here",
        "| `captions.list` | `default` | 15,000 | 174.4 | 750,000 | 12 | 412 | local and official |",
        "| 2026-11-18 | 17:05 PST | 412 | 20,600 |",
        "| `default` | 9,000, 12,000, 15,000 | 16,000 | 70% | +20% |",
        "| `default` | 10,000 (says Google) | 16,000 | **20,000** |",
        "Once what is advised below is done, 18,000 would do.",
        "| Ids in a call of `videos.list` (50 fit) | 1.0 | 42.5 |",
        "| Calls that were charged and brought nothing | 2.0% | 0.1% |",
        "bot asks for one id a call: 1,200 units a day",
        FORM,
        "cannot be bought",
        "one project",
    ):
        assert told in text


def test_an_empty_record_says_what_to_do_instead_of_tables():
    """No figure is made up; the way to Google's form is told anyway."""
    nothing = replace(
        EVIDENCE, local_days=0, official_days=0, methods=(), pools=(), habits=(), done=(), left=()
    )

    text = letter(nothing)

    assert "nothing was counted for project 111111111111" in text
    assert "ytquota reconcile" in text
    assert "|" not in text
    assert FORM in text


def test_a_short_record_says_that_it_is_short():
    """A limit from ten days is told with its weakness; from three days none is told."""
    ten = replace(NEED, coming=replace(NEED.coming, history=10))
    three = replace(NEED, coming=None, advised=Advised(None, False, None, "it takes 7 finished days"))

    assert "rests on only 10 finished days" in letter(replace(EVIDENCE, pools=(ten,)))
    assert "| not known yet |" in letter(replace(EVIDENCE, pools=(three,)))


def test_a_record_without_need_says_so():
    """Where today's limits will do, nobody is led to the form."""
    calm = replace(NEED, advised=Advised(10_000, False, None, "the limit covers it"))

    text = letter(replace(EVIDENCE, pools=(calm,)))

    assert "| no more than now |" in text
    assert "no reason to ask for more" in text
    assert "no reason to ask for more" not in letter(EVIDENCE)


def test_what_would_do_after_sparing_is_told_to_be_done_first():
    """Nobody should ask for what a change of the bot gives."""
    spared = replace(NEED, advised=replace(NEED.advised, after_sparing=10_000))

    assert "do that first" in letter(replace(EVIDENCE, pools=(spared,)))


def test_looking_sends_nothing(sandbox, cloud, monitor):
    """The wish is complete, Google has no request, the audit trail no row."""
    sandbox.adjustable(PROJECT, "default")

    seen = wish(cloud, why="A moderation bot for one channel.")

    assert (seen.limit, seen.value, seen.contact) == (10_000, 20_000, "me@example.com")
    assert seen.justification.startswith("A moderation bot for one channel. Over the last 86 days counted")
    assert "1 days ran out, and 412 calls had no quota" in seen.justification
    assert "9,000 to 15,000" in seen.justification
    assert cloud.preferences(PROJECT) == []
    assert monitor.audit_rows() == []


def test_what_was_seen_is_sent_and_noted(sandbox, cloud, monitor):
    """Google has the value, and the audit row tells who asked for what, and why."""
    sandbox.adjustable(PROJECT, "default")
    seen = wish(cloud)

    sent, number = send(cloud, monitor, seen, who="anna@studio")

    (there,) = cloud.preferences(PROJECT)
    assert (there.name, there.asked, there.state) == (sent.name, 20_000, "pending")
    (row,) = monitor.audit_rows()
    assert (row["row"], row["action"], row["who"]) == (number, "request", "anna@studio")
    assert (row["project"], row["bucket"], row["from"], row["to"]) == (PROJECT, "default", 10_000, 20_000)
    assert row["why"] == seen.justification


@pytest.mark.parametrize(
    ("share", "state", "granted"),
    [(1.0, "granted", 20_000), (0.5, "partly", 15_000), (0.0, "denied", 10_000)],
)
def test_a_request_is_followed_with_who_sent_it(sandbox, cloud, monitor, clock, share, state, granted):
    """Pending, then what Google decided; found by its name in the audit trail."""
    sandbox.adjustable(PROJECT, "default")
    sandbox.answer_requests(after=600, share=share)
    send(cloud, monitor, wish(cloud), who="anna@studio")

    (before,) = follow(cloud, monitor, [PROJECT])
    clock.advance(601)
    (after,) = follow(cloud, monitor, [PROJECT])

    assert (before.preference.state, before.who, before.row) == ("pending", "anna@studio", 1)
    assert (after.preference.state, after.preference.granted) == (state, granted)


def test_a_request_from_elsewhere_is_followed_too(sandbox, cloud, monitor):
    """What somebody sent in the console is shown, and that it was not sent from here."""
    sandbox.adjustable(PROJECT, "default")
    cloud.ask(PROJECT, "default", 30_000, justification="x", contact="me@example.com", dry_run=False)

    (one,) = follow(cloud, monitor, [PROJECT])

    assert (one.preference.asked, one.who, one.row) == (30_000, "", None)


def test_where_google_takes_no_request_the_form_is_named(cloud, monitor):
    """YouTube's limits as a rule; nothing is sent, nothing noted."""
    with pytest.raises(CloudError, match="cannot be asked for by Cloud Quotas") as caught:
        wish(cloud)

    assert FORM in str(caught.value)
    assert monitor.audit_rows() == []


def test_a_request_that_google_refuses_is_not_noted(sandbox, cloud, monitor):
    """The row would say that something was asked for."""
    sandbox.adjustable(PROJECT, "default")
    seen = wish(cloud)
    sandbox.disable_api("cloudquotas", PROJECT)

    with pytest.raises(CloudError):
        send(cloud, monitor, seen, who="anna@studio")

    assert monitor.audit_rows() == []


def test_without_need_there_is_nothing_to_ask_unless_somebody_knows_better(sandbox, cloud):
    """The log shows no need: a value must be given by hand."""
    sandbox.adjustable(PROJECT, "default")
    sandbox.adjustable(PROJECT, "search_list")
    calm = replace(EVIDENCE, pools=(replace(NEED, advised=Advised(10_000, False, None, "all is covered")),))

    with pytest.raises(NothingToAsk, match="all is covered"):
        prepare(cloud, calm, "default", contact="me@example.com")
    with pytest.raises(NothingToAsk, match="--value"):
        prepare(cloud, calm, "search_list", contact="me@example.com")
    by_hand = prepare(cloud, calm, "search_list", contact="me@example.com", value=500)

    assert by_hand.value == 500
    assert "No use of this allowance was counted yet" in by_hand.justification


def test_the_same_need_asked_again_changes_the_request(sandbox, cloud, monitor, clock):
    """Google keeps one for each limit; both steps are on record."""
    sandbox.adjustable(PROJECT, "default")
    send(cloud, monitor, wish(cloud), who="anna@studio")
    clock.advance(timedelta(days=1).total_seconds())
    send(cloud, monitor, wish(cloud, value=25_000), who="ben@studio")

    (one,) = follow(cloud, monitor, [PROJECT])

    assert (one.preference.asked, one.who) == (25_000, "ben@studio")
    assert [row["to"] for row in monitor.audit_rows()] == [20_000, 25_000]
